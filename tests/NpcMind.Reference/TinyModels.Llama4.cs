using NpcMind.Gguf;

namespace NpcMind.Reference;

internal static partial class TinyModels
{
    /// <summary>Builds a model of architecture <c>llama4</c> and writes it to <paramref name="path"/>.</summary>
    public static void Write(string path, TinyLlama4Options options) => Build(options).Save(path);

    /// <summary>The model of architecture <c>llama4</c>, not yet written.</summary>
    public static GgufWriter Build(TinyLlama4Options options)
    {
        GgufWriter writer = new();
        Keys(writer, options);
        if (options.Tokenizer) TinyTokenizer.AddTo(writer, options.Vocabulary, options.ChatTemplate, pictures: true);
        else writer.Add("tokenizer.ggml.model", "none");

        TinyWeights weights = new(writer, options.Seed);
        TensorType embedding = options.EmbeddingMatrices ?? options.Matrices;
        weights.Matrix("token_embd", embedding, options.Vocabulary, options.Embedding, Math.Sqrt(options.Embedding));
        weights.Matrix("output", embedding, options.Vocabulary, options.Embedding, 2.5);
        weights.Norm("output_norm", options.Embedding);
        if (options.RopeFactors) weights.RopeFactors(options.HeadDimension);
        for (int i = 0; i < options.Blocks; i++)
        {
            Attention(weights, options, $"blk.{i}.");
            if ((i + 1) % options.MixtureStep == 0) Mixture(weights, options, $"blk.{i}.");
            else Unit(weights, options, $"blk.{i}.ffn", "", options.FeedForward, 0);
        }

        return writer;
    }

    /// <summary>
    /// Random tokens at which no router decision is closer than <paramref name="margin"/>, so that implementations that round differently
    /// must agree on the experts.
    /// </summary>
    public static int[] Ids(Llama4Reference model, int count, int seed = 1, double margin = 0.02) =>
        Ids(ids => model.Forward(ids).RouterMargins, model.Config.Vocabulary, count, seed, margin);

    private static void Keys(GgufWriter writer, TinyLlama4Options options)
    {
        writer.Add("general.architecture", "llama4")
            .Add("general.name", "NpcMind tiny llama4")
            .Add("llama4.block_count", (uint)options.Blocks)
            .Add("llama4.context_length", (uint)options.Context)
            .Add("llama4.embedding_length", (uint)options.Embedding)
            .Add("llama4.feed_forward_length", (uint)options.FeedForward)
            .Add("llama4.attention.head_count", (uint)options.Heads)
            .Add("llama4.attention.head_count_kv", (uint)options.KvHeads)
            .Add("llama4.attention.key_length", (uint)options.HeadDimension)
            .Add("llama4.attention.value_length", (uint)options.HeadDimension)
            .Add("llama4.attention.layer_norm_rms_epsilon", 1e-3f)
            .Add("llama4.rope.dimension_count", (uint)options.HeadDimension)
            .Add("llama4.rope.freq_base", 5000f)
            .Add("llama4.vocab_size", (uint)options.Vocabulary)
            .Add("llama4.expert_count", (uint)options.Experts)
            .Add("llama4.expert_used_count", (uint)options.ExpertsUsed)
            .Add("llama4.expert_feed_forward_length", (uint)options.ExpertFeedForward)
            .Add("llama4.interleave_moe_layer_step", (uint)options.MixtureStep);
        if (options.Chunk is { } chunk) writer.Add("llama4.attention.sliding_window", (uint)chunk);
        if (options.TemperatureLength is { } length) writer.Add("llama4.attention.temperature_length", (uint)length);
        if (options.TemperatureScale is { } scale) writer.Add("llama4.attention.temperature_scale", scale);
    }

    private static void Attention(TinyWeights weights, TinyLlama4Options options, string at)
    {
        int width = options.Heads * options.HeadDimension;
        int kvWidth = options.KvHeads * options.HeadDimension;
        weights.Norm(at + "attn_norm", options.Embedding);
        weights.Matrix(at + "attn_q", options.Matrices, width, options.Embedding, 1.6);
        weights.Matrix(at + "attn_k", options.Matrices, kvWidth, options.Embedding, 1.6);
        weights.Matrix(at + "attn_v", options.Matrices, kvWidth, options.Embedding, 1.4);
        weights.Matrix(at + "attn_output", options.Matrices, options.Embedding, width, 1.2);
        weights.Norm(at + "ffn_norm", options.Embedding);
    }

    private static void Mixture(TinyWeights weights, TinyLlama4Options options, string at)
    {
        weights.Matrix(at + "ffn_gate_inp", TensorType.F32, options.Experts, options.Embedding, 2);
        Unit(weights, options, at + "ffn", "_exps", options.ExpertFeedForward, options.Experts);
        Unit(weights, options, at + "ffn", "_shexp", options.ExpertFeedForward, 0);
    }

    private static void Unit(TinyWeights weights, TinyLlama4Options options, string name, string suffix, int width, int slabs)
    {
        weights.Matrix($"{name}_gate{suffix}", options.Matrices, width, options.Embedding, 1.5, slabs: slabs);
        weights.Matrix($"{name}_up{suffix}", options.Matrices, width, options.Embedding, 1.2, slabs: slabs);
        weights.Matrix($"{name}_down{suffix}", options.Matrices, options.Embedding, width, 1.5, slabs: slabs);
    }
}
