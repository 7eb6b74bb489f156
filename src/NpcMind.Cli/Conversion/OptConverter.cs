using System.Text.Json;
using System.Text.RegularExpressions;
using NpcMind.Gguf;

namespace NpcMind.Cli;

/// <summary>
/// Turns a published OPT model (a folder with config.json, vocab.json, merges.txt and safetensors) into the GGUF form of docs/models.md.
/// Matrices stay in their type, norms and biases become F32. Holds the whole model in memory.
/// </summary>
internal static partial class OptConverter
{
    private const int PositionOffset = 2; // positions begin at the third row (Zhang et al. 2022: that of fairseq's padding index + 1)
    private const float Epsilon = 1e-5f;

    private static readonly Dictionary<string, string> Outside = new(StringComparer.Ordinal)
    {
        ["embed_tokens"] = "token_embd",
        ["embed_positions"] = "position_embd",
        ["project_in"] = "project_in",
        ["project_out"] = "project_out",
        ["final_layer_norm"] = "output_norm",
    };

    private static readonly Dictionary<string, string> InLayer = new(StringComparer.Ordinal)
    {
        ["self_attn.q_proj"] = "attn_q",
        ["self_attn.k_proj"] = "attn_k",
        ["self_attn.v_proj"] = "attn_v",
        ["self_attn.out_proj"] = "attn_output",
        ["self_attn_layer_norm"] = "attn_norm",
        ["fc1"] = "ffn_up",
        ["fc2"] = "ffn_down",
        ["final_layer_norm"] = "ffn_norm",
    };

    /// <summary>Collects keys and tensors.</summary>
    /// <exception cref="CliException">A file is missing or damaged, or the model has a part that the form has no place for.</exception>
    public static GgufWriter Convert(string folder)
    {
        string configPath = Path.Combine(folder, "config.json");
        using JsonDocument json = Common.ReadJson(configPath);
        if (json.RootElement.ValueKind != JsonValueKind.Object) throw new CliException($"{configPath} is not a JSON object.");
        JsonSettings config = new(configPath, json.RootElement);
        config.Require("model_type", "opt");
        config.Require("activation_function", "relu");
        config.Require("enable_bias", "true");
        config.Require("layer_norm_elementwise_affine", "true");
        config.Require("_remove_final_layer_norm", "false");
        Dictionary<string, SafeTensor> tensors = SafetensorsFile.ReadFolder(folder);
        bool tied = config.Flag("tie_word_embeddings", true);
        GgufWriter writer = Keys(config, tensors, folder);
        foreach ((string name, SafeTensor tensor) in tensors.OrderBy(t => t.Key, StringComparer.Ordinal))
            if (Name(name, tied) is { } to) AddTensor(writer, to, tensor);
            else if (name != "lm_head.weight")
                throw new CliException($"{tensor.Path}: there is no place for the tensor '{name}' in OPT's GGUF form.");
        return writer;
    }

    private static GgufWriter Keys(JsonSettings config, Dictionary<string, SafeTensor> tensors, string folder)
    {
        int context = config.Size("max_position_embeddings"), width = config.Size("hidden_size"),
            heads = config.Size("num_attention_heads"), vocabulary = config.Size("vocab_size"), end = config.Size("eos_token_id", 2, 0);
        Check("embed_positions.weight", context + PositionOffset, width);
        Check("embed_tokens.weight", vocabulary, config.Size("word_embed_proj_dim", width));
        GgufWriter writer = new GgufWriter().Add("general.architecture", "opt").Add("general.type", "model")
            .Add("general.name", Path.GetFileName(Path.GetFullPath(folder).TrimEnd(Path.DirectorySeparatorChar)))
            .Add("opt.vocab_size", (uint)vocabulary).Add("opt.context_length", (uint)context).Add("opt.embedding_length", (uint)width)
            .Add("opt.word_embedding_length", (uint)config.Size("word_embed_proj_dim", width))
            .Add("opt.block_count", (uint)config.Size("num_hidden_layers")).Add("opt.feed_forward_length", (uint)config.Size("ffn_dim"))
            .Add("opt.attention.head_count", (uint)heads).Add("opt.attention.head_count_kv", (uint)heads)
            .Add("opt.attention.layer_norm_epsilon", Epsilon).Add("opt.layer_norm_before", config.Flag("do_layer_norm_before", true))
            .Add("opt.position_offset", (uint)PositionOffset);
        BpeVocabulary.Add(writer, folder, vocabulary);
        return writer.Add("tokenizer.ggml.bos_token_id", (uint)config.Size("bos_token_id", 2, 0))
            .Add("tokenizer.ggml.eos_token_id", (uint)end).Add("tokenizer.ggml.padding_token_id", (uint)config.Size("pad_token_id", 1, 0))
            .Add("tokenizer.ggml.add_bos_token", true); // OPT's texts begin with </s>, its BOS

        void Check(string name, int rows, int columns)
        {
            SafeTensor? tensor = tensors.FirstOrDefault(t => t.Key.EndsWith("decoder." + name, StringComparison.Ordinal)).Value;
            if (tensor is null) throw new CliException($"{folder} has no tensor '{name}': it is not a complete OPT model.");
            if (tensor.Shape is not [long r, long c] || r != rows || c != columns)
                throw new CliException(
                    $"{tensor.Path}: '{name}' is {string.Join(" x ", tensor.Shape)}; config.json says {rows} x {columns}.");
        }
    }

    /// <summary>The tensor's name in the GGUF file; null where it has no place there.</summary>
    private static string? Name(string name, bool tied)
    {
        if (name == "lm_head.weight") return tied ? null : "output.weight";
        Match match = TensorName().Match(name);
        if (!match.Success) return null;
        string part = match.Groups["part"].Value, kind = match.Groups["kind"].Value;
        if (!match.Groups["layer"].Success) return Outside.TryGetValue(part, out string? outer) ? $"{outer}.{kind}" : null;
        return InLayer.TryGetValue(part, out string? inner) ? $"blk.{match.Groups["layer"].Value}.{inner}.{kind}" : null;
    }

    private static void AddTensor(GgufWriter writer, string name, SafeTensor tensor)
    {
        bool isMatrix = tensor.Shape.Length == 2;
        byte[] bytes = tensor.Read();
        long[] dimensions = [.. tensor.Shape.AsEnumerable().Reverse()];
        if (isMatrix) writer.AddTensor(name, tensor.Type, dimensions, bytes);
        else writer.AddTensor(name, TensorType.F32, dimensions, Widened(tensor.Type, bytes));
    }

    private static byte[] Widened(TensorType type, byte[] bytes)
    {
        if (type == TensorType.F32) return bytes;
        byte[] wide = new byte[bytes.Length * 2];
        for (int i = 0; i < bytes.Length; i += 2)
        {
            float value = type == TensorType.F16
                ? (float)BitConverter.ToHalf(bytes, i) : BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, i) << 16);
            BitConverter.TryWriteBytes(wide.AsSpan(i * 2), value);
        }

        return wide;
    }

    [GeneratedRegex(
        @"^(model\.)?decoder\.(layers\.(?<layer>\d{1,4})\.)?(?<part>[a-z0-9_.]+)\.(?<kind>weight|bias)\z", RegexOptions.CultureInvariant)]
    private static partial Regex TensorName();
}
