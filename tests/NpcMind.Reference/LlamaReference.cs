using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>What a forward pass gives.</summary>
/// <param name="Logits">[positions, vocabulary].</param>
/// <param name="Residuals">Blocks + 1 arrays [positions, embedding]: before the first block (the embedding), then after each block; before
/// the final norm.</param>
internal sealed record LlamaOutput(float[] Logits, IReadOnlyList<float[]> Residuals)
{
    /// <summary>
    /// Per position the smallest distance, over the blocks, between the router logit of the last selected expert and that of the first
    /// other one; infinite for dense models. Where it is tiny, an implementation that sums in another order may rightly choose otherwise.
    /// </summary>
    public required IReadOnlyList<double> RouterMargins { get; init; }

    /// <summary>The smallest of <see cref="RouterMargins"/>.</summary>
    public double RouterMargin => RouterMargins.Min();
}

/// <summary>
/// The whole forward pass of architecture <c>llama</c> (Touvron et al. 2023), dense or a mixture of experts (Jiang et al. 2024, Mixtral),
/// over one sequence that starts at position 0. Values between the operations are binary32, every operation computes in double. Slow: all
/// weights are expanded.
/// </summary>
internal sealed class LlamaReference
{
    private readonly LlamaWeights _weights;

    public LlamaReference(GgufFile file)
    {
        Config = new LlamaConfig(file);
        _weights = new LlamaWeights(file, Config);
    }

    public LlamaConfig Config { get; }

    public static LlamaReference Open(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return new LlamaReference(file);
    }

    /// <param name="ids">Tokens of the sequence from position 0.</param>
    /// <param name="rows">Null, or per token null or the [embedding] that stands for it (<see cref="ImageRows"/>).</param>
    public LlamaOutput Forward(ReadOnlySpan<int> ids, float[]?[]? rows = null)
    {
        float[] x = Embed.Run(_weights.Embedding.Weights, Config.Embedding, ids, rows);
        List<float[]> residuals = [[.. x]];
        double[] margins = new double[ids.Length];
        Array.Fill(margins, double.PositiveInfinity);
        for (int i = 0; i < Config.Blocks; i++)
        {
            LlamaBlock block = _weights.Blocks[i];
            Add(x, SelfAttention(i, block, RmsNorm.Run(x, block.AttentionNorm, Config.Epsilon)));
            float[] h = RmsNorm.Run(x, block.FeedForwardNorm, Config.Epsilon);
            Add(x, block.Router is null ? block.FeedForward.Run(h) : Mixture(block, block.Router, h, margins));
            residuals.Add([.. x]);
        }

        return new LlamaOutput(_weights.Output.Times(RmsNorm.Run(x, _weights.OutputNorm, Config.Epsilon)), residuals)
        { RouterMargins = margins };
    }

    /// <summary>Greedy continuation; recomputes the sequence for every token.</summary>
    public int[] Greedy(ReadOnlySpan<int> prompt, int count)
    {
        List<int> ids = [.. prompt];
        for (int i = 0; i < count; i++)
            ids.Add(Sampling.Greedy(Forward([.. ids]).Logits.AsSpan(^Config.Vocabulary..)));
        return [.. ids.Skip(prompt.Length)];
    }

    private float[] SelfAttention(int index, LlamaBlock block, float[] h)
    {
        int positions = h.Length / Config.Embedding;
        int heads = Config.Heads(index), kvHeads = Config.KvHeads(index);
        float[] q = block.Q.Times(h);
        float[] k = block.K.Times(h);
        RopeSettings rope = Config.Rope with { FrequencyFactors = block.RopeFactors };
        Rope.Run(q, heads, Config.KeyDimension, 0, rope);
        Rope.Run(k, kvHeads, Config.KeyDimension, 0, rope);
        return block.Output.Times(Attention.Run(q, k, block.V.Times(h), heads, kvHeads, positions, 0, Config.AttentionScale));
    }

    private float[] Mixture(LlamaBlock block, Matrix router, float[] h, double[] margins)
    {
        float[] y = new float[h.Length];
        for (int at = 0; at < h.Length; at += Config.Embedding)
        {
            ReadOnlySpan<float> row = h.AsSpan(at, Config.Embedding);
            float[] logits = router.Times(row);
            (int[] experts, float[] weights) = RouterTopK.Run(logits, Config.ExpertsUsed);
            margins[at / Config.Embedding] = Math.Min(margins[at / Config.Embedding], RouterTopK.Margin(logits, experts));
            float[] outputs = new float[experts.Length * Config.Embedding];
            for (int e = 0; e < experts.Length; e++)
            {
                weights[e] *= (float)Config.ExpertScale;
                block.FeedForward.Run(row, experts[e]).CopyTo(outputs, e * Config.Embedding);
            }

            ExpertCombine.Run(outputs, weights).CopyTo(y, at);
        }

        return y;
    }

    internal static void Add(float[] x, float[] y)
    {
        for (int i = 0; i < x.Length; i++) x[i] += y[i];
    }
}
