using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>What deeds aim at: where it is looked at, and where one stands who is there.</summary>
internal static class Targets
{
    /// <summary>Height at which somebody looks when it looks at what stands on a table.</summary>
    private const float OverTable = TavernRoom.TableTop + 0.2f;

    /// <summary>The place of <see cref="Lexicon.Places"/> where one deals with a piece of furniture; null when it is none.</summary>
    public static string? PlaceOf(string furniture) => furniture switch
    {
        "the hearth" => "by the hearth",
        "the bar" => "at the bar",
        "the door" => "by the door",
        "the window" => "by the window",
        "the long table" or "the lamp" or "the candle" => "at the long table",
        "the stairs" => "by the stairs",
        _ => null,
    };

    /// <summary>Where a piece of furniture is looked at.</summary>
    public static Vector3 Gaze(string furniture) => furniture switch
    {
        "the hearth" => new(0.2f, 0.6f, -3.5f),
        "the bar" => new(3.4f, TavernRoom.BarTop + 0.2f, -0.8f),
        "the door" => new(-4.9f, 1.1f, 1.0f),
        "the window" => new(-3.1f, 1.8f, -3.9f),
        "the stairs" => new(4.6f, 1.0f, 3.6f),
        "the lamp" => new(-1.0f, 2.2f, 0.4f),
        _ => new(-1.0f, OverTable, -0.6f),
    };

    /// <summary>Where somebody is looked at.</summary>
    public static Vector3 Gaze(Body body) => new(body.Position.X, 1.2f, body.Position.Y);

    /// <summary>Where one stands and looks who is at a place.</summary>
    public static (Vector2 Foot, Vector3 Gaze) Stand(string? place)
    {
        (Vector3 foot, Vector3 gaze) = TavernRoom.Stand(place ?? "");
        // Places name tables by their feet; what is looked at stands on them.
        if (gaze.Y == 0) gaze.Y = gaze.X > 3 ? TavernRoom.BarTop + 0.2f : OverTable;
        return (new(foot.X, foot.Z), gaze);
    }

    /// <summary>The place that somebody is at who stands there.</summary>
    public static string NearestPlace(Vector2 at)
    {
        string nearest = Lexicon.Places[0];
        float least = float.PositiveInfinity;
        foreach (string place in Lexicon.Places)
        {
            float distance = Vector2.Distance(Stand(place).Foot, at);
            if (distance < least) (nearest, least) = (place, distance);
        }

        return nearest;
    }
}
