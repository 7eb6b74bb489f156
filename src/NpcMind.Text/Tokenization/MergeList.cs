namespace NpcMind.Text.Tokenization;

/// <summary>What a pair of neighbours becomes.</summary>
internal interface IMergeRule
{
    /// <summary>Whether two neighbours merge.</summary>
    /// <param name="left">Id of the left one.</param>
    /// <param name="right">Id of the right one.</param>
    /// <param name="bytes">The bytes of both.</param>
    /// <param name="priority">Lower goes first; below <see cref="uint.MaxValue"/>.</param>
    /// <param name="product">Id of the two together.</param>
    bool TryMerge(int left, int right, ReadOnlySpan<byte> bytes, out uint priority, out int product);
}

/// <summary>
/// The symbols of one piece while they merge: again and again the pair of lowest priority, ties leftmost. A linked list and a heap of
/// (priority, position): O(n log n). Scratch space, reused; one thread at a time.
/// </summary>
internal sealed class MergeList
{
    private const uint None = uint.MaxValue;
    private Symbol[] _symbols = new Symbol[64];
    private ulong[] _heap = new ulong[64];
    private int _heapCount;

    /// <summary>Number of symbols added.</summary>
    public int Count { get; private set; }

    public int Capacity => _symbols.Length;

    public void Clear() => (Count, _heapCount) = (0, 0);

    /// <summary>Appends a symbol that begins at byte <paramref name="start"/> of the piece.</summary>
    public void Add(int id, int start)
    {
        if (Count == _symbols.Length) Array.Resize(ref _symbols, Count * 2);
        _symbols[Count] = new Symbol { Id = id, Start = start, Previous = Count - 1, Next = Count + 1, Priority = None };
        Count++;
    }

    /// <summary>Merges until no pair is left that can.</summary>
    public void Merge<TRule>(ReadOnlySpan<byte> piece, TRule rule)
        where TRule : struct, IMergeRule
    {
        for (int i = 0; i < Count - 1; i++) Examine(i, piece, rule);
        while (_heapCount > 0)
        {
            ulong entry = Pop();
            int at = (int)(uint)entry;
            ref Symbol left = ref _symbols[at];
            if (left.Priority != (uint)(entry >> 32)) continue; // stale: the pair has changed since
            int gone = left.Next;
            ref Symbol right = ref _symbols[gone];
            left.Id = left.Product;
            left.Next = right.Next;
            right.Priority = None;
            if (left.Next < Count) _symbols[left.Next].Previous = at;
            Examine(at, piece, rule);
            if (left.Previous >= 0) Examine(left.Previous, piece, rule);
        }
    }

    /// <summary>Steps through the symbols left over; start with <paramref name="at"/> 0, end when false.</summary>
    public bool Read(ref int at, int pieceLength, out int id, out Range bytes)
    {
        if (at >= Count)
        {
            (id, bytes) = (0, default);
            return false;
        }

        Symbol symbol = _symbols[at];
        id = symbol.Id;
        bytes = symbol.Start..End(symbol, pieceLength);
        at = symbol.Next;
        return true;
    }

    private int End(in Symbol symbol, int pieceLength) => symbol.Next < Count ? _symbols[symbol.Next].Start : pieceLength;

    private void Examine<TRule>(int at, ReadOnlySpan<byte> piece, TRule rule)
        where TRule : struct, IMergeRule
    {
        ref Symbol left = ref _symbols[at];
        left.Priority = None;
        if (left.Next >= Count) return;
        ref Symbol right = ref _symbols[left.Next];
        if (!rule.TryMerge(left.Id, right.Id, piece[left.Start..End(right, piece.Length)], out uint priority, out int product)) return;
        left.Priority = priority;
        left.Product = product;
        Push(((ulong)priority << 32) | (uint)at);
    }

    private void Push(ulong entry)
    {
        if (_heapCount == _heap.Length) Array.Resize(ref _heap, _heapCount * 2);
        int at = _heapCount++;
        while (at > 0)
        {
            int parent = (at - 1) >> 1;
            if (_heap[parent] <= entry) break;
            _heap[at] = _heap[parent];
            at = parent;
        }

        _heap[at] = entry;
    }

    private ulong Pop()
    {
        ulong top = _heap[0], last = _heap[--_heapCount];
        int at = 0;
        while ((at * 2) + 1 is var child && child < _heapCount)
        {
            if (child + 1 < _heapCount && _heap[child + 1] < _heap[child]) child++;
            if (_heap[child] >= last) break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = last;
        return top;
    }

    private struct Symbol
    {
        public int Id, Start, Previous, Next, Product;
        public uint Priority; // of the pair that begins here, as last pushed
    }
}
