using System.Text.Json;
using System.Text.Json.Serialization;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>pictures.jsonl: what each picture of pictures.bin shows, one line a picture.</summary>
internal static class PictureIndex
{
    public const int Size = 112;

    private sealed record Line([property: JsonPropertyName("split")] string Split, [property: JsonPropertyName("things")] Item[] Things);

    private sealed record Item(
        [property: JsonPropertyName("kind")] string Kind,
        [property: JsonPropertyName("color")] string Colour,
        [property: JsonPropertyName("x0")] int X0,
        [property: JsonPropertyName("y0")] int Y0,
        [property: JsonPropertyName("x1")] int X1,
        [property: JsonPropertyName("y1")] int Y1,
        [property: JsonPropertyName("pixels")] int Pixels,
        [property: JsonPropertyName("cx")] double CentreX);

    /// <summary>RGBA of a picture of pictures.bin, which holds RGB.</summary>
    public static byte[] Rgba(FileStream pixels, int index)
    {
        byte[] rgb = new byte[Size * Size * 3], rgba = new byte[Size * Size * 4];
        pixels.Position = (long)index * rgb.Length;
        pixels.ReadExactly(rgb);
        for (int i = 0; i < Size * Size; i++)
        {
            rgb.AsSpan(i * 3, 3).CopyTo(rgba.AsSpan(i * 4));
            rgba[(i * 4) + 3] = 255;
        }

        return rgba;
    }

    public static string Write(Split split, IReadOnlyList<Seen> seen) => JsonSerializer.Serialize(new Line(
        split == Split.Train ? "train" : "held",
        [.. seen.Select(s => new Item(s.Noun, Lexicon.Colours[(int)s.Colour], s.X0, s.Y0, s.X1, s.Y1, s.Pixels, s.CentreX))]));

    /// <summary>The pictures of a folder; none when it has none.</summary>
    public static IReadOnlyList<PictureEntry> Read(string folder)
    {
        string path = Path.Combine(folder, "pictures.jsonl");
        if (!File.Exists(path)) return [];
        return [.. File.ReadLines(path).Select((text, i) =>
        {
            Line line = JsonSerializer.Deserialize<Line>(text) ?? throw new FormatException($"{path} line {i + 1} is empty.");
            return new PictureEntry(i, line.Split == "train" ? Split.Train : Split.Held, [.. line.Things.Select(t => new Seen(
                t.Kind == "person" ? ThingKind.Person : (ThingKind)Array.IndexOf(Lexicon.Things, t.Kind),
                (Colour)Array.IndexOf(Lexicon.Colours, t.Colour), t.X0, t.Y0, t.X1, t.Y1, t.Pixels, t.CentreX))]);
        })];
    }
}
