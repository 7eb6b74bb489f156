namespace NpcMind.Text.Grammars;

/// <summary>Unicode scalar values as ordered, disjoint, non-adjacent ranges. Surrogates are in no set.</summary>
internal sealed class CodePointSet
{
    public const int Last = 0x10FFFF, SurrogateFirst = 0xD800, SurrogateLast = 0xDFFF;
    private readonly List<(int First, int Last)> _ranges;

    private CodePointSet(List<(int First, int Last)> ranges) => _ranges = ranges;

    /// <summary>Every scalar value.</summary>
    public static CodePointSet All { get; } = From([], negate: true);

    public IReadOnlyList<(int First, int Last)> Ranges => _ranges;

    public bool IsEmpty => _ranges.Count == 0;

    /// <summary>The values of some ranges, in any order and overlapping, or all the others.</summary>
    public static CodePointSet From(List<(int First, int Last)> ranges, bool negate)
    {
        List<(int First, int Last)> ordered = [.. ranges];
        ordered.Sort();
        List<(int First, int Last)> merged = [];
        foreach ((int first, int last) in ordered)
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1) merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            else merged.Add((first, last));
        }

        if (negate)
        {
            List<(int First, int Last)> others = [];
            int next = 0;
            foreach ((int first, int last) in merged)
            {
                if (first > next) others.Add((next, first - 1));
                next = last + 1;
            }

            if (next <= Last) others.Add((next, Last));
            merged = others;
        }

        List<(int First, int Last)> scalars = [];
        foreach ((int first, int last) in merged)
        {
            if (first < SurrogateFirst) scalars.Add((first, Math.Min(last, SurrogateFirst - 1)));
            if (last > SurrogateLast) scalars.Add((Math.Max(first, SurrogateLast + 1), last));
        }

        return new CodePointSet(scalars);
    }
}
