using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Writes small models of architecture <c>llama</c> (dense or Mixtral's form) with seeded random weights: the same options give the same
/// file, byte for byte, on every machine. Gains are chosen so that logits spread over several units, attention is far from uniform and
/// every block matters: an error in any part shows.
/// </summary>
internal static partial class TinyModels
{
    /// <summary>Builds the model and writes it to <paramref name="path"/>.</summary>
    public static void Write(string path, TinyModelOptions options) => Build(options).Save(path);

    /// <summary>The model, not yet written: for tests that add something.</summary>
    public static GgufWriter Build(TinyModelOptions options)
    {
        GgufWriter writer = new();
        Keys(writer, options);
        if (options.Tokenizer)
            TinyTokenizer.AddTo(writer, options.Vocabulary - options.PaddedRows, options.ChatTemplate, template: options.Template);
        else writer.Add("tokenizer.ggml.model", "none");

        TinyWeights weights = new(writer, options.Seed);
        TensorType embedding = options.EmbeddingMatrices ?? options.Matrices;
        weights.Matrix("token_embd", embedding, options.Vocabulary, options.Embedding, options.Tied
            ? 2.5 : Math.Sqrt(options.Embedding), bias: false);
        if (!options.Tied) weights.Matrix("output", embedding, options.Vocabulary, options.Embedding, 2.5, bias: false);
        weights.Norm("output_norm", options.Embedding);
        if (options.RopeFactors) weights.RopeFactors(options.HeadDimension);
        for (int i = 0; i < options.Blocks; i++) Block(weights, options, $"blk.{i}.");
        return writer;
    }

    /// <summary>
    /// Random tokens at which no router decision is closer than <paramref name="margin"/>, so that implementations that round differently
    /// must agree on the experts.
    /// </summary>
    public static int[] Ids(LlamaReference model, int count, int seed = 1, double margin = 0.02) =>
        Ids(ids => model.Config.Experts == 0 ? [] : model.Forward(ids).RouterMargins, model.Config.Vocabulary, count, seed, margin);

    /// <summary>Redraws the first token that is too close until none is; margins of later tokens change with it.</summary>
    private static int[] Ids(Func<int[], IReadOnlyList<double>> margins, int vocabulary, int count, int seed, double margin)
    {
        TinyRandom random = new(seed);
        int[] ids = [.. Enumerable.Range(0, count).Select(_ => random.Below(vocabulary))];
        for (int redrawn = 0; redrawn < 100 * count; redrawn++)
        {
            IReadOnlyList<double> distances = margins(ids);
            int close = Enumerable.Range(0, distances.Count).FirstOrDefault(i => distances[i] < margin, -1);
            if (close < 0) return ids;
            ids[close] = random.Below(vocabulary);
        }

        throw new InvalidOperationException(
            $"No {count} tokens keep the router {margin} away from a tie: ask for fewer or for a smaller margin.");
    }

    private static void Keys(GgufWriter writer, TinyModelOptions options)
    {
        writer.Add("general.architecture", "llama")
            .Add("general.name", options.Experts > 0 ? "NpcMind tiny mixture" : "NpcMind tiny")
            .Add("llama.block_count", (uint)options.Blocks)
            .Add("llama.context_length", (uint)options.Context)
            .Add("llama.embedding_length", (uint)options.Embedding)
            .Add("llama.feed_forward_length", (uint)options.FeedForward)
            .Add("llama.attention.head_count", (uint)options.Heads)
            .Add("llama.attention.head_count_kv", (uint)options.KvHeads)
            .Add("llama.attention.key_length", (uint)options.HeadDimension)
            .Add("llama.attention.value_length", (uint)options.HeadDimension)
            .Add("llama.attention.layer_norm_rms_epsilon", 1e-3f)
            .Add("llama.rope.dimension_count", (uint)options.HeadDimension)
            .Add("llama.rope.freq_base", 5000f)
            .Add("llama.vocab_size", (uint)options.Vocabulary);
        if (options.RopeLinearFactor != 1)
            writer.Add("llama.rope.scaling.type", "linear").Add("llama.rope.scaling.factor", options.RopeLinearFactor);
        if (options.Experts > 0)
            writer.Add("llama.expert_count", (uint)options.Experts).Add("llama.expert_used_count", (uint)options.ExpertsUsed);
    }

    private static void Block(TinyWeights weights, TinyModelOptions options, string at)
    {
        int width = options.Heads * options.HeadDimension;
        int kvWidth = options.KvHeads * options.HeadDimension;
        weights.Norm(at + "attn_norm", options.Embedding);
        weights.Matrix(at + "attn_q", options.Matrices, width, options.Embedding, 1.6, options.Biases);
        weights.Matrix(at + "attn_k", options.Matrices, kvWidth, options.Embedding, 1.6, options.Biases);
        weights.Matrix(at + "attn_v", options.Matrices, kvWidth, options.Embedding, 1.2, options.Biases);
        weights.Matrix(at + "attn_output", options.Matrices, options.Embedding, width, 1, options.Biases);
        weights.Norm(at + "ffn_norm", options.Embedding);
        if (options.Experts > 0) weights.Matrix(at + "ffn_gate_inp", TensorType.F32, options.Experts, options.Embedding, 2, bias: false);
        string suffix = options.Experts > 0 ? "_exps" : "";
        bool biases = options.Biases && options.Experts == 0;
        weights.Matrix(at + "ffn_gate" + suffix, options.Matrices, options.FeedForward, options.Embedding, 1.5, biases, options.Experts);
        weights.Matrix(at + "ffn_up" + suffix, options.Matrices, options.FeedForward, options.Embedding, 1.2, biases, options.Experts);
        weights.Matrix(at + "ffn_down" + suffix, options.Matrices, options.Embedding, options.FeedForward, 1.5, biases, options.Experts);
    }
}
