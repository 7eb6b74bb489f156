using System.Globalization;

namespace Tavern.Game;

/// <summary>A script that cannot be read, or a play that did not go as it says.</summary>
public sealed class ScriptException(string file, int line, string problem, string advice)
    : Exception(Lines.One($"{file}, line {line}: {problem}. {advice}"));

/// <summary>One line of a script.</summary>
/// <param name="Line">Counted from 1.</param>
/// <param name="Verb">What to do.</param>
/// <param name="Text">What follows it.</param>
/// <param name="Value">Where a verb takes a number.</param>
public readonly record struct ScriptLine(int Line, string Verb, string Text, double Value = 0);

/// <summary>
/// A play as text, one command on a line; "#" begins a comment line. <c>wait SECONDS</c>, <c>goto NAME|X Z</c>, <c>face NAME|THING</c>,
/// <c>say TEXT</c>, <c>reply [SECONDS]</c> (waits for the answer), <c>look NAME</c> (it looks and says what it sees), <c>interrupt</c>,
/// <c>save SLOT</c>, <c>load SLOT</c>, <c>model FILE [EYES]</c>, <c>drop FILE</c>, <c>budget MS</c>, <c>key F1</c>, <c>type TEXT</c>,
/// <c>picture NAME</c>, <c>gossip on|off</c>, <c>crowd SECONDS</c> (all look and talk at once), <c>measure</c> (frame figures begin here),
/// <c>mystery on|off|CULPRIT</c>, <c>ask CLUE QUESTION | QUESTION</c> (until the clue is learnt; <c>try</c> goes on without it), <c>clue
/// CLUE</c> (it must be), <c>ends solved|unsolved|not</c>, <c>expect TEXT</c> (of the last answer), <c>message TEXT</c> (of the last
/// message), <c>world [SECONDS]</c> (waits until the minds have read the world), and <c>repeat TIMES</c> ... <c>end</c>.
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
        ["key"] = "key F1, F2, F5, F9, Enter, Esc, Tab, Up, Down, Left, Right, +, -, E, G, H or Q",
        ["type"] = "type TEXT",
        ["picture"] = "picture NAME",
        ["gossip"] = "gossip on, or gossip off",
        ["mystery"] = "mystery on, mystery off, or mystery CULPRIT",
        ["ask"] = "ask CLUE QUESTION, or ask CLUE QUESTION | QUESTION",
        ["try"] = "try CLUE QUESTION, or try CLUE QUESTION | QUESTION",
        ["clue"] = "clue CLUE",
        ["ends"] = "ends solved, ends unsolved, or ends not",
        ["expect"] = "expect TEXT",
        ["message"] = "message TEXT",
        ["world"] = "world, or world SECONDS",
        ["crowd"] = "crowd SECONDS",
        ["measure"] = "measure",
        ["repeat"] = "repeat TIMES",
        ["end"] = "end",
    };

    private static readonly string[] Bare = ["interrupt", "measure", "end"],
        Numbered = ["wait", "budget", "crowd", "repeat", "reply", "world"], Optional = ["reply", "world"];

    /// <summary>Most lines of a play, with what is repeated.</summary>
    private const int MostLines = 100_000;

    private Script(string file, IReadOnlyList<ScriptLine> lines) => (File, Lines) = (file, lines);

    /// <summary>Its path; files that it names are found beside it.</summary>
    public string File { get; }

    public IReadOnlyList<ScriptLine> Lines { get; }

    /// <exception cref="ScriptException">A line cannot be understood.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    public static Script Read(string path)
    {
        using StreamReader reader = new(new MemoryStream(SmallFile.Read(path), writable: false));
        return Parse(path, reader.ReadToEnd());
    }

    /// <exception cref="ScriptException">A line cannot be understood.</exception>
    public static Script Parse(string file, string text)
    {
        List<ScriptLine> lines = [];
        int number = 0;
        ScriptLine? repeat = null;
        int first = 0;
        foreach (string raw in text.Split('\n'))
        {
            number++;
            string line = raw.Trim();
            if (line.Length == 0 || line[0] == '#') continue;
            string[] parts = line.Split(' ', 2, StringSplitOptions.TrimEntries);
            (string verb, string rest) = (parts[0], parts.Length > 1 ? parts[1] : "");
            if (!Forms.TryGetValue(verb, out string? form))
                throw Wrong($"there is no command '{verb}'; expected one of: {string.Join(", ", Forms.Keys)}",
                    "Use one of these, or begin the line with # for a comment");
            double value = 0;
            bool isLeftOut = rest.Length == 0 && Optional.Contains(verb);
            if (Numbered.Contains(verb) && !isLeftOut
                && (!double.TryParse(rest, NumberStyles.Float, CultureInfo.InvariantCulture, out value) || !(value >= 0) || value > 86400))
                throw Wrong($"'{rest}' is no number", $"Write: {form}");
            if (rest.Length == 0 != Bare.Contains(verb) && !isLeftOut)
                throw Wrong(rest.Length == 0 ? $"'{verb}' of what" : $"'{verb}' takes nothing after it", $"Write: {form}");
            if (verb == "key" && KeyOf(rest) == GameKeys.None) throw Wrong($"there is no key '{rest}'", $"Write: {form}");
            if (verb == "gossip" && rest is not ("on" or "off")) throw Wrong($"gossip is on or off, not '{rest}'", $"Write: {form}");
            if (verb == "ends" && rest is not ("solved" or "unsolved" or "not"))
                throw Wrong($"a story ends solved, unsolved or not, not '{rest}'", $"Write: {form}");
            if (verb is "ask" or "try" && !rest.Contains(' ', StringComparison.Ordinal))
                throw Wrong("there is no question", $"Write: {form}");
            ScriptLine read = new(number, verb, rest, value);
            switch (verb)
            {
                case "repeat" when repeat is { } outer:
                    throw Wrong($"a repeat inside that of line {outer.Line}", "Write end before it");
                case "repeat" when value is not (>= 1 and <= 1000) || value % 1 != 0:
                    throw Wrong($"'{rest}' is no number of times", "Write a whole number from 1 to 1000");
                case "repeat":
                    (repeat, first) = (read, lines.Count);
                    break;
                case "end":
                    ScriptLine begun = repeat
                        ?? throw Wrong("there is no repeat that could end here", "Write repeat TIMES before the lines to repeat");
                    ScriptLine[] again = [.. lines[first..]];
                    if (again.Length * begun.Value > MostLines - first)
                        throw Wrong($"the script plays more than {MostLines} lines, with what is repeated", "Repeat less often");
                    for (int time = 1; time < begun.Value; time++) lines.AddRange(again);
                    repeat = null;
                    break;
                default:
                    lines.Add(read);
                    break;
            }

            ScriptException Wrong(string problem, string advice) => new(file, number, problem, advice + ".");
        }

        if (repeat is { } open)
            throw new ScriptException(file, open.Line, "this repeat has no end", "Write end after the lines to repeat.");
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
        "Tab" => GameKeys.Notebook,
        "H" => GameKeys.Hint,
        "Q" => GameKeys.Accuse,
        "F2" => GameKeys.Options,
        "Up" => GameKeys.Up,
        "Down" => GameKeys.Down,
        "Left" => GameKeys.Left,
        "Right" => GameKeys.Right,
        _ => GameKeys.None,
    };
}
