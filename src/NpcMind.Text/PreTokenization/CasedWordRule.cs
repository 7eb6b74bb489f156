namespace NpcMind.Text.PreTokenization;

/// <summary>
/// GPT-4o's rule, with U = [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}], T = [\p{Ll}\p{Lm}\p{Lo}\p{M}] and C = (?i:'s|'t|'re|'ve|'m|'ll|'d)?:
/// <c>[^\r\n\p{L}\p{N}]?U*T+C|[^\r\n\p{L}\p{N}]?U+T*C|\p{N}{1,digits}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// Tekken: no C, one digit.
/// </summary>
internal sealed class CasedWordRule(int digits, bool contractions) : MatchRule
{
    protected override int Match(ReadOnlySpan<CodePoint> text, int at)
    {
        CodePoint first = text[at];
        bool prefix = !first.Is(CharClass.NewLine | CharClass.Letter | CharClass.Number);
        int end = prefix ? Capitalised(text, at + 1) : 0;
        if (end == 0) end = Capitalised(text, at);
        if (end == 0 && prefix) end = Capitals(text, at + 1);
        if (end == 0) end = Capitals(text, at);
        if (end > 0) return end - at + (contractions ? Contraction(text, end, ignoreCase: true) : 0);

        if (first.Is(CharClass.Number)) return Run(text, at, CharClass.Number, digits);
        int start = first.Value == ' ' ? at + 1 : at;
        int other = RunOutside(text, start, CharClass.Space | CharClass.Letter | CharClass.Number);
        if (other == 0) return Whitespace(text, at, newLines: true);
        int last = start + other;
        while (last < text.Length && (text[last].Is(CharClass.NewLine) || text[last].Value == '/')) last++;
        return last - at;
    }

    /// <summary>
    /// End of <c>U*T+</c> from <paramref name="at"/>, or 0. Where no lower case follows, U* gives back to the last letter without case.
    /// </summary>
    private static int Capitalised(ReadOnlySpan<CodePoint> text, int at)
    {
        int head = at + Run(text, at, CharClass.WordHead);
        int tail = Run(text, head, CharClass.WordTail);
        if (tail > 0) return head + tail;
        while (head > at && !text[head - 1].Is(CharClass.WordTail)) head--;
        return head > at ? head : 0;
    }

    /// <summary>End of <c>U+T*</c> from <paramref name="at"/>, or 0.</summary>
    private static int Capitals(ReadOnlySpan<CodePoint> text, int at)
    {
        int head = Run(text, at, CharClass.WordHead);
        return head == 0 ? 0 : at + head + Run(text, at + head, CharClass.WordTail);
    }
}
