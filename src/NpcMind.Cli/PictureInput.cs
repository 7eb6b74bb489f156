using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;
using NpcMind.Vision;

namespace NpcMind.Cli;

/// <summary>Pictures of a command line, read and cut; <see cref="Encode"/> makes feature rows of them.</summary>
internal sealed class PictureInput
{
    private readonly string _mmproj;
    private readonly string _model;
    private readonly VisionConfig _config;
    private readonly List<(Picture Picture, PicturePlan Plan)> _pictures = [];

    /// <param name="mmproj">File of image encoder and projector.</param>
    /// <param name="model">Language model, for errors.</param>
    /// <param name="paths">PNG or JPEG files.</param>
    /// <param name="maxTiles">Most tiles a picture is cut into.</param>
    public PictureInput(string mmproj, string model, IReadOnlyList<string> paths, int maxTiles)
    {
        _mmproj = mmproj;
        _model = model;
        using GgufFile file = GgufFile.Open(mmproj);
        _config = VisionConfig.Read(file);
        Names = ImageTokenNames.Of(_config.Projector);
        foreach (string path in paths)
        {
            Picture picture = PictureFile.Read(path, PictureLimits.Default);
            _pictures.Add((picture, _config.Plan(picture.Width, picture.Height, maxTiles)));
        }
    }

    /// <summary>What the family's tokens are called.</summary>
    public ImageTokenNames Names { get; }

    /// <summary>What chat templates write where a picture belongs.</summary>
    public string Placeholder => _config.Family == VisionFamily.Llama4 ? "<|image|>" : Names.Slot;

    /// <summary>How many pictures.</summary>
    public int Count => _pictures.Count;

    /// <summary>Tokens that stand for a picture.</summary>
    public int[] Tokens(int picture, Tokenizer tokenizer)
    {
        List<int> ids = [];
        foreach (ImagePiece piece in ImageLayout.Create(_pictures[picture].Plan, _config.TokensPerTile, Names))
        {
            int[] one = tokenizer.Encode(piece.Text, parseSpecial: true);
            if (!piece.IsSlot) ids.AddRange(one);
            else if (one.Length == 1) ids.AddRange(Enumerable.Repeat(one[0], piece.Count));
            else throw new CliException($"the vocabulary has no token '{piece.Text}': {_mmproj} belongs to another language model.");
        }

        return [.. ids];
    }

    /// <summary>Feature rows of all pictures [rows, width], in the order in which the language model reads them.</summary>
    public float[] Encode(GpuDevice device, int textWidth)
    {
        using GgufFile file = GgufFile.Open(_mmproj);
        using VisionEncoder encoder = VisionEncoder.Load(device, file, textWidth, _model);
        List<float> rows = [];
        foreach ((Picture picture, PicturePlan plan) in _pictures)
        {
            using VisionJob job = encoder.CreateJob(plan, picture);
            encoder.Encode(job);
            rows.AddRange(job.Features);
        }

        return [.. rows];
    }
}
