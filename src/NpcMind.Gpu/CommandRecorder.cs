using Silk.NET.Vulkan;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace NpcMind.Gpu;

/// <summary>
/// Records one command buffer over and over. Nobody writes barriers: the recorder knows from each shader's reflection which ranges a
/// dispatch reads and writes, and places one memory barrier before the first that conflicts with what is pending. Allocates nothing while
/// recording. Used by one thread.
/// </summary>
internal sealed unsafe partial class CommandRecorder : IDisposable
{
    /// <summary>Most parts of one copy.</summary>
    public const int MaxCopyParts = 64;
    private const PipelineStageFlags2 Stages = PipelineStageFlags2.ComputeShaderBit | PipelineStageFlags2.AllTransferBit;
    private const AccessFlags2 Writes = AccessFlags2.ShaderStorageWriteBit | AccessFlags2.TransferWriteBit;
    private const AccessFlags2 Accesses = Writes | AccessFlags2.ShaderStorageReadBit | AccessFlags2.ShaderSampledReadBit
        | AccessFlags2.TransferReadBit;
    private readonly GpuDevice _device;
    private readonly CommandPool _pool;
    private readonly HazardTracker _hazards = new();
    private TimestampQueries? _timestamps;
    private bool _marksEach;
    private Pipeline _bound;
    private bool _awaitsRun;
    private readonly CommandBuffer _own;
    private Semaphore _finished;
    private ulong _finishedAt;

