namespace NpcMind.Reference;

/// <summary>
/// Makes one token of every factor x factor patches. Tokens go row by row; inside a token the patches go row by row, each with all its
/// channels (llama4 and idefics3 alike).
/// </summary>
internal static class PixelShuffle
{
    /// <param name="x">[side, side, width].</param>
    /// <param name="side">Patches in a row and a column.</param>
    /// <param name="factor">Divides <paramref name="side"/>.</param>
    /// <returns>[(side / factor)^2, factor^2 * width].</returns>
    public static float[] Run(ReadOnlySpan<float> x, int side, int factor)
    {
        int width = x.Length / (side * side);
        float[] y = new float[x.Length];
        int at = 0;
        for (int token = 0; token < side / factor * (side / factor); token++)
            for (int part = 0; part < factor * factor; part++)
            {
                int row = (token / (side / factor) * factor) + (part / factor);
                int column = (token % (side / factor) * factor) + (part % factor);
                x.Slice(((row * side) + column) * width, width).CopyTo(y.AsSpan(at));
                at += width;
            }

        return y;
    }
}
