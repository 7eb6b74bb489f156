namespace NpcMind.Vision;

/// <summary>One resize. Its result lies at the upper left of a canvas whose other pixels are byte 0 in every channel.</summary>
/// <param name="Source">-1: the picture itself; otherwise the index of an earlier step, whose upper left Width x Height pixels are the
/// source.</param>
/// <param name="Filter">Kernel of both passes.</param>
/// <param name="Width">Pixels in a row of the result.</param>
/// <param name="Height">Rows of the result.</param>
/// <param name="CanvasWidth">Pixels in a row of the canvas, at least <paramref name="Width"/>.</param>
/// <param name="CanvasHeight">Rows of the canvas, at least <paramref name="Height"/>.</param>
internal sealed record PictureStep(int Source, ResampleFilter Filter, int Width, int Height, int CanvasWidth, int CanvasHeight)
{
    /// <summary>What the source is put into before it is resized; null for nothing.</summary>
    public PictureFrame? Frame { get; init; }
}

/// <summary>A larger picture of one colour, with a picture in it.</summary>
/// <param name="Width">Pixels in a row.</param>
/// <param name="Height">Rows.</param>
/// <param name="X">Column of the picture's upper left pixel.</param>
/// <param name="Y">Its row.</param>
/// <param name="Fill">The colour, red in the lowest byte.</param>
internal sealed record PictureFrame(int Width, int Height, int X, int Y, uint Fill);

/// <summary>Where the square of one tile lies.</summary>
/// <param name="Step">Index of the step whose canvas is cut.</param>
/// <param name="X">Column of the upper left pixel.</param>
/// <param name="Y">Row of the upper left pixel.</param>
internal readonly record struct TilePlace(int Step, int X, int Y);

