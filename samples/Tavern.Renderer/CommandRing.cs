using Silk.NET.Vulkan;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace Tavern.Renderer;

/// <summary>
/// Command buffers for frames in flight. The n-th submission signals the timeline with n, which says when its buffer is free again.
/// </summary>
public sealed unsafe class CommandRing : IDisposable
{
    private readonly RenderDevice _device;
    private readonly CommandPool _pool;
    private readonly CommandBuffer[] _buffers;
    private ulong _submitted;

    public CommandRing(RenderDevice device, int frames)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        CommandPoolCreateInfo poolInfo = new()
        {
            SType = StructureType.CommandPoolCreateInfo,
            Flags = CommandPoolCreateFlags.ResetCommandBufferBit,
            QueueFamilyIndex = device.Handles.QueueFamily
        };
        device.Api.CreateCommandPool(device.Handle, &poolInfo, null, out _pool).ThrowOnError("vkCreateCommandPool");
        _buffers = new CommandBuffer[frames];
        CommandBufferAllocateInfo info = new()
        {
            SType = StructureType.CommandBufferAllocateInfo,
            CommandPool = _pool,
            Level = CommandBufferLevel.Primary,
            CommandBufferCount = (uint)frames
        };
        fixed (CommandBuffer* p = _buffers)
            device.Api.AllocateCommandBuffers(device.Handle, &info, p).ThrowOnError("vkAllocateCommandBuffers");
        SemaphoreTypeCreateInfo type = new() { SType = StructureType.SemaphoreTypeCreateInfo, SemaphoreType = SemaphoreType.Timeline };
        SemaphoreCreateInfo semaphoreInfo = new() { SType = StructureType.SemaphoreCreateInfo, PNext = &type };
        device.Api.CreateSemaphore(device.Handle, &semaphoreInfo, null, out Semaphore timeline).ThrowOnError("vkCreateSemaphore");
        Timeline = timeline;
    }

    public int Frames => _buffers.Length;

    /// <summary>Semaphore that each submission signals.</summary>
    public Semaphore Timeline { get; }

    /// <summary>Value with which the frame being recorded will signal the timeline.</summary>
    public ulong SignalValue => _submitted + 1;

    /// <summary>Index of the frame being recorded, below <see cref="Frames"/>.</summary>
    public int Current => (int)(_submitted % (ulong)_buffers.Length);

    /// <summary>Waits until the oldest frame has finished, whose place the next one takes.</summary>
    public void WaitForRoom()
    {
        if (SignalValue > (ulong)Frames) WaitFor(SignalValue - (ulong)Frames);
    }

    /// <summary>Waits for room and starts recording.</summary>
    public CommandBuffer Begin()
    {
        WaitForRoom();
        CommandBuffer commands = _buffers[Current];
        CommandBufferBeginInfo info = new()
        { SType = StructureType.CommandBufferBeginInfo, Flags = CommandBufferUsageFlags.OneTimeSubmitBit };
        _device.Api.BeginCommandBuffer(commands, &info).ThrowOnError("vkBeginCommandBuffer");
        return commands;
    }

    /// <summary>
    /// Submits what was recorded since <see cref="Begin"/>, waiting for one binary semaphore and signalling another where given.
    /// </summary>
    public void Submit(Semaphore wait = default, Semaphore signal = default)
    {
        CommandBuffer commands = _buffers[Current];
        _device.Api.EndCommandBuffer(commands).ThrowOnError("vkEndCommandBuffer");
        _device.Submit(commands, Timeline, SignalValue, wait, signal);
        _submitted++;
    }

    /// <summary>Waits for everything submitted.</summary>
    public void Finish() => WaitFor(_submitted);

    public void Dispose()
    {
        _ = Wait(_submitted); // a lost device must still be torn down
        _device.Api.DestroySemaphore(_device.Handle, Timeline, null);
        _device.Api.DestroyCommandPool(_device.Handle, _pool, null);
    }

    private void WaitFor(ulong value) => Wait(value).ThrowOnError("vkWaitSemaphores");

    private Result Wait(ulong value)
    {
        Semaphore timeline = Timeline;
        SemaphoreWaitInfo info = new()
        { SType = StructureType.SemaphoreWaitInfo, SemaphoreCount = 1, PSemaphores = &timeline, PValues = &value };
        return _device.Api.WaitSemaphores(_device.Handle, &info, ulong.MaxValue);
    }
}
