using Silk.NET.Vulkan;
using Tavern.Renderer;

namespace Tavern.Frames;

/// <summary>Device time between two places in a frame's commands.</summary>
public sealed unsafe class GpuTimer : IDisposable
{
    private readonly RenderDevice _device;
    private readonly QueryPool _queries;
    private readonly int _frames;
    private readonly double _tickMs;
    private int _frame;

    public GpuTimer(RenderDevice device, int framesInFlight)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        _frames = framesInFlight;
        device.Api.GetPhysicalDeviceProperties(device.Physical, out PhysicalDeviceProperties properties);
        _tickMs = properties.Limits.TimestampComputeAndGraphics ? properties.Limits.TimestampPeriod / 1e6 : 0;
        QueryPoolCreateInfo info = new()
        { SType = StructureType.QueryPoolCreateInfo, QueryType = QueryType.Timestamp, QueryCount = 2 * (uint)framesInFlight };
        device.Api.CreateQueryPool(device.Handle, &info, null, out _queries).ThrowOnError("vkCreateQueryPool");
    }

    /// <summary>Of the newest frame known to have finished; 0 when the device has no clock.</summary>
    public double Milliseconds { get; private set; }

    private uint FirstQuery => 2 * (uint)(_frame % _frames);

    /// <summary>Reads the clock of the frame that has finished to make room for this one, and starts this one's.</summary>
    public void Begin(CommandBuffer commands)
    {
        if (_tickMs == 0) return;
        if (_frame >= _frames)
        {
            ulong* times = stackalloc ulong[2];
            Result result = _device.Api.GetQueryPoolResults(_device.Handle, _queries, FirstQuery, 2, 16, times, 8,
                QueryResultFlags.Result64Bit);
            result.ThrowOnError("vkGetQueryPoolResults");
            if (result == Result.Success) Milliseconds = (times[1] - times[0]) * _tickMs;
        }

        _device.Api.CmdResetQueryPool(commands, _queries, FirstQuery, 2);
        _device.Api.CmdWriteTimestamp2(commands, PipelineStageFlags2.TopOfPipeBit, _queries, FirstQuery);
    }

    public void End(CommandBuffer commands)
    {
        if (_tickMs == 0) return;
        _device.Api.CmdWriteTimestamp2(commands, PipelineStageFlags2.BottomOfPipeBit, _queries, FirstQuery + 1);
        _frame++;
    }

    /// <summary>The device must be idle.</summary>
    public void Dispose() => _device.Api.DestroyQueryPool(_device.Handle, _queries, null);
}
