using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>What some output of a step asks of the sampler; the nodes for the rest are left out.</summary>
[Flags]
internal enum SamplingSteps
{
    /// <summary>All outputs are greedy, or none is sampled.</summary>
    None = 0,
    /// <summary>A temperature above 0.</summary>
    Stochastic = 1,
    /// <summary>Top-k besides.</summary>
    TopK = 2,
    /// <summary>Top-p besides.</summary>
    TopP = 4,
}

/// <summary>
/// Chooses the next token of each output, by the order of llama.cpp's default sampler: penalties, mask, top-k, top-p (on probabilities at
/// temperature 1), min-p, temperature, choice (docs/decisions/0006). A workgroup sees a chunk of one output's vocabulary, so a dispatch can
/// be cut between any two and no workgroup grows with the vocabulary. What an output gets does not depend on the others: a node that only
/// they need does nothing for it.
/// </summary>
/// <param name="kernels">Shaders.</param>
/// <param name="rows">Logits of an output, and bits of a mask.</param>
/// <param name="tokens">The first of them that belong to tokens; the others are never chosen.</param>
/// <param name="t">Where everything lies.</param>
/// <param name="lanes">Workgroup size.</param>
/// <param name="chunkTokens">Tokens per workgroup.</param>
internal sealed class Sampler(
    KernelLibrary kernels, int rows, int tokens, SamplerTensors t, uint lanes, int chunkTokens = Sampler.ChunkTokens)
{
    /// <summary>The result of an output none of whose allowed logits is a finite number.</summary>
    public const int NoToken = -1;

    /// <summary>Tokens per workgroup: part of the result, because it decides the order of sums.</summary>
    public const int ChunkTokens = 2048;

    /// <summary>Passes that find a key, 8 bits each.</summary>
    public const int KeyPasses = 4;

    /// <summary>Histograms of an output: those of top-k's key, then those of top-p's.</summary>
    public const int HistogramPasses = 2 * KeyPasses;

    /// <summary>Bins of a histogram.</summary>
    public const int HistogramBins = 256;

    private const int WindowTokens = 32;
    private readonly int _chunks = (tokens + chunkTokens - 1) / chunkTokens;
    private readonly uint _stride = (uint)Workspace.Stride(rows);

    /// <summary>Bytes that <see cref="SamplerTensors.Best"/>, Histograms, State, Sums and Units take for so many outputs.</summary>
    public static (long Best, long Histograms, long State, long Sums) Bytes(int outputs, int vocabulary, int chunkTokens = ChunkTokens)
    {
        long chunks = (vocabulary + chunkTokens - 1) / chunkTokens;
        return (outputs * chunks * 8, outputs * HistogramPasses * HistogramBins * 4L, outputs * HistogramPasses * 8L, outputs * chunks * 4);
    }

    /// <summary>The dispatches, in order.</summary>
    public IEnumerable<GraphNode> Nodes()
    {
        DispatchNode penalties = kernels.Pipeline("sample_penalties", ("workgroupSize", lanes), ("WindowTokens", (uint)WindowTokens)).Node(
            "sample_penalties", [t.Outputs, t.Samplers, t.TokenLog.As(TexelFormat.UInt1), t.Logits],
            ("vocabulary", (uint)tokens), ("stride", _stride), ("maxContext", (uint)t.MaxContext));
        yield return new GraphNode([penalties], s => new Grid((s.PenaltyTokens + WindowTokens - 1) / WindowTokens, s.Sampled));
        DispatchNode mask = Pipeline("mask_logits").Node(
            "mask_logits", [t.Outputs, t.Masks.As(TexelFormat.UInt1), t.Logits],
            ("vocabulary", (uint)tokens), ("stride", _stride), ("words", (uint)(rows + 31) / 32));
        yield return new GraphNode([mask], s => new Grid(_chunks, s.Masked));

        yield return Chunked(Node("sample_maximum", "sample_maximum", 0, t.Best, t.Histograms), SamplingSteps.None);
        for (int pass = 0; pass < KeyPasses; pass++)
            yield return Chunked(Threshold("sample_histogram", "sample_top_k", pass, t.Histograms), SamplingSteps.TopK);
        yield return Chunked(Threshold("sample_sum", "sample_sum", 0, t.Sums), SamplingSteps.TopP);
        for (int pass = KeyPasses; pass < HistogramPasses; pass++)
            yield return Chunked(Threshold("sample_histogram", "sample_top_p", pass, t.Histograms), SamplingSteps.TopP);
        yield return Chunked(Threshold("sample_sum", "sample_sum", 1, t.Sums), SamplingSteps.Stochastic);
        yield return Chunked(Threshold("sample_sum", "sample_units", 2, t.Units), SamplingSteps.Stochastic);
        DispatchNode choice = Threshold("sample", "sample", 0, t.Units.As(TexelFormat.UInt1), t.Next, t.Results);
        yield return new GraphNode([choice], s => new Grid(s.Sampled));
    }

    private GraphNode Chunked(DispatchNode node, SamplingSteps step) =>
        new([node], s => (s.Sampling & step) == step ? new Grid(_chunks, s.Sampled) : new Grid(0));

    private DispatchNode Threshold(string shader, string label, int pass, params ReadOnlySpan<Tensor> last) =>
        Node(shader, label, pass, [t.Best.As(TexelFormat.UInt2), t.Histograms, t.Sums.As(TexelFormat.UInt1), t.State, .. last]);

    private DispatchNode Node(string shader, string label, int pass, params ReadOnlySpan<Tensor> last) => Pipeline(shader).Node(
        label, [t.Logits.As(TexelFormat.Float4), t.Outputs, t.Samplers, .. last],
        ("vocabulary", (uint)tokens), ("quads", _stride / 4), ("chunks", (uint)_chunks), ("pass", (uint)pass));

    private ComputePipeline Pipeline(string shader) =>
        kernels.Pipeline(shader, ("workgroupSize", lanes), ("ChunkTokens", (uint)chunkTokens));
}

/// <summary>Where the sampler's inputs, results and partial results lie.</summary>
/// <param name="Logits">[outputs, stride] f32; penalties and masks change them.</param>
/// <param name="Outputs">[outputs] (row, slot, position, masked).</param>
/// <param name="Masks">[outputs, words] u32.</param>
/// <param name="Samplers">[slots] settings.</param>
/// <param name="TokenLog">[slots, MaxContext] u32.</param>
/// <param name="MaxContext">Tokens per log.</param>
/// <param name="Best">[outputs, chunks] (bits of the largest logit, its token).</param>
/// <param name="Histograms">[outputs, 8, 256] u32.</param>
/// <param name="State">[outputs, 8] (digits found, weight to find).</param>
/// <param name="Sums">[outputs, chunks] f32.</param>
/// <param name="Units">[outputs, chunks] u32.</param>
/// <param name="Next">[slots] u32.</param>
/// <param name="Results">[outputs] u32.</param>
internal sealed record SamplerTensors(
    Tensor Logits, Tensor Outputs, Tensor Masks, Tensor Samplers, Tensor TokenLog, int MaxContext, Tensor Best, Tensor Histograms,
    Tensor State, Tensor Sums, Tensor Units, Tensor Next, Tensor Results);