/// <summary>
/// How a picture of a given size becomes the tiles an image encoder takes: resizes, then squares cut out of them. Byte for byte what the
/// published processors do (with Pillow's resampling). Immutable; any thread.
/// </summary>
/// <param name="Width">Pixels in a row of the picture.</param>
/// <param name="Height">Rows of the picture.</param>
/// <param name="TileSize">Width and height of a tile in pixels.</param>
/// <param name="Steps">Resizes in the order in which they run; at least one.</param>
/// <param name="Tiles">Tiles in the order in which the language model receives them: row by row, the global tile last. Rows * Columns +
/// (HasGlobal ? 1 : 0) of them.</param>
/// <param name="Rows">Rows of tiles; 0 when there is only a global tile.</param>
/// <param name="Columns">Tiles in a row; 0 when there is only a global tile.</param>
/// <param name="HasGlobal">Whether the last tile shows the whole picture.</param>
internal sealed partial record PicturePlan(int Width, int Height, int TileSize, IReadOnlyList<PictureStep> Steps,
    IReadOnlyList<TilePlace> Tiles, int Rows, int Columns, bool HasGlobal)
{
    /// <summary>Pixels in a row of a tile: <see cref="TileSize"/>, unless tiles are no squares.</summary>
    public int TileWidth { get; init; } = TileSize;

    /// <summary>Rows of a tile: <see cref="TileSize"/>, unless tiles are no squares.</summary>
    public int TileHeight { get; init; } = TileSize;

    /// <summary>Largest tile side a plan is made for.</summary>
    public const int MaxTileSize = 4096;

    /// <summary>Largest number of tiles a Llama 4 plan may be given, the global one not counted.</summary>
    public const int MaxTileCount = 64;

    /// <summary>Most tiles in a row or a column of an Idefics3 plan.</summary>
    public const int MaxTilesPerSide = 32;

    /// <summary>Largest longest edge of an Idefics3 plan; the published processor never goes beyond it.</summary>
    public const int MaxLongestEdge = 4096;

    /// <summary>
    /// Llama 4: the canvas of 1 to <paramref name="maxTiles"/> tiles that enlarges the picture least (or shrinks it least), padded right
    /// and below; if it has more than one tile, the whole picture stretched to one tile follows. Source: Llama4 image processor of
    /// transformers.
    /// </summary>
    /// <param name="width">Pixels in a row of the picture, 1 to <see cref="ResampleTable.MaxSide"/>.</param>
    /// <param name="height">Rows of the picture, within the same limits.</param>
    /// <param name="tile">Side of a tile in pixels (clip.vision.image_size).</param>
    /// <param name="maxTiles">Most tiles of the canvas.</param>
    /// <returns>The plan; no step has a side of 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static PicturePlan Llama4(int width, int height, int tile, int maxTiles = 16)
    {
        CheckPicture(width, height);
        CheckLlama4(tile, maxTiles);
        (int rows, int columns) = Llama4Canvas(width, height, tile, maxTiles);
        // A picture smaller than the canvas is enlarged to one tile's side at most.
        (int newWidth, int newHeight) = Fit(width, height, Math.Min(Math.Max(width, tile), columns * tile),
            Math.Min(Math.Max(height, tile), rows * tile));
        bool global = rows * columns > 1;
        List<PictureStep> steps = [new(-1, ResampleFilter.Bilinear, newWidth, newHeight, columns * tile, rows * tile)];
        List<TilePlace> tiles = Cut(0, rows, columns, tile);
        if (global)
        {
            steps.Add(new(-1, ResampleFilter.Bilinear, tile, tile, tile, tile));
            tiles.Add(new(1, 0, 0));
        }

        return new(width, height, tile, steps, tiles, rows, columns, global);
    }

    /// <summary>
    /// Idefics3 and SmolVLM: the longest edge becomes <paramref name="longestEdge"/>, then both sides whole tiles, which are cut; the
    /// result of the second resize, stretched to one tile, follows. Source: Idefics3 image processor of transformers.
    /// </summary>
    /// <param name="width">Pixels in a row of the picture, 1 to <see cref="ResampleTable.MaxSide"/>.</param>
    /// <param name="height">Rows of the picture, within the same limits.</param>
    /// <param name="tile">Side of a tile in pixels (clip.vision.image_size).</param>
    /// <param name="longestEdge">Longest edge after the first resize in pixels (clip.vision.preproc_image_size).</param>
    /// <param name="split">False: only the global tile, stretched from the first resize.</param>
    /// <returns>The plan; no step has a side of 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static PicturePlan Idefics3(int width, int height, int tile, int longestEdge, bool split = true)
    {
        CheckPicture(width, height);
        CheckIdefics3(tile, longestEdge);
        (int w, int h) = LongestEdge(width, height, longestEdge);
        List<PictureStep> steps = [Whole(-1, w, h)];
        if (!split)
        {
            steps.Add(Whole(0, tile, tile));
            return new(width, height, tile, steps, [new(1, 0, 0)], 0, 0, true);
        }

        (int fullWidth, int fullHeight) = WholeTiles(w, h, tile);
        // A resize to the same size changes nothing: the kernels are 0 at every whole number but 0.
        if ((fullWidth, fullHeight) != (w, h)) steps.Add(Whole(0, fullWidth, fullHeight));
        int rows = fullHeight / tile, columns = fullWidth / tile, last = steps.Count - 1;
        if (rows * columns == 1) return new(width, height, tile, steps, [new(last, 0, 0)], 0, 0, true);
        List<TilePlace> tiles = Cut(last, rows, columns, tile);
        steps.Add(Whole(last, tile, tile));
        tiles.Add(new(last + 1, 0, 0));
        return new(width, height, tile, steps, tiles, rows, columns, true);

        static PictureStep Whole(int source, int width, int height) => new(source, ResampleFilter.Lanczos, width, height, width, height);
    }

    /// <summary>Most bytes all canvases of one <see cref="Llama4"/> plan take together, whatever the picture, at 4 bytes a pixel.</summary>
    /// <param name="tile">As for the plan.</param>
    /// <param name="maxTiles">As for the plan.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static long Llama4CanvasBytes(int tile, int maxTiles = 16)
    {
        CheckLlama4(tile, maxTiles);
        return 4L * tile * tile * (maxTiles > 1 ? maxTiles + 1 : 1);
    }

    /// <summary>
    /// Most bytes all canvases of one <see cref="Idefics3"/> plan take together, whatever the picture, at 4 bytes a pixel.
    /// </summary>
    /// <param name="tile">As for the plan.</param>
    /// <param name="longestEdge">As for the plan.</param>
    /// <param name="split">As for the plan.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static long Idefics3CanvasBytes(int tile, int longestEdge, bool split = true)
    {
        CheckIdefics3(tile, longestEdge);
        long even = longestEdge + (longestEdge % 2), full = (even + tile - 1) / tile * tile;
        return 4 * ((longestEdge * even) + (split ? full * full : 0) + ((long)tile * tile));
    }
}
