using NpcMind.Gguf;
using NpcMind.Reference;

namespace NpcMind.MiniLm;

/// <summary>all-MiniLM-L6-v2 as a GGUF file, with the keys, names and vocabulary that llama.cpp's converter gives it.</summary>
internal static class BertGguf
{
    private const int Blocks = 6, Heads = 12, Width = 384, FeedForward = 1536, Context = 512;
    private const int Control = 3, Normal = 1;

    /// <summary>The names of a block: in the model, in the file.</summary>
    private static readonly (string Onnx, string Gguf)[] Matrices =
    [
        ("attention.self.query", "attn_q"), ("attention.self.key", "attn_k"), ("attention.self.value", "attn_v"),
        ("attention.output.dense", "attn_output"), ("intermediate.dense", "ffn_up"), ("output.dense", "ffn_down"),
    ];

    public static GgufWriter Build(OnnxModel model, string[] vocabulary, TensorType matrices)
    {
        GgufWriter writer = new();
        writer.Add("general.architecture", "bert")
            .Add("general.name", "all-MiniLM-L6-v2")
            .Add("bert.block_count", (uint)Blocks)
            .Add("bert.context_length", (uint)Context)
            .Add("bert.embedding_length", (uint)Width)
            .Add("bert.feed_forward_length", (uint)FeedForward)
            .Add("bert.attention.head_count", (uint)Heads)
            .Add("bert.attention.layer_norm_epsilon", 1e-12f)
            .Add("bert.attention.causal", false)
            .Add("bert.pooling_type", 1u);
        AddVocabulary(writer, vocabulary);
        Add(writer, "token_embd.weight", model["embeddings.word_embeddings.weight"], matrices);
        Add(writer, "position_embd.weight", model["embeddings.position_embeddings.weight"], TensorType.F32);
        Add(writer, "token_types.weight", model["embeddings.token_type_embeddings.weight"], TensorType.F32);
        AddNorm(writer, model, "embeddings.LayerNorm", "token_embd_norm");
        for (int i = 0; i < Blocks; i++)
        {
            string from = $"encoder.layer.{i}.", to = $"blk.{i}.";
            foreach ((string onnx, string gguf) in Matrices)
            {
                Add(writer, $"{to}{gguf}.weight", model[$"{from}{onnx}.weight"], matrices);
                Add(writer, $"{to}{gguf}.bias", model[$"{from}{onnx}.bias"], TensorType.F32);
            }

            AddNorm(writer, model, from + "attention.output.LayerNorm", to + "attn_output_norm");
            AddNorm(writer, model, from + "output.LayerNorm", to + "layer_output_norm");
        }

        return writer;
    }

    private static void AddVocabulary(GgufWriter writer, string[] vocabulary)
    {
        string[] special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        writer.Add("tokenizer.ggml.model", "bert")
            .Add("tokenizer.ggml.tokens", [.. vocabulary.Select(Text)])
            .Add("tokenizer.ggml.token_type", [.. vocabulary.Select(t => special.Contains(t) ? Control : Normal)])
            .Add("bert.token_type_count", 2u);
        string[] roles = ["padding", "unknown", "cls", "seperator", "mask"];
        foreach ((string role, string token) in roles.Zip(special))
            writer.Add($"tokenizer.ggml.{role}_token_id", (uint)Array.IndexOf(vocabulary, token));

        string Text(string token) =>
            special.Contains(token) ? token : token.StartsWith("##", StringComparison.Ordinal) ? token[2..] : "\u2581" + token;
    }

    private static void AddNorm(GgufWriter writer, OnnxModel model, string from, string to)
    {
        Add(writer, to + ".weight", model[from + ".weight"], TensorType.F32);
        Add(writer, to + ".bias", model[from + ".bias"], TensorType.F32);
    }

    private static void Add(GgufWriter writer, string name, OnnxTensor tensor, TensorType type) =>
        writer.AddTensor(name, type, [.. tensor.Dimensions.Reverse()], Quantize.Rows(type, tensor.Values));
}
