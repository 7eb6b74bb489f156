using System.Numerics;

namespace Tavern.World;

/// <summary>
/// The room that the game and the training pictures show. Metres; x to the right, z towards the entrance; the hearth is in the middle of
/// the far wall, the bar on the right, the door on the left.
/// </summary>
public static class TavernRoom
{
    public const float TableTop = 0.8f;
    public const float BarTop = 1.1f;
    public const float EyeHeight = 1.5f;
    public static readonly Vector2 Half = new(5, 4);
    private static readonly Vector3 Wood = new(0.32f, 0.19f, 0.09f);

    /// <summary>Middles of the table tops, in pairs that stand side by side along x.</summary>
    public static readonly Vector3[] Tables = [new(-1.7f, 0, -0.6f), new(-0.3f, 0, -0.6f), new(-1.2f, 0, 2.2f), new(0.2f, 0, 2.2f)];

    /// <summary>Where somebody stands who is there, and where it looks.</summary>
    public static (Vector3 Foot, Vector3 Gaze) Stand(string place) => place switch
    {
        "by the hearth" => (new(0.2f, 0, -2.6f), Tables[1]),
        "at the bar" => (new(2.5f, 0, -0.8f), new(3.4f, 0, -0.8f)),
        "by the door" => (new(-4.1f, 0, 1.0f), Tables[0]),
        "by the window" => (new(-3.1f, 0, -2.8f), Tables[0]),
        "at the long table" => (new(-1.0f, 0, 0.75f), new(-1f, 0, -0.6f)),
        "by the stairs" => (new(4.2f, 0, 2.9f), Tables[3]),
        "in the kitchen" => (new(3.9f, 0, -3.1f), new(3.4f, 0, -1.6f)),
        "in the corner" => (new(-4.2f, 0, 3.2f), Tables[2]),
        "on the bench" => (new(-0.5f, 0, 3.4f), new(-0.5f, 0, 2.2f)),
        "in the cellar" => (new(4.2f, 0, 1.2f), new(3.4f, 0, 0.2f)),
        _ => (new(1.5f, 0, 1.0f), Tables[1]),
    };

    /// <summary>What always stands in the room.</summary>
    /// <param name="lamp">0 dark to 1 lit.</param>
    /// <param name="hearth">0 dark to 1 lit.</param>
    /// <param name="door">0 closed to 1 open.</param>
    public static IEnumerable<ScenePart> Furniture(float lamp = 1, float hearth = 1, float door = 0)
    {
        foreach (Vector3 table in Tables) yield return new ScenePart(0, ThingKind.Table, table, 0, Wood);
        yield return new ScenePart(0, ThingKind.Hearth, new(0.2f, 0, -3.75f), 0, new(0.3f, 0.28f, 0.27f), State: hearth);
        yield return new ScenePart(0, ThingKind.Bar, new(3.4f, 0, -0.8f), -MathF.PI / 2, Wood);
        yield return new ScenePart(0, ThingKind.Shelf, new(4.8f, 1.2f, -0.8f), -MathF.PI / 2, Wood);
        yield return new ScenePart(0, ThingKind.Door, new(-4.95f, 0, 1.0f), MathF.PI / 2, Wood, State: door);
        yield return new ScenePart(0, ThingKind.Window, new(-3.1f, 1.3f, -3.95f), 0, new(0.05f, 0.08f, 0.2f));
        yield return new ScenePart(0, ThingKind.Bench, new(-1.0f, 0, 3.0f), 0, Wood);
        yield return new ScenePart(0, ThingKind.Lamp, new(-1.0f, 2.2f, 0.4f), 0, new(1, 0.75f, 0.4f), State: lamp);
        yield return new ScenePart(0, ThingKind.Lamp, new(2.2f, 2.2f, 0.4f), 0, new(1, 0.75f, 0.4f), State: lamp);
    }

    /// <summary>The room with things in it.</summary>
    public static Scene Scene(IEnumerable<ScenePart> parts, float lamp = 1, float hearth = 1, float door = 0)
    {
        Vector3 warm = new(1.0f, 0.85f, 0.66f), fire = new(1.0f, 0.5f, 0.2f);
        return new Scene(Half, 3, [.. Furniture(lamp, hearth, door), .. parts],
        [
            new SceneLight(new(-1.0f, 2.15f, 0.4f), warm * (5 * lamp), 9),
            new SceneLight(new(2.2f, 2.15f, 0.4f), warm * (4 * lamp), 8),
            new SceneLight(new(0.2f, 0.7f, -3.3f), fire * (2.5f * hearth), 6),
        ], new Vector3(0.16f, 0.15f, 0.17f));
    }
}
