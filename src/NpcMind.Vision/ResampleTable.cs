namespace NpcMind.Vision;

/// <summary>Kernels of <see cref="ResampleTable"/>.</summary>
public enum ResampleFilter
{
    /// <summary>Triangle, support 1.</summary>
    Bilinear,

    /// <summary>Keys' cubic with a = -0.5, support 2.</summary>
    Bicubic,

    /// <summary>Windowed sinc, support 3.</summary>
    Lanczos,
}

/// <summary>
/// One axis of an antialiased separable resize, byte for byte as Pillow 10 to 12 computes it: half-pixel centres, support widened by the reduction factor, weights
/// normalised in double and rounded to integers. A result is <c>clamp((sum(source[First + i] * weight[i]) + Half) &gt;&gt; Bits, 0, 255)</c>. The
/// horizontal pass comes first and is rounded to bytes, then the vertical one; padding and alpha are no business of the table. Immutable; any thread.
/// </summary>
public sealed class ResampleTable
{
    /// <summary>Fraction bits of a weight. 255 times the largest sum of magnitudes (below 1.5) stays below 2^31: sums fit a 32 bit integer.</summary>
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
    public static ResampleTable Create(int source, int target, ResampleFilter filter) => throw new NotImplementedException();
}
