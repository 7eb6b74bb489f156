using NpcMind.Gpu;
using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>
/// Runs every shader once before the first frame, so that what a driver compiles late is compiled, and learns what dispatches of all sizes cost. Waits for the
/// device: for loading. The engine must have no open sequences.
/// </summary>
public static class Calibration
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
        int many = Math.Min(engine.Options.MaxRows, 64);
        int longest = (int)Math.Min(engine.Options.ContextTokens, engine.Options.CacheTokens ?? (long)engine.Options.ContextTokens * engine.Options.MaxSequences);
        SamplerSettings everything = new() { Temperature = 1, TopK = 40, TopP = 0.9f, MinP = 0.01f, RepetitionPenalty = 1.1f };
        for (int pass = 0; pass <= passes; pass++)
            foreach (int rows in (ReadOnlySpan<int>)[1, 4, many])
                foreach (int end in (ReadOnlySpan<int>)[longest, Math.Max(rows, 2 * InferenceEngine.BlockTokens)])
                    foreach (SamplerSettings sampler in (ReadOnlySpan<SamplerSettings>)[everything, new()])
                        if (rows <= longest) Step(engine, costs, times, sampler, rows, Math.Min(end, longest), learn: pass > 0);
    }

    private static void Step(InferenceEngine engine, CostModel costs, TimestampQueries times, SamplerSettings sampler, int rows, int end, bool learn)
    {
        int slot = engine.Open(sampler);
        for (int position = 0; position < end; position += InferenceEngine.BlockTokens)
        {
            engine.Blocks.Release(slot, Math.Min(position, end - rows));
            engine.Reserve(slot, position);
        }

        engine.Batch.SetLength(slot, end - rows);
        for (int row = 0; row < rows; row++) engine.Batch.Add(slot, row % engine.Config.Vocabulary, output: row >= rows - engine.Options.MaxOutputs);
        engine.Batch.Sample();
        StepShape shape = engine.Batch.Finish();
        CommandRecorder recorder = engine.BeginRecording(times);
        engine.RecordInputs(recorder, shape);
        HashSet<int> seen = [];
        List<(int Class, double Work)> pieces = [];
        foreach (GraphNode node in engine.Nodes)
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
                recorder.Dispatch(node.Variants[grid.Variant], new Workgroups((uint)piece.X, (uint)piece.Y, (uint)piece.Z, (uint)piece.CountX, (uint)piece.CountY, (uint)piece.CountZ), continues: position > 0);
                pieces.Add((costClass, piece.Workgroups * work));
                position += piece.Workgroups;
            }
        }

        recorder.End();
        engine.Timeline.Wait(engine.Timeline.Submit(recorder));
        engine.Batch.Clear();
        engine.Close(slot);
        times.Read();
        if (!learn) return;
        for (int i = 0; i < pieces.Count; i++) costs.Learn(pieces[i].Class, pieces[i].Work, times.Milliseconds(i));
    }
}
