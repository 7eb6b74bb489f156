namespace NpcMind.Reference;

/// <summary>Keys and values in signed bytes: 32 elements share the scale d = largest magnitude / 127, codes are x / d rounded to nearest.</summary>
internal static class QuantizeKv
{
    /// <summary>Elements that share a scale.</summary>
    public const int BlockElements = 32;

    /// <param name="x">Whole blocks.</param>
    public static (sbyte[] Codes, float[] Scales) Q8_0(ReadOnlySpan<float> x)
    {
        sbyte[] codes = new sbyte[x.Length];
        float[] scales = new float[x.Length / BlockElements];
        for (int block = 0; block < scales.Length; block++)
        {
            float largest = 0;
            foreach (float v in x.Slice(block * BlockElements, BlockElements)) largest = MathF.Max(largest, MathF.Abs(v));
            float d = scales[block] = largest < 1e-35f ? 0 : largest * (1 / 127f);
            for (int i = block * BlockElements; i < (block + 1) * BlockElements; i++) codes[i] = (sbyte)MathF.Round(x[i] * (d == 0 ? 0 : 1 / d));
        }

        return (codes, scales);
    }

    /// <summary>What a reader of the quantised values sees.</summary>
    public static float[] RoundTrip(ReadOnlySpan<float> x)
    {
        (sbyte[] codes, float[] scales) = Q8_0(x);
        return [.. codes.Select((q, i) => q * scales[i / BlockElements])];
    }
}
