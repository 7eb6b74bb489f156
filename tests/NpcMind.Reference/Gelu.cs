namespace NpcMind.Reference;

/// <summary>The forms of GELU (Hendrycks and Gimpel 2016).</summary>
public static class Gelu
{
    /// <summary>x * Phi(x), Phi being the normal distribution.</summary>
    public static double Exact(double x) => 0.5 * x * (1 + Erf(x / Math.Sqrt(2)));

    /// <summary>The approximation by a hyperbolic tangent.</summary>
    public static double Tanh(double x) => 0.5 * x * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));

    /// <summary>x * sigmoid(1.702 x).</summary>
    public static double Quick(double x) => x / (1 + Math.Exp(-1.702 * x));

    /// <summary>The error function by its power series: enough up to 6, where it is 1 in double.</summary>
    public static double Erf(double x)
    {
        if (Math.Abs(x) > 6) return Math.Sign(x);
        // All terms of e^(-x^2) * sum of 2^n x^(2n+1) / (1 * 3 * ... * (2n+1)) have one sign, so nothing cancels.
        double term = x, sum = x;
        for (int n = 1; Math.Abs(term) > 1e-17 * Math.Abs(sum); n++)
        {
            term *= 2 * x * x / (2 * n + 1);
            sum += term;
        }

        return 2 / Math.Sqrt(Math.PI) * Math.Exp(-x * x) * sum;
    }
}