    /// <summary>Makes a recorder.</summary>
    public CommandRecorder(GpuDevice device, string name)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        if (device.IsDryRun) return;
        CommandPoolCreateInfo pool = new() { SType = StructureType.CommandPoolCreateInfo, QueueFamilyIndex = device.QueueFamily };
        device.Api.CreateCommandPool(device.Handle, in pool, null, out _pool).ThrowOnError("vkCreateCommandPool");
        CommandBufferAllocateInfo info = new()
        {
            SType = StructureType.CommandBufferAllocateInfo,
            CommandPool = _pool,
            Level = CommandBufferLevel.Primary,
            CommandBufferCount = 1
        };
        CommandBuffer buffer;
        Result result = device.Api.AllocateCommandBuffers(device.Handle, &info, &buffer);
        if (result < Result.Success) Dispose();
        result.ThrowOnError("vkAllocateCommandBuffers");
        _own = buffer;
        device.SetName(ObjectType.CommandBuffer, (ulong)buffer.Handle, name);
    }

    /// <summary>Where what is recorded is kept besides; null for nowhere.</summary>
    public CommandJournal? Journal { get; set; }

    /// <summary>Dispatches recorded since <see cref="Begin"/>.</summary>
    public int Dispatches { get; private set; }

    /// <summary>Barriers placed since <see cref="Begin"/>, the opening one included.</summary>
    public int Barriers { get; private set; }

    internal CommandBuffer Handle { get; private set; }

    /// <summary>What a timestamp waits for: in a game's command buffer only work of the kind recorded last, not its draws.</summary>
    internal PipelineStageFlags2 MarkStage { get; private set; }

    /// <summary>The same where everything ends: dispatches are what takes time, if there are any.</summary>
    internal PipelineStageFlags2 LastMarkStage => Dispatches > 0 && MarkStage == PipelineStageFlags2.AllTransferBit
        ? PipelineStageFlags2.ComputeShaderBit : MarkStage;

    /// <summary>
    /// Starts over. The last recording must have finished (<see cref="WaitUntilFree"/>). Opens with a full barrier against earlier
    /// submissions.
    /// </summary>
    /// <param name="timestamps">When given, a timestamp is taken after every labelled dispatch.</param>
    /// <param name="goesOn">Whether the timestamps began in an earlier recording, which was ended so.</param>
    public void Begin(TimestampQueries? timestamps = null, bool goesOn = false)
    {
        _device.Api.ResetCommandPool(_device.Handle, _pool, 0).ThrowOnError("vkResetCommandPool");
        CommandBufferBeginInfo info = new()
        { SType = StructureType.CommandBufferBeginInfo, Flags = CommandBufferUsageFlags.OneTimeSubmitBit };
        _device.Api.BeginCommandBuffer(_own, in info).ThrowOnError("vkBeginCommandBuffer");
        Open(_own, timestamps, goesOn);
    }

    /// <summary>
    /// Starts over, recording into a game's command buffer, which must be in the recording state and outside a render pass. The game
    /// submits it to the device's queue and signals a timeline semaphore: <see cref="IsFree"/> asks that one. <see cref="End"/> leaves the
    /// command buffer recording.
    /// </summary>
    /// <param name="commands">Whose commands follow.</param>
    /// <param name="timestamps">As in <see cref="Begin"/>.</param>
    public void BeginWithin(GameCommands commands, TimestampQueries? timestamps = null)
    {
        Open(new CommandBuffer(commands.CommandBuffer), timestamps);
        _finished = new Semaphore((ulong)commands.TimelineSemaphore);
        _finishedAt = commands.SignalValue;
    }

    /// <summary>
    /// Records a dispatch of <paramref name="x"/> * <paramref name="y"/> * <paramref name="z"/> workgroups; none when any is 0.
    /// </summary>
    public void Dispatch(DispatchNode node, uint x, uint y = 1, uint z = 1) => Dispatch(node, new Workgroups(0, 0, 0, x, y, z));

    /// <summary>Records a part of a dispatch; none when it is empty.</summary>
    /// <param name="node">What to run.</param>
    /// <param name="part">Which workgroups of its grid.</param>
    /// <param name="continues">Whether the command recorded just before is another part of the same dispatch: parts of one do not wait for
    /// each other.</param>
    public void Dispatch(DispatchNode node, Workgroups part, bool continues = false)
    {
        ArgumentNullException.ThrowIfNull(node);
        if (part.CountX == 0 || part.CountY == 0 || part.CountZ == 0) return;
        Journal?.AddDispatch(node, part, continues);
        if (!continues) Order(node.Ranges);
        Bind(node);
        _device.Api.CmdDispatchBase(Handle, part.X, part.Y, part.Z, part.CountX, part.CountY, part.CountZ);
        Dispatches++;
        if (_marksEach) _timestamps?.Mark(this, node.Label);
    }

    /// <summary>
    /// Takes a timestamp here, if timestamps were given and have room; returns its index, or -1. For recordings that time only some of
    /// their parts.
    /// </summary>
    public int Mark() => _timestamps?.Mark(this, "") ?? -1;

    /// <summary>
    /// Writes at most 65,536 bytes, a multiple of 4, into a tensor from byte <paramref name="offset"/>; they travel inside the command
    /// buffer.
    /// </summary>
    public void Update(Tensor target, ReadOnlySpan<byte> bytes, long offset = 0)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(offset + bytes.Length, target.Bytes, nameof(bytes));
        Journal?.AddUpdate(target, bytes, offset);
        Transfer(target, offset, bytes.Length, BindingAccess.Write);
        _device.Transfers += bytes.Length;
        fixed (byte* p = bytes)
            _device.Api.CmdUpdateBuffer(Handle, target.Buffer.Handle, (ulong)(target.Offset + offset), (ulong)bytes.Length, p);
    }

    /// <summary>
    /// Copies <paramref name="bytes"/> bytes from byte <paramref name="sourceOffset"/> of one tensor to byte
    /// <paramref name="targetOffset"/> of another.
    /// </summary>
    public void Copy(Tensor source, Tensor target, long bytes, long targetOffset = 0, long sourceOffset = 0)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(sourceOffset + bytes, source.Bytes);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(targetOffset + bytes, target.Bytes);
        Journal?.AddCopy(source, target, [new CopyPart(sourceOffset, targetOffset, bytes)]);
        Transfer(source, sourceOffset, bytes, BindingAccess.Read);
        Transfer(target, targetOffset, bytes, BindingAccess.Write);
        CountTransfer(source, target, bytes);
        BufferCopy region = new((ulong)(source.Offset + sourceOffset), (ulong)(target.Offset + targetOffset), (ulong)bytes);
        _device.Api.CmdCopyBuffer(Handle, source.Buffer.Handle, target.Buffer.Handle, 1, in region);
    }

    /// <summary>
    /// Copies parts of one tensor to parts of another, at most <see cref="MaxCopyParts"/>. No target may overlap another part.
    /// </summary>
    public void Copy(Tensor source, Tensor target, ReadOnlySpan<CopyPart> parts)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(parts.Length, MaxCopyParts, nameof(parts));
        if (parts.IsEmpty) return;
        Journal?.AddCopy(source, target, parts);
        Follow(PipelineStageFlags2.AllTransferBit);
        BufferCopy* regions = stackalloc BufferCopy[MaxCopyParts];
        long from = long.MaxValue, fromEnd = 0, to = long.MaxValue, toEnd = 0, bytes = 0;
        for (int i = 0; i < parts.Length; i++)
        {
            CopyPart part = parts[i];
            regions[i] = new BufferCopy((ulong)(source.Offset + part.Source), (ulong)(target.Offset + part.Target), (ulong)part.Bytes);
            bytes += part.Bytes;
            (from, fromEnd) = (Math.Min(from, part.Source), Math.Max(fromEnd, part.Source + part.Bytes));
            (to, toEnd) = (Math.Min(to, part.Target), Math.Max(toEnd, part.Target + part.Bytes));
        }

        ArgumentOutOfRangeException.ThrowIfGreaterThan(fromEnd, source.Bytes, nameof(parts));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(toEnd, target.Bytes, nameof(parts));
        ReadOnlySpan<AccessRange> ranges = [AccessRange.Of(source, from, fromEnd - from, BindingAccess.Read),
            AccessRange.Of(target, to, toEnd - to, BindingAccess.Write)];
        Order(ranges);
        CountTransfer(source, target, bytes);
        _device.Api.CmdCopyBuffer(Handle, source.Buffer.Handle, target.Buffer.Handle, (uint)parts.Length, regions);
    }

    /// <summary>Sets every byte of a tensor to 0; offset and length are multiples of 4.</summary>
    public void Clear(Tensor target)
    {
        ArgumentNullException.ThrowIfNull(target);
        Journal?.AddClear(target);
        Transfer(target, 0, target.Bytes, BindingAccess.Write);
        _device.Api.CmdFillBuffer(Handle, target.Buffer.Handle, (ulong)target.Offset, (ulong)((target.Bytes + 3) & ~3L), 0);
    }

    /// <summary>
    /// Lets image fetches that follow see whatever was written before on this queue, by a game's rendering as well: its images are not
    /// ours, so the recorder cannot know who wrote them. Their layout stays as it is.
    /// </summary>
    public void AwaitImageWrites()
    {
        Journal?.AddAwaitImageWrites();
        MemoryBarrier2 barrier = new()
        {
            SType = StructureType.MemoryBarrier2,
            SrcStageMask = PipelineStageFlags2.AllCommandsBit,
            SrcAccessMask = AccessFlags2.MemoryWriteBit,
            DstStageMask = PipelineStageFlags2.ComputeShaderBit,
            DstAccessMask = AccessFlags2.ShaderSampledReadBit,
        };
        DependencyInfo info = new() { SType = StructureType.DependencyInfo, MemoryBarrierCount = 1, PMemoryBarriers = &barrier };
        _device.Api.CmdPipelineBarrier2(Handle, in info);
        Barriers++;
    }

    /// <summary>Records once more what a journal holds.</summary>
    public void Repeat(CommandJournal journal)
    {
        ArgumentNullException.ThrowIfNull(journal);
        CommandJournal? kept = Journal;
        Journal = null;
        journal.Replay(this);
        Journal = kept;
    }

    /// <summary>Ends the recording; what it wrote to readback buffers becomes visible to the host once it is finished.</summary>
    /// <param name="goesOn">Whether another recording goes on with the timestamps.</param>
    public void End(bool goesOn = false)
    {
        if (!goesOn) _timestamps?.Finish(this);
        Barrier(PipelineStageFlags2.HostBit, AccessFlags2.HostReadBit);
        if (Handle.Handle == _own.Handle) _device.Api.EndCommandBuffer(Handle).ThrowOnError("vkEndCommandBuffer");
    }

    /// <summary>Waits until the last submission of this recorder has finished.</summary>
    public void WaitUntilFree()
    {
        if (_finished.Handle != 0) Timeline.Wait(_device, _finished, _finishedAt);
    }

    /// <summary>The same for whoever frees: what fails is tried in another way. Never throws.</summary>
    public void WaitBeforeFreeing()
    {
        if (_finished.Handle != 0) Timeline.WaitBeforeFreeing(_device, _finished, _finishedAt);
    }

    /// <summary>Whether the last submission of this recorder has finished. Does not wait.</summary>
    public bool IsFree
    {
        get
        {
            if (_finished.Handle == 0) return true;
            _device.Api.GetSemaphoreCounterValue(_device.Handle, _finished, out ulong value).ThrowOnError("vkGetSemaphoreCounterValue");
            return value >= _finishedAt;
        }
    }

    /// <summary>Frees the command buffer, which the device must have finished.</summary>
    public void Dispose()
    {
        if (!_device.IsDryRun) _device.Api.DestroyCommandPool(_device.Handle, _pool, null);
    }

    internal void FinishedAt(Timeline timeline, ulong value)
    {
        _finished = timeline.Handle;
        _finishedAt = value;
    }

    private void Open(CommandBuffer commands, TimestampQueries? timestamps, bool goesOn = false)
    {
        Start(commands);
        MarkStage = commands.Handle == _own.Handle ? PipelineStageFlags2.AllCommandsBit : PipelineStageFlags2.ComputeShaderBit;
        _timestamps = timestamps;
        _marksEach = timestamps is { MarksEach: true };
        Barrier(Stages, Accesses);
        if (!goesOn) timestamps?.Start(this);
    }

    private void Start(CommandBuffer commands)
    {
        Handle = commands;
        Dispatches = 0;
        Barriers = 0;
        _bound = default;
        _timestamps = null;
        _marksEach = false;
    }

    private void Follow(PipelineStageFlags2 stage) =>
        MarkStage = MarkStage == PipelineStageFlags2.AllCommandsBit ? MarkStage : stage;

    private void Bind(DispatchNode node)
    {
        ComputePipeline pipeline = node.Pipeline;
        if (_bound.Handle != pipeline.Handle.Handle) _device.Api.CmdBindPipeline(Handle, PipelineBindPoint.Compute, pipeline.Handle);
        _bound = pipeline.Handle;
        DescriptorSet set = node.Set;
        _device.Api.CmdBindDescriptorSets(Handle, PipelineBindPoint.Compute, pipeline.Layout, 0, 1, &set, 0, null);
        fixed (uint* constants = node.Constants)
            if (pipeline.PushConstantBytes > 0)
                _device.Api.CmdPushConstants(Handle, pipeline.Layout, ShaderStageFlags.ComputeBit, 0, pipeline.PushConstantBytes,
                    constants);
        Follow(PipelineStageFlags2.ComputeShaderBit);
    }

    private void Order(ReadOnlySpan<AccessRange> ranges)
    {
        if (_awaitsRun || _hazards.Conflicts(ranges)) Barrier(Stages, Accesses);
        _hazards.Add(ranges);
    }

    private void CountTransfer(Tensor source, Tensor target, long bytes)
    {
        if (source.Buffer.Kind != MemoryKind.Device || target.Buffer.Kind != MemoryKind.Device) _device.Transfers += bytes;
    }

    private void Transfer(Tensor tensor, long offset, long bytes, BindingAccess access)
    {
        Follow(PipelineStageFlags2.AllTransferBit);
        Order([AccessRange.Of(tensor, offset, bytes, access)]);
    }

    private void Barrier(PipelineStageFlags2 to, AccessFlags2 access)
    {
        MemoryBarrier2 barrier = new()
        {
            SType = StructureType.MemoryBarrier2,
            SrcStageMask = Stages | PipelineStageFlags2.DrawIndirectBit, // runs read their grids there
            SrcAccessMask = Writes,
            DstStageMask = to,
            DstAccessMask = access,
        };
        DependencyInfo info = new() { SType = StructureType.DependencyInfo, MemoryBarrierCount = 1, PMemoryBarriers = &barrier };
        _device.Api.CmdPipelineBarrier2(Handle, in info);
        _hazards.Clear();
        _awaitsRun = false;
        Barriers++;
    }
}

