using System.Numerics;

namespace Tavern.Overlay;

/// <summary>Coverage of a glyph's pixels.</summary>
/// <param name="Left">Pixels from the pen to the left edge.</param>
/// <param name="Top">Pixels from the base line up to the top edge.</param>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="Coverage">[height, width] 0 to 255.</param>
internal sealed record GlyphBitmap(int Left, int Top, int Width, int Height, byte[] Coverage)
{
    /// <summary>Fills outlines with exact area coverage: each edge adds what it covers to its right, a running sum over the row gives the rest.</summary>
    /// <param name="outlines">In ems, y up.</param>
    /// <param name="size">Pixels of an em.</param>
    /// <param name="shift">Pixels to the right, less than one.</param>
    public static GlyphBitmap Fill(IReadOnlyList<IReadOnlyList<Vector2>> outlines, float size, float shift)
    {
        Vector2 low = new(float.MaxValue), high = new(float.MinValue);
        foreach (IReadOnlyList<Vector2> outline in outlines)
            foreach (Vector2 point in outline) (low, high) = (Vector2.Min(low, point), Vector2.Max(high, point));
        if (low.X > high.X) return new GlyphBitmap(0, 0, 0, 0, []);
        int left = (int)MathF.Floor((low.X * size) + shift), top = (int)MathF.Ceiling(high.Y * size);
        int width = (int)MathF.Ceiling((high.X * size) + shift) - left + 1, height = top - (int)MathF.Floor(low.Y * size);
        float[] areas = new float[(width * height) + 2];
        foreach (IReadOnlyList<Vector2> outline in outlines)
            for (int i = 0; i < outline.Count; i++)
                AddEdge(areas, width, height, ToPixels(outline[i]), ToPixels(outline[(i + 1) % outline.Count]));

        byte[] coverage = new byte[width * height];
        float sum = 0;
        for (int i = 0; i < coverage.Length; i++)
        {
            sum += areas[i];
            coverage[i] = (byte)MathF.Round(Math.Min(MathF.Abs(sum), 1) * 255);
        }

        return new GlyphBitmap(left, top, width, height, coverage);

        Vector2 ToPixels(Vector2 point) => new((point.X * size) + shift - left, top - (point.Y * size));
    }

    private static void AddEdge(float[] areas, int width, int height, Vector2 from, Vector2 to)
    {
        if (from.Y == to.Y) return;
        float direction = from.Y < to.Y ? 1 : -1;
        if (direction < 0) (from, to) = (to, from);
        float slope = (to.X - from.X) / (to.Y - from.Y), x = from.X;
        for (int y = (int)from.Y; y < Math.Min(height, (int)MathF.Ceiling(to.Y)); y++)
        {
            float share = Math.Min(y + 1, to.Y) - Math.Max(y, from.Y), next = x + (slope * share);
            AddSpan(areas, y * width, Math.Min(x, next), Math.Max(x, next), share * direction);
            x = next;
        }
    }

    /// <summary>An edge from x0 to x1 within one row, which it crosses by a signed share.</summary>
    private static void AddSpan(float[] areas, int row, float x0, float x1, float share)
    {
        int first = (int)MathF.Floor(x0), last = (int)MathF.Ceiling(x1);
        if (last <= first + 1)
        {
            float middle = ((x0 + x1) / 2) - first;
            areas[row + first] += share * (1 - middle);
            areas[row + first + 1] += share * middle;
            return;
        }

        float before = 0;
        for (int pixel = first; pixel < last; pixel++)
        {
            // Area to the right of the edge within this pixel's column, from what the edge crosses there.
            float enter = Math.Max(x0, pixel), leave = Math.Min(x1, pixel + 1), crossed = share * (leave - enter) / (x1 - x0);
            float covered = crossed * (pixel + 1 - ((enter + leave) / 2));
            areas[row + pixel] += covered + before;
            before = crossed - covered;
        }

        areas[row + last] += before;
    }
}
