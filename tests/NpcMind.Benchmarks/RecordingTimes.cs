using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Scheduling;
using Silk.NET.Vulkan;

namespace NpcMind.Benchmarks;

/// <summary>Processor time of recording a decode step, beside that of its Vulkan calls: what a dispatch costs a game's thread.</summary>
internal static unsafe class RecordingTimes
{
    private const int Rounds = 9, StepsPerRound = 100, Warm = 300;

    public static void Run(string model)
    {
        using GgufFile file = GgufFile.Open(model);
        using GpuDevice device = GpuDevice.Create();
        using InferenceEngine engine = InferenceEngine.Load(device, file, new EngineOptions { ContextTokens = 512 });
        StepShape shape = new(1, 1, 1, 1, 1, 100);
        using CommandRecorder recorder = new(device, "recording");
        List<double> ours = [], bare = [];
        int dispatches = 0, barriers = 0;
        for (int round = 0; round < Rounds; round++)
        {
            long start = ThreadTime();
            for (int step = 0; step < StepsPerRound; step++)
            {
                recorder.Begin();
                foreach (GraphNode node in engine.Nodes) node.Record(recorder, shape);
                recorder.End();
            }

            (dispatches, barriers) = (recorder.Dispatches, recorder.Barriers);
            ours.Add((ThreadTime() - start) / 1e3 / StepsPerRound / dispatches);
            start = ThreadTime();
            for (int step = 0; step < StepsPerRound; step++) Bare(device, recorder, engine, shape);
            bare.Add((ThreadTime() - start) / 1e3 / StepsPerRound / dispatches);
        }

        ours.Sort();
        bare.Sort();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{dispatches} dispatches, {barriers} barriers; us of thread CPU a dispatch, median of {Rounds} rounds of {StepsPerRound} " +
            $"steps: " +
            $"recorded {ours[Rounds / 2]:F2}, its Vulkan calls alone {bare[Rounds / 2]:F2}"));
        CostModel costs = new(1);
        Calibration.Run(engine, costs, 1);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"a decode step in a frame, with its plan and its submission: one by one {InFrames(engine, costs, false):F2}, " +
            $"in runs recorded before {InFrames(engine, costs, true):F2} us of thread CPU a dispatch"));
    }

    /// <summary>The same for a step in a frame: inputs, predictions, commands and submission.</summary>
    private static double InFrames(InferenceEngine engine, CostModel costs, bool recordsRuns)
    {
        using FrameRunner frames = new(engine, costs, new FrameRunnerOptions { RecordsRuns = recordsRuns, QuantumMilliseconds = 1000 });
        int slot = engine.Open(new SamplerSettings());
        List<double> times = [];
        for (int round = 0; round < Warm + StepsPerRound; round++)
        {
            engine.Batch.Add(slot, round, output: true);
            engine.Batch.Sample();
            long start = ThreadTime();
            frames.TryBegin(100_000);
            frames.BeginStep();
            frames.RecordStep();
            frames.End();
            if (round >= Warm) times.Add((ThreadTime() - start) / 1e3 / frames.Dispatches);
            engine.Timeline.Wait(engine.Timeline.Submitted);
            while (frames.TryCollect(out _, out int steps, out _))
                for (; steps > 0; steps--) frames.TakeResults();
        }

        engine.Close(slot);
        return times.Average(); // of all frames: those in which a run is timed take longer
    }

    /// <summary>The calls that recording makes, with nothing decided: a barrier before each dispatch.</summary>
    private static void Bare(GpuDevice device, CommandRecorder recorder, InferenceEngine engine, StepShape shape)
    {
        Vk vk = device.Api;
        recorder.Begin();
        MemoryBarrier2 barrier = new()
        {
            SType = StructureType.MemoryBarrier2,
            SrcStageMask = PipelineStageFlags2.ComputeShaderBit,
            SrcAccessMask = AccessFlags2.ShaderWriteBit,
            DstStageMask = PipelineStageFlags2.ComputeShaderBit,
            DstAccessMask = AccessFlags2.ShaderReadBit,
        };
        DependencyInfo info = new() { SType = StructureType.DependencyInfo, MemoryBarrierCount = 1, PMemoryBarriers = &barrier };
        foreach (GraphNode node in engine.Nodes)
        {
            Grid grid = node.Grid(shape);
            if (grid.X * grid.Y * grid.Z == 0) continue;
            DispatchNode dispatch = node.Variants[grid.Variant];
            DescriptorSet set = dispatch.Set;
            vk.CmdPipelineBarrier2(recorder.Handle, in info);
            vk.CmdBindPipeline(recorder.Handle, PipelineBindPoint.Compute, dispatch.Pipeline.Handle);
            vk.CmdBindDescriptorSets(recorder.Handle, PipelineBindPoint.Compute, dispatch.Pipeline.Layout, 0, 1, &set, 0, null);
            fixed (uint* constants = dispatch.Constants)
                vk.CmdPushConstants(recorder.Handle, dispatch.Pipeline.Layout, ShaderStageFlags.ComputeBit, 0,
                    dispatch.Pipeline.PushConstantBytes, constants);
            vk.CmdDispatchBase(recorder.Handle, 0, 0, 0, (uint)grid.X, (uint)grid.Y, (uint)grid.Z);
        }

        recorder.End();
    }

    private static long ThreadTime()
    {
        Timespec now;
        _ = clock_gettime(3, &now); // CLOCK_THREAD_CPUTIME_ID
        return now.Seconds * 1_000_000_000 + now.Nanoseconds;
    }

    [System.Runtime.InteropServices.DllImport("libc")]
    private static extern int clock_gettime(int clock, Timespec* time);

    private struct Timespec
    {
        public long Seconds, Nanoseconds;
    }
}
