using NpcMind.Gpu;
using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>Learns what the dispatches of an embedding model cost.</summary>
internal static partial class Calibration
{
    /// <summary>Runs every shader of an embedding model, with a short text and with as many rows as a pass takes.</summary>
    /// <param name="encoder">Embedding model.</param>
    /// <param name="costs">What learns.</param>
    /// <param name="passes">How often each size is timed; the first time compiles and is not learned from.</param>
    public static void Run(EmbeddingEncoder encoder, CostModel costs, int passes)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(costs);
        using TimestampQueries times = new(encoder.Device, Marks);
        using CommandRecorder recorder = new(encoder.Device, "calibration");
        using Timeline timeline = new(encoder.Device, "calibration");
        using EmbeddingBatch batch = encoder.CreateBatch();
        // Costs kept by a run of the same model without embeddings know nothing of them.
        bool known = encoder.Nodes.All(n => n.Variants.Select((_, i) => costs.Known(costs.Class(n.CostKey(i)))).Any(k => k));
        if (!known) passes = Math.Max(passes, 3);
        int longest = Math.Min(encoder.Config.MaxTokens, 64);
        for (int pass = 0; pass <= passes; pass++)
            foreach (int tokens in (ReadOnlySpan<int>)[1, Math.Min(4, longest), longest])
            {
                batch.Clear();
                batch.TryAdd(new int[tokens]);
                recorder.Begin(times);
                encoder.RecordInputs(recorder, batch);
                List<(int Class, double Work)> pieces = Record(recorder, encoder.Nodes, batch.Shape, costs);
                recorder.End();
                timeline.Wait(timeline.Submit(recorder));
                times.Read();
                for (int i = 0; i < pieces.Count && pass > 0; i++) costs.Learn(pieces[i].Class, pieces[i].Work, times.Milliseconds(i));
            }
    }
}
