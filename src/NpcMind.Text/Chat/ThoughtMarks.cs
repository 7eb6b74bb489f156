using System.Text.RegularExpressions;

namespace NpcMind.Text;

/// <summary>What a model that thinks before it speaks writes around its thoughts.</summary>
/// <param name="Open">Begins a thought, e.g. <c>&lt;think></c>.</param>
/// <param name="Close">Ends it, e.g. <c>&lt;/think></c>.</param>
internal sealed partial record ThoughtMarks(string Open, string Close)
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
    internal bool IsOpenIn(string text) =>
        text.LastIndexOf(Open, StringComparison.Ordinal) is >= 0 and int open && text.LastIndexOf(Close, StringComparison.Ordinal) < open;

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
