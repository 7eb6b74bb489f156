using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>The <c>clip.*</c> keys of an image encoder's file, each checked when it is read. Used by one thread, at load.</summary>
internal sealed class VisionKeys
{
    /// <summary>Finds out what kind of file it is.</summary>
    /// <exception cref="UnsupportedModelException">The file is no image encoder.</exception>
    public VisionKeys(GgufFile file)
    {
        File = file;
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
        if (architecture != "clip")
            throw new UnsupportedModelException(file.Path, $"the architecture '{architecture}' as image encoder",
                "This is a language model; give the mmproj file here and the language model as the model.");
        if (type != "mmproj")
            throw new UnsupportedModelException(file.Path, $"a file of type '{type}' as image encoder", "Give a file of type 'mmproj'.");
        if (m.Boolean("clip.has_vision_encoder") is false)
            throw new UnsupportedModelException(file.Path, "an mmproj file without image encoder",
                "Give one that has clip.has_vision_encoder.");
        // The first files do not name theirs: MiniCPM's say so in another way, the others are LLaVA's.
        Projector = m.String("clip.vision.projector_type") ?? m.String("clip.projector_type")
            ?? (m.Boolean("clip.has_minicpmv_projector") is true ? "resampler" : "mlp");
    }

    /// <summary>The file.</summary>
    public GgufFile File { get; }

    /// <summary>Value of <c>clip.projector_type</c>.</summary>
    public string Projector { get; }

    private GgufMetadata Metadata => File.Metadata;

    /// <summary>Reads what all families have.</summary>
    /// <param name="family">Whose file it is.</param>
    /// <param name="scale">Patches along the square that becomes one token; its key, for errors.</param>
    /// <param name="outputWidth">Elements of a feature row.</param>
    /// <param name="hasTiles">Tiles are squares of the key <c>image_size</c>; else it says nothing.</param>
    public VisionConfig Common(EncoderFamily family, (int Patches, string Key) scale, int outputWidth, bool hasTiles = true)
    {
        int patch = Size("patch_size", 256), side = patch * scale.Patches,
            tile = hasTiles ? Size("image_size", PicturePlan.MaxTileSize) : side * Math.Clamp(1024 / side, 1, 10),
            width = Size("embedding_length", 1 << 16), heads = Size("attention.head_count", 1 << 10);
        if (tile % patch != 0) throw Wrong("image_size", $"a multiple of the patch size {patch}");
        if (width % heads != 0) throw Wrong("attention.head_count", $"a divisor of the width {width}");
        if (width / heads % 4 != 0 || width / heads > 512)
            throw Unsupported($"an image encoder with heads of {width / heads}", "The head size must be a multiple of 4, at most 512.");
        if (tile / patch % scale.Patches != 0) throw Wrong(scale.Key, $"a divisor of the {tile / patch} patches along a tile");
        double epsilon = Metadata.Number("clip.vision.attention.layer_norm_epsilon") ?? -1;
        if (epsilon is not (>= 0 and <= 1)) throw Wrong("attention.layer_norm_epsilon", "an epsilon from 0 to 1");
        float[] mean = Colors("image_mean"), std = Colors("image_std");
        if (Array.Exists(std, s => s <= 0)) throw Wrong("image_std", "three numbers above 0");
        return new VisionConfig
        {
            Family = family,
            Projector = Projector,
            TileSize = tile,
            PatchSize = patch,
            Width = width,
            FeedForward = Size("feed_forward_length", 1 << 20),
            Blocks = Size("block_count", 512),
            Heads = heads,
            NormEpsilon = (float)epsilon,
            Mean = mean,
            Std = std,
            Scale = scale.Patches,
            OutputWidth = outputWidth,
        };
    }

    /// <summary>Whether feed-forward blocks use SiLU.</summary>
    public bool IsSilu => Metadata.Boolean("clip.use_silu") is true;

    /// <summary>
    /// The function between the matrices of a feed-forward block: GELU by <c>clip.use_gelu</c>, in the form of the family, or its quick
    /// form.
    /// </summary>
    public GeluForm Gelu(GeluForm form)
    {
        if (IsSilu)
            throw Unsupported("an image encoder with SiLU (clip.use_silu)", "Supported with this projector: GELU.");
        return Metadata.Boolean("clip.use_gelu") is true ? form : GeluForm.Quick;
    }

    /// <summary>Holds the first block's <c>ffn_up</c> against the key, before the key sizes anything.</summary>
    public VisionConfig WithFeedForward(VisionConfig c)
    {
        if (File.Find("v.blk.0.ffn_up.weight") is { } up && up.Rows != c.FeedForward)
            throw Shape(up, $"{c.Width} x {c.FeedForward}, as clip.vision.feed_forward_length says");
        return c;
    }

    /// <summary>The key <c>clip.vision.NAME</c>, from 1 to <paramref name="maximum"/>.</summary>
    public int Size(string name, int maximum, int? absent = null)
    {
        string wanted = string.Create(CultureInfo.InvariantCulture, $"a size from 1 to {maximum}");
        long size = Metadata.Integer("clip.vision." + name) ?? absent ?? throw Wrong(name, wanted);
        return size >= 1 && size <= maximum ? (int)size : throw Wrong(name, wanted);
    }

    /// <summary>The whole numbers of the key <c>clip.vision.NAME</c>; null where there is none.</summary>
    public long[]? Integers(string name, int most)
    {
        string key = "clip.vision." + name;
        if (Metadata.Find(key) is null) return null;
        if (Metadata.Numbers(key) is not { IsInteger: true } values || values.Count < 1 || values.Count > most)
            throw Wrong(name, $"1 to {most} whole numbers");
        return [.. Enumerable.Range(0, values.Count).Select(i => (long)values.Number(i))];
    }

    /// <summary>Rows of a tensor that must be there.</summary>
    public int Rows(string name) => (int)Checked(name, t => t.Rows, "rows");

    /// <summary>Columns of a tensor that must be there.</summary>
    public int Columns(string name) => (int)Checked(name, t => t.Columns, "columns");

    /// <summary>Says that a key is wrong.</summary>
    public GgufFormatException Wrong(string name, string expected) => Metadata.Wrong("clip.vision." + name, expected);

    /// <summary>Says that there is no code for something.</summary>
    public UnsupportedModelException Unsupported(string what, string instead) => new(File.Path, what, instead);

    private long Checked(string name, Func<GgufTensor, long> size, string what)
    {
        GgufTensor tensor = File.Find(name)
            ?? throw new GgufFormatException(File.Path, 0, $"a tensor '{name}'", $"{File.Tensors.Count} tensors without it",
                GgufFormatException.OtherConversion);
        return size(tensor) is > 0 and <= 1 << 16
            ? size(tensor)
            : throw new GgufFormatException(File.Path, tensor.Offset, $"tensor '{name}' with 1 to 65536 {what}", tensor.Shape,
                GgufFormatException.OtherConversion);
    }

    private GgufFormatException Shape(GgufTensor tensor, string expected) =>
        new(File.Path, tensor.Offset, $"tensor '{tensor.Name}' of {expected}", tensor.Shape, GgufFormatException.OtherConversion);

    private float[] Colors(string name)
    {
        if (Metadata.Numbers("clip.vision." + name) is not { Count: 3 } values) throw Wrong(name, "three numbers");
        float[] colors = [(float)values.Number(0), (float)values.Number(1), (float)values.Number(2)];
        return Array.TrueForAll(colors, float.IsFinite) ? colors : throw Wrong(name, "three finite numbers");
    }
}
