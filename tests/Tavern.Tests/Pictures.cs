using System.Numerics;
using StbImageWriteSharp;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Tests;

/// <summary>Scenes that tests draw, and where to look at them: TAVERN_PICTURES names a folder that gets them as PNG files.</summary>
internal static class Pictures
{
    public static readonly ThingKind[] Things = [ThingKind.Barrel, ThingKind.Chest, ThingKind.Bottle, ThingKind.Apple, ThingKind.Book,
        ThingKind.Candle, ThingKind.Bell, ThingKind.Mug, ThingKind.Person];

    private static readonly Vector3 Warm = new(1, 0.72f, 0.42f);

    /// <summary>One thing on a table, or on the floor if it is big, at night.</summary>
    public static (Scene Scene, Camera Camera) Single(ThingKind kind, Colour colour, float distance = 2.2f)
    {
        bool stands = kind is ThingKind.Barrel or ThingKind.Person;
        Vector3 place = new(0, stands ? 0 : 0.8f, 0);
        List<ScenePart> parts = [new(1, kind, place, 0.5f, Palette.Of(colour))];
        if (!stands) parts.Add(new(2, ThingKind.Table, Vector3.Zero, 0, Vector3.Zero));
        Scene scene = new(new(3, 3), 2.8f, parts, [new(new(0.6f, 2.3f, 0.9f), Warm * 4, 9), new(new(-2, 1.6f, 2), Warm * 2, 7)],
            new(0.1f, 0.09f, 0.1f));
        Vector3 target = place + new Vector3(0, kind == ThingKind.Person ? 0.95f : kind == ThingKind.Barrel ? 0.45f : 0.2f, 0);
        return (scene, new Camera(target + (Vector3.Normalize(new(0.1f, 0.35f, 1)) * distance), target, 0.9f));
    }

    public static (Scene Scene, Camera Camera) Room()
    {
        List<ScenePart> parts =
        [
            new(1, ThingKind.Person, new(-1.6f, 0, -2), 0.2f, Palette.Of(Colour.Blue)),
            new(2, ThingKind.Person, new(1.5f, 0, -0.6f), -0.7f, Palette.Of(Colour.Red)),
            new(3, ThingKind.Table, new(0.4f, 0, 0.3f), 0.2f, default),
            new(4, ThingKind.Bench, new(0.3f, 0, 1.05f), 0.2f, default),
            new(5, ThingKind.Mug, new(0.2f, 0.8f, 0.3f), 0.6f, Palette.Of(Colour.Yellow)),
            new(6, ThingKind.Candle, new(0.75f, 0.8f, 0.1f), 0, Palette.Of(Colour.White)),
            new(7, ThingKind.Book, new(-0.1f, 0.8f, 0.25f), 0.9f, Palette.Of(Colour.Purple)),
            new(8, ThingKind.Barrel, new(2.9f, 0, -2.4f), 0, Palette.Of(Colour.Green)),
            new(9, ThingKind.Chest, new(2.6f, 0, 0.9f), -1, Palette.Of(Colour.Yellow)),
            new(10, ThingKind.Bar, new(-1.8f, 0, -1.4f), 0, default),
            new(11, ThingKind.Shelf, new(-2.2f, 0, -2.8f), 0, default),
            new(12, ThingKind.Bottle, new(-2.6f, 1.2f, -2.8f), 0, Palette.Of(Colour.Green)),
            new(13, ThingKind.Bottle, new(-2, 1.2f, -2.8f), 0, Palette.Of(Colour.Purple)),
            new(14, ThingKind.Bell, new(-1, 1.1f, -1.4f), 0, Palette.Of(Colour.White)),
            new(15, ThingKind.Door, new(0.3f, 0, -3), 0, new(0.2f, 0.1f, 0.05f), State: 0.5f),
            new(16, ThingKind.Hearth, new(3.2f, 0, -0.8f), -MathF.PI / 2, default),
            new(17, ThingKind.Window, new(1.9f, 1.1f, -3), 0, default),
            new(18, ThingKind.Lamp, new(0.2f, 1.9f, 0), 0, default),
            new(19, ThingKind.Apple, new(0.5f, 0.8f, 0.45f), 0, Palette.Of(Colour.Red)),
        ];
        List<SceneLight> lights =
        [
            new(new(0.2f, 2.05f, 0), Warm * 3, 9),
            new(new(2.8f, 0.6f, -0.8f), new Vector3(1, 0.45f, 0.15f) * 2.5f, 6),
            new(new(0.75f, 1.25f, 0.1f), new Vector3(1, 0.6f, 0.25f) * 0.4f, 3),
            new(new(-2, 2.2f, -1.9f), Warm * 1.2f, 6),
        ];
        return (new Scene(new(3.5f, 3), 2.9f, parts, lights, new(0.06f, 0.055f, 0.07f)),
            new Camera(new(-0.4f, 1.7f, 2.9f), new(0.1f, 0.95f, -1), 1.05f));
    }

    /// <summary>Pictures side by side.</summary>
    public static ScenePicture Sheet(IReadOnlyList<ScenePicture> pictures, int columns)
    {
        int width = pictures[0].Width, height = pictures[0].Height, rows = (pictures.Count + columns - 1) / columns;
        byte[] rgb = new byte[width * columns * height * rows * 3];
        for (int i = 0; i < pictures.Count; i++)
            for (int y = 0; y < height; y++)
                pictures[i].Rgb.AsSpan(y * width * 3, width * 3)
                    .CopyTo(rgb.AsSpan((((((i / columns) * height) + y) * columns) + (i % columns)) * width * 3));
        return new ScenePicture(width * columns, height * rows, rgb, []);
    }

    public static void Show(string name, ScenePicture picture)
    {
        if (Environment.GetEnvironmentVariable("TAVERN_PICTURES") is not { } folder) return;
        Directory.CreateDirectory(folder);
        using FileStream stream = File.Create(Path.Combine(folder, name + ".png"));
        new ImageWriter().WritePng(picture.Rgb, picture.Width, picture.Height, ColorComponents.RedGreenBlue, stream);
    }
}
