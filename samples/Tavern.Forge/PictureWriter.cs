using System.Diagnostics;
using System.Globalization;
using Tavern.Renderer;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>Renders pictures and notes what they show, from the ids of their pixels.</summary>
internal static class PictureWriter
{
    /// <summary>A thing of which at least so many pixels are seen is seen; a person needs more.</summary>
    private const int LeastPixels = 45, LeastOfPerson = 110;

    /// <summary>Fewer than this is not seen. Pictures with something between are thrown away: nobody could say.</summary>
    private const int MostHidden = 4;

    /// <summary>Writes pictures.bin and pictures.jsonl; the same seed gives the same scenes.</summary>
    public static void Write(string folder, int seed, int train, int held, TextWriter log)
    {
        Directory.CreateDirectory(folder);
        using PictureMaker maker = new();
        using FileStream pixels = File.Create(Path.Combine(folder, "pictures.bin"));
        using StreamWriter lines = new(Path.Combine(folder, "pictures.jsonl"));
        Stopwatch watch = Stopwatch.StartNew();
        int thrownAway = 0;
        foreach ((Split split, int count) in new[] { (Split.Train, train), (Split.Held, held) })
        {
            for (int made = 0, number = 0; made < count; number++)
            {
                View view = PictureScenes.Create(new Random(unchecked((seed * 2_000_003) + (number * 2) + (int)split)));
                ScenePicture picture = maker.Render(view.Scene, view.Camera, PictureIndex.Size, PictureIndex.Size);
                if (Look(view, picture.Ids) is not { } seen)
                {
                    thrownAway++;
                    continue;
                }

                pixels.Write(picture.Rgb);
                lines.Write(PictureIndex.Write(split, seen) + "\n");
                made++;
            }
        }

        log.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
                $"{train + held} pictures, {thrownAway} thrown away as doubtful, " +
                $"{watch.Elapsed.TotalMilliseconds / Math.Max(1, train + held + thrownAway):0.0} ms each"));
    }

    /// <summary>What a picture shows, from left to right; null when it cannot be said without doubt.</summary>
    public static IReadOnlyList<Seen>? Look(View view, ReadOnlySpan<uint> ids)
    {
        List<Seen> seen = [];
        foreach ((int id, (ThingKind kind, Colour colour)) in view.Ids)
        {
            int count = 0, x0 = PictureIndex.Size, y0 = PictureIndex.Size, x1 = 0, y1 = 0;
            long sum = 0;
            for (int i = 0; i < ids.Length; i++)
            {
                if (ids[i] != id) continue;
                (int y, int x) = Math.DivRem(i, PictureIndex.Size);
                count++;
                sum += x;
                (x0, x1, y0, y1) = (Math.Min(x0, x), Math.Max(x1, x), Math.Min(y0, y), Math.Max(y1, y));
            }

            if (count < MostHidden) continue;
            if (count < (kind == ThingKind.Person ? LeastOfPerson : LeastPixels)) return null;
            seen.Add(new Seen(kind, colour, x0, y0, x1, y1, count, (double)sum / count));
        }

        return [.. seen.OrderBy(s => s.CentreX)];
    }
}
