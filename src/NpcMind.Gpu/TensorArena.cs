namespace NpcMind.Gpu;

/// <summary>
/// Cuts many tensors out of few buffers (<see cref="ArenaPlan"/>), because drivers allow only some thousand allocations. Buffers are owned
/// by the arena and freed with it. Used by one thread.
/// </summary>
internal sealed class TensorArena(GpuDevice device, string name, long chunkBytes = ArenaPlan.DefaultChunkBytes) : IDisposable
{
    private readonly ArenaPlan _plan = new(chunkBytes, device.Limits.BindingAlignment);
    private readonly List<GpuBuffer> _buffers = [];

    /// <summary>Bytes of all tensors, aligned.</summary>
    public long UsedBytes => _plan.UsedBytes;

    /// <summary>Bytes of all buffers.</summary>
    public long ReservedBytes => _plan.ReservedBytes;

    /// <summary>A new tensor of <paramref name="bytes"/> bytes, aligned for binding.</summary>
    /// <exception cref="InsufficientGpuMemoryException">The heap has not so much left.</exception>
    public Tensor Allocate(long bytes, string tensorName)
    {
        ArenaPlace place = _plan.Place(bytes, device.Memory.Available(MemoryKind.Device));
        if (place.NewBytes > 0) _buffers.Add(device.Memory.Allocate(place.NewBytes, MemoryKind.Device, $"{name} {place.Buffer}"));
        return new Tensor(_buffers[place.Buffer], place.Offset, bytes, tensorName);
    }

    /// <summary>Frees the buffers.</summary>
    public void Dispose() => _buffers.ForEach(b => b.Dispose());
}
