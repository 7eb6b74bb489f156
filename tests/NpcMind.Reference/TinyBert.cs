using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Writes small embedding models with seeded random weights and a WordPiece vocabulary: the same options give the same file, byte for byte,
/// on every machine.
/// </summary>
internal static class TinyBert
{
    private const int Control = 3, Normal = 1;

    private static readonly string[] Vocabulary =
    [
        "[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", .. Characters().Select(c => "\u2581" + c), .. Characters(),
        .. ".,!?'-".Select(c => "\u2581" + c), "\u2581the", "\u2581miller", "\u2581gate", "\u2581is", "ing", "er", "ed",
    ];

    /// <summary>Builds the model and writes it to <paramref name="path"/>.</summary>
    public static void Write(string path, TinyBertOptions options) => Build(options).Save(path);

    /// <summary>The model, not yet written: for tests that add something.</summary>
    public static GgufWriter Build(TinyBertOptions options)
    {
        GgufWriter writer = new();
        Keys(writer, options);
        TinyWeights weights = new(writer, options.Seed);
        bool isBert = options.Architecture == "bert";
        weights.Matrix("token_embd", options.Matrices, Vocabulary.Length, options.Width, Math.Sqrt(options.Width));
        if (isBert) weights.Table("position_embd.weight", options.Width, options.Context, 0.5);
        if (options.TokenTypes > 0) weights.Table("token_types.weight", options.Width, options.TokenTypes, 0.5);
        Norm(weights, options, "token_embd_norm");
        for (int i = 0; i < options.Blocks; i++)
        {
            if (isBert) Block(weights, options, $"blk.{i}.");
            else GatedBlock(weights, options, $"blk.{i}.");
        }

        return writer;
    }

    private static IEnumerable<string> Characters() => "abcdefghijklmnopqrstuvwxyz0123456789".Select(c => c.ToString());

    private static void Keys(GgufWriter writer, TinyBertOptions options)
    {
        string a = options.Architecture;
        writer.Add("general.architecture", a)
            .Add("general.name", "NpcMind tiny embeddings")
            .Add($"{a}.block_count", (uint)options.Blocks)
            .Add($"{a}.context_length", (uint)options.Context)
            .Add($"{a}.embedding_length", (uint)options.Width)
            .Add($"{a}.feed_forward_length", (uint)options.FeedForward)
            .Add($"{a}.attention.head_count", (uint)options.Heads)
            .Add($"{a}.attention.layer_norm_epsilon", 1e-12f)
            .Add($"{a}.attention.causal", false);
        if (a == "nomic-bert") writer.Add($"{a}.rope.freq_base", 1000f);
        if (options.Pooling is { } pooling) writer.Add($"{a}.pooling_type", (uint)pooling);
        writer.Add("tokenizer.ggml.model", "bert")
            .Add("tokenizer.ggml.tokens", Vocabulary)
            .Add("tokenizer.ggml.token_type", [.. Vocabulary.Select(t => t[0] == '[' ? Control : Normal)]);
    }

    private static void Block(TinyWeights weights, TinyBertOptions options, string at)
    {
        weights.Matrix(at + "attn_q", options.Matrices, options.Width, options.Width, 1.6, bias: true);
        weights.Matrix(at + "attn_k", options.Matrices, options.Width, options.Width, 1.6, bias: true);
        weights.Matrix(at + "attn_v", options.Matrices, options.Width, options.Width, 1.2, bias: true);
        weights.Matrix(at + "attn_output", options.Matrices, options.Width, options.Width, 1, bias: true);
        Norm(weights, options, at + "attn_output_norm");
        weights.Matrix(at + "ffn_up", options.Matrices, options.FeedForward, options.Width, 1.5, bias: true);
        weights.Matrix(at + "ffn_down", options.Matrices, options.Width, options.FeedForward, 1.5, bias: true);
        Norm(weights, options, at + "layer_output_norm");
    }

    private static void GatedBlock(TinyWeights weights, TinyBertOptions options, string at)
    {
        weights.Matrix(at + "attn_qkv", options.Matrices, 3 * options.Width, options.Width, 1.5);
        weights.Matrix(at + "attn_output", options.Matrices, options.Width, options.Width, 1);
        Norm(weights, options, at + "attn_output_norm");
        weights.Matrix(at + "ffn_gate", options.Matrices, options.FeedForward, options.Width, 1.5);
        weights.Matrix(at + "ffn_up", options.Matrices, options.FeedForward, options.Width, 1.2);
        weights.Matrix(at + "ffn_down", options.Matrices, options.Width, options.FeedForward, 1.5);
        Norm(weights, options, at + "layer_output_norm");
    }

    private static void Norm(TinyWeights weights, TinyBertOptions options, string name)
    {
        weights.Norm(name, options.Width);
        weights.Vector(name + ".bias", options.Width, 0.1);
    }
}
