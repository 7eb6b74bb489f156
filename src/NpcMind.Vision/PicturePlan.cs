namespace NpcMind.Vision;

/// <summary>One resize. Its result lies at the upper left of a canvas whose other pixels are byte 0 in every channel.</summary>
/// <param name="Source">-1: the picture itself; otherwise the index of an earlier step, whose upper left Width x Height pixels are the source.</param>
/// <param name="Filter">Kernel of both passes.</param>
/// <param name="Width">Pixels in a row of the result.</param>
/// <param name="Height">Rows of the result.</param>
/// <param name="CanvasWidth">Pixels in a row of the canvas, at least <paramref name="Width"/>.</param>
/// <param name="CanvasHeight">Rows of the canvas, at least <paramref name="Height"/>.</param>
public sealed record PictureStep(int Source, ResampleFilter Filter, int Width, int Height, int CanvasWidth, int CanvasHeight);

/// <summary>Where the square of one tile lies.</summary>
/// <param name="Step">Index of the step whose canvas is cut.</param>
/// <param name="X">Column of the upper left pixel.</param>
/// <param name="Y">Row of the upper left pixel.</param>
public readonly record struct TilePlace(int Step, int X, int Y);

/// <summary>
/// How a picture of a given size becomes the tiles an image encoder takes: resizes, then squares cut out of them. Byte for byte what the published processors do (with
/// Pillow's resampling). Immutable; any thread.
/// </summary>
/// <param name="Width">Pixels in a row of the picture.</param>
/// <param name="Height">Rows of the picture.</param>
/// <param name="TileSize">Width and height of a tile in pixels.</param>
/// <param name="Steps">Resizes in the order in which they run; at least one.</param>
/// <param name="Tiles">Tiles in the order in which the language model receives them: row by row, the global tile last. Rows * Columns + (HasGlobal ? 1 : 0) of them.</param>
/// <param name="Rows">Rows of tiles; 0 when there is only a global tile.</param>
/// <param name="Columns">Tiles in a row; 0 when there is only a global tile.</param>
/// <param name="HasGlobal">Whether the last tile shows the whole picture.</param>
public sealed record PicturePlan(int Width, int Height, int TileSize, IReadOnlyList<PictureStep> Steps, IReadOnlyList<TilePlace> Tiles, int Rows, int Columns, bool HasGlobal)
{
    /// <summary>Largest tile side a plan is made for.</summary>
    public const int MaxTileSize = 4096;

    /// <summary>Largest number of tiles a Llama 4 plan may be given, the global one not counted.</summary>
    public const int MaxTileCount = 64;

    /// <summary>Largest longest edge of an Idefics3 plan; the published processor never goes beyond it.</summary>
    public const int MaxLongestEdge = 4096;

    /// <summary>
    /// Llama 4: the canvas of 1 to <paramref name="maxTiles"/> tiles that enlarges the picture least (or shrinks it least), padded right and below; if it has more than
    /// one tile, the whole picture stretched to one tile follows. Source: Llama4 image processor of transformers.
    /// </summary>
    /// <param name="width">Pixels in a row of the picture, 1 to <see cref="ResampleTable.MaxSide"/>.</param>
    /// <param name="height">Rows of the picture, within the same limits.</param>
    /// <param name="tile">Side of a tile in pixels (clip.vision.image_size).</param>
    /// <param name="maxTiles">Most tiles of the canvas.</param>
    /// <returns>The plan; no step has a side of 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static PicturePlan Llama4(int width, int height, int tile, int maxTiles = 16) => throw new NotImplementedException();

    /// <summary>
    /// Idefics3 and SmolVLM: the longest edge becomes <paramref name="longestEdge"/>, then both sides whole tiles, which are cut; the result of the second resize, stretched to
    /// one tile, follows. Source: Idefics3 image processor of transformers.
    /// </summary>
    /// <param name="width">Pixels in a row of the picture, 1 to <see cref="ResampleTable.MaxSide"/>.</param>
    /// <param name="height">Rows of the picture, within the same limits.</param>
    /// <param name="tile">Side of a tile in pixels (clip.vision.image_size).</param>
    /// <param name="longestEdge">Longest edge after the first resize in pixels (clip.vision.preproc_image_size).</param>
    /// <param name="split">False: only the global tile, stretched from the first resize.</param>
    /// <returns>The plan; no step has a side of 0.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static PicturePlan Idefics3(int width, int height, int tile, int longestEdge, bool split = true) => throw new NotImplementedException();

    /// <summary>Most bytes all canvases of one <see cref="Llama4"/> plan take together, whatever the picture, at 4 bytes a pixel.</summary>
    /// <param name="tile">As for the plan.</param>
    /// <param name="maxTiles">As for the plan.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static long Llama4CanvasBytes(int tile, int maxTiles = 16) => throw new NotImplementedException();

    /// <summary>Most bytes all canvases of one <see cref="Idefics3"/> plan take together, whatever the picture, at 4 bytes a pixel.</summary>
    /// <param name="tile">As for the plan.</param>
    /// <param name="longestEdge">As for the plan.</param>
    /// <param name="split">As for the plan.</param>
    /// <returns>Bytes.</returns>
    /// <exception cref="ArgumentOutOfRangeException">An argument is out of range.</exception>
    public static long Idefics3CanvasBytes(int tile, int longestEdge, bool split = true) => throw new NotImplementedException();
}
