using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// The numbers that define a model of architecture <c>llama4</c>, read from the metadata with the defaults of the format. Published files
/// have none of the keys of chunk and temperature (golden/architectures/CONVENTIONS.md, section 1).
/// </summary>
internal sealed class Llama4Config
{
    private const int PlainExperts = 128; // Maverick: the only sign in a file that q and k are not normalised
    private const int PlainEvery = 4;     // every 4th block sees everything and does not rotate
    private readonly GgufMetadata _metadata;

    public Llama4Config(GgufFile file)
    {
        _metadata = file.Metadata;
        if (_metadata.String("general.architecture") != "llama4")
            throw _metadata.Wrong("general.architecture", "'llama4', the only one this reference computes");
        Embedding = Required("embedding_length");
        Blocks = Required("block_count");
        Context = Required("context_length");
        Vocabulary = (int)(file.Find("token_embd.weight") ?? throw new InvalidDataException("No tensor 'token_embd.weight'.")).Rows;
        Heads = Required("attention.head_count");
        KvHeads = Integer("attention.head_count_kv") ?? Heads;
        KeyDimension = Integer("attention.key_length") ?? Embedding / Heads;
        Epsilon = Number("attention.layer_norm_rms_epsilon")
            ?? throw _metadata.Wrong("llama4.attention.layer_norm_rms_epsilon", "a number");
        Experts = Required("expert_count");
        ExpertsUsed = Required("expert_used_count");
        MixtureStep = Required("interleave_moe_layer_step");
        Chunk = Integer("attention.sliding_window") ?? 8192;
        if (Chunk <= 0) throw _metadata.Wrong("llama4.attention.sliding_window", "a chunk size above 0");
        TemperatureLength = Integer("attention.temperature_length") ?? 8192;
        TemperatureScale = Number("attention.temperature_scale") ?? 0.1;
        Rope = new RopeSettings(Integer("rope.dimension_count") ?? KeyDimension, Number("rope.freq_base") ?? 10000);
    }

    public int Embedding { get; }

    public int Blocks { get; }

    public int Context { get; }

    public int Vocabulary { get; }

    public int Heads { get; }

    public int KvHeads { get; }

    /// <summary>Width of a query and key head.</summary>
    public int KeyDimension { get; }

    public double Epsilon { get; }

    public int Experts { get; }

    public int ExpertsUsed { get; }

    /// <summary>Every block of this number has experts.</summary>
    public int MixtureStep { get; }

    /// <summary>Positions that a rotating block sees together.</summary>
    public int Chunk { get; }

    public int TemperatureLength { get; }

    public double TemperatureScale { get; }

    /// <summary>Without frequency factors: those are a tensor.</summary>
    public RopeSettings Rope { get; }

    /// <summary>Whether q and k are normalised, in the blocks that rotate.</summary>
    public bool NormalisesHeads => Experts != PlainExperts;

    public bool IsMixture(int block) => (block + 1) % MixtureStep == 0;

    /// <summary>Rotates, normalises, sees its chunk; the other blocks do none of these and have the temperature.</summary>
    public bool Rotates(int block) => (block + 1) % PlainEvery != 0;

    private int Required(string key) => Integer(key) ?? throw _metadata.Wrong("llama4." + key, "an integer");

    private int? Integer(string key) => (int?)_metadata.Integer("llama4." + key);

    private double? Number(string key) => _metadata.Number("llama4." + key);
}
