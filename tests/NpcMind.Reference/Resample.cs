using NpcMind.Vision;

namespace NpcMind.Reference;

/// <summary>Resizing in scalar form: <see cref="ResampleTable"/> applied to rows, rounded to bytes, then to columns.</summary>
internal static class Resample
{
    /// <summary>Resizes a picture of three bytes a pixel.</summary>
    /// <param name="rgb">[h][w][3]</param>
    /// <param name="w">Pixels in a row.</param>
    /// <param name="h">Rows.</param>
    /// <param name="outW">Pixels in a row of the result.</param>
    /// <param name="outH">Rows of the result.</param>
    /// <param name="filter">Kernel of both passes.</param>
    /// <returns>[outH][outW][3]</returns>
    public static byte[] Run(byte[] rgb, int w, int h, int outW, int outH, ResampleFilter filter)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(rgb.Length, w * h * 3);
        ResampleTable columns = ResampleTable.Create(w, outW, filter), rows = ResampleTable.Create(h, outH, filter);
        byte[] narrow = new byte[h * outW * 3], result = new byte[outH * outW * 3];
        for (int y = 0; y < h; y++)
            for (int x = 0; x < outW; x++)
                for (int c = 0; c < 3; c++)
                    narrow[(((y * outW) + x) * 3) + c] = Sum(columns, x, rgb, (y * w * 3) + c, 3);
        for (int y = 0; y < outH; y++)
            for (int x = 0; x < outW * 3; x++)
                result[(y * outW * 3) + x] = Sum(rows, y, narrow, x, outW * 3);
        return result;
    }

    /// <summary>Runs a plan on a picture of three bytes a pixel and cuts its tiles.</summary>
    /// <param name="rgb">[plan.Height][plan.Width][3]</param>
    /// <param name="plan">What to do.</param>
    /// <returns>[tiles][TileSize][TileSize][3]</returns>
    public static byte[] Tiles(byte[] rgb, PicturePlan plan)
    {
        byte[][] results = new byte[plan.Steps.Count][];
        for (int i = 0; i < results.Length; i++)
        {
            PictureStep step = plan.Steps[i];
            (byte[] source, int w, int h) = step.Source < 0
                ? (rgb, plan.Width, plan.Height)
                : (results[step.Source], plan.Steps[step.Source].Width, plan.Steps[step.Source].Height);
            if (step.Frame is { } frame) (source, w, h) = (Framed(source, w, h, frame), frame.Width, frame.Height);
            results[i] = Run(source, w, h, step.Width, step.Height, step.Filter);
        }

        if (plan.TileWidth != plan.TileHeight) return results[plan.Tiles[0].Step]; // one tile, which is the canvas
        int size = plan.TileSize;
        byte[] tiles = new byte[plan.Tiles.Count * size * size * 3];
        for (int t = 0; t < plan.Tiles.Count; t++)
        {
            TilePlace place = plan.Tiles[t];
            PictureStep step = plan.Steps[place.Step];
            // What lies beyond the result is padding, which is 0.
            for (int y = 0; y < Math.Min(size, step.Height - place.Y); y++)
                for (int x = 0; x < Math.Min(size, step.Width - place.X); x++)
                    Array.Copy(results[place.Step], (((place.Y + y) * step.Width) + place.X + x) * 3, tiles,
                        (((((t * size) + y) * size) + x) * 3), 3);
        }

        return tiles;
    }

    private static byte[] Framed(byte[] rgb, int w, int h, PictureFrame frame)
    {
        byte[] framed = new byte[frame.Width * frame.Height * 3];
        for (int i = 0; i < framed.Length; i++) framed[i] = (byte)(frame.Fill >> 8 * (i % 3));
        for (int y = 0; y < h; y++) Array.Copy(rgb, y * w * 3, framed, ((frame.Y + y) * frame.Width + frame.X) * 3, w * 3);
        return framed;
    }

    private static byte Sum(ResampleTable table, int target, byte[] from, int at, int stride)
    {
        int sum = ResampleTable.Half;
        for (int i = 0; i < table.Count[target]; i++)
            sum = checked(sum + (from[at + ((table.First[target] + i) * stride)] * table.Weights[(target * table.Taps) + i]));
        return (byte)Math.Clamp(sum >> ResampleTable.Bits, 0, 255);
    }
}
