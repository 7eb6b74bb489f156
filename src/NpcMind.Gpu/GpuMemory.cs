using Silk.NET.Vulkan;
using Buffer = Silk.NET.Vulkan.Buffer;

namespace NpcMind.Gpu;

/// <summary>Where a buffer lives.</summary>
internal enum MemoryKind
{
    /// <summary>Fastest for the device; not mapped.</summary>
    Device,
    /// <summary>Mapped; the host writes, the device reads.</summary>
    Upload,
    /// <summary>Mapped, cached where possible; the device writes, the host reads.</summary>
    Readback,
}

/// <summary>Allocates buffers of one device. The heap's budget is checked before each allocation. Used by one thread at a time.</summary>
internal sealed unsafe class GpuMemory : IDisposable
{
    private const string Advice = "Use a smaller or more strongly quantised model, a shorter context, or free memory elsewhere.";
    private readonly GpuDevice _device;
    private readonly PhysicalDeviceMemoryProperties _properties;
    private readonly bool _hasBudget;
    private readonly HashSet<GpuBuffer> _live = [];

    internal GpuMemory(GpuDevice device)
    {
        _device = device;
        if (device.IsDryRun) return;
        device.Api.GetPhysicalDeviceMemoryProperties(device.Physical, out _properties);
        _hasBudget = DeviceChoice.HasExtension(device.Api, device.Physical, "VK_EXT_memory_budget");
    }

    /// <summary>Bytes allocated at present.</summary>
    public long AllocatedBytes { get; private set; }

    /// <summary>Most bytes allocated at any time.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>
    /// Bytes the heap behind <paramref name="kind"/> still has for us: the driver's budget where it tells one, else the heap's size less
    /// our own.
    /// </summary>
    public long Available(MemoryKind kind) => _device.IsDryRun
        ? long.MaxValue : AvailableInHeap(_properties.MemoryTypes[(int)TypeFor(kind, uint.MaxValue)].HeapIndex);

    /// <summary>Throws when <paramref name="bytes"/> more would not fit, without allocating anything.</summary>
    /// <exception cref="InsufficientGpuMemoryException">They would not.</exception>
    public void Check(long bytes, string what, MemoryKind kind = MemoryKind.Device)
    {
        long available = Available(kind);
        if (bytes > available) throw new InsufficientGpuMemoryException(what, bytes, available, Advice);
    }

    /// <summary>Makes a storage buffer that also can be copied from and to.</summary>
    /// <param name="bytes">Size, at least 1; rounded up to a multiple of 16.</param>
    /// <param name="kind">Where it lives.</param>
    /// <param name="name">Name in debuggers and errors.</param>
    /// <exception cref="InsufficientGpuMemoryException">The heap has not so much left.</exception>
    public GpuBuffer Allocate(long bytes, MemoryKind kind, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(bytes, 1);
        bytes = (bytes + 15) & ~15L;
        if (_device.IsDryRun) return new GpuBuffer(this, default, default, bytes, kind, 0, name);
        Check(bytes, name, kind);
        BufferCreateInfo info = new()
        {
            SType = StructureType.BufferCreateInfo,
            Size = (ulong)bytes,
            Usage = BufferUsageFlags.StorageBufferBit | BufferUsageFlags.UniformTexelBufferBit | BufferUsageFlags.TransferSrcBit
                | BufferUsageFlags.TransferDstBit | BufferUsageFlags.IndirectBufferBit,
            SharingMode = SharingMode.Exclusive,
        };
        _device.Api.CreateBuffer(_device.Handle, in info, null, out Buffer buffer).ThrowOnError("vkCreateBuffer");
        DeviceMemory memory = default;
        try
        {
            _device.Api.GetBufferMemoryRequirements(_device.Handle, buffer, out MemoryRequirements requirements);
            MemoryAllocateInfo allocate = new()
            {
                SType = StructureType.MemoryAllocateInfo,
                AllocationSize = requirements.Size,
                MemoryTypeIndex = TypeFor(kind, requirements.MemoryTypeBits),
            };
            Result result = _device.Api.AllocateMemory(_device.Handle, in allocate, null, out memory);
            if (result is Result.ErrorOutOfDeviceMemory or Result.ErrorOutOfHostMemory)
                throw new InsufficientGpuMemoryException(name, bytes, Available(kind), Advice);
            result.ThrowOnError("vkAllocateMemory");
            _device.Api.BindBufferMemory(_device.Handle, buffer, memory, 0).ThrowOnError("vkBindBufferMemory");
            void* mapped = null;
            if (kind != MemoryKind.Device)
                _device.Api.MapMemory(_device.Handle, memory, 0, Vk.WholeSize, 0, &mapped).ThrowOnError("vkMapMemory");
            _device.SetName(ObjectType.Buffer, buffer.Handle, name);
            GpuBuffer made = new(this, buffer, memory, bytes, kind, (nint)mapped, name);
            _live.Add(made);
            AllocatedBytes += bytes;
            PeakBytes = Math.Max(PeakBytes, AllocatedBytes);
            return made;
        }
        catch
        {
            _device.Api.DestroyBuffer(_device.Handle, buffer, null);
            if (memory.Handle != 0) _device.Api.FreeMemory(_device.Handle, memory, null);
            throw;
        }
    }

