namespace Tavern.Game;

/// <summary>
/// Decides how many GPU milliseconds of a frame the minds may take: what the player chose, or else what suits the speed at which
/// frames are drawn.
/// </summary>
public sealed class MindBudget
{
    /// <summary>Milliseconds where drawing is quick.</summary>
    public const double Usual = 4;

    /// <summary>Most milliseconds, chosen or not.</summary>
    public const double Most = 100;

    /// <summary>Milliseconds of drawing above which no frame comes 60 times a second, whatever the minds take.</summary>
    private const double SlowDrawing = 1000.0 / 60;

    /// <summary>Of what drawing takes: the minds' part is then a quarter of the whole frame.</summary>
    private const double Share = 1.0 / 3;

    /// <summary>How much one frame moves the mean.</summary>
    private const double Weight = 0.1;
    private double _drawing;

    /// <summary>What the player chose, 0 to <see cref="Most"/>; null to follow the drawing.</summary>
    public double? Chosen { get; set; }

    /// <summary>Whether the minds' part follows slow drawing: then a frame may take several steps.</summary>
    public bool FollowsSlowFrames => Chosen is null && _drawing > SlowDrawing;

    /// <summary>Milliseconds of the next frame.</summary>
    public double Milliseconds => Chosen ?? (FollowsSlowFrames ? Math.Clamp(_drawing * Share, Usual, Most) : Usual);

    /// <summary>Learns what drawing a frame took on the device.</summary>
    /// <param name="milliseconds">0 where the device has no clock.</param>
    public void Drew(double milliseconds)
    {
        if (milliseconds > 0) _drawing = _drawing == 0 ? milliseconds : _drawing + (Weight * (milliseconds - _drawing));
    }
}