/// <summary>A part of a copy.</summary>
/// <param name="Source">First byte in the source.</param>
/// <param name="Target">First byte in the target.</param>
/// <param name="Bytes">How many.</param>
internal readonly record struct CopyPart(long Source, long Target, long Bytes);

/// <summary>A box of workgroups of a dispatch.</summary>
/// <param name="X">First workgroup in x.</param>
/// <param name="Y">First in y.</param>
/// <param name="Z">First in z.</param>
/// <param name="CountX">How many in x.</param>
/// <param name="CountY">How many in y.</param>
/// <param name="CountZ">How many in z.</param>
internal readonly record struct Workgroups(uint X, uint Y, uint Z, uint CountX, uint CountY, uint CountZ);

/// <summary>A command buffer of the game, to record a frame's work into, and how its end becomes known.</summary>
/// <param name="CommandBuffer">Primary VkCommandBuffer in the recording state, outside a render pass and with no query active; for the
/// queue family of <see cref="GpuHandles"/>.</param>
/// <param name="TimelineSemaphore">VkSemaphore of type timeline that the game's submission of this command buffer signals.</param>
/// <param name="SignalValue">Value it is signalled with; must rise from frame to frame.</param>
internal readonly record struct GameCommands(nint CommandBuffer, nint TimelineSemaphore, ulong SignalValue);
