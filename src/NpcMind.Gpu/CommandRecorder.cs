using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>
/// Records one command buffer over and over. Nobody writes barriers: the recorder knows from each shader's reflection which ranges a dispatch reads and
/// writes, and places one memory barrier before the first that conflicts with what is pending. Allocates nothing while recording. Used by one thread.
/// </summary>
public sealed unsafe class CommandRecorder : IDisposable
{
    private const PipelineStageFlags2 Stages = PipelineStageFlags2.ComputeShaderBit | PipelineStageFlags2.AllTransferBit;
    private const AccessFlags2 Writes = AccessFlags2.ShaderStorageWriteBit | AccessFlags2.TransferWriteBit;
    private const AccessFlags2 Accesses = Writes | AccessFlags2.ShaderStorageReadBit | AccessFlags2.ShaderSampledReadBit | AccessFlags2.TransferReadBit;
    private readonly GpuDevice _device;
    private readonly CommandPool _pool;
    private readonly HazardTracker _hazards = new();
    private TimestampQueries? _timestamps;
    private Pipeline _bound;
    private Timeline? _timeline;
    private ulong _finishedAt;

    /// <summary>Makes a recorder.</summary>
    public CommandRecorder(GpuDevice device, string name)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        CommandPoolCreateInfo pool = new() { SType = StructureType.CommandPoolCreateInfo, QueueFamilyIndex = device.QueueFamily };
        device.Api.CreateCommandPool(device.Handle, in pool, null, out _pool).ThrowOnError("vkCreateCommandPool");
        CommandBufferAllocateInfo info = new() { SType = StructureType.CommandBufferAllocateInfo, CommandPool = _pool, Level = CommandBufferLevel.Primary, CommandBufferCount = 1 };
        CommandBuffer buffer;
        device.Api.AllocateCommandBuffers(device.Handle, &info, &buffer).ThrowOnError("vkAllocateCommandBuffers");
        Handle = buffer;
        device.SetName(ObjectType.CommandBuffer, (ulong)buffer.Handle, name);
    }

    /// <summary>Dispatches recorded since <see cref="Begin"/>.</summary>
    public int Dispatches { get; private set; }

    /// <summary>Barriers placed since <see cref="Begin"/>, the opening one included.</summary>
    public int Barriers { get; private set; }

    internal CommandBuffer Handle { get; }

    /// <summary>Starts over. The last recording must have finished (<see cref="WaitUntilFree"/>). Opens with a full barrier against earlier submissions.</summary>
    /// <param name="timestamps">When given, a timestamp is taken after every labelled dispatch.</param>
    public void Begin(TimestampQueries? timestamps = null)
    {
        _device.Api.ResetCommandPool(_device.Handle, _pool, 0).ThrowOnError("vkResetCommandPool");
        CommandBufferBeginInfo info = new() { SType = StructureType.CommandBufferBeginInfo, Flags = CommandBufferUsageFlags.OneTimeSubmitBit };
        _device.Api.BeginCommandBuffer(Handle, in info).ThrowOnError("vkBeginCommandBuffer");
        Dispatches = 0;
        Barriers = 0;
        _bound = default;
        _timestamps = timestamps;
        Barrier(Stages, Accesses);
        timestamps?.Start(this);
    }

    /// <summary>Records a dispatch of <paramref name="x"/> * <paramref name="y"/> * <paramref name="z"/> workgroups; none when any is 0.</summary>
    public void Dispatch(DispatchNode node, uint x, uint y = 1, uint z = 1)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (x == 0 || y == 0 || z == 0) return;
        ComputePipeline pipeline = node.Pipeline;
        IReadOnlyList<ShaderBinding> bindings = pipeline.Module.Bindings;
        bool conflict = false;
        for (int i = 0; i < node.Tensors.Length; i++) conflict |= _hazards.Conflicts(node.Tensors[i], bindings[i].Access);
        if (conflict) Barrier(Stages, Accesses);
        for (int i = 0; i < node.Tensors.Length; i++)
            if (bindings[i].Access != BindingAccess.None) _hazards.Add(node.Tensors[i], bindings[i].Access);

        if (_bound.Handle != pipeline.Handle.Handle) _device.Api.CmdBindPipeline(Handle, PipelineBindPoint.Compute, pipeline.Handle);
        _bound = pipeline.Handle;
        DescriptorSet set = node.Set;
        _device.Api.CmdBindDescriptorSets(Handle, PipelineBindPoint.Compute, pipeline.Layout, 0, 1, &set, 0, null);
        fixed (uint* constants = node.Constants)
            if (pipeline.PushConstantBytes > 0) _device.Api.CmdPushConstants(Handle, pipeline.Layout, ShaderStageFlags.ComputeBit, 0, pipeline.PushConstantBytes, constants);
        _device.Api.CmdDispatch(Handle, x, y, z);
        Dispatches++;
        _timestamps?.Mark(this, node.Label);
    }

    /// <summary>Writes at most 65,536 bytes, a multiple of 4, into a tensor from byte <paramref name="offset"/>; they travel inside the command buffer.</summary>
    public void Update(Tensor target, ReadOnlySpan<byte> bytes, long offset = 0)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + bytes.Length, target.Bytes, nameof(bytes));
        Transfer(target, BindingAccess.Write);
        fixed (byte* p = bytes) _device.Api.CmdUpdateBuffer(Handle, target.Buffer.Handle, (ulong)(target.Offset + offset), (ulong)bytes.Length, p);
    }

    /// <summary>Copies <paramref name="bytes"/> bytes from the start of one tensor to byte <paramref name="targetOffset"/> of another.</summary>
    public void Copy(Tensor source, Tensor target, long bytes, long targetOffset = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(bytes, source.Bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(targetOffset + bytes, target.Bytes);
        Transfer(source, BindingAccess.Read);
        Transfer(target, BindingAccess.Write);
        BufferCopy region = new((ulong)source.Offset, (ulong)(target.Offset + targetOffset), (ulong)bytes);
        _device.Api.CmdCopyBuffer(Handle, source.Buffer.Handle, target.Buffer.Handle, 1, in region);
    }

    /// <summary>Sets every byte of a tensor to 0; offset and length are multiples of 4.</summary>
    public void Clear(Tensor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        Transfer(target, BindingAccess.Write);
        _device.Api.CmdFillBuffer(Handle, target.Buffer.Handle, (ulong)target.Offset, (ulong)((target.Bytes + 3) & ~3L), 0);
    }

    /// <summary>Ends the recording; what it wrote to readback buffers becomes visible to the host once it is finished.</summary>
    public void End()
    {
        _timestamps?.Finish(this);
        Barrier(PipelineStageFlags2.HostBit, AccessFlags2.HostReadBit);
        _device.Api.EndCommandBuffer(Handle).ThrowOnError("vkEndCommandBuffer");
    }

    /// <summary>Waits until the last submission of this recorder has finished.</summary>
    public void WaitUntilFree() => _timeline?.Wait(_finishedAt);

    /// <summary>Whether the last submission of this recorder has finished. Does not wait.</summary>
    public bool IsFree => _timeline is null || _timeline.Completed >= _finishedAt;

    /// <summary>Frees the command buffer, which the device must have finished.</summary>
    public void Dispose() => _device.Api.DestroyCommandPool(_device.Handle, _pool, null);

    internal void FinishedAt(Timeline timeline, ulong value)
    {
        _timeline = timeline;
        _finishedAt = value;
    }

    private void Transfer(Tensor tensor, BindingAccess access)
    {
        if (_hazards.Conflicts(tensor, access)) Barrier(Stages, Accesses);
        _hazards.Add(tensor, access);
    }

    private void Barrier(PipelineStageFlags2 to, AccessFlags2 access)
    {
        MemoryBarrier2 barrier = new()
        {
            SType = StructureType.MemoryBarrier2,
            SrcStageMask = Stages,
            SrcAccessMask = Writes,
            DstStageMask = to,
            DstAccessMask = access,
        };
        DependencyInfo info = new() { SType = StructureType.DependencyInfo, MemoryBarrierCount = 1, PMemoryBarriers = &barrier };
        _device.Api.CmdPipelineBarrier2(Handle, in info);
        _hazards.Clear();
        Barriers++;
    }
}

/// <summary>Ranges read and written since the last barrier.</summary>
internal sealed class HazardTracker
{
    private readonly List<(ulong Buffer, long Start, long End, bool Write)> _pending = new(64);

    public bool Conflicts(Tensor tensor, BindingAccess access)
    {
        if (access == BindingAccess.None) return false;
        ulong buffer = tensor.Buffer.Handle.Handle;
        bool write = (access & BindingAccess.Write) != 0;
        foreach (var p in _pending)
            if (p.Buffer == buffer && (write || p.Write) && p.Start < tensor.Offset + tensor.Bytes && tensor.Offset < p.End) return true;
        return false;
    }

    public void Add(Tensor tensor, BindingAccess access) =>
        _pending.Add((tensor.Buffer.Handle.Handle, tensor.Offset, tensor.Offset + tensor.Bytes, (access & BindingAccess.Write) != 0));

    public void Clear() => _pending.Clear();
}
