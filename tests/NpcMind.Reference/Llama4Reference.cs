using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// The whole text pass of architecture <c>llama4</c> over one sequence that starts at position 0, with pictures as given rows. Values
/// between the operations are binary32, every operation computes in double. Slow: all weights are expanded.
/// </summary>
internal sealed class Llama4Reference
{
    private readonly Matrix _embedding;
    private readonly Matrix _output;
    private readonly float[] _outputNorm;
    private readonly float[] _ones; // the norms of q and k have no weights
    private readonly Block[] _blocks;
    private readonly RopeSettings _rope;

    public Llama4Reference(GgufFile file)
    {
        Config = new Llama4Config(file);
        ReferenceTensors tensors = new(file);
        _embedding = tensors.Matrix("token_embd");
        _output = tensors.Has("output.weight") ? tensors.Matrix("output") : _embedding;
        _outputNorm = tensors.Vector("output_norm.weight");
        _ones = [.. Enumerable.Repeat(1f, Config.KeyDimension)];
        _rope = Config.Rope with { FrequencyFactors = tensors.Optional("rope_freqs.weight") };
        _blocks = [.. Enumerable.Range(0, Config.Blocks).Select(i => new Block(tensors, $"blk.{i}.", Config.IsMixture(i)))];
    }

    public Llama4Config Config { get; }

    public static Llama4Reference Open(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return new Llama4Reference(file);
    }

    /// <param name="ids">Tokens of the sequence from position 0.</param>
    /// <param name="rows">Null, or per token null or the [embedding] that stands for it (<see cref="ImageRows"/>).</param>
    public LlamaOutput Forward(ReadOnlySpan<int> ids, float[]?[]? rows = null)
    {
        float[] x = Embed.Run(_embedding.Weights, Config.Embedding, ids, rows);
        List<float[]> residuals = [[.. x]];
        double[] margins = new double[ids.Length];
        Array.Fill(margins, double.PositiveInfinity);
        for (int i = 0; i < Config.Blocks; i++)
        {
            Block block = _blocks[i];
            LlamaReference.Add(x, SelfAttention(block, RmsNorm.Run(x, block.AttentionNorm, Config.Epsilon), Config.Rotates(i)));
            float[] h = RmsNorm.Run(x, block.FeedForwardNorm, Config.Epsilon);
            LlamaReference.Add(x, block.Dense?.Run(h) ?? Mixture(block, h, margins));
            residuals.Add([.. x]);
        }

        return new LlamaOutput(_output.Times(RmsNorm.Run(x, _outputNorm, Config.Epsilon)), residuals) { RouterMargins = margins };
    }

    private float[] SelfAttention(Block block, float[] h, bool rotates)
    {
        float[] q = block.Q.Times(h);
        float[] k = block.K.Times(h);
        if (rotates)
        {
            Rope.Run(q, Config.Heads, Config.KeyDimension, 0, _rope);
            Rope.Run(k, Config.KvHeads, Config.KeyDimension, 0, _rope);
            if (Config.NormalisesHeads) (q, k) = (RmsNorm.Run(q, _ones, Config.Epsilon), RmsNorm.Run(k, _ones, Config.Epsilon));
        }
        else
        {
            QueryTemperature.Run(q, Config.Heads * Config.KeyDimension, 0, Config.TemperatureLength, Config.TemperatureScale);
        }

        int positions = h.Length / Config.Embedding;
        double scale = 1 / Math.Sqrt(Config.KeyDimension);
        return block.Output.Times(
            Attention.Run(q, k, block.V.Times(h), Config.Heads, Config.KvHeads, positions, 0, scale, rotates ? Config.Chunk : 0));
    }

    /// <summary>The shared expert, plus those the router chooses: an expert's weight is on what it reads.</summary>
    private float[] Mixture(Block block, float[] h, double[] margins)
    {
        float[] y = block.Shared!.Run(h);
        for (int at = 0; at < h.Length; at += Config.Embedding)
        {
            float[] row = h[at..(at + Config.Embedding)];
            float[] logits = block.Router!.Times(row);
            (int[] experts, float[] weights) = RouterTopK.Sigmoid(logits, Config.ExpertsUsed);
            int token = at / Config.Embedding;
            margins[token] = Math.Min(margins[token], RouterTopK.Margin(logits, experts));
            for (int e = 0; e < experts.Length; e++)
            {
                float[] output = block.Experts!.Run([.. row.Select(v => v * weights[e])], experts[e]);
                for (int i = 0; i < output.Length; i++) y[at + i] += output[i];
            }
        }

        return y;
    }

    /// <summary>Weights of one block: either a dense unit, or router, experts and shared expert.</summary>
    private sealed class Block(ReferenceTensors tensors, string at, bool mixture)
    {
        public float[] AttentionNorm { get; } = tensors.Vector(at + "attn_norm.weight");

        public Matrix Q { get; } = tensors.Matrix(at + "attn_q");

        public Matrix K { get; } = tensors.Matrix(at + "attn_k");

        public Matrix V { get; } = tensors.Matrix(at + "attn_v");

        public Matrix Output { get; } = tensors.Matrix(at + "attn_output");

        public float[] FeedForwardNorm { get; } = tensors.Vector(at + "ffn_norm.weight");

        public GatedUnit? Dense { get; } = mixture ? null : tensors.GatedUnit(at + "ffn");

        public Matrix? Router { get; } = mixture ? tensors.Matrix(at + "ffn_gate_inp") : null;

        public GatedUnit? Experts { get; } = mixture ? tensors.GatedUnit(at + "ffn", "_exps") : null;

        public GatedUnit? Shared { get; } = mixture ? tensors.GatedUnit(at + "ffn", "_shexp") : null;
    }
}
