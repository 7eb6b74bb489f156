using System.Text;
using System.Text.RegularExpressions;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// What players type, by topic, from the files of the folder words: every line is a rule that makes many wordings. Lines that begin with
/// "~" are held out of training.
/// </summary>
internal static partial class Phrases
{
    private static readonly Lazy<Dictionary<string, (string[] Train, string[] Held)>> Topics = new(() => Read("everyday", "asking"));

    /// <summary>Sentences in other tongues.</summary>
    public static readonly Lazy<(string[] Train, string[] Held)> Foreign = new(() =>
    {
        string[] lines = [.. Lines("foreign")];
        return ([.. lines.Where(l => l[0] != '~')], [.. lines.Where(l => l[0] == '~').Select(l => l[1..])]);
    });

    /// <summary>Every topic.</summary>
    public static IEnumerable<string> All => Topics.Value.Keys;

    /// <summary>The lines of a topic as they are written.</summary>
    public static string[] Of(string topic, Split split) => split == Split.Train ? Topics.Value[topic].Train : Topics.Value[topic].Held;

    /// <summary>One wording of a topic, with what stands for its slots.</summary>
    /// <param name="random">Decides.</param>
    /// <param name="split">Whose lines.</param>
    /// <param name="topic">In square brackets in the files.</param>
    /// <param name="slots">Pairs of a slot's name and what stands for it.</param>
    public static string Make(Random random, Split split, string topic, params (string Slot, string Text)[] slots)
    {
        string[] lines = Of(topic, split);
        string[] fitting = [.. lines.Where(l => Slots().Matches(l).All(m => slots.Any(s => s.Slot == m.Groups[1].Value)))];
        string text = Tidy(Expand(random, fitting[random.Next(fitting.Length)]));
        foreach ((string slot, string what) in slots) text = text.Replace($"{{{slot}}}", what, StringComparison.Ordinal);
        return char.ToUpperInvariant(text[0]) + text[1..];
    }

    /// <summary>What is said, with a courtesy before it or after it.</summary>
    public static string WithCourtesy(Random random, Split split, string said)
    {
        string courtesy = Make(random, split, "followup courtesy");
        if (!char.IsPunctuation(said[^1])) said += ".";
        return random.Next(5) < 3 ? $"{courtesy} {said}" : $"{said} {courtesy}";
    }

    /// <summary>Lines of one of the files, without comments.</summary>
    public static IEnumerable<string> Lines(string file)
    {
        using Stream stream = typeof(Phrases).Assembly.GetManifestResourceStream($"Tavern.Forge.words.{file}.txt")!;
        using StreamReader reader = new(stream);
        foreach (string line in reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            if (line[0] != '#') yield return line;
    }

    /// <summary>One choice of every (a|b|) in a rule.</summary>
    public static string Expand(Random random, string rule)
    {
        int at = 0;
        return Sequence(random, rule, ref at);
    }

    private static string Sequence(Random random, string rule, ref int at)
    {
        StringBuilder text = new();
        while (at < rule.Length && rule[at] is not ('|' or ')'))
        {
            if (rule[at] != '(')
            {
                text.Append(rule[at++]);
                continue;
            }

            List<string> choices = [];
            do
            {
                at++;
                choices.Add(Sequence(random, rule, ref at));
            }
            while (at < rule.Length && rule[at] == '|');
            at++;
            text.Append(choices[random.Next(choices.Count)]);
        }

        return text.ToString();
    }

    private static string Tidy(string text) => BeforeMark().Replace(Spaces().Replace(text, " "), "$1").Trim(' ', ',');

    private static Dictionary<string, (string[] Train, string[] Held)> Read(params string[] files)
    {
        Dictionary<string, List<string>> topics = new(StringComparer.Ordinal);
        List<string> lines = [];
        foreach (string line in files.SelectMany(Lines))
        {
            if (line[0] == '[') topics[line[1..^1]] = lines = [];
            else lines.Add(line);
        }

        return topics.ToDictionary(t => t.Key, t => (t.Value.Where(l => l[0] != '~').ToArray(),
            t.Value.Where(l => l[0] == '~').Select(l => l[1..]).ToArray()), StringComparer.Ordinal);
    }

    [GeneratedRegex(@"\{(\w+)\}")]
    private static partial Regex Slots();

    [GeneratedRegex(" {2,}")]
    private static partial Regex Spaces();

    [GeneratedRegex(@" ([?.!,;]|'s\b)")]
    private static partial Regex BeforeMark();
}
