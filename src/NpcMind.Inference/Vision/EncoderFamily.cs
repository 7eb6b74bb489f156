using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// A family of image encoders, which differ in how they cut pictures, which tokens stand for these, and in their forward pass with its
/// projector. One file each; <see cref="All"/> lists them. An instance belongs to one file and holds what its keys say beyond
/// <see cref="VisionConfig"/>. Immutable; any thread.
/// </summary>
internal abstract class EncoderFamily
{
    private static readonly (string Projector, Func<VisionKeys, VisionConfig> Read)[] All =
    [
        ("llama4", Llama4Encoder.Read),
        ("idefics3", Idefics3Encoder.Read),
        ("gemma3", Gemma3Encoder.Read),
        ("mlp", LlavaEncoder.Read),
        ("qwen2vl_merger", QwenVlEncoder.Read),
        ("qwen2.5vl_merger", QwenVlEncoder.Read),
    ];

    /// <summary>Values of <c>clip.projector_type</c> that can be run.</summary>
    public static IEnumerable<string> Projectors => All.Select(a => a.Projector);

    /// <summary>What its tokens are called.</summary>
    public abstract ImageTokens Tokens { get; }

    /// <summary>Reads and checks the keys of a file by the family that its projector names.</summary>
    /// <exception cref="UnsupportedModelException">There is no code for its projector.</exception>
    /// <exception cref="GgufFormatException">A key or tensor is missing or absurd.</exception>
    public static VisionConfig ReadConfig(VisionKeys keys)
    {
        foreach ((string projector, Func<VisionKeys, VisionConfig> read) in All)
            if (projector == keys.Projector) return read(keys);
        string named = keys.Projector.Length > 40 ? keys.Projector[..40] : keys.Projector;
        throw new UnsupportedModelException(keys.File.Path, $"the projector type '{named}'",
            $"Supported: {string.Join(", ", Projectors)}.");
    }

    /// <summary>How a picture becomes tiles. Arguments and errors as for <see cref="VisionConfig.Plan"/>.</summary>
    public abstract PicturePlan Plan(VisionConfig c, int width, int height, int maxTiles);

    /// <summary>Most bytes that the canvases of any plan take together.</summary>
    public abstract long CanvasBytes(VisionConfig c);

    /// <summary>Device bytes that weights take beyond their size in the file.</summary>
    public virtual long OwnBytes(VisionConfig c) => 0;

    /// <summary>The token sequence that stands for a picture.</summary>
    /// <param name="c">Sizes.</param>
    /// <param name="plan">How it is cut.</param>
    public abstract IReadOnlyList<ImagePiece> Layout(VisionConfig c, PicturePlan plan);

    /// <summary>Writes the forward pass of one tile, from its pixels to <see cref="VisionGraph.Features"/>.</summary>
    public abstract void Build(VisionGraph g);

    /// <summary>A piece of text.</summary>
    protected static ImagePiece Text(string text) => new(text, -1, 0, 0);

    /// <summary>The feature rows of a tile, all tiles of the plan being alike.</summary>
    protected ImagePiece Slots(VisionConfig c, PicturePlan plan, int tile)
    {
        int count = c.TokensOf(plan);
        return new ImagePiece(Tokens.Slot, tile, tile * count, count, plan.TileWidth / c.PatchSize / c.Scale);
    }
}