    /// <summary>Frees every buffer that is still alive.</summary>
    public void Dispose()
    {
        foreach (GpuBuffer buffer in _live.ToArray()) buffer.Dispose();
    }

    internal void Free(GpuBuffer buffer)
    {
        if (!_live.Remove(buffer)) return;
        foreach (BufferView view in buffer.Views.Values) _device.Api.DestroyBufferView(_device.Handle, view, null);
        _device.Api.DestroyBuffer(_device.Handle, buffer.Handle, null);
        _device.Api.FreeMemory(_device.Handle, buffer.Memory, null);
        AllocatedBytes -= buffer.Bytes;
    }

    /// <summary>The texel view of a tensor, made once.</summary>
    internal BufferView View(Tensor tensor)
    {
        var key = (tensor.Offset, tensor.Bytes, tensor.Format);
        if (tensor.Buffer.Views.TryGetValue(key, out BufferView view)) return view;
        BufferViewCreateInfo info = new()
        {
            SType = StructureType.BufferViewCreateInfo,
            Buffer = tensor.Buffer.Handle,
            Format = TexelFormats.Vulkan(tensor.Format),
            Offset = (ulong)tensor.Offset,
            Range = (ulong)tensor.Bytes,
        };
        _device.Api.CreateBufferView(_device.Handle, in info, null, out view).ThrowOnError("vkCreateBufferView");
        tensor.Buffer.Views.Add(key, view);
        _device.SetName(ObjectType.BufferView, view.Handle, tensor.Name);
        return view;
    }

    private long AvailableInHeap(uint heap)
    {
        if (!_hasBudget) return (long)_properties.MemoryHeaps[(int)heap].Size - AllocatedBytes;
        PhysicalDeviceMemoryBudgetPropertiesEXT budget = new() { SType = StructureType.PhysicalDeviceMemoryBudgetPropertiesExt };
        PhysicalDeviceMemoryProperties2 properties = new() { SType = StructureType.PhysicalDeviceMemoryProperties2, PNext = &budget };
        _device.Api.GetPhysicalDeviceMemoryProperties2(_device.Physical, &properties);
        return Math.Max(0, (long)budget.HeapBudget[(int)heap] - (long)budget.HeapUsage[(int)heap]);
    }

    private uint TypeFor(MemoryKind kind, uint allowed)
    {
        const MemoryPropertyFlags Mapped = MemoryPropertyFlags.HostVisibleBit | MemoryPropertyFlags.HostCoherentBit;
        ReadOnlySpan<MemoryPropertyFlags> wishes = kind switch
        {
            MemoryKind.Device => [MemoryPropertyFlags.DeviceLocalBit, MemoryPropertyFlags.None],
            MemoryKind.Upload => [Mapped],
            _ => [Mapped | MemoryPropertyFlags.HostCachedBit, Mapped],
        };
        foreach (MemoryPropertyFlags wish in wishes)
            for (int i = 0; i < _properties.MemoryTypeCount; i++)
                if ((allowed & (1u << i)) != 0 && (_properties.MemoryTypes[i].PropertyFlags & wish) == wish) return (uint)i;
        throw new GpuUnavailableException($"The device has no {kind} memory for buffers.", "Choose another device.");
    }
}

/// <summary>
/// A VkBuffer with its memory. Freed by <see cref="Dispose"/> or with the device; the caller sees to it that the device has finished with
/// it.
/// </summary>
internal sealed unsafe class GpuBuffer : IDisposable
{
    private readonly GpuMemory _owner;
    private readonly nint _mapped;

    internal GpuBuffer(GpuMemory owner, Buffer handle, DeviceMemory memory, long bytes, MemoryKind kind, nint mapped, string name)
    {
        _owner = owner;
        _mapped = mapped;
        Handle = handle;
        Memory = memory;
        Kind = kind;
        Bytes = bytes;
        Name = name;
        Whole = new Tensor(this, 0, bytes, name);
    }

    /// <summary>Size in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Where it lives.</summary>
    public MemoryKind Kind { get; }

    /// <summary>Name in debuggers and errors.</summary>
    public string Name { get; }

    internal Buffer Handle { get; }

    internal DeviceMemory Memory { get; }

    /// <summary>Texel views made so far; freed with the buffer.</summary>
    internal Dictionary<(long Offset, long Bytes, TexelFormat Format), BufferView> Views { get; } = [];

    /// <summary>The whole buffer as a tensor.</summary>
    public Tensor Whole { get; }

    /// <summary>The mapped bytes of an upload or readback buffer (at most 2 GiB of them).</summary>
    public Span<byte> Mapped => _mapped != 0 ? new Span<byte>((void*)_mapped, (int)Math.Min(Bytes, int.MaxValue))
        : throw new InvalidOperationException($"'{Name}' is not mapped.");

    /// <summary>Frees buffer and memory.</summary>
    public void Dispose() => _owner.Free(this);
}

