using NpcMind.Gpu;
using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>
/// Blocks of keys and values in host memory that the device can copy from and to: where cold sequences wait, and the way to and from files. A block here holds
/// its layers one after the other, keys then values of each. Used by one thread.
/// </summary>
internal sealed class HostKv : IDisposable
{
    private const long ChunkBytes = 256 << 20;
    private readonly List<GpuBuffer> _chunks = [];
    private readonly int _blocksPerChunk;

    /// <summary>Allocates the memory; drivers that map lazily spend it when it is first used.</summary>
    public HostKv(GpuDevice device, KvCache cache, long blockCount)
    {
        BlockBytes = cache.LayerBlockBytes * cache.Planes * cache.Keys.Count;
        int blocks = checked((int)blockCount);
        Pool = new BlockPool(blocks);
        _blocksPerChunk = (int)Math.Max(1, Math.Min(ChunkBytes / BlockBytes, blocks));
        try
        {
            for (int first = 0; first < blocks; first += _blocksPerChunk)
                _chunks.Add(device.Memory.Allocate(Math.Min(_blocksPerChunk, blocks - first) * BlockBytes, MemoryKind.Readback,
                    $"spilled keys and values {_chunks.Count}"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Bytes of a block.</summary>
    public long BlockBytes { get; }

    /// <summary>Who has which block.</summary>
    public BlockPool Pool { get; }

    /// <summary>The chunk a block lies in.</summary>
    public Tensor Chunk(int block) => _chunks[block / _blocksPerChunk].Whole;

    /// <summary>First byte of a block in its chunk.</summary>
    public long Offset(int block) => block % _blocksPerChunk * BlockBytes;

    /// <summary>The bytes of a block. The caller sees to it that the device is done with them.</summary>
    public Span<byte> Bytes(int block) => _chunks[block / _blocksPerChunk].Mapped.Slice((int)Offset(block), (int)BlockBytes);

    /// <summary>Frees the memory.</summary>
    public void Dispose() => _chunks.ForEach(c => c.Dispose());
}
