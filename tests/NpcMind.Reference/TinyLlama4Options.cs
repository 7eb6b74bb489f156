using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// What <see cref="TinyModels"/> builds of architecture <c>llama4</c>. Sizes are odd on purpose; chunk and temperature are small enough to
/// matter within 40 tokens. With 5 blocks the fourth sees everything and does not rotate, and one that rotates comes after it.
/// </summary>
internal sealed record TinyLlama4Options
{
    /// <summary>Experts in every block.</summary>
    public static TinyLlama4Options Scout { get; } = new() { MixtureStep = 1 };

    /// <summary>128 experts, the number at which q and k are not normalised, in every other block.</summary>
    public static TinyLlama4Options Maverick { get; } = new() { Experts = 128, ExpertFeedForward = 32 };

    public int Seed { get; init; } = 1;

    public int Blocks { get; init; } = 5;

    /// <summary>Every block of this number has experts; the others are dense.</summary>
    public int MixtureStep { get; init; } = 2;

    public int Embedding { get; init; } = 96;

    public int Heads { get; init; } = 6;

    public int KvHeads { get; init; } = 2;

    /// <summary>Need not be Embedding / Heads; Heads * HeadDimension must fill whole blocks of <see cref="Matrices"/>.</summary>
    public int HeadDimension { get; init; } = 32;

    /// <summary>Width of dense blocks.</summary>
    public int FeedForward { get; init; } = 224;

    public int Experts { get; init; } = 5;

    public int ExpertsUsed { get; init; } = 1;

    /// <summary>Width of each expert and of the shared one.</summary>
    public int ExpertFeedForward { get; init; } = 160;

    public int Vocabulary { get; init; } = 521;

    public int Context { get; init; } = 512;

    /// <summary>Positions that a rotating block sees together; null writes no key, which means 8192 as in published files.</summary>
    public int? Chunk { get; init; } = 24;

    /// <summary>Positions of one step of the temperature; null writes no key (8192).</summary>
    public int? TemperatureLength { get; init; } = 10;

    /// <summary>Null writes no key (0.1).</summary>
    public float? TemperatureScale { get; init; } = 0.7f;

    /// <summary>Type of all matrices. Norms and routers are F32.</summary>
    public TensorType Matrices { get; init; } = TensorType.F16;

    /// <summary>Type of embedding and output matrix; null for <see cref="Matrices"/>.</summary>
    public TensorType? EmbeddingMatrices { get; init; }

    /// <summary>A tensor rope_freqs that divides the angles, as Scout's files have.</summary>
    public bool RopeFactors { get; init; }

    /// <summary>
    /// A byte-level BPE tokenizer with the control tokens of <see cref="TinyTokenizer"/>, those of pictures among them. Without one, token
    /// ids are the only input.
    /// </summary>
    public bool Tokenizer { get; init; }

    /// <summary>A chat template that takes texts and lists of texts and pictures; needs the tokenizer.</summary>
    public bool ChatTemplate { get; init; }

    /// <summary>
    /// The same kind of model with sizes that fill whole blocks of <paramref name="type"/>: unchanged for types of up to 32 weights, wider
    /// for K-quants.
    /// </summary>
    public TinyLlama4Options With(TensorType type) => TensorTypes.Layout(type)!.Value.Elements <= 32
        ? this with { Matrices = type }
        : this with
        {
            Matrices = type,
            Embedding = 256,
            Heads = 8,
            KvHeads = 2,
            HeadDimension = 64,
            FeedForward = 768,
            ExpertFeedForward = 256
        };
}
