namespace NpcMind.Reference;

/// <summary>The inverse of <see cref="DequantizeKQuants"/>, rounding to nearest at both levels.</summary>
internal static class QuantizeKQuants
{
    /// <summary>
    /// Q4_K and Q5_K: per sub-block of 32 a scale and a minimum (stored as a number that is subtracted, so never negative).
    /// </summary>
    public static void WithMinima(ReadOnlySpan<float> x, Span<byte> block, int bits)
    {
        int largest = (1 << bits) - 1;
        Span<float> scales = stackalloc float[8];
        Span<float> minima = stackalloc float[8];
        for (int sub = 0; sub < 8; sub++)
        {
            float min = 0, max = float.NegativeInfinity;
            foreach (float value in x.Slice(32 * sub, 32)) (min, max) = (MathF.Min(min, value), MathF.Max(max, value));
            scales[sub] = MathF.Max(0, max - min) / largest;
            minima[sub] = -min;
        }

        float d = Quantize.PutHalf(block, Quantize.Extreme(scales) / 63);
        float dmin = Quantize.PutHalf(block[2..], Quantize.Extreme(minima) / 63);
        Span<byte> codes = block[(bits == 5 ? 48 : 16)..];
        for (int sub = 0; sub < 8; sub++)
        {
            int scale = Quantize.Code(scales[sub], d, 63);
            int min = Quantize.Code(minima[sub], dmin, 63);
            PutSubBlock(block.Slice(4, 12), sub, scale, min);
            for (int l = 0; l < 32; l++)
            {
                int code = Quantize.Code(x[(32 * sub) + l] + (dmin * min), d * scale, largest);
                codes[(32 * (sub / 2)) + l] |= (byte)((code & 15) << (4 * (sub % 2)));
                if (bits == 5) block[16 + l] |= (byte)((code >> 4) << sub);
            }
        }
    }

    /// <summary>Per sub-block of 16 a signed scale, the extreme weight of which gets the lowest code.</summary>
    public static void Q6_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[16];
        for (int sub = 0; sub < 16; sub++) scales[sub] = Quantize.Extreme(x.Slice(16 * sub, 16)) / -32;
        float d = Quantize.PutHalf(block[208..], MathF.Abs(Quantize.Extreme(scales)) / 127);
        for (int e = 0; e < 256; e++)
        {
            int scale = d == 0 ? 0 : (int)Math.Clamp(MathF.Round(scales[e / 16] / d), -127, 127);
            block[192 + (e / 16)] = (byte)(sbyte)scale;
            int code = scale == 0 ? 32 : Quantize.Code(x[e] + (32 * (d * scale)), d * scale, 63);
            int half = e / 128, run = e % 128 / 32, l = e % 32;
            block[(64 * half) + (32 * (run & 1)) + l] |= (byte)((code & 15) << (run >= 2 ? 4 : 0));
            block[128 + (32 * half) + l] |= (byte)((code >> 4) << (2 * run));
        }
    }

    private static void PutSubBlock(Span<byte> s, int sub, int scale, int min)
    {
        if (sub < 4)
        {
            s[sub] |= (byte)scale;
            s[sub + 4] |= (byte)min;
            return;
        }

        s[sub + 4] = (byte)((scale & 15) | ((min & 15) << 4));
        s[sub - 4] |= (byte)((scale >> 4) << 6);
        s[sub] |= (byte)((min >> 4) << 6);
    }
}
