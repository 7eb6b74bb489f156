using NpcMind.Gpu;
using Silk.NET.Vulkan;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace NpcMind.GpuTests.Runtime;

/// <summary>What a game does with a frame that it has recorded.</summary>
internal enum Fate
{
    /// <summary>Submits it.</summary>
    Submitted,

    /// <summary>Throws it away and says so.</summary>
    Discarded,

    /// <summary>Throws it away and says nothing.</summary>
    Forgotten,
}

/// <summary>A game's frames: command buffers and a timeline semaphore that each submission signals; at most two are on their way.</summary>
internal sealed unsafe class GameFrames : IDisposable
{
    private const int Count = 3;
    private readonly GpuDevice _device;
    private readonly CommandPool[] _pools = new CommandPool[Count];
    private readonly CommandBuffer[] _buffers = new CommandBuffer[Count];
    private readonly Semaphore _semaphore;
    private ulong _frame;
    private ulong _last;
    private ulong _beforeLast;

    public GameFrames(GpuDevice device)
    {
        _device = device;
        for (int i = 0; i < Count; i++)
        {
            CommandPoolCreateInfo pool = new() { SType = StructureType.CommandPoolCreateInfo, QueueFamilyIndex = device.QueueFamily };
            Check(device.Api.CreateCommandPool(device.Handle, in pool, null, out _pools[i]));
            CommandBufferAllocateInfo buffer = new()
            {
                SType = StructureType.CommandBufferAllocateInfo,
                CommandPool = _pools[i],
                CommandBufferCount = 1,
                Level = CommandBufferLevel.Primary,
            };
            Check(device.Api.AllocateCommandBuffers(device.Handle, in buffer, out _buffers[i]));
        }

        SemaphoreTypeCreateInfo type = new() { SType = StructureType.SemaphoreTypeCreateInfo, SemaphoreType = SemaphoreType.Timeline };
        SemaphoreCreateInfo info = new() { SType = StructureType.SemaphoreCreateInfo, PNext = &type };
        Check(device.Api.CreateSemaphore(device.Handle, in info, null, out _semaphore));
    }

    public TickReport Tick(NpcRuntime runtime, double milliseconds, Fate fate = Fate.Submitted)
    {
        Wait(_beforeLast);
        int slot = (int)(_frame % Count);
        _frame++;
        if (fate != Fate.Submitted) Wait(); // the buffer of a frame on its way is not to be thrown away with it
        Check(_device.Api.ResetCommandPool(_device.Handle, _pools[slot], 0));
        CommandBufferBeginInfo begin = new()
        {
            SType = StructureType.CommandBufferBeginInfo,
            Flags = CommandBufferUsageFlags.OneTimeSubmitBit,
        };
        Check(_device.Api.BeginCommandBuffer(_buffers[slot], in begin));
        TickReport report = runtime.Tick(FrameBudget.FromMilliseconds(milliseconds),
            new FrameCommands(_buffers[slot].Handle, (nint)_semaphore.Handle, _frame));
        Check(_device.Api.EndCommandBuffer(_buffers[slot]));
        if (fate == Fate.Discarded) runtime.DiscardFrame();
        if (fate != Fate.Submitted) return report;
        ulong value = _frame;
        Semaphore semaphore = _semaphore;
        CommandBuffer commands = _buffers[slot];
        TimelineSemaphoreSubmitInfo timeline = new()
        {
            SType = StructureType.TimelineSemaphoreSubmitInfo,
            SignalSemaphoreValueCount = 1,
            PSignalSemaphoreValues = &value,
        };
        SubmitInfo submit = new()
        {
            SType = StructureType.SubmitInfo,
            PNext = &timeline,
            CommandBufferCount = 1,
            PCommandBuffers = &commands,
            SignalSemaphoreCount = 1,
            PSignalSemaphores = &semaphore,
        };
        Check(_device.Api.QueueSubmit(_device.Queue, 1, in submit, default));
        (_beforeLast, _last) = (_last, value);
        return report;
    }

    public void Wait() => Wait(_last);

    public void Dispose()
    {
        Wait();
        _device.Api.DestroySemaphore(_device.Handle, _semaphore, null);
        foreach (CommandPool pool in _pools) _device.Api.DestroyCommandPool(_device.Handle, pool, null);
    }

    private void Wait(ulong value)
    {
        Semaphore semaphore = _semaphore;
        SemaphoreWaitInfo wait = new()
        {
            SType = StructureType.SemaphoreWaitInfo,
            SemaphoreCount = 1,
            PSemaphores = &semaphore,
            PValues = &value,
        };
        Check(_device.Api.WaitSemaphores(_device.Handle, in wait, ulong.MaxValue));
    }

    private static void Check(Result result) => Assert.That(result, Is.EqualTo(Result.Success));
}
