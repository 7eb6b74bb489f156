using System.Text.RegularExpressions;

namespace NpcMind.Text;

/// <summary>Finds what a model writes around its thoughts.</summary>
internal static partial class ThoughtMarkFinder
{
    // Pairs that do not follow a rule.
    private static readonly ThoughtMarks[] Known =
    [
        new("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
        new("<|channel>", "<channel|>"),
        new("<|START_THINKING|>", "<|END_THINKING|>"),
        new("<|inner_prefix|>", "<|inner_suffix|>"),
        new("\u25C1think\u25B7", "\u25C1/think\u25B7"),
    ];

    /// <summary>Finds the marks that a template names, or the vocabulary has as tokens; null for none.</summary>
    /// <param name="template">The template's source.</param>
    /// <param name="prompt">What it writes where an answer begins.</param>
    /// <param name="isToken">Whether a text is one token.</param>
    internal static ThoughtMarks? Find(string template, string prompt, Func<string, bool> isToken)
    {
        string all = template + prompt;
        foreach (ThoughtMarks marks in Known)
            if (all.Contains(marks.Open, StringComparison.Ordinal) && all.Contains(marks.Close, StringComparison.Ordinal)) return marks;
        // What the generation prompt opens counts first: a template may name others that it only removes.
        Match match = Tag().Match(prompt);
        if (!match.Success) match = Tag().Match(template);
        if (match.Success) return Of(match);
        return isToken("<think>") && isToken("</think>") ? new ThoughtMarks("<think>", "</think>") : null;
    }

    /// <summary>Whether a text ends inside a thought.</summary>
    internal static bool AreOpenIn(this ThoughtMarks marks, string text) =>
        text.LastIndexOf(marks.Open, StringComparison.Ordinal) is >= 0 and int open
        && text.LastIndexOf(marks.Close, StringComparison.Ordinal) < open;

    private static ThoughtMarks Of(Match match)
    {
        string name = match.Groups["name"].Value;
        if (match.Value[0] == '[') return new($"[{name}]", $"[/{name}]");
        if (match.Value.StartsWith("<|", StringComparison.Ordinal))
        {
            string rest = match.Groups["kind"].Value;
            bool isUpper = char.IsUpper(match.Value[2]);
            return new($"<|{(isUpper ? "BEGIN" : "begin")}{rest}|>", $"<|{(isUpper ? "END" : "end")}{rest}|>");
        }

        return new($"<{name}>", $"</{name}>");
    }

    [GeneratedRegex(
        @"</?(?<name>(?:[A-Za-z]+:)?(?:[Tt]hink|[Tt]hinking|[Tt]hought|[Tt]houghts|[Rr]eason|[Rr]easoning|[Rr]eflection|[Ss]cratchpad|"
            + @"inner_monologue|THINK|THINKING|THOUGHT))>|"
            + @"\[/?(?<name>THINK|think)\]|<\|(?:begin|end|BEGIN|END)(?<kind>_of_(?:thought|thinking|THOUGHT))\|>",
        RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Tag();
}
