namespace NpcMind.Vision;

internal sealed partial record PicturePlan
{
    private static (int Rows, int Columns) Llama4Canvas(int width, int height, int tile, int maxTiles)
    {
        (int Rows, int Columns) best = default;
        float bestScale = 0;
        for (int rows = 1; rows <= maxTiles; rows++)
        {
            for (int columns = 1; rows * columns <= maxTiles; columns++)
            {
                // Single precision, as the published processor divides: it decides which scales are equal, and among equal ones the
                // smallest canvas wins.
                float scale = Math.Min((float)(columns * tile) / width, (float)(rows * tile) / height);
                bool better = best.Rows == 0 || (bestScale >= 1 ? scale >= 1 && scale < bestScale : scale > bestScale);
                if (!better && (scale != bestScale || rows * columns >= best.Rows * best.Columns)) continue;
                best = (rows, columns);
                bestScale = scale;
            }
        }

        return best;
    }

    private static (int Width, int Height) Fit(int width, int height, int maxWidth, int maxHeight)
    {
        double byWidth = (double)maxWidth / width, byHeight = (double)maxHeight / height;
        return byWidth < byHeight
            ? (maxWidth, Math.Max(Math.Min((int)(height * byWidth), maxHeight), 1))
            : (Math.Max(Math.Min((int)(width * byHeight), maxWidth), 1), maxHeight);
    }

    private static (int Width, int Height) LongestEdge(int width, int height, int longestEdge)
    {
        int other = OtherSide(width, height, longestEdge);
        other = Math.Max(other + (other % 2), 1);
        return width >= height ? (longestEdge, other) : (other, longestEdge);
    }

    private static (int Width, int Height) WholeTiles(int width, int height, int tile)
    {
        int full = Up(Math.Max(width, height)), other = Up(Math.Max(OtherSide(width, height, full), 1));
        return width >= height ? (full, other) : (other, full);

        int Up(int pixels) => (pixels + tile - 1) / tile * tile;
    }

    // In double and in this order of operations: that decides which pixel a quotient just below a whole number is cut to.
    private static int OtherSide(int width, int height, int longer)
    {
        double aspect = (double)width / height;
        return (int)(width >= height ? longer / aspect : longer * aspect);
    }

    private static List<TilePlace> Cut(int step, int rows, int columns, int tile)
    {
        List<TilePlace> tiles = new(rows * columns + 1);
        for (int i = 0; i < rows * columns; i++) tiles.Add(new(step, i % columns * tile, i / columns * tile));
        return tiles;
    }

    private static void CheckPicture(int width, int height)
    {
        ResampleTable.CheckSide(width, nameof(width));
        ResampleTable.CheckSide(height, nameof(height));
    }

    private static void CheckTile(int tile)
    {
        if (tile is < 1 or > MaxTileSize)
            throw new ArgumentOutOfRangeException(nameof(tile), tile, $"A tile has sides of 1 to {MaxTileSize} pixels.");
    }

    private static void CheckLlama4(int tile, int maxTiles)
    {
        CheckTile(tile);
        if (maxTiles is < 1 or > MaxTileCount)
            throw new ArgumentOutOfRangeException(nameof(maxTiles), maxTiles, $"A canvas has 1 to {MaxTileCount} tiles.");
    }

    /// <summary>Largest longest edge of an <see cref="Idefics3"/> plan with tiles of <paramref name="tile"/> pixels.</summary>
    /// <param name="tile">Side of a tile in pixels, 1 to <see cref="MaxTileSize"/>.</param>
    public static int LongestEdgeLimit(int tile)
    {
        CheckTile(tile);
        int most = (int)Math.Min(MaxLongestEdge, (long)tile * MaxTilesPerSide);
        return most - (most % 2); // an odd edge may become the shorter one, by 1
    }

    private static void CheckIdefics3(int tile, int longestEdge)
    {
        CheckTile(tile);
        int most = LongestEdgeLimit(tile);
        if (longestEdge < 1 || longestEdge > most)
            throw new ArgumentOutOfRangeException(nameof(longestEdge), longestEdge,
                $"With tiles of {tile} pixels the longest edge has 1 to {most} pixels ({MaxTilesPerSide} tiles, {MaxLongestEdge} pixels " +
                $"at most).");
    }
}
