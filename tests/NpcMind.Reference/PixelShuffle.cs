namespace NpcMind.Reference;

/// <summary>Joins scale x scale neighbouring tokens of a square grid into one: rows slow, columns fast, channels innermost.</summary>
public static class PixelShuffle
{
    /// <param name="x">[columns, columns, width].</param>
    /// <param name="columns">Tokens along the grid.</param>
    /// <param name="scale">Tokens along a block.</param>
    /// <param name="width">Channels.</param>
    /// <returns>[columns / scale, columns / scale, scale * scale * width].</returns>
    public static float[] Run(ReadOnlySpan<float> x, int columns, int scale, int width)
    {
        List<float> y = [];
        for (int row = 0; row < columns; row += scale)
            for (int column = 0; column < columns; column += scale)
                for (int i = 0; i < scale; i++)
                    for (int j = 0; j < scale; j++) y.AddRange(x.Slice(((row + i) * columns + column + j) * width, width));
        return [.. y];
    }
}
