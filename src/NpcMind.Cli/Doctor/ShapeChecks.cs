using System.Globalization;
using System.Text.RegularExpressions;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Inference;

namespace NpcMind.Cli.Doctor;

/// <summary>Whether the hyper-parameters are there, go together with the tensors, and with each other.</summary>
internal static partial class ShapeChecks
{
    private const string Check = "model";

    /// <summary>Llama 3 was trained for 8,192 tokens with this base; what follows it with more has its angles divided.</summary>
    private const double Llama3Base = 500000, Llama3Context = 8192;

    /// <summary>Architectures that turn whole heads.</summary>
    private static readonly string[] TurnsWholeHeads = ["llama", "llama4", "mllama", "qwen2", "qwen2moe", "qwen3", "qwen3moe", "granite",
        "granitemoe"];

    /// <summary>Returns the hyper-parameters; null where the model cannot be run.</summary>
    public static ModelConfig? Run(GgufFile file, Diagnosis diagnosis)
    {
        ModelConfig config;
        try
        {
            config = InferenceEngine.ReadConfig(file);
            InferenceEngine.WeightBytes(file);
        }
        catch (UnsupportedModelException e)
        {
            bool isWrong = HeadsDiffer(file);
            diagnosis.Fault(Check, isWrong ? "wrong-head-count" : "unsupported-model", Sentences.Without(file.Path, e.Message),
                isWrong ? Diagnosis.TakeAnother : null);
            return null;
        }
        catch (GgufFormatException e)
        {
            diagnosis.Fault(Check, HeadsDiffer(file) ? "wrong-head-count" : "wrong-shapes", Sentences.Without(file.Path, e.Message),
                advice: null);
            return null;
        }

        Heads(file, config, diagnosis);
        Layers(file, config, diagnosis);
        RopeFactors(file, config, diagnosis);
        // More tokens than rows are a fault of the vocabulary, which its checks name.
        bool hasRows = ModelConfig.TokenCount(file) <= config.EmbeddingRows;
        if (hasRows && diagnosis.IsClean(Check) && !Loads(file, diagnosis)) return null;
        if (diagnosis.IsClean(Check))
            diagnosis.Ok(Check, string.Create(CultureInfo.InvariantCulture,
                $"{config.Architecture}, {config.Blocks} layers, {config.Width} wide, "
                + $"{config.Heads} heads over {config.KvHeads}{Experts(config)}, trained for {config.ContextLength} tokens"));
        return config;
    }

    /// <summary>Whether every tensor is there that a load asks for, in its shape, and no other.</summary>
    private static bool Loads(GgufFile file, Diagnosis diagnosis)
    {
        try
        {
            DryRun.Load(file);
            return true;
        }
        catch (Exception e) when (e is UnsupportedModelException or GgufFormatException)
        {
            string code = e is UnsupportedModelException ? "unsupported-model" : "wrong-shapes";
            diagnosis.Fault(Check, code, Sentences.Without(file.Path, e.Message), advice: null);
            return false;
        }
    }

    private static string Experts(ModelConfig config) =>
        config.Experts > 0 ? $", {config.ExpertsUsed} of {config.Experts} experts" : "";

    /// <summary>Whether the keys of the heads contradict the matrices of the first layer, or each other.</summary>
    private static bool HeadsDiffer(GgufFile file)
    {
        try
        {
            GgufMetadata metadata = file.Metadata;
            string a = metadata.String("general.architecture") ?? "";
            if (metadata.Integer($"{a}.attention.head_count") is not { } heads) return false;
            if (heads is < 1 or >= 1 << 16) return true;
            if (metadata.Integer($"{a}.embedding_length") is not (> 0 and var width) || file.Tensors.Count == 0) return false;
            long kvHeads = metadata.Integer($"{a}.attention.head_count_kv") ?? heads;
            long dim = metadata.Integer($"{a}.attention.key_length") ?? width / heads;
            return kvHeads < 1 || heads % kvHeads != 0 || metadata.Integer($"{a}.rope.dimension_count") > dim
                || file.Find("blk.0.attn_q.weight") is { } q && q.Rows != heads * dim
                || file.Find("blk.0.attn_k.weight") is { } k && k.Rows != kvHeads * dim
                || file.Find("blk.0.attn_qkv.weight") is { } qkv && qkv.Rows != (heads + 2 * kvHeads) * dim;
        }
        catch (GgufFormatException)
        {
            return false; // a key of another kind: the message says which
        }
    }

    private static void Heads(GgufFile file, ModelConfig config, Diagnosis diagnosis)
    {
        if (!TurnsWholeHeads.Contains(config.Architecture) || config.Rope.Dims == config.HeadDim) return;
        diagnosis.Fault(Check, "wrong-head-count",
            $"'{config.Architecture}.rope.dimension_count' is {config.Rope.Dims}, but {config.Heads} heads "
            + $"in a width of {config.Width} have {config.HeadDim} each: the number of heads is wrong, or that key is.");
    }

    private static void Layers(GgufFile file, ModelConfig config, Diagnosis diagnosis)
    {
        long extra = file.Metadata.Find($"{config.Architecture}.nextn_predict_layers") is { IsInteger: true } next ? next.Integer() : 0;
        GgufTensor? beyond = file.Tensors.FirstOrDefault(t => BlockName().Match(t.Name) is { Success: true } match
            && int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture) >= config.Blocks + extra);
        if (beyond is not null)
            diagnosis.Fault(Check, "wrong-layer-count", $"'{config.Architecture}.block_count' is {config.Blocks}, but there is "
                + $"'{PrintableText.Escape(beyond.Name)}': layers would be left out.");
    }

    private static void RopeFactors(GgufFile file, ModelConfig config, Diagnosis diagnosis)
    {
        if (file.Find("rope_freqs.weight") is not null || file.Find("rope_factors_long.weight") is not null) return;
        string a = config.Architecture, name = Text(file, "general.name") + " " + Text(file, "general.basename");
        bool saysNothing = file.Metadata.Find(a + ".rope.scaling.type") is null && file.Metadata.Find(a + ".rope.scaling.factor") is null;
        bool isLlama31 = a is "llama" or "mllama" && saysNothing
            && (config.Rope.Base == Llama3Base && config.ContextLength > Llama3Context || a == "mllama" && config.Rope.Base == Llama3Base
                || Llama31Name().IsMatch(name));
        bool isLong = a == "phi3" && config.Rope.OriginalContext > 0 && config.ContextLength > config.Rope.OriginalContext;
        if (!isLlama31 && !isLong) return;
        diagnosis.Fault(Check, "missing-rope-freqs", (isLong ? "the tensors 'rope_factors_long' and 'rope_factors_short' are missing"
            : "the tensor 'rope_freqs.weight' is missing, which models like Llama 3.1 have")
                + $": with a context of {config.ContextLength} and "
            + "no factors, positions are rotated wrongly, and long conversations become nonsense.");
    }

    private static string Text(GgufFile file, string key) => file.Metadata.Find(key) is { Type: GgufValueType.String } value ? value.Text()
        : "";

    [GeneratedRegex(@"^blk\.([0-9]{1,6})\.")]
    private static partial Regex BlockName();

    [GeneratedRegex(@"llama[-_ ]?3([._][1-9]|.*rope)", RegexOptions.IgnoreCase)]
    private static partial Regex Llama31Name();
}
