namespace NpcMind.Text.PreTokenization;

/// <summary>One step of a pre-tokenizer: splits each piece made so far into smaller ones. Immutable; safe from any thread.</summary>
internal abstract class SplitRule
{
    /// <summary>
    /// Adds the end (an index into the whole text) of every part of <paramref name="piece"/>, in order, the last being the end of the
    /// piece.
    /// </summary>
    /// <param name="piece">The piece alone: rules that look ahead see its end as the end of the text.</param>
    /// <param name="start">Index of the piece's first code point in the whole text.</param>
    /// <param name="ends">Receives the ends.</param>
    public abstract void Split(ReadOnlySpan<CodePoint> piece, int start, List<int> ends);
}

/// <summary>A rule that acts as a regular expression: the matches, and the gaps between them, are the parts.</summary>
internal abstract class MatchRule : SplitRule
{
    public sealed override void Split(ReadOnlySpan<CodePoint> piece, int start, List<int> ends)
    {
        int done = 0;
        for (int at = 0; at < piece.Length;)
        {
            int length = Match(piece, at);
            if (length == 0)
            {
                at++;
                continue;
            }

            if (at > done) ends.Add(start + at);
            at += length;
            done = at;
            ends.Add(start + at);
        }

        if (done < piece.Length) ends.Add(start + piece.Length);
    }

    /// <summary>
    /// Number of code points matched at <paramref name="at"/>, 0 for none. Over a piece, all calls together take time linear in its length.
    /// </summary>
    protected abstract int Match(ReadOnlySpan<CodePoint> text, int at);

    /// <summary>
    /// Length of the run from <paramref name="at"/> that is in one of <paramref name="classes"/>, at most <paramref name="max"/>.
    /// </summary>
    protected static int Run(ReadOnlySpan<CodePoint> text, int at, CharClass classes, int max = int.MaxValue)
    {
        int end = at;
        while (end < text.Length && end - at < max && text[end].Is(classes)) end++;
        return end - at;
    }

    /// <summary>Length of the run from <paramref name="at"/> that is in none of <paramref name="classes"/>.</summary>
    protected static int RunOutside(ReadOnlySpan<CodePoint> text, int at, CharClass classes)
    {
        int end = at;
        while (end < text.Length && !text[end].Is(classes)) end++;
        return end - at;
    }

    /// <summary><c>\s*[\r\n]+|\s+(?!\S)|\s+</c>; without <paramref name="newLines"/>, the latter two.</summary>
    protected static int Whitespace(ReadOnlySpan<CodePoint> text, int at, bool newLines)
    {
        int run = Run(text, at, CharClass.Space);
        if (newLines)
            for (int i = at + run - 1; i >= at; i--)
                if (text[i].Is(CharClass.NewLine)) return i + 1 - at;
        return run > 1 && at + run < text.Length ? run - 1 : run;
    }

    /// <summary><c>'s|'t|'re|'ve|'m|'ll|'d</c>; ignoring case, U+017F counts as s (its case folding).</summary>
    protected static int Contraction(ReadOnlySpan<CodePoint> text, int at, bool ignoreCase)
    {
        if (at + 1 >= text.Length || text[at].Value != '\'') return 0;
        int first = Letter(text[at + 1].Value, ignoreCase);
        if (first is 's' or 't' or 'm' or 'd') return 2;
        if (at + 2 >= text.Length) return 0;
        return (first, Letter(text[at + 2].Value, ignoreCase)) is ('r', 'e') or ('v', 'e') or ('l', 'l') ? 3 : 0;
    }

    private static int Letter(int value, bool ignoreCase) => !ignoreCase ? value : value switch
    {
        >= 'A' and <= 'Z' => value | 0x20,
        0x17F => 's',
        _ => value,
    };
}
