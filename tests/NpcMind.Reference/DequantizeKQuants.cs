namespace NpcMind.Reference;

/// <summary>
/// Blocks of 256 weights in sub-blocks, whose scales are small integers times a scale of the whole block.
/// In Q4_K and Q5_K a byte holds weights 32 apart (low half: even sub-block, high half: the odd one after it).
/// </summary>
internal static class DequantizeKQuants
{
    /// <summary>144 bytes: f16 d, f16 dmin, 12 bytes of 6-bit scales and minima, codes[128]. y = (d scale) code - (dmin min).</summary>
    public static void Q4_K(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int sub = 0; sub < 8; sub++)
        {
            (float scale, float min) = SubBlock(block, sub);
            for (int l = 0; l < 32; l++)
                y[(32 * sub) + l] = (scale * Code(block[16 + (32 * (sub / 2)) + l], sub)) - min;
        }
    }

    /// <summary>
    /// 176 bytes: f16 d, f16 dmin, 12 bytes of scales and minima, fifth bits[32] (bit s of byte l: sub-block s), codes[128].
    /// </summary>
    public static void Q5_K(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int sub = 0; sub < 8; sub++)
        {
            (float scale, float min) = SubBlock(block, sub);
            for (int l = 0; l < 32; l++)
            {
                int code = Code(block[48 + (32 * (sub / 2)) + l], sub) | (((block[16 + l] >> sub) & 1) << 4);
                y[(32 * sub) + l] = (scale * code) - min;
            }
        }
    }

    /// <summary>
    /// 210 bytes: low 4 bits[128], high 2 bits[64], i8 scales[16] (one for 16 weights), f16 d. y = (d scale) (code - 32).
    /// Each half of 128 weights is four runs of 32: runs 0 and 2 share bytes 0..31 of the low bits, runs 1 and 3 bytes 32..63; all share
    /// the high bytes.
    /// </summary>
    public static void Q6_K(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 208);
        for (int e = 0; e < 256; e++)
        {
            int half = e / 128, run = e % 128 / 32, l = e % 32;
            byte lowPair = block[(64 * half) + (32 * (run & 1)) + l];
            int low = run >= 2 ? lowPair >> 4 : lowPair & 15;
            int high = (block[128 + (32 * half) + l] >> (2 * run)) & 3;
            float scale = d * (sbyte)block[192 + (e / 16)];
            y[e] = scale * ((low | (high << 4)) - 32);
        }
    }

    private static int Code(byte pair, int sub) => sub % 2 == 0 ? pair & 15 : pair >> 4;

    /// <summary>
    /// d * scale and dmin * min of a sub-block. Sub-blocks 4..7 keep their upper two bits in the tops of the bytes of 0..3.
    /// </summary>
    private static (float Scale, float Min) SubBlock(ReadOnlySpan<byte> block, int sub)
    {
        ReadOnlySpan<byte> s = block.Slice(4, 12);
        int scale = sub < 4 ? s[sub] & 63 : (s[sub + 4] & 15) | ((s[sub - 4] >> 6) << 4);
        int min = sub < 4 ? s[sub + 4] & 63 : (s[sub + 4] >> 4) | ((s[sub] >> 6) << 4);
        return (Dequantize.HalfAt(block, 0) * scale, Dequantize.HalfAt(block, 2) * min);
    }
}
