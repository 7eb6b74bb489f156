namespace NpcMind.Inference;

/// <summary>
/// Which blocks hold the tokens of which sequence, one table per group of layers. Sequences that began alike share blocks; one that writes
/// into a shared block gets its own copy first (Kwon et al. 2023, PagedAttention, section 4.3). Blocks of a sequence can wait in host
/// memory. Blocks that a group's layers can no longer see are given back; to go on before them, tokens are read again
/// (docs/decisions/0015). Used by one thread.
/// </summary>
internal sealed class KvBlocks
{
    private readonly KvCache _cache;
    private readonly HostKv _host;
    private readonly StepInputs _inputs;
    private readonly IReadOnlyList<KvGroup> _groups;
    private readonly Sequence?[] _sequences;
    private readonly Stack<Sequence> _spare; // opening a sequence must not allocate

    public KvBlocks(KvCache cache, HostKv host, StepInputs inputs, int slots)
    {
        _cache = cache;
        _host = host;
        _inputs = inputs;
        _groups = cache.Layout.Groups;
        _sequences = new Sequence?[slots];
        _spare = new Stack<Sequence>(Enumerable.Range(0, slots).Select(_ => new Sequence(_groups.Count, inputs.MaxBlocks)));
        Copies = new KvCopyQueue(cache, host);
    }

    /// <summary>Copies to be made before the next step.</summary>
    public KvCopyQueue Copies { get; }

    /// <summary>Makes empty tables for a free slot, or -1.</summary>
    public int Open()
    {
        int slot = Array.IndexOf(_sequences, null);
        if (slot >= 0) _sequences[slot] = _spare.Pop();
        return slot;
    }

    /// <summary>Whether a slot is in use.</summary>
    public bool IsOpen(int slot) => (uint)slot < (uint)_sequences.Length && _sequences[slot] is not null;

    /// <summary>
    /// Lets empty tables begin with the first <paramref name="tokens"/> tokens of another sequence, which must be resident; returns how
    /// many of them they have: fewer where what the next token sees is gone.
    /// </summary>
    public int Share(int parent, int child, int tokens)
    {
        Sequence from = Of(parent), to = Of(child);
        tokens = Resumable(parent, tokens);
        for (int g = 0; g < _groups.Count; g++)
            for (int i = 0; i < Count(tokens); i++)
            {
                Place place = from.Tables[g][i];
                if (place.OnHost)
                    throw new InvalidOperationException($"Sequence {parent} waits in host memory: restore it before it is forked.");
                if (!place.IsGone) _cache.Pool.Share(place.Block);
                Append(child, to, g, place);
            }

        return tokens;
    }

    /// <summary>
    /// Up to which of its first <paramref name="tokens"/> tokens a sequence can go on: all of them, or fewer where what the next token sees
    /// is gone.
    /// </summary>
    public int Resumable(int slot, int tokens)
    {
        Sequence sequence = Of(slot);
        for (int g = 0; g < _groups.Count; g++)
        {
            AttentionSpan span = _groups[g].Span;
            int first = span.FirstVisible(tokens);
            if (first >= tokens || first / KvCache.BlockTokens >= sequence.First[g]) continue;
            tokens = span.ReadAgainFrom(tokens);
            g = -1; // layers that see another distance have to be asked again
        }

        return tokens;
    }

    /// <summary>
    /// Gives back the blocks beyond the first <paramref name="tokens"/> tokens; returns how many tokens are left, as
    /// <see cref="Resumable"/> says.
    /// </summary>
    public int Truncate(int slot, int tokens)
    {
        Sequence sequence = Of(slot);
        tokens = Resumable(slot, tokens);
        for (int g = 0; g < _groups.Count; g++)
        {
            List<Place> table = sequence.Tables[g];
            for (int i = table.Count - 1; i >= Count(tokens); i--)
            {
                Return(table[i]);
                table.RemoveAt(i);
            }

            sequence.First[g] = Math.Min(sequence.First[g], table.Count);
        }

        return tokens;
    }

