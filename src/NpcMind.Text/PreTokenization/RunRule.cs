namespace NpcMind.Text.PreTokenization;

/// <summary><c>X{min,max}</c>, or <c>\s?X{min,max}</c>, for a set X of code points without white space.</summary>
internal sealed class RunRule(Func<CodePoint, bool> set, int min = 1, int max = int.MaxValue, bool leadingSpace = false) : MatchRule
{
    protected override int Match(ReadOnlySpan<CodePoint> text, int at)
    {
        int start = leadingSpace && text[at].Is(CharClass.Space) ? at + 1 : at;
        int end = start;
        while (end < text.Length && end - start < max && set(text[end])) end++;
        return end - start < min ? 0 : end - at;
    }
}

/// <summary><c>\s+$</c>: the white space that ends a piece.</summary>
internal sealed class TrailingSpaceRule : SplitRule
{
    public override void Split(ReadOnlySpan<CodePoint> piece, int start, List<int> ends)
    {
        int length = piece.Length;
        while (length > 0 && piece[length - 1].Is(CharClass.Space)) length--;
        if (length > 0) ends.Add(start + length);
        if (length < piece.Length) ends.Add(start + piece.Length);
    }
}
