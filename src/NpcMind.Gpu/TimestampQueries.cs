using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>
/// GPU time of one recording, as a whole or per labelled dispatch. A timestamp at the end of each dispatch means that dispatches which
/// overlap share their time in record order. Where the queue has no timestamps, each labelled dispatch is submitted by itself, waited for
/// and timed by a clock, and recordings as a whole are not timed: for loading, then, not for frames. Reused from recording to recording;
/// used by one thread.
/// </summary>
internal sealed unsafe class TimestampQueries : IDisposable
{
    private const double ClockTicks = 1e6; // in a millisecond, where a clock stands in
    private const int EmptyRuns = 5;
    private readonly GpuDevice _device;
    private readonly QueryPool _pool;
    private readonly string[] _labels;
    private readonly ulong[] _ticks;
    private readonly bool _closes;
    private readonly Timeline? _clock;
    private double _overhead = double.NaN;
    private int _count;

    /// <summary>
    /// Makes room for <paramref name="capacity"/> labelled dispatches; more are not timed. With 0 only the whole recording is.
    /// </summary>
    public TimestampQueries(GpuDevice device, int capacity)
        : this(device, capacity, capacity > 0)
    {
    }

    private TimestampQueries(GpuDevice device, int capacity, bool marksEach)
    {
        ArgumentNullException.ThrowIfNull(device);
        _device = device;
        MarksEach = marksEach;
        _closes = !marksEach;
        _labels = new string[capacity + (marksEach ? 0 : 1)];
        _ticks = new ulong[_labels.Length + 1];
        if (!HasTimestamps)
        {
            if (marksEach) _clock = new Timeline(device, "clock");
            return;
        }

        QueryPoolCreateInfo info = new()
        { SType = StructureType.QueryPoolCreateInfo, QueryType = QueryType.Timestamp, QueryCount = (uint)_ticks.Length };
        device.Api.CreateQueryPool(device.Handle, in info, null, out _pool).ThrowOnError("vkCreateQueryPool");
    }

    /// <summary>Times the whole recording and, between <see cref="CommandRecorder.Mark"/> and the next, parts of it.</summary>
    public static TimestampQueries OnDemand(GpuDevice device, int marks) => new(device, marks, false);

    /// <summary>Dispatches timed in the last recording.</summary>
    public int Count => _count;

    /// <summary>Label of dispatch <paramref name="index"/>.</summary>
    public string Label(int index) => _labels[index];

    /// <summary>Milliseconds of dispatch <paramref name="index"/>; call <see cref="Read"/> first.</summary>
    public double Milliseconds(int index)
    {
        if (!HasTimestamps) return _ticks[index + 1] / ClockTicks;
        ulong mask = _device.Limits.TimestampBits >= 64 ? ulong.MaxValue : (1UL << (int)_device.Limits.TimestampBits) - 1;
        return ((_ticks[index + 1] - _ticks[index]) & mask) * _device.Limits.TimestampNanoseconds / 1e6;
    }

    /// <summary>Whether every dispatch is timed.</summary>
    internal bool MarksEach { get; }

    /// <summary>
    /// Fetches the results of a finished recording. Returns the milliseconds from first to last, not a number where they cannot be had.
    /// </summary>
    public double Read()
    {
        if (HasTimestamps)
            fixed (ulong* ticks = _ticks)
                _device.Api.GetQueryPoolResults(_device.Handle, _pool, 0, (uint)_count + 1, (nuint)(_ticks.Length * 8), ticks, 8,
                    QueryResultFlags.Result64Bit | QueryResultFlags.ResultWaitBit).ThrowOnError("vkGetQueryPoolResults");
        else if (_clock is null) return double.NaN;
        double total = 0;
        for (int i = 0; i < _count; i++) total += Milliseconds(i);
        return total;
    }

    /// <summary>Frees the queries.</summary>
    public void Dispose()
    {
        _clock?.Dispose();
        if (_pool.Handle != 0) _device.Api.DestroyQueryPool(_device.Handle, _pool, null);
    }

    internal void Start(CommandRecorder recorder)
    {
        _count = 0;
        if (!HasTimestamps) return;
        _device.Api.CmdResetQueryPool(recorder.Handle, _pool, 0, (uint)_ticks.Length);
        _device.Api.CmdWriteTimestamp2(recorder.Handle, recorder.MarkStage, _pool, 0);
    }

    internal void Finish(CommandRecorder recorder)
    {
        if (_closes && HasTimestamps) Write(recorder, "rest", recorder.LastMarkStage);
    }

    /// <summary>Index of the part that ends here, or -1 when there is no room.</summary>
    internal int Mark(CommandRecorder recorder, string label)
    {
        if (_count + (_closes ? 1 : 0) >= _labels.Length || (!HasTimestamps && _clock is null)) return -1;
        Write(recorder, label, recorder.MarkStage);
        return _count - 1;
    }

    private void Write(CommandRecorder recorder, string label, PipelineStageFlags2 stage)
    {
        if (_clock is not null) _ticks[_count + 1] = (ulong)(Time(recorder, _clock) * ClockTicks);
        _labels[_count++] = label;
        if (HasTimestamps) _device.Api.CmdWriteTimestamp2(recorder.Handle, stage, _pool, (uint)_count);
    }

    /// <summary>Milliseconds of what was recorded since the last part, without what an empty submission takes.</summary>
    private double Time(CommandRecorder recorder, Timeline clock)
    {
        double milliseconds = recorder.RunSoFar(clock);
        if (double.IsNaN(_overhead)) _overhead = Enumerable.Range(0, EmptyRuns).Min(_ => recorder.RunSoFar(clock));
        return Math.Max(0, milliseconds - _overhead);
    }

    private bool HasTimestamps => _device.Limits.TimestampNanoseconds > 0;
}
