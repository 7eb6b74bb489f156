namespace NpcMind.Reference;

/// <summary>Keys and values in few bits: 32 elements of a head share a scale d, codes are x / d rounded to nearest.</summary>
internal static class QuantizeKv
{
    /// <summary>Elements that share a scale.</summary>
    public const int BlockElements = 32;

    /// <summary>Signed bytes, d = largest magnitude / 127.</summary>
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
            for (int i = block * BlockElements; i < (block + 1) * BlockElements; i++)
                codes[i] = (sbyte)MathF.Round(x[i] * (d == 0 ? 0 : 1 / d));
        }

        return (codes, scales);
    }

    /// <summary>Codes from -8 to 7, d = element of largest magnitude / -8 as binary16; the last block of a head may be shorter.</summary>
    /// <param name="x">Whole heads.</param>
    /// <param name="headDim">Elements of a head.</param>
    public static (sbyte[] Codes, Half[] Scales) Q4(ReadOnlySpan<float> x, int headDim)
    {
        sbyte[] codes = new sbyte[x.Length];
        List<Half> scales = [];
        for (int head = 0; head < x.Length; head += headDim)
            for (int first = 0; first < headDim; first += BlockElements)
            {
                int at = head + first, count = Math.Min(BlockElements, headDim - first);
                float high = 0, largest = 0;
                foreach (float v in x.Slice(at, count)) (high, largest) = (MathF.Max(high, v), MathF.Max(largest, MathF.Abs(v)));
                scales.Add((Half)(largest / (largest > 0 && high == largest ? -8 : 8)));
                float d = (float)scales[^1];
                for (int i = at; i < at + count; i++) codes[i] = (sbyte)Math.Clamp(MathF.Round(x[i] * (d == 0 ? 0 : 1 / d)), -8, 7);
            }

        return (codes, [.. scales]);
    }

    /// <summary>What a reader of the codes of <see cref="Q4"/> sees.</summary>
    public static float[] RoundTripQ4(ReadOnlySpan<float> x, int headDim)
    {
        (sbyte[] codes, Half[] scales) = Q4(x, headDim);
        int perHead = (headDim + BlockElements - 1) / BlockElements;
        return [.. codes.Select((q, i) => q * (float)scales[i / headDim * perHead + i % headDim / BlockElements])];
    }

    /// <summary>What a reader of the quantised values sees.</summary>
    public static float[] RoundTrip(ReadOnlySpan<float> x)
    {
        (sbyte[] codes, float[] scales) = Q8_0(x);
        return [.. codes.Select((q, i) => q * scales[i / BlockElements])];
    }
}
