namespace NpcMind.Text.Grammars;

/// <summary>A byte range that leads to a position.</summary>
internal readonly record struct ByteEdge(byte First, byte Last, int Target);

/// <summary>A rule to go through before a position.</summary>
internal readonly record struct Call(int Start, int Return);

/// <summary>What belongs to each position, one position after the other.</summary>
internal sealed class PositionTable<T>
{
    private readonly int[] _starts;
    private readonly T[] _items;

    public PositionTable(int positions, List<(int Position, T Item)> entries)
    {
        _starts = new int[positions + 1];
        _items = new T[entries.Count];
        foreach ((int position, _) in entries) _starts[position + 1]++;
        for (int i = 0; i < positions; i++) _starts[i + 1] += _starts[i];
        int[] next = _starts[..^1];
        foreach ((int position, T item) in entries) _items[next[position]++] = item;
    }

    public ReadOnlySpan<T> this[int position] => _items.AsSpan(_starts[position].._starts[position + 1]);
}

/// <summary>
/// A grammar as a machine with a stack: positions joined by byte edges, by skips, and by calls, which go to the start of a rule and come
/// back to a position when the rule reaches its end. Immutable.
/// </summary>
internal sealed class GrammarProgram
{
    public required int Start { get; init; }

    public required PositionTable<ByteEdge> Edges { get; init; }

    public required PositionTable<int> Skips { get; init; }

    public required PositionTable<Call> Calls { get; init; }

    /// <summary>Whether a position is the end of its rule.</summary>
    public required bool[] IsEnd { get; init; }

    /// <summary>
    /// How many more rules must be open at once to get from a position to the end of its rule, on the way that needs fewest.
    /// </summary>
    public required int[] Need { get; init; }

    /// <summary>Class of each byte; bytes of one class lie on the same edges everywhere.</summary>
    public required byte[] ByteClass { get; init; }

    /// <summary>One byte of each class.</summary>
    public required byte[] Representative { get; init; }
}
