using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>The image encoders there is a graph for.</summary>
internal enum VisionFamily
{
    /// <summary>Llama 4: a class token, two-dimensional rotary embedding, an adapter of two layers.</summary>
    Llama4,
    /// <summary>Idefics3 and SmolVLM: learned positions, one projection.</summary>
    Idefics3,
}

/// <summary>Forms of GELU, in the order of the kernel's constant.</summary>
internal enum GeluForm
{
    Exact,
    Tanh,
    Quick,
}

/// <summary>
/// Hyper-parameters of an image encoder with its projector (an mmproj file), read from <c>clip.*</c> keys and checked, because a file can say anything.
/// Source: ../shared/design/vision.md section 1.
/// </summary>
internal sealed record VisionConfig
{
    /// <summary>Most tiles of a Llama 4 picture, the global one not counted; the file does not say.</summary>
    public const int MaxTiles = 16;

    /// <summary>Whose encoder it is.</summary>
    public required VisionFamily Family { get; init; }

    /// <summary>Value of <c>clip.projector_type</c>.</summary>
    public required string Projector { get; init; }

    /// <summary>Pixels along a tile.</summary>
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

    /// <summary>Epsilon of the layer norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>Subtracted from a channel's value, 0 to 1.</summary>
    public required IReadOnlyList<float> Mean { get; init; }

    /// <summary>What it is then divided by.</summary>
    public required IReadOnlyList<float> Std { get; init; }

    /// <summary>Patches along the square that becomes one token.</summary>
    public required int Scale { get; init; }

    /// <summary>Idefics3: longest edge after the first resize.</summary>
    public required int LongestEdge { get; init; }

    /// <summary>Hidden width of the adapter; 0 when there is none.</summary>
    public required int AdapterWidth { get; init; }

    /// <summary>Elements of a feature row: the width of the language model it was made for.</summary>
    public required int OutputWidth { get; init; }

    internal GeluForm Activation { get; init; }

    /// <summary>Elements of a head.</summary>
    public int HeadDim => Width / Heads;

    /// <summary>Patches along a tile.</summary>
    public int Grid => TileSize / PatchSize;

    /// <summary>Tokens the encoder works on: the patches of a tile and the class token, if there is one.</summary>
    public int EncoderTokens => Grid * Grid + (Family == VisionFamily.Llama4 ? 1 : 0);

    /// <summary>Feature rows that the language model gets of a tile.</summary>
    public int TokensPerTile => Grid / Scale * (Grid / Scale);

    /// <summary>Most bytes that the canvases of a picture take.</summary>
    public long CanvasBytes => Family == VisionFamily.Llama4 ? PicturePlan.Llama4CanvasBytes(TileSize, MaxTiles) : PicturePlan.Idefics3CanvasBytes(TileSize, LongestEdge);

    /// <summary>How a picture of this size becomes tiles.</summary>
    /// <param name="width">Pixels in a row.</param>
    /// <param name="height">Rows.</param>
    /// <param name="maxTiles">Most tiles, a global one not counted, up to <see cref="MaxTiles"/>. Idefics3 knows two cases: cut as it is, or with 1 just the whole picture.</param>
    public PicturePlan Plan(int width, int height, int maxTiles = MaxTiles) => Family == VisionFamily.Llama4
        ? PicturePlan.Llama4(width, height, TileSize, maxTiles)
        : PicturePlan.Idefics3(width, height, TileSize, LongestEdge, split: maxTiles > 1);

    /// <summary>Reads and checks the keys of <paramref name="file"/>.</summary>
    /// <exception cref="UnsupportedModelException">The file is no image encoder, or one of another family.</exception>
    /// <exception cref="GgufFormatException">A key or tensor is missing or absurd.</exception>
    public static VisionConfig Read(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        GgufMetadata m = file.Metadata;
        VisionFamily family = ReadFamily(file, out string projector);
        if (m.Boolean("clip.use_silu") is true) throw new UnsupportedModelException(file.Path, "an image encoder with SiLU (clip.use_silu)", "Supported: GELU.");
        int tile = Size(m, "image_size", PicturePlan.MaxTileSize), patch = Size(m, "patch_size", 256), width = Size(m, "embedding_length", 1 << 16), heads = Size(m, "attention.head_count", 1 << 10);
        if (tile % patch != 0) throw m.Wrong("clip.vision.image_size", $"a multiple of the patch size {patch}");
        if (width % heads != 0) throw m.Wrong("clip.vision.attention.head_count", $"a divisor of the width {width}");
        if (width / heads % 4 != 0 || width / heads > 512) throw new UnsupportedModelException(file.Path, $"an image encoder with heads of {width / heads}", "The head size must be a multiple of 4, at most 512.");
        int scale = Size(m, "projector.scale_factor", 64);
        if (tile / patch % scale != 0) throw m.Wrong("clip.vision.projector.scale_factor", $"a divisor of the {tile / patch} patches along a tile");
        double epsilon = m.Number("clip.vision.attention.layer_norm_epsilon") ?? throw m.Wrong("clip.vision.attention.layer_norm_epsilon", "the epsilon of the norms");
        if (epsilon is < 0 or > 1) throw m.Wrong("clip.vision.attention.layer_norm_epsilon", "an epsilon from 0 to 1");
        bool gelu = m.Boolean("clip.use_gelu") ?? false;
        float[] mean = Colors(m, "image_mean"), std = Colors(m, "image_std");
        if (Array.Exists(std, s => s <= 0)) throw m.Wrong("clip.vision.image_std", "three numbers above 0");
        int feedForward = Size(m, "feed_forward_length", 1 << 20);
        if (file.Find("v.blk.0.ffn_up.weight") is { } up && up.Rows != feedForward)
            throw Shape(up, $"{width} x {feedForward}, as clip.vision.feed_forward_length says");
        return new VisionConfig
        {
            Family = family,
            Projector = projector,
            TileSize = tile,
            PatchSize = patch,
            Width = width,
            FeedForward = feedForward,
            Blocks = Size(m, "block_count", 512),
            Heads = heads,
            NormEpsilon = (float)epsilon,
            Mean = mean,
            Std = std,
            Scale = scale,
            LongestEdge = family == VisionFamily.Idefics3 ? LongestEdgeOf(m, tile) : 0,
            AdapterWidth = family == VisionFamily.Llama4 ? Rows(file, "mm.model.mlp.1.weight") : 0,
            OutputWidth = Rows(file, "mm.model.fc.weight"),
            Activation = !gelu ? GeluForm.Quick : family == VisionFamily.Llama4 ? GeluForm.Exact : GeluForm.Tanh,
        };

        GgufFormatException Shape(GgufTensor tensor, string expected) =>
            new(file.Path, tensor.Offset, $"tensor '{tensor.Name}' of {expected}", tensor.Shape, GgufFormatException.OtherConversion);
    }

