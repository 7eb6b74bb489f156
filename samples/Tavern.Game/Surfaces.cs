using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Where things stand, as in the pictures that the shipped model learned from: up to four in a row.</summary>
public static class Surfaces
{
    /// <summary>Most things in a row.</summary>
    public const int MostInRow = 4;
    private const float Spacing = 0.5f;

    /// <summary>
    /// What things can be lined up on. Rows are named from left to right: seen from the entrance, the bar as its guests see it.
    /// </summary>
    public static readonly string[] All = ["long table", "small table", "bar", "floor"];

    /// <summary>Where the middle of a row is, and in which direction it runs from left to right.</summary>
    public static (Vector3 Centre, Vector3 Along) Row(string surface) => surface switch
    {
        "long table" => (new(-1.0f, TavernRoom.TableTop, -0.6f), Vector3.UnitX),
        "small table" => (new(-0.5f, TavernRoom.TableTop, 2.2f), Vector3.UnitX),
        "bar" => (new(3.4f, TavernRoom.BarTop, -0.8f), Vector3.UnitZ),
        _ => (new(1.6f, 0, 2.0f), Vector3.UnitX),
    };

    /// <summary>Place of one thing of a row.</summary>
    public static Vector3 InRow(string surface, int index, int count)
    {
        (Vector3 centre, Vector3 along) = Row(surface);
        return centre + (along * ((index - ((count - 1) / 2f)) * Spacing));
    }

    /// <summary>The table or bar that somebody at a place looks at from the front, as in the pictures; null for none.</summary>
    public static string? Before(string? place)
    {
        const float MostAway = 1, MostAslant = 0.4f;
        if (place is null || !Lexicon.Places.Contains(place)) return null;
        (Vector3 foot, Vector3 gaze) = TavernRoom.Stand(place);
        string nearest = All.Where(s => s != "floor").MinBy(s => Vector3.Distance(Row(s).Centre with { Y = 0 }, gaze))!;
        (Vector3 centre, Vector3 along) = Row(nearest);
        float aslant = MathF.Abs(Vector3.Dot(Vector3.Normalize(gaze - foot), along));
        return Vector3.Distance(centre with { Y = 0 }, gaze) < MostAway && aslant < MostAslant ? nearest : null;
    }

    /// <summary>The row that a thing at a spot is part of; null when it stands by itself.</summary>
    public static string? RowOf(string spot) => spot switch { "on the bar" => "bar", "on the long table" => "long table", _ => null };

    /// <summary>Where a thing stands that is at one of <see cref="Lexicon.Spots"/>.</summary>
    public static Vector3 Spot(string spot) => spot switch
    {
        "under the stairs" => new(4.5f, 0, 3.5f),
        "beside the hearth" => new(1.5f, 0, -3.4f),
        "in the cellar" => new(4.5f, 0, 1.9f),
        "behind the door" => new(-4.6f, 0, 0.1f),
        "on the shelf" => new(4.78f, 1.3f, -0.8f),
        "under the window" => new(-3.1f, 0, -3.6f),
        "in the corner" => new(-4.5f, 0, 3.6f),
        "under the bench" => new(-1.0f, 0, 3.0f),
        _ => new(2.6f, 0, 3.5f),
    };
}
