using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>Which published family an encoder file looks like.</summary>
internal enum TinyEyesForm
{
    /// <summary>Class token last, rotation by place, exact GELU, adapter of two matrices.</summary>
    Llama4,

    /// <summary>SmolVLM: convolution with bias, GELU by tanh, one matrix as projector.</summary>
    Idefics3,
}

/// <summary>
/// What <see cref="TinyEyes"/> builds. As given, a tile has 16 patches and gives 4 rows of 96, the width of
/// <see cref="TinyLlama4Options"/>.
/// </summary>
internal sealed record TinyEyesOptions
{
    public TinyEyesForm Form { get; init; } = TinyEyesForm.Llama4;

    public int Seed { get; init; } = 1;

    /// <summary>Pixels of a tile's side: a multiple of <see cref="Patch"/> * <see cref="Scale"/>.</summary>
    public int Tile { get; init; } = 56;

    public int Patch { get; init; } = 14;

    /// <summary>A multiple of 4 * <see cref="Heads"/> that fills whole blocks of <see cref="Matrices"/>.</summary>
    public int Width { get; init; } = 96;

    public int Heads { get; init; } = 4;

    public int Blocks { get; init; } = 2;

    public int FeedForward { get; init; } = 160;

    /// <summary>Patches of a token's side.</summary>
    public int Scale { get; init; } = 2;

    /// <summary>Width of the adapter (llama4 only).</summary>
    public int Adapter { get; init; } = 64;

    /// <summary>Width of the text model.</summary>
    public int TextWidth { get; init; } = 96;

    /// <summary>Pixels of the longer side that pictures are brought to (idefics3 only); null for two tiles.</summary>
    public int? LongestEdge { get; init; }

    /// <summary>
    /// Type of the matrices; that of the patches is F16 at most, for its rows fill no blocks. Norms, biases and positions are F32.
    /// </summary>
    public TensorType Matrices { get; init; } = TensorType.F16;

    /// <summary>The second norm of a block is named <c>attn_post_norm</c>, as one converter does for llama4.</summary>
    public bool OtherNames { get; init; }

    /// <summary>Rows that a tile becomes.</summary>
    public int TokensPerTile => Tile / Patch / Scale * (Tile / Patch / Scale);
}
