using NpcMind.Inference;
using NpcMind.Text;
using NpcMind.Vision;

namespace NpcMind;

/// <summary>How a family shows its language model a picture: how it is cut, and which tokens stand for it.</summary>
internal sealed class EyesFormat
{
    private readonly VisionConfig _config;
    private readonly Tokenizer _tokenizer;
    private readonly int _maxTiles;
    private int _nextId;

    /// <exception cref="UnsupportedModelException">The vocabulary lacks a token of the family.</exception>
    public EyesFormat(VisionConfig config, Tokenizer tokenizer, string eyesPath, string modelPath, int maxTiles)
    {
        _config = config;
        _tokenizer = tokenizer;
        _maxTiles = maxTiles;
        foreach (string name in config.RequiredTokens)
            if (tokenizer.Encode(name, parseSpecial: true).Length != 1)
                throw new UnsupportedModelException(eyesPath,
                    $"an image encoder for {config.Projector} with '{modelPath}', whose vocabulary has no token '{name}',",
                    "Take the mmproj file that was published with the language model.");
        // Not every conversion kept the token, which nothing but penalties sees.
        SlotToken = tokenizer.Encode(config.SlotToken, parseSpecial: true) is [var slot] ? slot : tokenizer.BosId ?? 0;
    }

    /// <summary>The token that a feature row stands in the place of.</summary>
    public int SlotToken { get; }

    /// <summary>What chat templates write where a picture belongs.</summary>
    public string Placeholder => _config.Placeholder;

    /// <summary>How a picture of this size is cut.</summary>
    public PicturePlan Plan(int width, int height) => _config.Plan(width, height, _maxTiles);

    /// <summary>A new sight of a picture, its rows not there yet.</summary>
    public TurnImage TurnImage(PicturePlan plan) => TurnImage(_config.Layout(plan));

    /// <summary>A new sight with these pieces.</summary>
    /// <exception cref="ArgumentException">It has too many rows.</exception>
    public TurnImage TurnImage(IReadOnlyList<ImagePiece> layout)
    {
        int id = _nextId, rows = layout.Sum(p => p.Count);
        if (rows > PictureToken.MaxRows)
            throw new ArgumentException(
                $"The image takes {rows} tokens, and at most {PictureToken.MaxRows} are possible. Lower NpcRuntimeOptions.MaxImageTiles.");
        _nextId = (id + 1) % PictureToken.MaxSights;
        List<int> tokens = [];
        foreach (ImagePiece piece in layout)
        {
            if (piece.IsSlot) tokens.AddRange(Enumerable.Range(piece.FirstFeature, piece.Count).Select(row => PictureToken.Of(id, row)));
            else tokens.AddRange(_tokenizer.Encode(piece.Text, parseSpecial: true));
        }

        return new TurnImage(id, layout, [.. tokens], rows, _config.OutputWidth) { Beside = _config.TextBeside };
    }
}
