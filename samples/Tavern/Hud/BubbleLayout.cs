using Tavern.Overlay;

namespace Tavern.Hud;

/// <summary>Keeps boxes on the screen and apart.</summary>
public static class BubbleLayout
{
    private const float Tolerance = 0.01f;

    /// <summary>
    /// Moves boxes, one after the other, as little as it takes for each to lie within the area, free of what is taken and of the boxes
    /// before it. The nearest free place touches an edge of what is in the way, so only those places are looked at.
    /// </summary>
    /// <param name="boxes">Where each would like to be; then where it is, or empty when there is no room.</param>
    /// <param name="area">In which they lie.</param>
    /// <param name="taken">Boxes to keep free.</param>
    /// <param name="spared">Boxes, such as those of faces, to keep free where there is room.</param>
    /// <param name="gap">Pixels between them.</param>
    public static void Arrange(Span<Box> boxes, in Box area, ReadOnlySpan<Box> taken, ReadOnlySpan<Box> spared, float gap)
    {
        // The spared ones come first, so that what follows them can be looked at alone.
        Span<Box> blocks = stackalloc Box[spared.Length + taken.Length + boxes.Length];
        Span<float> xs = stackalloc float[(2 * blocks.Length) + 1], ys = stackalloc float[(2 * blocks.Length) + 1];
        spared.CopyTo(blocks);
        int count = spared.Length;
        foreach (Box box in taken) blocks[count++] = box.Inflate(gap);
        foreach (ref Box box in boxes)
        {
            Box place = FindPlace(box, area, blocks[..count], xs, ys);
            if (place.Width == 0 && spared.Length > 0) place = FindPlace(box, area, blocks[spared.Length..count], xs, ys);
            box = place;
            if (box.Width > 0) blocks[count++] = box.Inflate(gap);
        }
    }

    private static Box FindPlace(in Box wish, in Box area, ReadOnlySpan<Box> blocks, Span<float> xs, Span<float> ys)
    {
        Box start = wish.Within(area), best = default;
        int places = 0;
        (xs[places], ys[places++]) = (start.Left, start.Top);
        foreach (Box block in blocks)
        {
            (xs[places], ys[places++]) = (block.Left - wish.Width, block.Top - wish.Height);
            (xs[places], ys[places++]) = (block.Right, block.Bottom);
        }

        float least = float.MaxValue;
        foreach (float x in xs[..places])
            foreach (float y in ys[..places])
            {
                Box box = wish with { Left = x, Top = y };
                float distance = ((x - wish.Left) * (x - wish.Left)) + ((y - wish.Top) * (y - wish.Top));
                if (distance >= least || !Contains(area, box) || IsBlocked(box, blocks)) continue;
                (best, least) = (box, distance);
            }

        return best;
    }

    private static bool Contains(in Box area, in Box box) =>
        box.Left >= area.Left - Tolerance && box.Top >= area.Top - Tolerance && box.Right <= area.Right + Tolerance
        && box.Bottom <= area.Bottom + Tolerance;

    private static bool IsBlocked(in Box box, ReadOnlySpan<Box> blocks)
    {
        Box core = box.Inflate(-Tolerance);
        foreach (Box block in blocks)
            if (core.Overlaps(block)) return true;
        return false;
    }
}
