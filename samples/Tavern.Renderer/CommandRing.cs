using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>Command buffers for frames in flight, each with a fence.</summary>
public sealed unsafe class CommandRing : IDisposable
{
    private readonly RenderDevice _device;
    private readonly CommandPool _pool;
    private readonly CommandBuffer[] _buffers;
    private readonly Fence[] _fences;
    private int _current;

    public CommandRing(RenderDevice device, int frames)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        CommandPoolCreateInfo poolInfo = new() { SType = StructureType.CommandPoolCreateInfo, Flags = CommandPoolCreateFlags.ResetCommandBufferBit, QueueFamilyIndex = device.Handles.QueueFamily };
        device.Api.CreateCommandPool(device.Handle, &poolInfo, null, out _pool).ThrowOnError("vkCreateCommandPool");
        _buffers = new CommandBuffer[frames];
        _fences = new Fence[frames];
        CommandBufferAllocateInfo info = new() { SType = StructureType.CommandBufferAllocateInfo, CommandPool = _pool, Level = CommandBufferLevel.Primary, CommandBufferCount = (uint)frames };
        fixed (CommandBuffer* p = _buffers) device.Api.AllocateCommandBuffers(device.Handle, &info, p).ThrowOnError("vkAllocateCommandBuffers");
        FenceCreateInfo fenceInfo = new() { SType = StructureType.FenceCreateInfo, Flags = FenceCreateFlags.SignaledBit };
        for (int i = 0; i < frames; i++) device.Api.CreateFence(device.Handle, &fenceInfo, null, out _fences[i]).ThrowOnError("vkCreateFence");
    }

    public int Frames => _buffers.Length;

    /// <summary>Index of the frame being recorded.</summary>
    public int Current => _current;

    /// <summary>Waits until the oldest frame has finished and starts recording in its place.</summary>
    public CommandBuffer Begin()
    {
        _current = (_current + 1) % _buffers.Length;
        WaitFor(_current);
        CommandBuffer commands = _buffers[_current];
        CommandBufferBeginInfo info = new() { SType = StructureType.CommandBufferBeginInfo, Flags = CommandBufferUsageFlags.OneTimeSubmitBit };
        _device.Api.BeginCommandBuffer(commands, &info).ThrowOnError("vkBeginCommandBuffer");
        return commands;
    }

    /// <summary>Submits what was recorded since <see cref="Begin"/>; the semaphores may be default.</summary>
    public void Submit(Silk.NET.Vulkan.Semaphore wait = default, Silk.NET.Vulkan.Semaphore signal = default)
    {
        _device.Api.EndCommandBuffer(_buffers[_current]).ThrowOnError("vkEndCommandBuffer");
        Fence fence = _fences[_current];
        _device.Api.ResetFences(_device.Handle, 1, &fence).ThrowOnError("vkResetFences");
        _device.Submit(_buffers[_current], wait, signal, fence);
    }

    /// <summary>Waits for the frame submitted last.</summary>
    public void Finish() => WaitFor(_current);

    /// <summary>Waits for all frames.</summary>
    public void Dispose()
    {
        for (int i = 0; i < _fences.Length; i++)
        {
            WaitFor(i);
            _device.Api.DestroyFence(_device.Handle, _fences[i], null);
        }

        _device.Api.DestroyCommandPool(_device.Handle, _pool, null);
    }

    private void WaitFor(int frame)
    {
        Fence fence = _fences[frame];
        _device.Api.WaitForFences(_device.Handle, 1, &fence, true, ulong.MaxValue).ThrowOnError("vkWaitForFences");
    }
}
