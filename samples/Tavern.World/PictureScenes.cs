using System.Numerics;

namespace Tavern.World;

/// <summary>A scene seen by somebody, and which ids its things and people have.</summary>
public sealed record View(Scene Scene, Camera Camera, IReadOnlyDictionary<int, (ThingKind Kind, Colour Colour)> Ids);

/// <summary>
/// Views of the room with a few things on a table, the bar or the floor, as characters have them: seeded, one split's never equal to
/// another's (they differ in seed and in arrangement).
/// </summary>
public static class PictureScenes
{
    private const float FieldOfView = 50 * MathF.PI / 180;

    /// <summary>Scale at which a thing fits on a table.</summary>
    public static float ScaleOf(ThingKind kind) => kind switch { ThingKind.Barrel => 0.5f, ThingKind.Chest => 0.7f, _ => 1 };

    /// <summary>A view with none to four things and none to two people.</summary>
    public static View Create(Random random)
    {
        // Where things stand, in the direction in which they are lined up, and from which side they are seen.
        (Vector3 centre, Vector3 along, Vector3 from) = random.Next(5) switch
        {
            0 => (new Vector3(3.4f, TavernRoom.BarTop, -0.8f), Vector3.UnitZ, -Vector3.UnitX),
            1 => (new Vector3(1.6f, 0, 2.0f), Vector3.UnitX, random.Next(2) == 0 ? Vector3.UnitZ : -Vector3.UnitZ),
            2 => (new Vector3(-0.5f, TavernRoom.TableTop, 2.2f), Vector3.UnitX, -Vector3.UnitZ),
            _ => (new Vector3(-1.0f, TavernRoom.TableTop, -0.6f), Vector3.UnitX, random.Next(2) == 0 ? Vector3.UnitZ : -Vector3.UnitZ),
        };
        int things = random.Next(12) switch { 0 => 0, < 3 => 1, < 7 => 2, < 10 => 3, _ => 4 };
        int people = random.Next(20) switch { < 11 => 0, < 18 => 1, _ => 2 };
        List<ScenePart> parts = [];
        Dictionary<int, (ThingKind, Colour)> ids = [];
        float spacing = 0.46f + (0.14f * random.NextSingle()), first = -spacing * (things - 1) / 2;
        for (int i = 0; i < things; i++)
        {
            ThingKind kind = (ThingKind)random.Next(8);
            Colour colour = (Colour)random.Next(6);
            Vector3 at = centre + (along * (first + (i * spacing) + Spread(0.05f))) + (from * Spread(0.2f));
            Add(kind, colour, at, ScaleOf(kind) * (0.95f + (0.2f * random.NextSingle())));
        }

        Colour[] cloaks = Enum.GetValues<Colour>();
        random.Shuffle(cloaks);
        float side = random.Next(2) == 0 ? 1 : -1;
        for (int i = 0; i < people; i++)
        {
            Vector3 at = centre - (from * (0.85f + (0.5f * random.NextSingle())))
                + (along * ((people == 1 ? Spread(0.8f) : side * (0.55f + Spread(0.15f))) * 1));
            side = -side;
            Add(ThingKind.Person, cloaks[i], at with { Y = 0 }, 1);
        }

        float distance = 1.7f + (0.8f * random.NextSingle()), turn = Spread(0.35f);
        Vector3 outward = Vector3.Normalize((from * MathF.Cos(turn)) + (along * MathF.Sin(turn)));
        Vector3 eye = (centre with { Y = TavernRoom.EyeHeight + Spread(0.2f) }) + (outward * distance);
        Camera camera = new(eye, centre + new Vector3(Spread(0.12f), 0.2f + Spread(0.12f), Spread(0.12f)), FieldOfView);
        float light = 0.8f + (0.4f * random.NextSingle());
        return new View(TavernRoom.Scene(parts, light, 0.7f + (0.6f * random.NextSingle())), camera, ids);

        void Add(ThingKind kind, Colour colour, Vector3 at, float scale)
        {
            int id = parts.Count + 1;
            parts.Add(new ScenePart(id, kind, at, random.NextSingle() * MathF.Tau, Palette.Of(colour), scale));
            ids[id] = (kind, colour);
        }

        float Spread(float most) => most * ((2 * random.NextSingle()) - 1);
    }
}
