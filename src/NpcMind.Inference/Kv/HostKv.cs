using NpcMind.Gpu;
using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>
/// Blocks of keys and values in host memory that the device can copy from and to: where cold sequences wait, and the way to and from files.
/// A block here holds its layers one after the other, keys then values of each. The memory is allocated chunk by chunk when blocks are
/// first needed, because the device pins it. Used by one thread.
/// </summary>
internal sealed class HostKv : IDisposable
{
    /// <summary>Small: a chunk is allocated within a frame.</summary>
    private const long ChunkBytes = 16 << 20;
    private readonly GpuDevice _device;
    private readonly GpuBuffer?[] _chunks;
    private readonly int _blocksPerChunk;

    /// <summary>Checks that the memory would fit; allocates none.</summary>
    /// <exception cref="InsufficientGpuMemoryException">It would not.</exception>
    public HostKv(GpuDevice device, KvCache cache, long blockCount)
    {
        _device = device;
        BlockBytes = cache.LayerBlockBytes * cache.Planes * cache.Keys.Count;
        int blocks = checked((int)blockCount);
        device.Memory.Check(blocks * BlockBytes, "spilled keys and values", MemoryKind.Readback);
        Pool = new BlockPool(blocks);
        _blocksPerChunk = (int)Math.Max(1, Math.Min(ChunkBytes / BlockBytes, blocks));
        _chunks = new GpuBuffer?[(blocks + _blocksPerChunk - 1) / _blocksPerChunk];
    }

    /// <summary>Bytes of a block.</summary>
    public long BlockBytes { get; }

    /// <summary>Bytes allocated so far.</summary>
    public long AllocatedBytes => _chunks.Sum(c => c?.Bytes ?? 0);

    /// <summary>Who has which block. Blocks taken from it directly must have been asked for by <see cref="HasRoom"/>.</summary>
    public BlockPool Pool { get; }

    /// <summary>Whether <paramref name="blocks"/> blocks can be taken; allocates their memory where it was never needed before.</summary>
    public bool HasRoom(int blocks)
    {
        if (Pool.Free < blocks) return false;
        for (int i = 0; i < blocks; i++)
            if (!TryAllocate(Pool.Next(i) / _blocksPerChunk)) return false;
        return true;
    }

    /// <summary>Takes a block; false when none is free or there is no memory for it.</summary>
    public bool TryTake(out int block)
    {
        block = -1;
        return HasRoom(1) && Pool.TryTake(out block);
    }

    /// <summary>The chunk a block lies in.</summary>
    public Tensor Chunk(int block) => Of(block).Whole;

    /// <summary>First byte of a block in its chunk.</summary>
    public long Offset(int block) => block % _blocksPerChunk * BlockBytes;

    /// <summary>The bytes of a block. The caller sees to it that the device is done with them.</summary>
    public Span<byte> Bytes(int block) => Of(block).Mapped.Slice((int)Offset(block), (int)BlockBytes);

    /// <summary>Frees the memory.</summary>
    public void Dispose()
    {
        foreach (GpuBuffer? chunk in _chunks) chunk?.Dispose();
    }

    private GpuBuffer Of(int block) =>
        _chunks[block / _blocksPerChunk]
        ?? throw new InvalidOperationException($"Block {block} was taken before its memory was allocated.");

    /// <summary>False where the memory has gone to others since loading: the sequence is read again instead of kept.</summary>
    private bool TryAllocate(int chunk)
    {
        if (_chunks[chunk] is not null) return true;
        long bytes = Math.Min(_blocksPerChunk, Pool.Count - chunk * _blocksPerChunk) * BlockBytes;
        try
        {
            _chunks[chunk] = _device.Memory.Allocate(bytes, MemoryKind.Readback, $"spilled keys and values {chunk}");
            return true;
        }
        catch (Exception e) when (e is InsufficientGpuMemoryException or VulkanException { IsDeviceLost: false })
        {
            return false;
        }
    }
}
