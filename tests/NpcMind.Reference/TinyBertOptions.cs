using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>What <see cref="TinyBert"/> builds. As given, the vocabulary writes any word of small letters and digits.</summary>
internal sealed record TinyBertOptions
{
    /// <summary><c>bert</c>, or <c>nomic-bert</c>: rotary positions, gated feed-forward, fused projections, no biases.</summary>
    public string Architecture { get; init; } = "bert";

    public int Seed { get; init; } = 1;

    /// <summary>A multiple of 4 * <see cref="Heads"/> that fills whole blocks of <see cref="Matrices"/>.</summary>
    public int Width { get; init; } = 96;

    public int Heads { get; init; } = 4;

    public int Blocks { get; init; } = 2;

    public int FeedForward { get; init; } = 160;

    public int Context { get; init; } = 96;

    /// <summary>Rows of the table of token types; 0 for a file without one.</summary>
    public int TokenTypes { get; init; } = 2;

    /// <summary>1 mean, 2 first, 3 last; null for a file that does not say.</summary>
    public int? Pooling { get; init; } = 1;

    /// <summary>Type of the matrices. Norms, biases, positions and token types are F32.</summary>
    public TensorType Matrices { get; init; } = TensorType.F16;
}
