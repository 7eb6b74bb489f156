namespace NpcMind.Scheduling;

/// <summary>
/// The ids of the KV cache's blocks and how many block tables refer to each. Knows no memory, only numbers. Not thread-safe; allocates
/// nothing after construction.
/// </summary>
internal sealed class BlockPool
{
    private readonly int[] _references;
    private readonly int[] _free;

    /// <summary>A pool of the blocks 0 to <paramref name="blocks"/> - 1, all free.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="blocks"/> is negative.</exception>
    public BlockPool(int blocks)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(blocks);
        _references = new int[blocks];
        _free = new int[blocks];
        for (int i = 0; i < blocks; i++) _free[i] = blocks - 1 - i;
        Free = blocks;
    }

    /// <summary>Blocks in the pool, free or not.</summary>
    public int Count => _references.Length;

    /// <summary>Blocks nobody refers to.</summary>
    public int Free { get; private set; }

    /// <summary>Takes a free block with one reference; false, and -1, if none is free. The block freed last is taken first.</summary>
    public bool TryTake(out int block)
    {
        if (Free == 0)
        {
            block = -1;
            return false;
        }
        block = _free[--Free];
        _references[block] = 1;
        return true;
    }

    /// <summary>The free block that is taken after <paramref name="others"/> others.</summary>
    /// <exception cref="ArgumentOutOfRangeException">So many are not free.</exception>
    public int Next(int others)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(others);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(others, Free);
        return _free[Free - 1 - others];
    }

    /// <summary>Adds a reference to a block in use.</summary>
    /// <exception cref="InvalidOperationException">The block is free.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The pool has no such block.</exception>
    public void Share(int block)
    {
        if (References(block) == 0) throw new InvalidOperationException($"Block {block} is free and cannot be shared; take it first.");
        _references[block] = checked(_references[block] + 1);
    }

    /// <summary>Gives one reference back; true when it was the last and the block is free now.</summary>
    /// <exception cref="InvalidOperationException">The block is free already.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The pool has no such block.</exception>
    public bool Return(int block)
    {
        if (References(block) == 0) throw new InvalidOperationException($"Block {block} is free already; each reference is returned once.");
        if (--_references[block] > 0) return false;
        _free[Free++] = block;
        return true;
    }

    /// <summary>References to a block; 0 when it is free.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The pool has no such block.</exception>
    public int References(int block)
    {
        if ((uint)block >= (uint)_references.Length)
            throw new ArgumentOutOfRangeException(nameof(block), block, $"The pool has the blocks 0 to {_references.Length - 1}.");
        return _references[block];
    }
}
