using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.GpuTests;
using NpcMind.Inference;

namespace NpcMind.Benchmarks;

/// <summary>
/// Times each dispatch of the kernels that could be long, whole and with a single workgroup: a workgroup is what a dispatch cannot be cut
/// below. A time with one workgroup contains what any dispatch costs (first line).
/// </summary>
internal static class WorkgroupTimes
{
    private const int Runs = 15, Vocabulary = 49152, Context = 2048;

    private static IEnumerable<KernelCase> Cases =>
    [
        RowCases.GatherRows(64, [0], 1),
        AttentionCases.Attention(9, 3, 64, Context, 1), AttentionCases.Attention(9, 3, 64, Context, 1, NpcMind.KvFormat.Q8),
        AttentionCases.Attention(9, 3, 64, Context, 4), AttentionCases.Attention(4, 4, 64, Context, 4),
        AttentionCases.Attention(32, 8, 128, Context, 1),
        AttentionCases.Attention(32, 8, 128, Context, 2),
        MatMulCases.Dense(TensorType.Q8_0, Vocabulary, 576, 8), MatMulCases.Dense(TensorType.Q4_1, 96, 1536, 8),
        MatMulCases.Dense(TensorType.Q4_1, 96, 14336, 1), MatMulCases.Dense(TensorType.Q4_1, 96, 14336, 8),
        MatMulCases.Dense(TensorType.Q6_K, 96, 14336, 1), MatMulCases.Dense(TensorType.Q6_K, 96, 14336, 8),
        RowCases.RmsNorm(576, 1), RowCases.RmsNorm(8192, 1), RowCases.Tiles(64, 2, 64, 8), RowCases.Tiles(64, 8, 64, 8),
        RowCases.Router(64, 8, 1, ties: false), RowCases.GatedActivation(14336, 1, 1),
        RowCases.MaskLogits(Vocabulary, 1),
    ];

    public static void Run(string[] filter)
    {
        using GpuDevice device = GpuDevice.Create();
        using KernelRig rig = new(device);
        using TimestampQueries times = new(device, 64);
        Console.WriteLine($"{device.Limits.Name}, {device.Limits.Driver}");
        foreach (KernelCase kernel in Cases.Where(c => filter.All(f => c.ToString().Contains(f, StringComparison.OrdinalIgnoreCase))))
        {
            KernelRun run = kernel.Make(rig);
            Time(rig, times, kernel.ToString(), run.Nodes, run.Shape);
            rig.Reset();
        }

        float[] logits = [.. CaseData.Normal(1, Vocabulary).Select(v => v * 3)];
        uint[] log = [.. Enumerable.Range(0, Context).Select(i => (uint)(i * 7919 % 1500))];
        foreach ((string name, SamplerSettings settings) in new (string, SamplerSettings)[]
        {
            ("greedy", new()), ("plain", new() { Temperature = 1 }), ("top-k 40", new() { Temperature = 1, TopK = 40 }),
            ("top-p 0.95", new() { Temperature = 1, TopP = 0.95f }),
            ("all", new() { Temperature = 0.8f, TopK = 40, TopP = 0.95f, MinP = 0.05f, RepetitionPenalty = 1.1f }),
            ("penalties over 2048", new() { RepetitionPenalty = 1.1f, PenaltyTokens = Context }),
        })
        {
            if (!filter.All(f => $"sampler {name}".Contains(f, StringComparison.OrdinalIgnoreCase))) continue;
            SamplerRun run = SamplerCases.Make(rig, logits, [(settings, Context - 1, log)], rig.Library.SmallWorkgroup);
            Time(rig, times, $"sampler {name}", run.Nodes, run.Shape);
            rig.Reset();
        }
    }

    private static void Time(KernelRig rig, TimestampQueries times, string name, IReadOnlyList<GraphNode> nodes, StepShape shape)
    {
        List<(string Label, int Groups, double Milliseconds)> whole = Median(rig, times, nodes, shape);
        List<(string Label, int Groups, double Milliseconds)> single = Median(rig, times,
            [.. nodes.Select(n =>
                n with { Grid = s => n.Grid(s) is { X: > 0, Y: > 0, Z: > 0 } g ? new Grid(1, 1, 1, g.Variant) : new Grid(0) })], shape);
        for (int i = 0; i < whole.Count; i++)
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture,
                    $"{name,-46} {whole[i].Label,-20} {whole[i].Milliseconds,9:F4} ms in {whole[i].Groups,6} workgroups " +
                    $"{single[i].Milliseconds,9:F4} ms with one"));
        if (whole.Count > 1)
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture, $"{name,-46} {"together",-20} {whole.Sum(w => w.Milliseconds),9:F4} ms"));
    }

    private static List<(string Label, int Groups, double Milliseconds)> Median(KernelRig rig, TimestampQueries times,
        IReadOnlyList<GraphNode> nodes, StepShape shape)
    {
        List<double[]> runs = [];
        for (int run = 0; run <= Runs; run++)
        {
            rig.Run(nodes, shape, times);
            times.Read();
            if (run > 0) runs.Add([.. Enumerable.Range(0, times.Count).Select(times.Milliseconds)]);
        }

        Grid[] grids = [.. nodes.Select(n => n.Grid(shape)).Where(g => g is { X: > 0, Y: > 0, Z: > 0 })];
        return [.. grids.Select((g, i) => (times.Label(i), g.X * g.Y * g.Z, runs.Select(r => r[i]).Order().ElementAt(Runs / 2)))];
    }
}
