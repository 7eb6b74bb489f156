using NpcMind.Gpu;
using NpcMind.Scheduling;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// Runs every shader once before the first frame, so that what a driver compiles late is compiled, and learns what dispatches of all sizes
/// cost. Waits for the device: for loading. The engine must have no open sequences.
/// </summary>
internal static partial class Calibration
{
    private const int Marks = 1024;

    /// <summary>Runs it.</summary>
    /// <param name="engine">Engine without open sequences.</param>
    /// <param name="costs">What learns.</param>
    /// <param name="passes">How often each size is timed; the first time compiles and is not learned from.</param>
    public static void Run(InferenceEngine engine, CostModel costs, int passes)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(costs);
        using TimestampQueries times = new(engine.Device, Marks);
        int[] sizes = Sizes(engine);
        int longest = (int)Math.Min(engine.Options.ContextTokens,
            engine.Options.CacheTokens ?? (long)engine.Options.ContextTokens * engine.Options.MaxSequences);
        SamplerSettings everything = new() { Temperature = 1, TopK = 40, TopP = 0.9f, MinP = 0.01f, RepetitionPenalty = 1.1f };
        try
        {
            for (int pass = 0; pass <= passes; pass++)
                foreach (int rows in sizes)
                    foreach (int end in (ReadOnlySpan<int>)[longest, Math.Max(rows, 2 * InferenceEngine.BlockTokens)])
                        foreach (SamplerSettings sampler in (ReadOnlySpan<SamplerSettings>)[everything, new()])
                            if (rows <= longest) Step(engine, costs, times, sampler, rows, Math.Min(end, longest), learn: pass > 0);
        }
        finally
        {
            engine.Timeline.WaitBeforeFreeing(); // the timestamps are freed now, also after an error
        }
    }

    /// <summary>The same for an image encoder, with a picture that takes every step of preparation.</summary>
    public static void Run(VisionEncoder eyes, CostModel costs, int passes)
    {
        ArgumentNullException.ThrowIfNull(eyes);
        ArgumentNullException.ThrowIfNull(costs);
        int side = eyes.Config.TileSize * 3 / 2;
        using TimestampQueries times = new(eyes.Device, Marks);
        using CommandRecorder recorder = new(eyes.Device, "calibration");
        using Timeline timeline = new(eyes.Device, "calibration");
        using VisionJob job = eyes.CreateJob(eyes.Config.Plan(side, side), new Picture(side, side, new byte[side * side * 4]));
        // Costs kept by a run of the same model without eyes know nothing of them.
        bool known = Enumerable.Range(0, 2).SelectMany(part => eyes.Nodes(job, part))
            .All(node => node.Variants.Select((_, i) => costs.Known(costs.Class(node.CostKey(i)))).All(k => k));
        if (!known) passes = Math.Max(passes, 3);
        for (int pass = 0; pass <= passes; pass++)
            for (int part = 0; part < 2; part++)
            {
                recorder.Begin(times);
                eyes.RecordInputs(recorder, job, part);
                List<(int Class, double Work)> pieces = Record(recorder, eyes.Nodes(job, part), job.Shape(part), costs);
                recorder.End();
                timeline.Wait(timeline.Submit(recorder));
                times.Read();
                for (int i = 0; i < pieces.Count && pass > 0; i++) costs.Learn(pieces[i].Class, pieces[i].Work, times.Milliseconds(i));
            }
    }

    /// <summary>Rows of steps that between them run every variant that a step of the engine can choose, rising.</summary>
    private static int[] Sizes(InferenceEngine engine)
    {
        int most = engine.Options.MaxRows;
        HashSet<(int Node, int Variant)> seen = [];
        List<int> sizes = [];
        foreach (int rows in (ReadOnlySpan<int>)[Math.Min(most, 64), most, 8, 4, 1])
        {
            StepShape shape = new(rows, Math.Min(rows, engine.Options.MaxOutputs), 0, rows, 1);
            int before = seen.Count;
            for (int i = 0; i < engine.Nodes.Count; i++) seen.Add((i, engine.Nodes[i].Grid(shape).Variant));
            if (seen.Count > before) sizes.Add(rows);
        }

        return [.. sizes.Order()];
    }

    private static void Step(InferenceEngine engine, CostModel costs, TimestampQueries times, SamplerSettings sampler, int rows, int end,
        bool learn)
    {
        int slot = engine.Open(sampler);
        for (int position = 0; position < end; position += InferenceEngine.BlockTokens)
        {
            engine.Blocks.Release(slot, Math.Min(position, end - rows));
            engine.Reserve(slot, position);
        }

        engine.Batch.SetLength(slot, end - rows);
        for (int row = 0; row < rows; row++)
            engine.Batch.Add(slot, row % engine.Config.Vocabulary, output: row >= rows - engine.Options.MaxOutputs);
        engine.Batch.Sample();
        StepShape shape = engine.Batch.Finish();
        CommandRecorder recorder = engine.BeginRecording(times);
        engine.RecordInputs(recorder, shape);
        List<(int Class, double Work)> pieces = Record(recorder, engine.Nodes, shape, costs);
        engine.Timeline.Wait(engine.EndRecording(recorder));
        engine.Batch.Clear();
        engine.Close(slot);
        times.Read();
        if (!learn) return;
        for (int i = 0; i < pieces.Count; i++) costs.Learn(pieces[i].Class, pieces[i].Work, times.Milliseconds(i));
    }

    /// <summary>Records a dispatch of each cost class, in parts of 1, 2, 4, ... workgroups, each timed.</summary>
    private static List<(int Class, double Work)> Record(CommandRecorder recorder, IReadOnlyList<GraphNode> nodes, StepShape shape,
        CostModel costs)
    {
        HashSet<int> seen = [];
        List<(int Class, double Work)> pieces = [];
        foreach (GraphNode node in nodes)
        {
            Grid grid = node.Grid(shape);
            long all = (long)grid.X * grid.Y * grid.Z;
            int costClass = costs.Class(node.CostKey(grid.Variant));
            if (all == 0 || !seen.Add(costClass)) continue;
            double work = node.Work?.Invoke(shape) ?? 1;
            long size = 1;
            for (long position = 0; position < all && pieces.Count < Marks; size *= 2)
            {
                GridPiece piece = GridSlicer.Next(grid.X, grid.Y, grid.Z, position, Math.Min(size, all - position));
                recorder.Dispatch(node.Variants[grid.Variant],
                    new Workgroups((uint)piece.X, (uint)piece.Y, (uint)piece.Z, (uint)piece.CountX, (uint)piece.CountY, (uint)piece.CountZ),
                    continues: position > 0);
                pieces.Add((costClass, piece.Workgroups * work));
                position += piece.Workgroups;
            }
        }

        return pieces;
    }
}
