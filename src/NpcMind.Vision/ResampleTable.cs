namespace NpcMind.Vision;

/// <summary>Kernels of <see cref="ResampleTable"/>.</summary>
internal enum ResampleFilter
{
    /// <summary>Triangle, support 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5, support 2.</summary>
    Bicubic,

    /// <summary>Windowed sinc, support 3.</summary>
    Lanczos,
}

/// <summary>
/// One axis of an antialiased separable resize, byte for byte as Pillow 10 to 12 computes it: half-pixel centres, support widened by the
/// reduction factor, weights normalised in double and rounded to integers. A result is <c>clamp((sum(source[First + i] * weight[i]) + Half)
/// &gt;&gt; Bits, 0, 255)</c>. The horizontal pass comes first and is rounded to bytes, then the vertical one; padding and alpha are no
/// business of the table. Immutable; any thread.
/// </summary>
internal sealed class ResampleTable
{
    /// <summary>
    /// Fraction bits of a weight. 255 times the largest sum of magnitudes (below 1.5) stays below 2^31: sums fit a 32 bit integer.
    /// </summary>
    public const int Bits = 22;

    /// <summary>Added before the shift: results are rounded, halves upwards.</summary>
    public const int Half = 1 << (Bits - 1);

    /// <summary>Longest axis a table is made for.</summary>
    public const int MaxSide = 1 << 16;

    private ResampleTable(int source, int target, int taps, int[] first, int[] count, int[] weights)
    {
        (Source, Target, Taps) = (source, target, taps);
        (First, Count, Weights) = (first, count, weights);
    }

    /// <summary>Pixels of the axis before.</summary>
    public int Source { get; }

    /// <summary>Pixels of the axis after.</summary>
    public int Target { get; }

    /// <summary>Weights stored per target pixel; no <see cref="Count"/> is larger.</summary>
    public int Taps { get; }

    /// <summary>[Target] first source pixel of each target pixel; First + Count never exceeds <see cref="Source"/>.</summary>
    public int[] First { get; }

    /// <summary>[Target] source pixels used by each target pixel, at least 1.</summary>
    public int[] Count { get; }

    /// <summary>[Target][Taps] weights with <see cref="Bits"/> fraction bits, zero from Count on.</summary>
    public int[] Weights { get; }

    /// <summary>Makes the table of one axis.</summary>
    /// <param name="source">Pixels before, 1 to <see cref="MaxSide"/>.</param>
    /// <param name="target">Pixels after, 1 to <see cref="MaxSide"/>.</param>
    /// <param name="filter">Kernel.</param>
    /// <returns>A table of about 2 * support * max(source, target) weights.</returns>
    /// <exception cref="ArgumentOutOfRangeException">A size or the filter is out of range.</exception>
    public static ResampleTable Create(int source, int target, ResampleFilter filter)
    {
        CheckSide(source, nameof(source));
        CheckSide(target, nameof(target));
        double scale = (double)source / target, widen = Math.Max(scale, 1), support = Support(filter) * widen;
        int taps = (2 * (int)Math.Ceiling(support)) + 1;
        int[] first = new int[target], count = new int[target], weights = new int[target * taps];
        double[] exact = new double[taps];
        for (int i = 0; i < target; i++)
        {
            double center = (i + 0.5) * scale, sum = 0;
            first[i] = Math.Max((int)(center - support + 0.5), 0);
            count[i] = Math.Min((int)(center + support + 0.5), source) - first[i];
            for (int k = 0; k < count[i]; k++) sum += exact[k] = Kernel(filter, (first[i] + k - center + 0.5) / widen);
            for (int k = 0; k < count[i]; k++)
                weights[(i * taps) + k] = (int)Math.Round(exact[k] / sum * (1 << Bits), MidpointRounding.AwayFromZero);
        }

        return new(source, target, taps, first, count, weights);
    }

    internal static void CheckSide(int pixels, string argument)
    {
        if (pixels is < 1 or > MaxSide) throw new ArgumentOutOfRangeException(argument, pixels, $"A side has 1 to {MaxSide} pixels.");
    }

    private static double Support(ResampleFilter filter) => filter switch
    {
        ResampleFilter.Bilinear => 1,
        ResampleFilter.Bicubic => 2,
        ResampleFilter.Lanczos => 3,
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter, "Not a filter of ResampleFilter."),
    };

    private static double Kernel(ResampleFilter filter, double x)
    {
        x = Math.Abs(x);
        if (x >= Support(filter)) return 0;
        return filter switch
        {
            ResampleFilter.Bilinear => 1 - x,
            ResampleFilter.Lanczos => Sinc(x) * Sinc(x / 3),
            // R. Keys, "Cubic convolution interpolation for digital image processing" (1981), eq. 4 with a = -0.5.
            _ => x < 1 ? (((1.5 * x) - 2.5) * x * x) + 1 : ((((-0.5 * x) + 2.5) * x) - 4) * x + 2,
        };
    }

    private static double Sinc(double x) => x == 0 ? 1 : Math.Sin(Math.PI * x) / (Math.PI * x);
}
