using System.Numerics;

namespace Tavern.World;

/// <summary>What can stand in a scene. The first ones are things that characters talk about; the rest is the room.</summary>
public enum ThingKind
{
    Barrel,
    Chest,
    Bottle,
    Apple,
    Book,
    Candle,
    Bell,
    Mug,

    /// <summary>A cloaked figure with a head and a hood; the colour is the cloak's.</summary>
    Person,
    Table,
    Bench,
    Lamp,
    Door,
    Hearth,
    Bar,
    Shelf,
    Window,
}

/// <summary>The colours of the world. Everything that is named by colour has one of these.</summary>
public enum Colour
{
    Red,
    Green,
    Blue,
    Yellow,
    White,
    Purple,
}

/// <summary>One object of a scene.</summary>
/// <param name="Id">Number written into the id image; 0 is the room itself, 1 and up are things and people.</param>
/// <param name="Kind">Its shape. Natural sizes in metres: a person 1.8 high, a table 0.8 high and 1.4 x 0.8, small things 0.2 to 0.4, a
/// barrel 0.9.</param>
/// <param name="Position">Where the middle of its foot stands (x right, y up, z towards the default viewer; right-handed; metres).</param>
/// <param name="Yaw">Turn about y in radians; 0 faces +z.</param>
/// <param name="Tint">Linear RGB of what is coloured on it.</param>
/// <param name="Scale">1 is the natural size.</param>
/// <param name="State">For doors: 0 closed to 1 open. For lamps, candles and hearths: 0 dark to 1 lit.</param>
/// <param name="Head">For people: how far the head is turned from the body (x, as a yaw) and bowed (y), in radians.</param>
public readonly record struct ScenePart(int Id, ThingKind Kind, Vector3 Position, float Yaw, Vector3 Tint, float Scale = 1, float State = 1,
    Vector2 Head = default);

/// <summary>A point light.</summary>
/// <param name="Position">Metres.</param>
/// <param name="Power">Linear RGB at one metre.</param>
/// <param name="Range">Metres at which it has faded to nothing.</param>
public readonly record struct SceneLight(Vector3 Position, Vector3 Power, float Range);

/// <summary>From where a scene is looked at.</summary>
/// <param name="Eye">Metres.</param>
/// <param name="Target">What is in the middle.</param>
/// <param name="FieldOfView">Vertical, in radians.</param>
public readonly record struct Camera(Vector3 Eye, Vector3 Target, float FieldOfView)
{
    /// <summary>World to clip space of Vulkan (y down, depth 0 to 1), row vectors as in System.Numerics.</summary>
    public Matrix4x4 ViewProjection(float aspect)
    {
        Matrix4x4 view = Matrix4x4.CreateLookAt(Eye, Target, Vector3.UnitY);
        Matrix4x4 projection = Matrix4x4.CreatePerspectiveFieldOfView(FieldOfView, aspect, 0.05f, 40);
        projection.M22 = -projection.M22;
        return view * projection;
    }
}

/// <summary>
/// All a renderer needs: a room (a box from -Half to +Half in x and z, 0 to Height in y, seen from inside), what stands in it, and its
/// lights (at most 8).
/// </summary>
/// <param name="Half">Half of the room's extent in x and z.</param>
/// <param name="Height">Of the ceiling.</param>
/// <param name="Parts">What stands in it.</param>
/// <param name="Lights">Point lights; the first casts shadows.</param>
/// <param name="Ambient">Linear RGB from everywhere.</param>
public sealed record Scene(Vector2 Half, float Height, IReadOnlyList<ScenePart> Parts, IReadOnlyList<SceneLight> Lights, Vector3 Ambient)
{
    /// <summary>A scene that differs in turned heads alone, whose shadows serve for this one; null for its own.</summary>
    public Scene? ShadowsOf { get; init; }
}

/// <summary>The colours in linear RGB.</summary>
public static class Palette
{
    /// <summary>Linear RGB of a colour.</summary>
    public static Vector3 Of(Colour colour) => colour switch
    {
        Colour.Red => new(0.75f, 0.03f, 0.03f),
        Colour.Green => new(0.05f, 0.5f, 0.06f),
        Colour.Blue => new(0.03f, 0.1f, 0.75f),
        Colour.Yellow => new(0.85f, 0.62f, 0.02f),
        Colour.White => new(0.85f, 0.85f, 0.82f),
        _ => new(0.35f, 0.03f, 0.5f),
    };
}
