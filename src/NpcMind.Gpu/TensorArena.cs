namespace NpcMind.Gpu;

/// <summary>
/// Cuts many tensors out of few buffers, because drivers allow only some thousand allocations. Buffers are owned by the arena and freed with it.
/// Used by one thread.
/// </summary>
internal sealed class TensorArena(GpuDevice device, string name, long chunkBytes = 64 << 20) : IDisposable
{
    private readonly List<GpuBuffer> _chunks = [];
    private long _used;

    /// <summary>Bytes of all tensors, aligned.</summary>
    public long UsedBytes { get; private set; }

    /// <summary>A new tensor of <paramref name="bytes"/> bytes, aligned for binding. One larger than a chunk gets a buffer of its own.</summary>
    /// <exception cref="InsufficientGpuMemoryException">The heap has not so much left.</exception>
    public Tensor Allocate(long bytes, string tensorName)
    {
        ArgumentNullException.ThrowIfNull(device);
        long alignment = Math.Max(256, device.Limits.BindingAlignment);
        long padded = (bytes + alignment - 1) / alignment * alignment;
        if (_chunks.Count == 0 || _used + padded > _chunks[^1].Bytes)
        {
            _chunks.Add(device.Memory.Allocate(Math.Max(padded, Math.Min(chunkBytes, Math.Max(padded, device.Memory.Available(MemoryKind.Device)))), MemoryKind.Device, $"{name} {_chunks.Count}"));
            _used = 0;
        }

        Tensor tensor = new(_chunks[^1], _used, bytes, tensorName);
        _used += padded;
        UsedBytes += padded;
        return tensor;
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose() => _chunks.ForEach(c => c.Dispose());
}
