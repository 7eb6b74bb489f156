namespace NpcMind.Reference;

/// <summary>From the rows of a text to one row of length 1.</summary>
internal static class Pool
{
    /// <param name="x">[rows, width].</param>
    /// <param name="width">Elements of a row.</param>
    /// <param name="form">1 mean, 2 first row, 3 last row, as in GGUF files.</param>
    public static float[] Rows(ReadOnlySpan<float> x, int width, int form)
    {
        if (form == 2) return x[..width].ToArray();
        if (form == 3) return x[^width..].ToArray();
        int rows = x.Length / width;
        float[] y = new float[width];
        for (int i = 0; i < width; i++)
        {
            double sum = 0;
            for (int row = 0; row < rows; row++) sum += x[(row * width) + i];
            y[i] = (float)(sum / rows);
        }

        return y;
    }

    /// <summary>x / |x|; zeros stay.</summary>
    public static float[] Normalize(ReadOnlySpan<float> x)
    {
        double squares = 0;
        foreach (float value in x) squares += (double)value * value;
        float[] y = x.ToArray();
        if (squares == 0) return y;
        for (int i = 0; i < y.Length; i++) y[i] = (float)(y[i] / Math.Sqrt(squares));
        return y;
    }
}
