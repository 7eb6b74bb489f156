using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>What is drawn: the room with everybody and everything, for the player's eyes and for each character's.</summary>
public static class Eyes
{
    /// <summary>Vertical, in radians; that of the pictures that the shipped model learned from.</summary>
    public const float FieldOfView = 50 * MathF.PI / 180;

    /// <summary>What is looked at is at least as far away as in those pictures: who stands close leans back a little.</summary>
    private const float Nearest = 1.7f;

    /// <summary>Half the angle of the cone that a square picture fits in, with what stands half in it.</summary>
    private const float Cone = 38 * MathF.PI / 180;

    /// <summary>The whole scene.</summary>
    /// <param name="world">What is so.</param>
    /// <param name="eyes">Whose eyes see it: nobody sees itself.</param>
    public static Scene Scene(GameWorld world, Body eyes) => TavernRoom.Scene(Parts(world, eyes), world.Lamp, world.Hearth, world.Door);

    /// <summary>From where a character sees it.</summary>
    public static Camera Camera(Body body)
    {
        Vector3 eye = new(body.Position.X, TavernRoom.EyeHeight, body.Position.Y);
        Vector3 way = (body.Gaze - eye) with { Y = 0 };
        float distance = way.Length();
        if (distance < 1e-3f) (way, distance) = (new Vector3(MathF.Sin(body.Yaw), 0, MathF.Cos(body.Yaw)), 1);
        Vector3 back = eye - (way / distance * MathF.Max(0, Nearest - distance));
        Vector2 most = TavernRoom.Half - new Vector2(0.15f);
        eye = Vector3.Clamp(back, new(-most.X, 0, -most.Y), new(most.X, 3, most.Y));
        return new Camera(eye, body.Gaze, FieldOfView);
    }

    /// <summary>A number that changes when what a character sees does: where it looks from, and what stands before it.</summary>
    public static int Fingerprint(GameWorld world, Body body)
    {
        Camera camera = Camera(body);
        HashCode hash = new();
        Add(camera.Eye);
        Add(camera.Target);
        foreach (float state in (ReadOnlySpan<float>)[world.Lamp, world.Hearth, world.Door, world.Candles])
            hash.Add(MathF.Round(state * 4));
        Vector3 ahead = Vector3.Normalize(camera.Target - camera.Eye);
        foreach (ScenePart part in Parts(world, body))
        {
            Vector3 middle = part.Position + new Vector3(0, part.Kind == ThingKind.Person ? 1 : 0.15f, 0), way = middle - camera.Eye;
            if (Vector3.Dot(Vector3.Normalize(way), ahead) < MathF.Cos(Cone)) continue;
            hash.Add(part.Id);
            Add(part.Position);
            hash.Add(MathF.Round(part.Yaw * 6));
            hash.Add(part.Tint);
        }

        return hash.ToHashCode();

        void Add(Vector3 at)
        {
            hash.Add(MathF.Round(at.X * 20));
            hash.Add(MathF.Round(at.Y * 20));
            hash.Add(MathF.Round(at.Z * 20));
        }
    }

    /// <summary>Whether a character has the hidden thing before its eyes.</summary>
    internal static bool Sees(GameWorld world, Body body, Hidden hidden)
    {
        Camera camera = Camera(body);
        int count = Row(world, hidden.Surface).Length;
        Vector3 way = Surfaces.InRow(hidden.Surface, count - 1, count) + new Vector3(0, 0.15f, 0) - camera.Eye;
        return Vector3.Dot(Vector3.Normalize(way), Vector3.Normalize(camera.Target - camera.Eye)) >= MathF.Cos(Cone);
    }

    private static Standing[] Row(GameWorld world, string surface)
    {
        IEnumerable<Standing> known = world.Facts.Things.Where(t => Surfaces.RowOf(t.Spot) == surface)
            .Select(t => new Standing(t.Kind, t.Colour));
        Standing[] row = [.. world.Plan.Tables.GetValueOrDefault(surface, []), .. known];
        return world.Hidden is { } hidden && hidden.Surface == surface ? [.. row, hidden.Thing] : row;
    }

    private static IEnumerable<ScenePart> Parts(GameWorld world, Body eyes)
    {
        bool isPlayer = eyes == world.Player;
        for (int i = 0; i < world.Bodies.Count; i++)
        {
            Body body = world.Bodies[i];
            if (body != eyes) yield return Figure(i + 1, body) with { Head = isPlayer ? body.Head : default };
        }

        int id = TavernFile.MostPeople + 1;
        if (eyes != world.Player) yield return Figure(id, world.Player);
        foreach (string surface in Surfaces.All)
        {
            Standing[] row = Row(world, surface);
            // What is hidden from the player keeps its place in the row: nothing moves when it is found.
            bool hides = isPlayer && world.Hidden is { IsFound: false } hidden && hidden.Surface == surface;
            for (int i = 0; i < row.Length; i++)
            {
                id++;
                if (hides && i == row.Length - 1) continue;
                yield return Part(world, id, row[i].Kind, row[i].Colour, Surfaces.InRow(surface, i, row.Length));
            }
        }

        foreach (Thing thing in world.Facts.Things)
            if (Surfaces.RowOf(thing.Spot) is null) yield return Part(world, ++id, thing.Kind, thing.Colour, Surfaces.Spot(thing.Spot));
    }

    private static ScenePart Figure(int id, Body body) =>
        new(id, ThingKind.Person, new(body.Position.X, 0, body.Position.Y), body.Yaw, body.Person.Cloak is { } cloak
            ? Palette.Of(cloak) : new Vector3(0.25f, 0.22f, 0.2f));

    private static ScenePart Part(GameWorld world, int id, ThingKind kind, Colour colour, Vector3 at) =>
        new(id, kind, at, id * 0.7f, Palette.Of(colour), PictureScenes.ScaleOf(kind), kind == ThingKind.Candle ? world.Candles : 1);
}