    /// <summary>The longest edge of a picture after its first resize, which together with the tile says how many tiles there are.</summary>
    private static int LongestEdgeOf(GgufMetadata m, int tile)
    {
        int most = PicturePlan.LongestEdgeLimit(tile);
        int edge = Size(m, "preproc_image_size", PicturePlan.MaxLongestEdge, Math.Min(4 * tile, most));
        return edge <= most
            ? edge
            : throw m.Wrong("clip.vision.preproc_image_size",
            $"a size of at most {most}: {PicturePlan.MaxTilesPerSide} tiles of {tile} pixels");
    }

    private static VisionFamily ReadFamily(GgufFile file, out string projector)
    {
        GgufMetadata m = file.Metadata;
        string? architecture = m.String("general.architecture");
        string type = m.String("general.type") ?? "mmproj"; // old files do not say
        if (architecture is null)
            throw new UnsupportedModelException(file.Path,
                "a file that does not name its architecture (general.architecture) as image encoder",
                "Give the mmproj file that was published with the model.");
        if (type is "adapter" or "imatrix")
            throw new UnsupportedModelException(file.Path, $"a file of type '{type}' as image encoder",
                "Give the mmproj file that was published with the model.");
        if (architecture != "clip") throw new UnsupportedModelException(file.Path, $"the architecture '{architecture}' as image encoder", "This is a language model; give the mmproj file here and the language model as the model.");
        if (type != "mmproj") throw new UnsupportedModelException(file.Path, $"a file of type '{type}' as image encoder", "Give a file of type 'mmproj'.");
        if (m.Boolean("clip.has_vision_encoder") is false) throw new UnsupportedModelException(file.Path, "an mmproj file without image encoder", "Give one that has clip.has_vision_encoder.");
        projector = m.String("clip.vision.projector_type") ?? m.String("clip.projector_type") ?? "mlp"; // LLaVA's first files do not name theirs
        return projector switch
        {
            "llama4" => VisionFamily.Llama4,
            "idefics3" => VisionFamily.Idefics3,
            _ => throw new UnsupportedModelException(file.Path, $"the projector type '{(projector.Length > 40 ? projector[..40] : projector)}'", "Supported: llama4, idefics3."),
        };
    }

    private static int Size(GgufMetadata m, string name, int maximum, int? absent = null)
    {
        string key = "clip.vision." + name, wanted = string.Create(CultureInfo.InvariantCulture, $"a size from 1 to {maximum}");
        long size = m.Integer(key) ?? absent ?? throw m.Wrong(key, wanted);
        return size >= 1 && size <= maximum ? (int)size : throw m.Wrong(key, wanted);
    }

    private static float[] Colors(GgufMetadata m, string name)
    {
        string key = "clip.vision." + name;
        if (m.Numbers(key) is not { Count: 3 } values) throw m.Wrong(key, "three numbers");
        float[] colors = [(float)values.Number(0), (float)values.Number(1), (float)values.Number(2)];
        return Array.TrueForAll(colors, float.IsFinite) ? colors : throw m.Wrong(key, "three finite numbers");
    }

    private static int Rows(GgufFile file, string name)
    {
        GgufTensor tensor = file.Find(name)
            ?? throw new GgufFormatException(file.Path, 0, $"a tensor '{name}'", $"{file.Tensors.Count} tensors without it",
                GgufFormatException.OtherConversion);
        return tensor.Rows is > 0 and <= 1 << 16
            ? (int)tensor.Rows
            : throw new GgufFormatException(file.Path, tensor.Offset, $"tensor '{name}' with 1 to 65536 rows", tensor.Shape,
                GgufFormatException.OtherConversion);
    }
}
