using NpcMind.Inference;
using NpcMind.Vision;

namespace NpcMind;

/// <summary>
/// A picture as a mind holds it: the tokens that stand for it, and the feature rows that stand in the places of some of them. The rows are
/// there once the picture is encoded, and stay as long as somebody remembers it, so that it can be read again without the picture.
/// </summary>
internal sealed class TurnImage(int id, IReadOnlyList<ImagePiece> layout, int[] tokens, int rows, int width)
{
    private readonly ImagePiece[] _slots = [.. layout.Where(p => p.IsSlot)];
    private float[] _features = [];

    /// <summary>Number that tells it from other pictures in token logs.</summary>
    public int Id { get; } = id;

    /// <summary>Text pieces and slots, in order.</summary>
    public IReadOnlyList<ImagePiece> Layout { get; } = layout;

    /// <summary>All its tokens; those of slots are negative (<see cref="PictureToken"/>).</summary>
    public int[] Tokens { get; } = tokens;

    /// <summary>Text before and after it, which is tokenized with the text that it stands in.</summary>
    public string Beside { get; init; } = "";

    /// <summary>Feature rows.</summary>
    public int Rows { get; } = rows;

    /// <summary>Elements of a row.</summary>
    public int Width { get; } = width;

    /// <summary>Whether the rows are there.</summary>
    public bool IsReady { get; private set; }

    /// <summary>[Rows, Width]; other turnImages of the same picture can have the same array.</summary>
    public float[] Features => _features;

    /// <summary>Turns and pending looks that have it: one that nobody has any more need not be encoded.</summary>
    public int References { get; set; }

    /// <summary>The work that makes the rows; null once they are there.</summary>
    public VisionJob? Job { get; set; }

    public WorkPlan? Preparation { get; set; }

    public NpcImage? Image { get; set; }

    /// <summary>Feature row <paramref name="row"/>.</summary>
    public ReadOnlySpan<float> Row(int row) => _features.AsSpan(row * Width, Width);

    /// <summary>Where feature row <paramref name="row"/> stands in its tile.</summary>
    public PictureRow Place(int row)
    {
        foreach (ImagePiece slots in _slots)
            if (row < slots.FirstFeature + slots.Count) return new PictureRow(row - slots.FirstFeature, slots.Count, slots.Columns);
        throw new ArgumentOutOfRangeException(nameof(row), row, $"The picture has {Rows} rows.");
    }

    /// <summary>Gives it its rows, or room for them.</summary>
    public void Set(float[] features, bool ready)
    {
        _features = features;
        IsReady = ready;
    }
}

/// <summary>Tokens of logs that are feature rows: negative, a number for the picture and its row.</summary>
internal static class PictureToken
{
    private const int RowBits = 14;

    /// <summary>Most rows of a picture.</summary>
    public const int MaxRows = 1 << RowBits;

    /// <summary>Numbers for pictures go from 0 to this less one, then begin anew.</summary>
    public const int MaxSights = 1 << (31 - RowBits);

    public static int Of(int turnImage, int row) => ~(turnImage << RowBits | row);

    public static int TurnImage(int token) => ~token >> RowBits;

    public static int Row(int token) => ~token & (MaxRows - 1);
}
