using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// The numbers that define an image encoder and its projector (architecture <c>clip</c>), of the forms llama4 and idefics3.
/// </summary>
internal sealed class EyesConfig
{
    private readonly GgufMetadata _metadata;

    public EyesConfig(GgufFile file)
    {
        _metadata = file.Metadata;
        if (_metadata.String("general.architecture") != "clip") throw _metadata.Wrong("general.architecture", "'clip'");
        Projector = _metadata.String("clip.projector_type") ?? _metadata.String("clip.vision.projector_type") ?? "";
        if (Projector is not ("llama4" or "idefics3"))
            throw _metadata.Wrong("clip.projector_type", "'llama4' or 'idefics3', the only ones this reference computes");
        Tile = Required("image_size");
        Patch = Required("patch_size");
        Width = Required("embedding_length");
        Blocks = Required("block_count");
        Heads = Required("attention.head_count");
        Scale = Required("projector.scale_factor");
        TextWidth = Required("projection_dim");
        Epsilon = _metadata.Number("clip.vision.attention.layer_norm_epsilon")
            ?? throw _metadata.Wrong("clip.vision.attention.layer_norm_epsilon", "a number");
        Mean = Three("image_mean");
        Deviation = Three("image_std");
    }

    public string Projector { get; }

    public bool IsLlama4 => Projector == "llama4";

    /// <summary>Pixels of a tile's side.</summary>
    public int Tile { get; }

    public int Patch { get; }

    public int Width { get; }

    public int Blocks { get; }

    public int Heads { get; }

    /// <summary>Patches of a token's side.</summary>
    public int Scale { get; }

    public int TextWidth { get; }

    public double Epsilon { get; }

    /// <summary>Per channel what is taken from byte / 255.</summary>
    public double[] Mean { get; }

    /// <summary>Per channel what the rest is divided by.</summary>
    public double[] Deviation { get; }

    /// <summary>Patches of a tile's side.</summary>
    public int Side => Tile / Patch;

    public int TokensPerTile => Side / Scale * (Side / Scale);

    private int Required(string key) =>
        (int)(_metadata.Integer("clip.vision." + key) ?? throw _metadata.Wrong("clip.vision." + key, "an integer"));

    private double[] Three(string key) => _metadata.Numbers("clip.vision." + key) is { Count: 3 } values
        ? [.. Enumerable.Range(0, 3).Select(values.Number)]
        : throw _metadata.Wrong("clip.vision." + key, "three numbers");
}
