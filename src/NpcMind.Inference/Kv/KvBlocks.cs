namespace NpcMind.Inference;

/// <summary>
/// Which blocks hold the tokens of which sequence. Sequences that began alike share blocks; one that writes into a shared block gets its own copy first
/// (Kwon et al. 2023, PagedAttention, section 4.3). Blocks of a sequence can wait in host memory. Used by one thread.
/// </summary>
internal sealed class KvBlocks(KvCache cache, HostKv host, StepInputs inputs, int slots)
{
    private readonly List<Place>?[] _tables = new List<Place>?[slots];
    private readonly Stack<List<Place>> _spare = new(Enumerable.Range(0, slots).Select(_ => new List<Place>(inputs.MaxBlocks))); // opening a sequence must not allocate

    /// <summary>Copies to be made before the next step.</summary>
    public KvCopyQueue Copies { get; } = new(cache, host);

    /// <summary>Makes an empty table for a free slot, or -1.</summary>
    public int Open()
    {
        int slot = Array.IndexOf(_tables, null);
        if (slot >= 0) _tables[slot] = _spare.Pop();
        return slot;
    }

    /// <summary>Whether a slot is in use.</summary>
    public bool IsOpen(int slot) => (uint)slot < (uint)_tables.Length && _tables[slot] is not null;

    /// <summary>Lets an empty table begin with the first <paramref name="tokens"/> tokens of another, which must be resident.</summary>
    public void Share(int parent, int child, int tokens)
    {
        List<Place> from = Table(parent), to = Table(child);
        for (int i = 0; i < Count(tokens); i++)
        {
            if (from[i].OnHost) throw new InvalidOperationException($"Sequence {parent} waits in host memory: restore it before it is forked.");
            cache.Pool.Share(from[i].Block);
            Append(child, to, from[i].Block);
        }
    }

    /// <summary>Gives back the blocks beyond the first <paramref name="tokens"/> tokens.</summary>
    public void Truncate(int slot, int tokens)
    {
        List<Place> table = Table(slot);
        for (int i = table.Count - 1; i >= Count(tokens); i--)
        {
            (table[i].OnHost ? host.Pool : cache.Pool).Return(table[i].Block);
            table.RemoveAt(i);
        }
    }

    /// <summary>Gives back everything.</summary>
    public void Close(int slot)
    {
        Truncate(slot, 0);
        _spare.Push(Table(slot));
        _tables[slot] = null;
    }

    /// <summary>Sees to it that a token at <paramref name="position"/> can be written; false when no block is free.</summary>
    public bool Reserve(int slot, int position)
    {
        List<Place> table = Table(slot);
        int index = position / KvCache.BlockTokens;
        if (index < table.Count)
        {
            if (cache.Pool.References(table[index].Block) == 1) return true;
            if (!cache.Pool.TryTake(out int own)) return false;
            Copies.Add(KvCopyKind.Split, table[index].Block, own);
            table[index] = new Place(own, false);
            inputs.SetBlock(slot, index, own);
            return true;
        }

        if (!cache.Pool.TryTake(out int block)) return false;
        Append(slot, table, block);
        return true;
    }

    /// <summary>Blocks to be taken before tokens <paramref name="from"/> to <paramref name="to"/> can be written.</summary>
    public int Needed(int slot, int from, int to)
    {
        List<Place> table = Table(slot);
        int needed = Math.Max(0, Count(to) - table.Count), last = from / KvCache.BlockTokens;
        if (last < table.Count && !table[last].OnHost && cache.Pool.References(table[last].Block) > 1) needed++;
        return needed;
    }

    /// <summary>Blocks of a slot that wait in host memory.</summary>
    public int OnHost(int slot)
    {
        int count = 0;
        foreach (Place place in Table(slot)) count += place.OnHost ? 1 : 0;
        return count;
    }

    /// <summary>Blocks on the device that no other sequence uses.</summary>
    public int Own(int slot)
    {
        int count = 0;
        foreach (Place place in Table(slot)) count += !place.OnHost && cache.Pool.References(place.Block) == 1 ? 1 : 0;
        return count;
    }

    /// <summary>Moves the blocks only this slot has to host memory; false, with nothing moved, when there is not enough.</summary>
    public bool Spill(int slot)
    {
        List<Place> table = Table(slot);
        if (host.Pool.Free < Own(slot)) return false;
        for (int i = 0; i < table.Count; i++)
        {
            if (table[i].OnHost || cache.Pool.References(table[i].Block) > 1) continue;
            host.Pool.TryTake(out int target);
            Copies.Add(KvCopyKind.Spill, table[i].Block, target);
            table[i] = new Place(target, true);
        }

        return true;
    }

    /// <summary>Brings a slot's blocks back; false, with nothing moved, when the device has not enough free ones.</summary>
    public bool Restore(int slot)
    {
        List<Place> table = Table(slot);
        if (cache.Pool.Free < OnHost(slot)) return false;
        for (int i = 0; i < table.Count; i++)
        {
            if (!table[i].OnHost) continue;
            cache.Pool.TryTake(out int target);
            Copies.Add(KvCopyKind.Restore, table[i].Block, target);
            table[i] = new Place(target, false);
            inputs.SetBlock(slot, i, target);
        }

        return true;
    }

    /// <summary>Appends a block of host memory to a table, for bytes from a file; false when there is none.</summary>
    public bool AppendOnHost(int slot, out int block)
    {
        if (!host.Pool.TryTake(out block)) return false;
        Table(slot).Add(new Place(block, true));
        return true;
    }

    /// <summary>Where block <paramref name="index"/> of a slot lies.</summary>
    public (int Block, bool OnHost) Where(int slot, int index) => (Table(slot)[index].Block, Table(slot)[index].OnHost);

    /// <summary>Blocks that so many tokens take.</summary>
    public static int Count(int tokens) => (tokens + KvCache.BlockTokens - 1) / KvCache.BlockTokens;

    private List<Place> Table(int slot) => IsOpen(slot) ? _tables[slot]! : throw new ArgumentException($"Sequence {slot} is not open.", nameof(slot));

    private void Append(int slot, List<Place> table, int block)
    {
        inputs.SetBlock(slot, table.Count, block);
        table.Add(new Place(block, false));
    }

    private readonly record struct Place(int Block, bool OnHost);
}
