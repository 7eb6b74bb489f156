namespace NpcMind.Reference;

/// <summary>
/// y = x P(z &lt;= x) for a normal z (Hendrycks and Gimpel 2016), exact and in the usual approximation; they differ by up to 5e-4.
/// </summary>
internal static class Gelu
{
    private const double ErfIsOne = 6; // the rest is below 1e-16

    /// <summary>y = x (1 + erf(x / sqrt 2)) / 2.</summary>
    public static float[] Exact(ReadOnlySpan<float> x) => Run(x, v => (1 + Erf(v / Math.Sqrt(2))) / 2);

    /// <summary>y = x (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))) / 2.</summary>
    public static float[] Tanh(ReadOnlySpan<float> x) =>
        Run(x, v => (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + (0.044715 * v * v * v)))) / 2);

    /// <summary>y = x / (1 + exp(-1.702 x)), a coarser approximation (CLIP).</summary>
    public static float[] Quick(ReadOnlySpan<float> x) => Run(x, v => 1 / (1 + Math.Exp(-1.702 * v)));

    /// <summary>erf(x) = 2 / sqrt(pi) exp(-x^2) sum over n of 2^n x^(2n + 1) / (2n + 1)!!: terms of one sign, so nothing cancels.</summary>
    public static double Erf(double x)
    {
        if (Math.Abs(x) >= ErfIsOne) return Math.Sign(x);
        double term = x, sum = 0;
        for (int n = 0; sum + term != sum; n++)
        {
            sum += term;
            term *= 2 * x * x / ((2 * n) + 3);
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }

    private static float[] Run(ReadOnlySpan<float> x, Func<double, double> share)
    {
        float[] y = new float[x.Length];
        for (int i = 0; i < y.Length; i++) y[i] = (float)(x[i] * share(x[i]));
        return y;
    }
}
