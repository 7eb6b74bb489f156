using NpcMind.Gguf;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>Forms of GELU, those of <see cref="ActivationForm"/>.</summary>
internal enum GeluForm
{
    Exact = (int)ActivationForm.Gelu,
    Tanh = (int)ActivationForm.GeluTanh,
    Quick = (int)ActivationForm.GeluQuick,
}

/// <summary>Where an encoder has its class token.</summary>
internal enum ClassToken
{
    None,
    First,
    Last,
}

/// <summary>
/// Hyper-parameters of an image encoder with its projector (an mmproj file), read from <c>clip.*</c> keys and checked, because a file can
/// say anything. What a family does with pictures and tokens is asked for here, too. Immutable; any thread.
/// </summary>
internal sealed record VisionConfig
{
    /// <summary>Most tiles of a picture, a global one not counted; files do not say.</summary>
    public const int MaxTiles = 16;

    /// <summary>Value of <c>clip.projector_type</c>.</summary>
    public required string Projector { get; init; }

    /// <summary>Pixels along a tile; of an encoder whose tiles have the size of the picture, along one of ordinary size.</summary>
    public required int TileSize { get; init; }

    /// <summary>Pixels along a patch.</summary>
    public required int PatchSize { get; init; }

    /// <summary>Width of the encoder's residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>Hidden width of its feed-forward blocks.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Its blocks.</summary>
    public required int Blocks { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Epsilon of the norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Subtracted from a channel's value, 0 to 1.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>What it is then divided by.</summary>
    public required IReadOnlyList<float> Std { get; init; }

    /// <summary>Patches along the square that becomes one token.</summary>
    public required int Scale { get; init; }

    /// <summary>Elements of a feature row: the width of the language model it was made for.</summary>
    public required int OutputWidth { get; init; }

    /// <summary>Idefics3: longest edge after the first resize; else 0.</summary>
    public int LongestEdge { get; init; }

    /// <summary>Hidden width of the projector; 0 when it has a single matrix.</summary>
    public int AdapterWidth { get; init; }

    /// <summary>Most patches of a tile whose size follows the picture's; 0 where all tiles are squares of <see cref="TileSize"/>.</summary>
    public int MaxPatches { get; init; }

    internal EncoderFamily Family { get; init; } = null!;

    internal GeluForm Activation { get; init; }

    internal ClassToken ClassToken { get; init; }

    /// <summary>Whether feed-forward blocks have a gate.</summary>
    internal bool IsGated { get; init; }

    /// <summary>Elements of a head.</summary>
    public int HeadDim => Width / Heads;

    /// <summary>Patches along a square tile.</summary>
    public int Grid => TileSize / PatchSize;

    /// <summary>Most patches of a tile.</summary>
    public int Patches => MaxPatches > 0 ? MaxPatches : Grid * Grid;

    /// <summary>Most tokens the encoder works on: the patches of a tile and the class token, if there is one.</summary>
    public int EncoderTokens => Patches + (ClassToken == ClassToken.None ? 0 : 1);

    /// <summary>Most feature rows that the language model gets of a tile.</summary>
    public int TokensPerTile => Patches / (Scale * Scale);

    /// <summary>Most bytes that the canvases of a picture take.</summary>
    public long CanvasBytes => Family.CanvasBytes(this);

    /// <summary>Token in whose places the feature rows stand.</summary>
    public string SlotToken => Family.Tokens.Slot;

    /// <summary>What chat templates write where a picture belongs.</summary>
    public string Placeholder => Family.Tokens.Placeholder;

    /// <summary>Text before and after a picture, which is tokenized with the text that the picture stands in; mostly empty.</summary>
    public string TextBeside => Family.Tokens.Beside;

    /// <summary>Tokens that the language model's vocabulary must have, each as one token.</summary>
    public IReadOnlyList<string> RequiredTokens => Family.Tokens.Required;

    /// <summary>How a picture of this size becomes tiles.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="maxTiles">
    /// Most tiles, a global one not counted, up to <see cref="MaxTiles"/>. Idefics3 knows two cases: cut as it is, or with 1 just the whole
    /// picture. Qwen-VL gives a picture at most 256 tokens for each. Families that always make one tile do not look at it.
    /// </param>
    /// <exception cref="ArgumentException">The family takes no picture of this size.</exception>
    public PicturePlan Plan(int width, int height, int maxTiles = MaxTiles) => Family.Plan(this, width, height, maxTiles);

    /// <summary>Feature rows of each tile of a plan.</summary>
    public int TokensOf(PicturePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        int side = PatchSize * Scale;
        return plan.TileWidth / side * (plan.TileHeight / side);
    }

    /// <summary>The token sequence that stands for a picture, its pieces in order.</summary>
    /// <param name="plan">How it is cut.</param>
    public IReadOnlyList<ImagePiece> Layout(PicturePlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return Family.Layout(this, plan);
    }

    /// <summary>Reads and checks the keys of <paramref name="file"/>.</summary>
    /// <exception cref="UnsupportedModelException">The file is no image encoder, or one of another family.</exception>
    /// <exception cref="GgufFormatException">A key or tensor is missing or absurd.</exception>
    public static VisionConfig Read(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return EncoderFamily.ReadConfig(new VisionKeys(file));
    }
}
