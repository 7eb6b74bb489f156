namespace NpcMind.Reference;

/// <summary>
/// YaRN (Peng et al. 2023): dimensions that turn fast keep their angle, slow ones are divided by the factor, a ramp between.
/// </summary>
/// <param name="OriginalContext">Context length of the training before the stretch.</param>
/// <param name="ExtensionFactor">Weight of the unstretched angle; 1 normally.</param>
/// <param name="Magnitude">Factor on sine and cosine, normally 1 + 0.1 ln(factor).</param>
/// <param name="BetaFast">Turns over the original context from which a pair counts as fast.</param>
/// <param name="BetaSlow">Turns over the original context up to which a pair counts as slow.</param>
internal sealed record Yarn(double OriginalContext, double ExtensionFactor, double Magnitude, double BetaFast = 32, double BetaSlow = 1);

/// <summary>What defines the rotation of a model.</summary>
/// <param name="Dimensions">Rotated dimensions of a head, even; the rest passes through.</param>
/// <param name="Base">Base of the geometric series of frequencies.</param>
/// <param name="Neox">False: pairs (2k, 2k + 1), as in GGUF files of architecture llama. True: pairs (k, k + Dimensions / 2).</param>
/// <param name="FrequencyScale">Linear scaling: 1 / factor.</param>
/// <param name="FrequencyFactors">[Dimensions / 2] divisors of the angle (tensor rope_freqs), or null.</param>
/// <param name="Yarn">YaRN settings, or null.</param>
internal sealed record RopeSettings(int Dimensions, double Base = 10000, bool Neox = false, double FrequencyScale = 1,
    float[]? FrequencyFactors = null, Yarn? Yarn = null);

/// <summary>
/// Rotary position embedding (Su et al. 2021): pair k turns by position * base^(-2k / Dimensions) * FrequencyScale / factor_k.
/// </summary>
internal static class Rope
{
    /// <summary>Rotates in place.</summary>
    /// <param name="x">[n, heads, headDim]; row i stands at firstPosition + i.</param>
    /// <param name="heads">Heads of one row.</param>
    /// <param name="headDim">Width of a head, at least the rotated dimensions.</param>
    /// <param name="firstPosition">Position of row 0.</param>
    /// <param name="settings">The rotation.</param>
    public static void Run(Span<float> x, int heads, int headDim, int firstPosition, RopeSettings settings)
    {
        int pairs = settings.Dimensions / 2;
        for (int row = 0; row < x.Length / headDim; row++)
        {
            Span<float> head = x.Slice(row * headDim, headDim);
            for (int k = 0; k < pairs; k++)
            {
                (double cosine, double sine) = Turn(firstPosition + (row / heads), k, settings);
                int first = settings.Neox ? k : 2 * k;
                int second = settings.Neox ? k + pairs : (2 * k) + 1;
                (double a, double b) = (head[first], head[second]);
                head[first] = (float)((a * cosine) - (b * sine));
                head[second] = (float)((a * sine) + (b * cosine));
            }
        }
    }

    /// <summary>Cosine and sine for pair <paramref name="k"/> at <paramref name="position"/>, times the YaRN magnitude.</summary>
    public static (double Cosine, double Sine) Turn(int position, int k, RopeSettings settings)
    {
        double angle = position * Math.Pow(settings.Base, -2.0 * k / settings.Dimensions) / (settings.FrequencyFactors?[k] ?? 1f);
        double stretched = angle * settings.FrequencyScale;
        if (settings.Yarn is not { } yarn) return (Math.Cos(stretched), Math.Sin(stretched));

        double low = Math.Max(0, Math.Floor(TurningDimension(yarn.BetaFast, yarn.OriginalContext, settings)));
        double high = Math.Min(settings.Dimensions - 1, Math.Ceiling(TurningDimension(yarn.BetaSlow, yarn.OriginalContext, settings)));
        double ramp = Math.Clamp((k - low) / Math.Max(0.001, high - low), 0, 1);
        double keep = (1 - ramp) * yarn.ExtensionFactor;
        double mixed = (stretched * (1 - keep)) + (angle * keep);
        return (Math.Cos(mixed) * yarn.Magnitude, Math.Sin(mixed) * yarn.Magnitude);
    }

    /// <summary>The (fractional) pair that makes <paramref name="turns"/> turns over the original context.</summary>
    private static double TurningDimension(double turns, double context, RopeSettings settings) =>
        settings.Dimensions * Math.Log(context / (turns * 2 * Math.PI)) / (2 * Math.Log(settings.Base));
}
