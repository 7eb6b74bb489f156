namespace NpcMind.Reference;

/// <summary>p_i = exp(scale x_i - max) / sum, in double.</summary>
internal static class Softmax
{
    /// <param name="x">[n]; entries may be negative infinity, not all of them.</param>
    /// <param name="scale">Factor on x before the exponential.</param>
    /// <returns>[n], sums to 1.</returns>
    public static double[] Run(ReadOnlySpan<float> x, double scale = 1)
    {
        double[] p = new double[x.Length];
        for (int i = 0; i < p.Length; i++) p[i] = x[i] * scale;
        InPlace(p);
        return p;
    }

    internal static void InPlace(Span<double> x)
    {
        double max = double.NegativeInfinity, sum = 0;
        foreach (double value in x) max = Math.Max(max, value);
        for (int i = 0; i < x.Length; i++) sum += x[i] = Math.Exp(x[i] - max);
        for (int i = 0; i < x.Length; i++) x[i] /= sum;
    }
}
