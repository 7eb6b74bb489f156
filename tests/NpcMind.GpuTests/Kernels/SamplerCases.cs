using NpcMind.Gpu;
using NpcMind.Inference;
using Settings = NpcMind.Inference.SamplerSettings;

namespace NpcMind.GpuTests;

/// <summary>The sampler on given logits: every output is a sequence of its own.</summary>
internal sealed record SamplerRun(IReadOnlyList<GraphNode> Nodes, StepShape Shape, Tensor Logits, Tensor Results);

internal static class SamplerCases
{
    /// <param name="rig">Device memory.</param>
    /// <param name="logits">[vocabulary], the same for all outputs.</param>
    /// <param name="outputs">Settings, position and log of each output.</param>
    /// <param name="lanes">Workgroup size.</param>
    /// <param name="chunkTokens">Tokens per workgroup.</param>
    /// <param name="choosable">Tokens that can be chosen; null for all.</param>
    public static SamplerRun Make(
        KernelRig rig, float[] logits, IReadOnlyList<(Settings Settings, int Position, uint[] Log)> outputs, uint lanes,
        int chunkTokens = Sampler.ChunkTokens, int? choosable = null)
    {
        int count = outputs.Count, vocabulary = logits.Length, stride = CaseData.RoundUp(vocabulary, 64),
        context = Math.Max(1, outputs.Max(o => o.Log.Length));
        uint[] samplers = new uint[count * StepInputs.SamplerWords];
        for (int i = 0; i < count; i++) StepInputs.Pack(outputs[i].Settings, samplers.AsSpan(i * StepInputs.SamplerWords));
        Tensor rows = rig.Floats([.. Enumerable.Range(0, count).SelectMany(_ => CaseData.Pad(logits, vocabulary, stride, 1))]);
        Tensor places = rig.Words([.. outputs.SelectMany((o, i) => new[] { (uint)i, (uint)i, (uint)o.Position, 0u })]);
        Tensor tokens = rig.Words([.. outputs.SelectMany(o => o.Log.Concat(new uint[context - o.Log.Length]))]);
        Tensor results = rig.Empty(count * 4);
        var bytes = Sampler.Bytes(count, vocabulary, chunkTokens);
        SamplerTensors tensors = new(
            rows, places, rig.Nothing, rig.Words(samplers), tokens, context, rig.Empty(bytes.Best),
            rig.Words([.. Enumerable.Repeat(9u, (int)bytes.Histograms / 4)]), rig.Empty(bytes.State), rig.Empty(bytes.Sums),
            rig.Empty(bytes.Sums),
            rig.Empty(count * 4), results);
        SamplingSteps steps = outputs.Aggregate(SamplingSteps.None, (all, o) => all | StepInputs.Steps(o.Settings, vocabulary));
        int window = outputs.Max(o => StepInputs.HasPenalties(o.Settings) ? Math.Min(o.Settings.PenaltyTokens, o.Position + 1) : 0);
        Sampler sampler = new(rig.Library, vocabulary, choosable ?? vocabulary, tensors, lanes, chunkTokens);
        return new SamplerRun([.. sampler.Nodes()], new StepShape(count, count, count, count, 1, 0, 0, window, steps), rows, results);
    }
}
