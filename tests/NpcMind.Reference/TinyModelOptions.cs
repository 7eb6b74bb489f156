using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>What <see cref="TinyModels"/> builds. Sizes are odd on purpose: nothing equals anything else by accident.</summary>
internal sealed record TinyModelOptions
{
    /// <summary>Dense, 3 blocks, F16 matrices, output matrix of its own, rows of multiples of 32.</summary>
    public static TinyModelOptions Dense { get; } = new();

    /// <summary>Mixture of 6 experts, 2 per token.</summary>
    public static TinyModelOptions Mixture { get; } = new() { Experts = 6, ExpertsUsed = 2, FeedForward = 160 };

    public int Seed { get; init; } = 1;

    public int Blocks { get; init; } = 3;

    public int Embedding { get; init; } = 96;

    public int Heads { get; init; } = 6;

    public int KvHeads { get; init; } = 2;

    /// <summary>Need not be Embedding / Heads; Heads * HeadDimension must fill whole blocks of <see cref="Matrices"/>.</summary>
    public int HeadDimension { get; init; } = 32;

    public int FeedForward { get; init; } = 224;

    public int Vocabulary { get; init; } = 515;

    /// <summary>The last rows of the embedding that the tokenizer has no tokens for, as trainers pad them.</summary>
    public int PaddedRows { get; init; }

    public int Context { get; init; } = 512;

    /// <summary>0 for a dense model.</summary>
    public int Experts { get; init; }

    public int ExpertsUsed { get; init; }

    /// <summary>Type of all matrices. Norms, biases and routers are F32.</summary>
    public TensorType Matrices { get; init; } = TensorType.F16;

    /// <summary>Type of embedding and output matrix; null for <see cref="Matrices"/>.</summary>
    public TensorType? EmbeddingMatrices { get; init; }

    /// <summary>No output.weight: the embedding serves as output matrix.</summary>
    public bool Tied { get; init; }

    /// <summary>Biases on q, k, v and output, and on gate, up and down of dense blocks.</summary>
    public bool Biases { get; init; }

    /// <summary>A tensor rope_freqs that divides the angles, as Llama 3.1 files have.</summary>
    public bool RopeFactors { get; init; }

    /// <summary>Divides all positions; 1 writes no key.</summary>
    public float RopeLinearFactor { get; init; } = 1;

    /// <summary>
    /// A byte-level BPE tokenizer with the control tokens of <see cref="TinyTokenizer"/>. Without one, token ids are the only input.
    /// </summary>
    public bool Tokenizer { get; init; }

    /// <summary>A chat template; needs the tokenizer.</summary>
    public bool ChatTemplate { get; init; }

    /// <summary>A chat template in place of the usual one; null for that.</summary>
    public string? Template { get; init; }

    /// <summary>
    /// The same kind of model with sizes that fill whole blocks of <paramref name="type"/>: unchanged for types of up to 32 weights, wider
    /// for K-quants.
    /// </summary>
    public TinyModelOptions With(TensorType type) => TensorTypes.Layout(type)!.Value.Elements <= 32
        ? this with { Matrices = type }
        : this with { Matrices = type, Embedding = 256, Heads = 8, KvHeads = 2, HeadDimension = 64, FeedForward = Experts > 0 ? 256 : 768 };
}
