using System.Diagnostics;
using NpcMind.Gpu;
using NpcMind.Inference;

namespace NpcMind.Cli;

/// <summary>
/// The control of <see cref="FrameLoop"/>: the same loop, but each frame submits the same dispatches of one kernel, as many as take about
/// the budget, and ticks with a budget of 0. What varies here is not the minds' doing.
/// </summary>
internal sealed class FixedLoad(GpuDevice device, NpcRuntime runtime, FrameLoopOptions options, int frames)
{
    private const int InFlight = 3;
    private const uint Quads = 512;
    private const uint Rows = 4;
    private const int MostDispatches = 20_000;

    public List<double> GpuMilliseconds { get; } = new(frames);

    public List<double> TickMilliseconds { get; } = new(frames);

    public List<double> ThreadMilliseconds { get; } = new(frames);

    /// <summary>Frames longer than the median and a quantum: what an overrun is to the minds.</summary>
    public int BeyondQuantum => new Figures(GpuMilliseconds).At(0.5) is var median
        ? GpuMilliseconds.Count(ms => ms > median + options.QuantumMilliseconds) : 0;

    public int Frames => frames;

    /// <summary>Frames in which the device had not finished those before.</summary>
    public int FramesBehind { get; private set; }

    public int Dispatches { get; private set; }

    /// <exception cref="GpuUnavailableException">The device's queue has no timestamps.</exception>
    public void Run()
    {
        if (device.Limits.TimestampNanoseconds == 0)
            throw new GpuUnavailableException($"'{device.Limits.Name}' has no timestamps on its compute queue to time frames by.",
                "Measure on another device.");
        using TensorArena arena = new(device, "fixed load");
        Tensor input = arena.Allocate(Quads * 2 * Rows * 16, "gate and up").As(TexelFormat.Float4),
            output = arena.Allocate(Quads * Rows * 16, "y");
        KernelLibrary kernels = new(device);
        ComputePipeline pipeline = kernels.Pipeline(
            "gated_activation", ("workgroupSize", kernels.SmallWorkgroup), ("Form", 0u), ("WeighsInput", 0u), ("GatesOutput", 0u));
        DispatchNode node = pipeline.Node("fixed load", [input, output, input], ("quads", Quads), ("stride", Quads), ("weightStride", 0u));
        CommandRecorder[] recorders = [.. Enumerable.Range(0, InFlight).Select(i => new CommandRecorder(device, $"fixed load {i}"))];
        TimestampQueries[] times = [.. recorders.Select(_ => new TimestampQueries(device, 0))];
        try
        {
            using Timeline timeline = new(device, "fixed load");
            recorders[0].Begin();
            recorders[0].Clear(input);
            recorders[0].End();
            timeline.Submit(recorders[0]);
            recorders[0].WaitUntilFree();
            FindDispatches(timeline, recorders[0], times[0], node, (Quads + kernels.SmallWorkgroup - 1) / kernels.SmallWorkgroup);
            Loop(timeline, recorders, times, node, (Quads + kernels.SmallWorkgroup - 1) / kernels.SmallWorkgroup);
        }
        finally
        {
            foreach (CommandRecorder recorder in recorders) recorder.Dispose();
            foreach (TimestampQueries time in times) time.Dispose();
        }
    }

    /// <summary>
    /// Sets the number of dispatches from the median of a few submissions, paced as the frames will be: a device that rested is slower.
    /// </summary>
    private void FindDispatches(Timeline timeline, CommandRecorder recorder, TimestampQueries time, DispatchNode node, uint groups)
    {
        FrameClock clock = new(options.FramesPerSecond);
        Dispatches = 1;
        for (int round = 0; round < 4; round++)
        {
            double[] tries = new double[9];
            for (int i = 0; i < tries.Length; i++)
            {
                Record(recorder, time, node, groups);
                timeline.Submit(recorder);
                clock.WaitForFrame();
                recorder.WaitUntilFree();
                tries[i] = time.Read();
            }

            double each = Math.Max(1e-6, new Figures(tries).At(0.5) / Dispatches);
            Dispatches = (int)Math.Clamp(Math.Round(options.BudgetMilliseconds / each), 1, MostDispatches);
        }
    }

    private void Loop(Timeline timeline, CommandRecorder[] recorders, TimestampQueries[] times, DispatchNode node, uint groups)
    {
        FrameClock clock = new(options.FramesPerSecond);
        FrameBudget nothing = FrameBudget.FromMilliseconds(0);
        int submitted = 0, collected = 0;
        for (int frame = 0; frame < frames; frame++)
        {
            double thread = FrameClock.ThreadMilliseconds();
            long started = Stopwatch.GetTimestamp();
            if (runtime.Tick(nothing).Status == TickStatus.DeviceLost)
                throw new CliException($"the device '{runtime.DeviceName}' was lost.");
            TickMilliseconds.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            thread = FrameClock.ThreadMilliseconds() - thread;
            if (!double.IsNaN(thread)) ThreadMilliseconds.Add(thread);

            for (; collected < submitted && recorders[collected % InFlight].IsFree; collected++)
                GpuMilliseconds.Add(times[collected % InFlight].Read());
            if (submitted - collected == InFlight) FramesBehind++;
            else
            {
                Record(recorders[submitted % InFlight], times[submitted % InFlight], node, groups);
                timeline.Submit(recorders[submitted++ % InFlight]);
            }

            clock.WaitForFrame();
        }

        for (; collected < submitted; collected++)
        {
            recorders[collected % InFlight].WaitUntilFree();
            GpuMilliseconds.Add(times[collected % InFlight].Read());
        }
    }

    private void Record(CommandRecorder recorder, TimestampQueries time, DispatchNode node, uint groups)
    {
        recorder.Begin(time);
        for (int i = 0; i < Dispatches; i++) recorder.Dispatch(node, groups, Rows);
        recorder.End();
    }
}
