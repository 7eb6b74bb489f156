using System.Globalization;

namespace Tavern.Game;

/// <summary>A script that cannot be read, or a play that did not go as it says.</summary>
public sealed class ScriptException(string file, int line, string problem, string advice) : Exception(Lines.One($"{file}, line {line}: {problem}. {advice}"));

/// <summary>One line of a script.</summary>
/// <param name="Line">Counted from 1.</param>
/// <param name="Verb">What to do.</param>
/// <param name="Text">What follows it.</param>
/// <param name="Seconds">Where a verb takes a number.</param>
public readonly record struct ScriptLine(int Line, string Verb, string Text, double Seconds = 0);

/// <summary>
/// A play as text, one command on a line; "#" begins a comment line. <c>wait SECONDS</c>, <c>goto NAME|X Z</c>, <c>face NAME|THING</c>, <c>say TEXT</c>, <c>reply [SECONDS]</c>
/// (waits for the answer), <c>look NAME</c> (it looks and says what it sees), <c>interrupt</c>, <c>save SLOT</c>, <c>load SLOT</c>, <c>model FILE [EYES]</c>, <c>drop FILE</c>,
/// <c>budget MS</c>, <c>key F1</c>, <c>type TEXT</c>, <c>picture NAME</c>, <c>gossip on|off</c>, <c>expect TEXT</c> (of the last answer), <c>message TEXT</c> (of the last message), <c>world</c> (waits
/// until the minds have read the world).
/// </summary>
public sealed class Script
{
    private static readonly Dictionary<string, string> Forms = new(StringComparer.Ordinal)
    {
        ["wait"] = "wait SECONDS",
        ["goto"] = "goto NAME, or goto X Z",
        ["face"] = "face NAME, or e.g. face the hearth",
        ["say"] = "say TEXT",
        ["reply"] = "reply, or reply SECONDS",
        ["look"] = "look NAME",
        ["interrupt"] = "interrupt",
        ["save"] = "save SLOT",
        ["load"] = "load SLOT",
        ["model"] = "model FILE, or model FILE EYES",
        ["drop"] = "drop FILE",
        ["budget"] = "budget MILLISECONDS",
        ["key"] = "key F1, F5, F9, Enter, Esc, +, -, E or G",
        ["type"] = "type TEXT",
        ["picture"] = "picture NAME",
        ["gossip"] = "gossip on, or gossip off",
        ["expect"] = "expect TEXT",
        ["message"] = "message TEXT",
        ["world"] = "world",
    };

    private static readonly string[] Bare = ["interrupt", "world"], Timed = ["wait", "budget", "reply"];

    private Script(string file, IReadOnlyList<ScriptLine> lines) => (File, Lines) = (file, lines);

    /// <summary>Its path; files that it names are found beside it.</summary>
    public string File { get; }

    public IReadOnlyList<ScriptLine> Lines { get; }

    /// <exception cref="ScriptException">A line cannot be understood.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Script Read(string path) => Parse(path, System.IO.File.ReadAllText(path));

    /// <exception cref="ScriptException">A line cannot be understood.</exception>
    public static Script Parse(string file, string text)
    {
        List<ScriptLine> lines = [];
        int number = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
            (string verb, string rest) = (parts[0], parts.Length > 1 ? parts[1] : "");
            if (!Forms.TryGetValue(verb, out string? form)) throw Wrong($"there is no command '{verb}'; expected one of: {string.Join(", ", Forms.Keys)}", "Use one of these, or begin the line with # for a comment");
            double seconds = 0;
            if (Timed.Contains(verb) && !(verb == "reply" && rest.Length == 0) && (!double.TryParse(rest, NumberStyles.Float, CultureInfo.InvariantCulture, out seconds) || !(seconds >= 0) || seconds > 86400))
                throw Wrong($"'{rest}' is no number", $"Write: {form}");
            if (rest.Length == 0 != Bare.Contains(verb) && verb != "reply") throw Wrong(rest.Length == 0 ? $"'{verb}' of what" : $"'{verb}' takes nothing after it", $"Write: {form}");
            if (verb == "key" && KeyOf(rest) == GameKeys.None) throw Wrong($"there is no key '{rest}'", $"Write: {form}");
            if (verb == "gossip" && rest is not ("on" or "off")) throw Wrong($"gossip is on or off, not '{rest}'", $"Write: {form}");
            lines.Add(new ScriptLine(number, verb, rest, seconds));

            ScriptException Wrong(string problem, string advice) => new(file, number, problem, advice + ".");
        }

        return new Script(file, lines);
    }

    internal static GameKeys KeyOf(string name) => name switch
    {
        "F1" => GameKeys.Overlay,
        "F5" => GameKeys.Save,
        "F9" => GameKeys.Load,
        "Enter" => GameKeys.Enter,
        "Esc" => GameKeys.Escape,
        "+" => GameKeys.BudgetUp,
        "-" => GameKeys.BudgetDown,
        "E" => GameKeys.Use,
        "G" => GameKeys.Give,
        _ => GameKeys.None,
    };
}