    /// <summary>
    /// Gives back the blocks that neither the token at <paramref name="position"/> nor one shortly before it sees. No row of an unfinished
    /// step may see them.
    /// </summary>
    public void Release(int slot, int position)
    {
        if (!_cache.Layout.Forgets) return;
        Sequence sequence = Of(slot);
        for (int g = 0; g < _groups.Count; g++)
        {
            List<Place> table = sequence.Tables[g];
            int first = Math.Min(_groups[g].Span.FirstVisible(Math.Max(0, position - KvLayout.SlackTokens)) / KvCache.BlockTokens,
                table.Count);
            for (int i = sequence.First[g]; i < first; i++)
            {
                Return(table[i]);
                table[i] = Place.Gone;
            }

            sequence.First[g] = Math.Max(sequence.First[g], first);
        }
    }

    /// <summary>Gives back everything.</summary>
    public void Close(int slot)
    {
        Truncate(slot, 0);
        _spare.Push(Of(slot));
        _sequences[slot] = null;
    }

    /// <summary>
    /// Sees to it that a token at <paramref name="position"/> can be written; false, with nothing changed, when too few blocks are free.
    /// </summary>
    public bool Reserve(int slot, int position)
    {
        Sequence sequence = Of(slot);
        int index = position / KvCache.BlockTokens, needed = 0;
        for (int g = 0; g < _groups.Count; g++) needed += IsWritable(sequence.Tables[g], index) ? 0 : 1;
        if (needed == 0) return true;
        if (_cache.Pool.Free < needed) return false;
        for (int g = 0; g < _groups.Count; g++)
        {
            List<Place> table = sequence.Tables[g];
            if (IsWritable(table, index)) continue;
            _cache.Pool.TryTake(out int own);
            if (index == table.Count)
            {
                Append(slot, sequence, g, new Place(own, false));
                continue;
            }

            if (table[index].IsGone) sequence.First[g] = Math.Min(sequence.First[g], index);
            else Copies.Add(KvCopyKind.Split, table[index].Block, own);
            table[index] = new Place(own, false);
            _inputs.SetBlock(g, slot, index, own);
        }

        return true;
    }

    /// <summary>Blocks to be taken before tokens <paramref name="from"/> to <paramref name="to"/> can be written.</summary>
    public int Needed(int slot, int from, int to)
    {
        Sequence sequence = Of(slot);
        int needed = 0, last = from / KvCache.BlockTokens;
        foreach (List<Place> table in sequence.Tables)
        {
            needed += Math.Max(0, Count(to) - table.Count);
            if (last < table.Count && !table[last].OnHost && !IsWritable(table, last)) needed++;
        }

        return needed;
    }

    /// <summary>Blocks of a slot that wait in host memory.</summary>
    public int OnHost(int slot)
    {
        int count = 0;
        foreach (List<Place> table in Of(slot).Tables)
            foreach (Place place in table) count += place.OnHost ? 1 : 0;
        return count;
    }

    /// <summary>Blocks on the device that no other sequence uses.</summary>
    public int Own(int slot)
    {
        int count = 0;
        foreach (List<Place> table in Of(slot).Tables)
            foreach (Place place in table) count += IsOwn(place) ? 1 : 0;
        return count;
    }

    /// <summary>Moves the blocks only this slot has to host memory; false, with nothing moved, when there is not enough.</summary>
    public bool Spill(int slot)
    {
        if (!_host.HasRoom(Own(slot))) return false;
        foreach (List<Place> table in Of(slot).Tables)
            for (int i = 0; i < table.Count; i++)
            {
                if (!IsOwn(table[i])) continue;
                _host.Pool.TryTake(out int target);
                Copies.Add(KvCopyKind.Spill, table[i].Block, target);
                table[i] = new Place(target, true);
            }

        return true;
    }

    /// <summary>Brings a slot's blocks back; false, with nothing moved, when the device has not enough free ones.</summary>
    public bool Restore(int slot)
    {
        if (_cache.Pool.Free < OnHost(slot)) return false;
        Sequence sequence = Of(slot);
        for (int g = 0; g < _groups.Count; g++)
            for (int i = 0; i < sequence.Tables[g].Count; i++)
            {
                Place place = sequence.Tables[g][i];
                if (!place.OnHost) continue;
                _cache.Pool.TryTake(out int target);
                Copies.Add(KvCopyKind.Restore, place.Block, target);
                sequence.Tables[g][i] = new Place(target, false);
                _inputs.SetBlock(g, slot, i, target);
            }

        return true;
    }

