using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>
/// Dispatches recorded once, to be executed often (<see cref="CommandRecorder.Execute"/>); their grids are read when they run.
/// </summary>
internal sealed class RecordedRun
{
    internal RecordedRun(CommandBuffer handle) => Handle = handle;

    /// <summary>Dispatches in it.</summary>
    public int Dispatches { get; internal set; }

    /// <summary>Barriers in it.</summary>
    public int Barriers { get; internal set; }

    internal CommandBuffer Handle { get; }
}

/// <summary>Secondary command buffers, each for one run. Used by one thread.</summary>
internal sealed unsafe class RecordedRuns : IDisposable
{
    private readonly GpuDevice _device;
    private readonly CommandPool _pool;

    /// <summary>Makes room for so many runs.</summary>
    public RecordedRuns(GpuDevice device, int count)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        CommandPoolCreateInfo pool = new()
        {
            SType = StructureType.CommandPoolCreateInfo,
            Flags = CommandPoolCreateFlags.ResetCommandBufferBit,
            QueueFamilyIndex = device.QueueFamily
        };
        device.Api.CreateCommandPool(device.Handle, in pool, null, out _pool).ThrowOnError("vkCreateCommandPool");
        CommandBufferAllocateInfo info = new()
        {
            SType = StructureType.CommandBufferAllocateInfo,
            CommandPool = _pool,
            Level = CommandBufferLevel.Secondary,
            CommandBufferCount = (uint)count
        };
        CommandBuffer[] buffers = new CommandBuffer[count];
        Result result;
        fixed (CommandBuffer* first = buffers) result = device.Api.AllocateCommandBuffers(device.Handle, &info, first);
        if (result < Result.Success) Dispose();
        result.ThrowOnError("vkAllocateCommandBuffers");
        All = [.. buffers.Select(buffer => new RecordedRun(buffer))];
    }

    /// <summary>The runs.</summary>
    public IReadOnlyList<RecordedRun> All { get; } = [];

    /// <summary>Frees them; the device must have finished with them.</summary>
    public void Dispose() => _device.Api.DestroyCommandPool(_device.Handle, _pool, null);
}
