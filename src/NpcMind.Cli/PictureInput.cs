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
        foreach (string path in paths)
        {
            Picture picture = PictureFile.Read(path, PictureLimits.Default);
            _pictures.Add((picture, _config.Plan(picture.Width, picture.Height, maxTiles)));
        }
    }

    /// <summary>Token in whose places the feature rows stand.</summary>
    public string SlotToken => _config.SlotToken;

    /// <summary>What chat templates write where a picture belongs.</summary>
    public string Placeholder => _config.Placeholder;

    /// <summary>Text before and after a picture, which is tokenized with the text that it stands in.</summary>
    public string TextBeside => _config.TextBeside;

    /// <summary>How many pictures.</summary>
    public int Count => _pictures.Count;

    /// <summary>Where each feature row of all pictures stands in its own, in the order of <see cref="Encode"/>.</summary>
    public PictureRow[] Places() =>
        [.. from picture in _pictures
            from piece in _config.Layout(picture.Plan)
            where piece.IsSlot
            from row in Enumerable.Range(0, piece.Count)
            select new PictureRow(row, piece.Count, piece.Columns)];

    /// <summary>Rows that a step must have for a model that sees pictures as a whole.</summary>
    public int StepRows(ModelConfig model) =>
        Math.Max(64, model.SeesWholePictures ? (Places().Select(p => p.Count).DefaultIfEmpty().Max() + 15) / 16 * 16 : 0);

    /// <summary>
    /// Id of the token in whose places the feature rows stand; the vocabulary's last where the family can do without one.
    /// </summary>
    public int SlotId(Tokenizer tokenizer) => tokenizer.Encode(SlotToken, parseSpecial: true) is [var id] ? id
        : _config.RequiredTokens.Contains(SlotToken)
            ? throw new CliException($"the vocabulary has no token '{SlotToken}': {_mmproj} belongs to another language model.")
            : tokenizer.VocabularySize - 1;

    /// <summary>Tokens that stand for a picture.</summary>
    public int[] Tokens(int picture, Tokenizer tokenizer)
    {
        List<int> ids = [];
        foreach (ImagePiece piece in _config.Layout(_pictures[picture].Plan))
        {
            if (piece.IsSlot) ids.AddRange(Enumerable.Repeat(SlotId(tokenizer), piece.Count));
            else ids.AddRange(tokenizer.Encode(piece.Text, parseSpecial: true));
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
