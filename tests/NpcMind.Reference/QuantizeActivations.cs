namespace NpcMind.Reference;

/// <summary>Activations as integers: each block of 32 is scale * n, and n has a number of bytes (docs/decisions/0028).</summary>
internal static class QuantizeActivations
{
    private const int Block = 32;

    /// <summary>What is left of x.</summary>
    /// <param name="x">Rows of <paramref name="columns"/>; blocks do not reach over their ends.</param>
    /// <param name="columns">Elements of a row.</param>
    /// <param name="bytes">1 or 2.</param>
    public static float[] Run(ReadOnlySpan<float> x, int columns, int bytes)
    {
        float[] result = new float[x.Length];
        float most = bytes == 1 ? 127 : 127 * 256;
        for (int row = 0; row < x.Length; row += columns)
            for (int first = row; first < row + columns; first += Block)
            {
                int end = Math.Min(first + Block, row + columns);
                float largest = 0;
                for (int i = first; i < end; i++) largest = Math.Max(largest, Math.Abs(x[i]));
                if (largest <= 1e-30f) continue;
                float inverse = most / largest, scale = largest / most;
                for (int i = first; i < end; i++) result[i] = scale * MathF.Round(x[i] * inverse, MidpointRounding.ToEven);
            }

        return result;
    }
}
