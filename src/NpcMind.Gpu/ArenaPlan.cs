namespace NpcMind.Gpu;

/// <summary>Where a tensor lies in an arena.</summary>
/// <param name="Buffer">Number of the buffer, counted from 0.</param>
/// <param name="Offset">First byte in it.</param>
/// <param name="NewBytes">Bytes of the buffer where it must be made first; 0 where it exists.</param>
internal readonly record struct ArenaPlace(int Buffer, long Offset, long NewBytes);

/// <summary>
/// Decides which buffer of an arena a tensor goes to, without allocating anything. A tensor of at least a sixteenth of a chunk gets a
/// buffer of its size; smaller ones share chunks: each goes where least is left behind it. Used by one thread.
/// </summary>
/// <param name="chunkBytes">Size of shared buffers.</param>
/// <param name="alignment">Multiple at which tensors begin; at least 256 is used.</param>
internal sealed class ArenaPlan(long chunkBytes = ArenaPlan.DefaultChunkBytes, long alignment = 0)
{
    /// <summary>Size of shared buffers where nothing else is asked for.</summary>
    public const long DefaultChunkBytes = 16 << 20;

    private const int OwnBufferParts = 16;
    private readonly List<(long Used, long Bytes)> _buffers = [];

    /// <summary>Bytes of all tensors, aligned.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>Bytes of all buffers.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>Buffers so far; drivers allow some thousand.</summary>
    public int Buffers => _buffers.Count;

    /// <summary>Finds a place for a tensor of <paramref name="bytes"/> bytes.</summary>
    /// <param name="bytes">Size, at least 1.</param>
    /// <param name="available">Bytes that a new buffer may have; one tensor gets its size in any case.</param>
    public ArenaPlace Place(long bytes, long available = long.MaxValue)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        long unit = Math.Max(256, alignment), padded = (bytes + unit - 1) / unit * unit;
        UsedBytes += padded;
        int best = BestFit(padded);
        if (best >= 0)
        {
            (long used, long size) = _buffers[best];
            _buffers[best] = (used + padded, size);
            return new ArenaPlace(best, used, 0);
        }

        long made = padded >= chunkBytes / OwnBufferParts ? padded : Math.Max(padded, Math.Min(chunkBytes, available));
        _buffers.Add((padded, made));
        ReservedBytes += made;
        return new ArenaPlace(_buffers.Count - 1, 0, made);
    }

    private int BestFit(long padded)
    {
        int best = -1;
        for (int i = 0; i < _buffers.Count; i++)
        {
            long left = _buffers[i].Bytes - _buffers[i].Used;
            if (left >= padded && (best < 0 || left < _buffers[best].Bytes - _buffers[best].Used)) best = i;
        }

        return best;
    }
}
