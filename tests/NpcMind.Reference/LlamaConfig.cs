using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// The numbers that define a model of architecture <c>llama</c>, read from the metadata with the defaults of the format (llama.cpp's key
/// names).
/// </summary>
internal sealed class LlamaConfig
{
    private readonly GgufMetadata _metadata;

    public LlamaConfig(GgufFile file)
    {
        _metadata = file.Metadata;
        string architecture = _metadata.String("general.architecture")
            ?? throw _metadata.Wrong("general.architecture", "an architecture name");
        if (architecture != "llama") throw _metadata.Wrong("general.architecture", "'llama', the only one this reference computes");
        Embedding = (int)Required("llama.embedding_length");
        Blocks = (int)Required("llama.block_count");
        Context = (int)Required("llama.context_length");
        // The matrix decides: files without a tokenizer have no token list, and llama.vocab_size may be missing or differ.
        Vocabulary = (int)(file.Find("token_embd.weight") ?? throw new InvalidDataException("No tensor 'token_embd.weight'.")).Rows;
        Epsilon = _metadata.Number("llama.attention.layer_norm_rms_epsilon")
            ?? throw _metadata.Wrong("llama.attention.layer_norm_rms_epsilon", "a number");
        KeyDimension = (int)(_metadata.Integer("llama.attention.key_length") ?? Embedding / Heads(0));
        ValueDimension = (int)(_metadata.Integer("llama.attention.value_length") ?? Embedding / Heads(0));
        double scale = _metadata.Number("llama.attention.scale") ?? 0;
        AttentionScale = scale != 0 ? scale : 1 / Math.Sqrt(KeyDimension);
        Experts = (int)(_metadata.Integer("llama.expert_count") ?? 0);
        ExpertsUsed = (int)(_metadata.Integer("llama.expert_used_count") ?? 0);
        double expertScale = _metadata.Number("llama.expert_weights_scale") ?? 0;
        ExpertScale = expertScale != 0 ? expertScale : 1;
        Rope = ReadRope();
    }

    public int Embedding { get; }

    public int Blocks { get; }

    public int Context { get; }

    public int Vocabulary { get; }

    public double Epsilon { get; }

    /// <summary>Width of a query and key head; need not be Embedding / heads.</summary>
    public int KeyDimension { get; }

    public int ValueDimension { get; }

    public double AttentionScale { get; }

    /// <summary>0 for a dense model.</summary>
    public int Experts { get; }

    public int ExpertsUsed { get; }

    public double ExpertScale { get; }

    /// <summary>Without frequency factors: those are a tensor.</summary>
    public RopeSettings Rope { get; }

    public int Heads(int block) =>
        (int)(PerBlock("llama.attention.head_count", block) ?? throw _metadata.Wrong("llama.attention.head_count", "an integer"));

    public int KvHeads(int block) => (int)(PerBlock("llama.attention.head_count_kv", block) ?? Heads(block));

    private RopeSettings ReadRope()
    {
        int dimensions = (int)(_metadata.Integer("llama.rope.dimension_count") ?? KeyDimension);
        double frequencyBase = _metadata.Number("llama.rope.freq_base") ?? 10000;
        string type = _metadata.String("llama.rope.scaling.type") ?? "linear";
        double factor = _metadata.Number("llama.rope.scaling.factor") ?? _metadata.Number("llama.rope.scale_linear") ?? 0;
        double scale = type == "none" || factor == 0 ? 1 : 1 / factor;
        double extension = _metadata.Number("llama.rope.scaling.yarn_ext_factor") ?? -1;
        if (extension < 0) extension = type == "yarn" ? 1 : 0;
        double attention = _metadata.Number("llama.rope.scaling.attn_factor") ?? 1;
        Yarn? yarn = extension == 0
            ? null
            : new Yarn(
                _metadata.Number("llama.rope.scaling.original_context_length") ?? Context,
                extension,
                attention * (1 + (0.1 * Math.Log(1 / scale))),
                _metadata.Number("llama.rope.scaling.yarn_beta_fast") ?? 32,
                _metadata.Number("llama.rope.scaling.yarn_beta_slow") ?? 1);
        return new RopeSettings(dimensions, frequencyBase, Neox: false, scale, null, yarn);
    }

    private long Required(string key) => _metadata.Integer(key) ?? throw _metadata.Wrong(key, "an integer");

    private long? PerBlock(string key, int block) => _metadata.Find(key) switch
    {
        null => null,
        { Type: GgufValueType.Array, IsInteger: true } values when block < values.Count => values.Integer(block),
        { Type: GgufValueType.Array } => throw _metadata.Wrong(key, "one integer per block"),
        _ => _metadata.Integer(key),
    };
}