    /// <summary>Blocks of a slot, wherever they lie: of layers that see everything, and of layers that see less.</summary>
    public (int Full, int Limited) Held(int slot)
    {
        int full = 0, limited = 0;
        for (int g = 0; g < _groups.Count; g++)
        {
            int count = 0;
            foreach (Place place in Of(slot).Tables[g]) count += place.IsGone ? 0 : 1;
            if (_groups[g].Span.Kind == AttentionSpanKind.Full) full += count;
            else limited += count;
        }

        return (full, limited);
    }

    /// <summary>
    /// Blocks that hold what the token after the first <paramref name="tokens"/> sees, from token <paramref name="first"/> on (a multiple
    /// of 8): what a save of them has.
    /// </summary>
    public int SavedBlocks(int first, int tokens)
    {
        int count = 0;
        for (int g = 0; g < _groups.Count; g++) count += Math.Max(0, Count(tokens) - SavedFrom(g, first, tokens));
        return count;
    }

    /// <summary>Group and index of the n-th of them.</summary>
    public (int Group, int Index) SavedBlock(int first, int tokens, int n)
    {
        for (int g = 0; ; g++)
        {
            int from = SavedFrom(g, first, tokens), count = Math.Max(0, Count(tokens) - from);
            if (n < count) return (g, from + n);
            n -= count;
        }
    }

    /// <summary>
    /// Makes places in host memory for <see cref="SavedBlocks"/>, for bytes from a file; the sequence must have just its first
    /// <paramref name="first"/> tokens. The places are the first of the blocks <paramref name="taken"/>, or taken from host memory, which
    /// must have enough.
    /// </summary>
    public void AppendOnHost(int slot, int first, int tokens, ReadOnlySpan<int> taken = default)
    {
        Sequence sequence = Of(slot);
        int next = 0;
        for (int g = 0; g < _groups.Count; g++)
        {
            List<Place> table = sequence.Tables[g];
            int from = SavedFrom(g, first, tokens);
            for (int i = sequence.First[g]; table.Count < from && i < table.Count; i++)
            {
                Return(table[i]);
                table[i] = Place.Gone;
            }

            while (table.Count < from) table.Add(Place.Gone);
            while (sequence.First[g] < table.Count && table[sequence.First[g]].IsGone) sequence.First[g]++;
            while (table.Count < Count(tokens))
            {
                int block;
                if (taken.IsEmpty) _host.Pool.TryTake(out block);
                else block = taken[next++];
                table.Add(new Place(block, true));
            }
        }
    }

    /// <summary>Where block <paramref name="index"/> of a group of a slot lies.</summary>
    public (int Block, bool OnHost) Where(int slot, int group, int index) =>
        (Of(slot).Tables[group][index].Block, Of(slot).Tables[group][index].OnHost);

    /// <summary>Blocks of one group that so many tokens take.</summary>
    public static int Count(int tokens) => (tokens + KvCache.BlockTokens - 1) / KvCache.BlockTokens;

    private int SavedFrom(int group, int first, int tokens) =>
        Math.Max(first, _groups[group].Span.FirstVisible(tokens)) / KvCache.BlockTokens;

    private bool IsWritable(List<Place> table, int index) => index < table.Count && !table[index].IsGone
        && _cache.Pool.References(table[index].Block) == 1;

    private bool IsOwn(Place place) => place is { OnHost: false, IsGone: false } && _cache.Pool.References(place.Block) == 1;

    private void Return(Place place)
    {
        if (!place.IsGone) (place.OnHost ? _host.Pool : _cache.Pool).Return(place.Block);
    }

    private Sequence Of(int slot) => IsOpen(slot) ? _sequences[slot]!
        : throw new ArgumentException($"Sequence {slot} is not open.", nameof(slot));

    private void Append(int slot, Sequence sequence, int group, Place place)
    {
        List<Place> table = sequence.Tables[group];
        if (place.IsGone) sequence.First[group] = table.Count + 1;
        else _inputs.SetBlock(group, slot, table.Count, place.Block);
        table.Add(place);
    }

    private readonly record struct Place(int Block, bool OnHost)
    {
        public static Place Gone => new(-1, false);

        public bool IsGone => Block < 0;
    }

    private sealed class Sequence(int groups, int blocks)
    {
        /// <summary>Per group, a place for each block of the sequence; those before <see cref="First"/> are gone.</summary>
        public readonly List<Place>[] Tables = [.. Enumerable.Range(0, groups).Select(_ => new List<Place>(blocks))];
        public readonly int[] First = new int[groups];
    }
}
