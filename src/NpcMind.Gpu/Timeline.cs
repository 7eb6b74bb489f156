using Silk.NET.Vulkan;
using Semaphore = Silk.NET.Vulkan.Semaphore;

namespace NpcMind.Gpu;

/// <summary>A timeline semaphore: a counter that each submission raises when the device has finished it.</summary>
internal sealed unsafe class Timeline : IDisposable
{
    private readonly GpuDevice _device;

    /// <summary>Makes a timeline at 0.</summary>
    public Timeline(GpuDevice device, string name)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        if (device.IsDryRun) return;
        SemaphoreTypeCreateInfo type = new() { SType = StructureType.SemaphoreTypeCreateInfo, SemaphoreType = SemaphoreType.Timeline };
        SemaphoreCreateInfo info = new() { SType = StructureType.SemaphoreCreateInfo, PNext = &type };
        device.Api.CreateSemaphore(device.Handle, in info, null, out Semaphore semaphore).ThrowOnError("vkCreateSemaphore");
        Handle = semaphore;
        device.SetName(ObjectType.Semaphore, semaphore.Handle, name);
    }

    /// <summary>Value that the last submission will reach.</summary>
    public ulong Submitted { get; private set; }

    /// <summary>Value reached so far. Does not wait.</summary>
    public ulong Completed
    {
        get
        {
            _device.Api.GetSemaphoreCounterValue(_device.Handle, Handle, out ulong value).ThrowOnError("vkGetSemaphoreCounterValue");
            return value;
        }
    }

    internal Semaphore Handle { get; }

    /// <summary>Submits a recording; returns the value at which it is finished.</summary>
    public ulong Submit(CommandRecorder recorder)
    {
        ArgumentNullException.ThrowIfNull(recorder);
        _device.Submit(recorder.Handle, Handle, Submitted + 1);
        Submitted++;
        recorder.FinishedAt(this, Submitted);
        return Submitted;
    }

    /// <summary>
    /// Waits until <paramref name="value"/> is reached. For loading and for programs without a frame; never within a tick.
    /// </summary>
    public void Wait(ulong value) => Wait(_device, Handle, value);

    /// <summary>Waits for everything submitted, as far as that works; never throws. A lost device is not waited for.</summary>
    public void WaitBeforeFreeing() => WaitBeforeFreeing(_device, Handle, Submitted);

    /// <summary>Waits for everything submitted, then frees the semaphore. Never throws.</summary>
    public void Dispose()
    {
        if (_device.IsDryRun) return;
        WaitBeforeFreeing();
        _device.Api.DestroySemaphore(_device.Handle, Handle, null);
    }

    /// <summary>
    /// A wait that fails is tried again; then the value is asked for until it is there, or until nothing can be said any more.
    /// </summary>
    internal static void WaitBeforeFreeing(GpuDevice device, Semaphore semaphore, ulong value)
    {
        const int Tries = 3;
        SemaphoreWaitInfo info = new()
        {
            SType = StructureType.SemaphoreWaitInfo,
            SemaphoreCount = 1,
            PSemaphores = &semaphore,
            PValues = &value,
        };
        for (int i = 0; i < Tries; i++)
            if (device.Api.WaitSemaphores(device.Handle, &info, ulong.MaxValue) is Result.Success or Result.ErrorDeviceLost) return;
        for (int failed = 0; failed < Tries;)
        {
            Result result = device.Api.GetSemaphoreCounterValue(device.Handle, semaphore, out ulong reached);
            if (result == Result.ErrorDeviceLost || (result == Result.Success && reached >= value)) return;
            if (result < Result.Success) failed++;
#pragma warning disable RS0030 // Only where the driver's own wait failed, before what the device may still use is freed.
            Thread.Sleep(1);
#pragma warning restore RS0030
        }

        device.WaitIdle();
    }

    internal static void Wait(GpuDevice device, Semaphore semaphore, ulong value)
    {
        SemaphoreWaitInfo info = new()
        { SType = StructureType.SemaphoreWaitInfo, SemaphoreCount = 1, PSemaphores = &semaphore, PValues = &value };
        device.Api.WaitSemaphores(device.Handle, &info, ulong.MaxValue).ThrowOnError("vkWaitSemaphores");
    }
}
