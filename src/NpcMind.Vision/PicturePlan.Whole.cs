namespace NpcMind.Vision;

internal sealed partial record PicturePlan
{
    /// <summary>Largest ratio of a picture's sides that <see cref="WithinPixels"/> takes.</summary>
    public const int MaxAspect = 200;

    /// <summary>One tile: the whole picture stretched to a square.</summary>
    /// <param name="width">Pixels in a row of the picture, 1 to <see cref="ResampleTable.MaxSide"/>.</param>
    /// <param name="height">Rows of the picture, within the same limits.</param>
    /// <param name="tile">Side of the tile in pixels, 1 to <see cref="MaxTileSize"/>.</param>
    /// <param name="filter">Kernel.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static PicturePlan Stretched(int width, int height, int tile, ResampleFilter filter)
    {
        CheckPicture(width, height);
        CheckTile(tile);
        return One(width, height, new PictureStep(-1, filter, tile, tile, tile, tile));
    }

    /// <summary>One tile: the picture in the middle of a square of one colour, the odd pixel right or below, resized.</summary>
    /// <param name="width">As for <see cref="Stretched"/>.</param>
    /// <param name="height">As for <see cref="Stretched"/>.</param>
    /// <param name="tile">As for <see cref="Stretched"/>.</param>
    /// <param name="filter">As for <see cref="Stretched"/>.</param>
    /// <param name="fill">Colour beside the picture, red in the lowest byte.</param>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static PicturePlan PaddedSquare(int width, int height, int tile, ResampleFilter filter, uint fill)
    {
        CheckPicture(width, height);
        CheckTile(tile);
        int side = Math.Max(width, height);
        PictureFrame frame = new(side, side, (side - width) / 2, (side - height) / 2, fill);
        return One(width, height, new PictureStep(-1, filter, tile, tile, tile, tile) { Frame = frame });
    }

    /// <summary>
    /// One tile whose sides are multiples of <paramref name="multiple"/>, of about the picture's shape, with so many pixels. Halves are
    /// rounded to the even multiple. Source: smart_resize of the
    /// Qwen2VL image processor of transformers.
    /// </summary>
    /// <param name="width">As for <see cref="Stretched"/>.</param>
    /// <param name="height">As for <see cref="Stretched"/>.</param>
    /// <param name="multiple">What both sides are multiples of, at least 1.</param>
    /// <param name="minPixels">Fewest pixels, at least 1.</param>
    /// <param name="maxPixels">
    /// Most pixels, at least <paramref name="minPixels"/>. A picture of one row of multiples may have more: <see cref="MostPixels"/>.
    /// </param>
    /// <param name="filter">Kernel.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// An argument is out of range, or one side is more than <see cref="MaxAspect"/> times as long as the other.
    /// </exception>
    public static PicturePlan WithinPixels(int width, int height, int multiple, long minPixels, long maxPixels, ResampleFilter filter)
    {
        CheckPicture(width, height);
        ArgumentOutOfRangeException.ThrowIfLessThan(multiple, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(minPixels, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxPixels, minPixels);
        if ((double)Math.Max(width, height) / Math.Min(width, height) > MaxAspect)
            throw new ArgumentOutOfRangeException(
                nameof(width), width,
                $"A picture of {width} x {height} pixels is too narrow: one side has at most {MaxAspect} times the pixels of the other.");
        (int w, int h) = (Rounded(width), Rounded(height));
        if ((long)w * h > maxPixels)
        {
            double beta = Math.Sqrt((double)height * width / maxPixels);
            (w, h) = (Floor(width / beta), Floor(height / beta));
        }
        else if ((long)w * h < minPixels)
        {
            double beta = Math.Sqrt(minPixels / ((double)height * width));
            (w, h) = (Ceiling(width * beta), Ceiling(height * beta));
        }

        return One(width, height, new PictureStep(-1, filter, w, h, w, h));

        int Rounded(int pixels) => (int)Math.Round((double)pixels / multiple, MidpointRounding.ToEven) * multiple;
        int Floor(double pixels) => Math.Max(multiple, (int)Math.Floor(pixels / multiple) * multiple);
        int Ceiling(double pixels) => (int)Math.Ceiling(pixels / multiple) * multiple;
    }

    /// <summary>Most pixels of any tile of <see cref="WithinPixels"/>.</summary>
    public static long MostPixels(int multiple, long minPixels, long maxPixels)
    {
        // A side that was raised to one multiple; a picture enlarged to the fewest pixels, whose sides are then rounded up.
        double narrow = multiple * Math.Sqrt((double)MaxAspect * maxPixels);
        double enlarged = minPixels + multiple * 15 * Math.Sqrt(minPixels) + (double)multiple * multiple;
        return (long)Math.Max(maxPixels, Math.Max(narrow, enlarged));
    }

    private static PicturePlan One(int width, int height, PictureStep step) =>
        new(width, height, Math.Max(step.Width, step.Height), [step], [new TilePlace(0, 0, 0)], 1, 1, false)
        {
            TileWidth = step.Width,
            TileHeight = step.Height,
        };
}
