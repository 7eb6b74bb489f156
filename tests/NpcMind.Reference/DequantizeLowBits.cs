using System.Buffers.Binary;

namespace NpcMind.Reference;

/// <summary>
/// Formats of two to four bits beside the first K-quants: 2-bit and 3-bit K-quants, 4-bit codes into a table, ternary weights.
/// </summary>
internal static class DequantizeLowBits
{
    /// <summary>Values of IQ4_NL and IQ4_XS.</summary>
    public static readonly sbyte[] Iq4Values = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

    /// <summary>Values of E2M1, doubled.</summary>
    public static readonly sbyte[] E2M1Values = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12];

    /// <summary>
    /// 84 bytes: 16 bytes of scale (low nibble) and minimum (high nibble) for 16 weights each, bit pairs[64], f16 d, f16 dmin.
    /// </summary>
    public static void Q2_K(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 80), dmin = Dequantize.HalfAt(block, 82);
        for (int e = 0; e < 256; e++)
        {
            byte both = block[e / 16];
            float scale = d * (both & 15), min = dmin * (both >> 4);
            y[e] = (scale * Pair(block[16..], e)) - min;
        }
    }

    /// <summary>
    /// 110 bytes: third bits[32] (bit s of byte l: weight 32 s + l), bit pairs[64], 12 bytes of 6-bit scales, f16 d. y = d (scale - 32)
    /// (code - 4).
    /// </summary>
    public static void Q3_K(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 108);
        ReadOnlySpan<byte> scales = block.Slice(96, 12);
        for (int e = 0; e < 256; e++)
        {
            int sub = e / 16;
            int low = sub < 8 ? scales[sub] & 15 : scales[sub - 8] >> 4;
            int high = (scales[8 + (sub % 4)] >> (2 * (sub / 4))) & 3;
            float scale = d * ((low | (high << 4)) - 32);
            int third = (block[e % 32] >> (e / 32)) & 1;
            y[e] = scale * ((Pair(block[32..], e) | (third << 2)) - 4);
        }
    }

    /// <summary>18 bytes: f16 d, codes[16] as in Q4_0. y = d value(code).</summary>
    public static void Iq4Nl(ReadOnlySpan<byte> block, Span<float> y) => Table(Dequantize.HalfAt(block, 0), Iq4Values, block[2..], y);

    /// <summary>
    /// 136 bytes: f16 d, u16 upper scale bits, 4 bytes of lower scale nibbles, codes[128], 16 bytes for each 32 weights. y = d (scale - 32)
    /// value(code).
    /// </summary>
    public static void Iq4Xs(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 0);
        int upper = BinaryPrimitives.ReadUInt16LittleEndian(block[2..]);
        for (int sub = 0; sub < 8; sub++)
        {
            int scale = ((block[4 + (sub / 2)] >> (4 * (sub % 2))) & 15) | (((upper >> (2 * sub)) & 3) << 4);
            Table(d * (scale - 32), Iq4Values, block[(8 + (16 * sub))..], y[(32 * sub)..]);
        }
    }

    /// <summary>17 bytes: exponent e, codes[16] as in Q4_0. y = 2^(e - 127) E2M1(code).</summary>
    public static void Mxfp4(ReadOnlySpan<byte> block, Span<float> y)
    {
        uint bits = block[0] < 2 ? 0x00200000u << block[0] : (uint)(block[0] - 1) << 23;
        Table(BitConverter.UInt32BitsToSingle(bits), E2M1Values, block[1..], y);
    }

    /// <summary>66 bytes: bit pairs[64], f16 d. y = (code - 1) d.</summary>
    public static void Tq2(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 64);
        for (int e = 0; e < 256; e++) y[e] = (Pair(block, e) - 1) * d;
    }

    /// <summary>
    /// 54 bytes: five ternary digits a byte: [32] and [16] bytes, then four a byte: [4], f16 d. A byte is its number of digits times 256 /
    /// 243, rounded up. y = (digit - 1) d.
    /// </summary>
    public static void Tq1(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 52);
        int at = 0;
        foreach ((int first, int count, int digits) in (ReadOnlySpan<(int, int, int)>)[(0, 32, 5), (32, 16, 5), (48, 4, 4)])
            for (int digit = 0; digit < digits; digit++)
                for (int i = 0; i < count; i++) y[at++] = (Digit(block[first + i], digit) - 1) * d;
    }

    /// <summary>Bit pair of weight <paramref name="e"/>: each 32 bytes hold 128 weights, four runs of 32.</summary>
    private static int Pair(ReadOnlySpan<byte> pairs, int e) => (pairs[(32 * (e / 128)) + (e % 32)] >> (2 * (e % 128 / 32))) & 3;

    private static int Digit(byte packed, int digit)
    {
        byte shifted = packed;
        for (int i = 0; i < digit; i++) shifted = (byte)(shifted * 3);
        return (shifted * 3) >> 8;
    }

    private static void Table(float scale, sbyte[] values, ReadOnlySpan<byte> codes, Span<float> y)
    {
        for (int j = 0; j < 16; j++)
        {
            y[j] = scale * values[codes[j] & 15];
            y[j + 16] = scale * values[codes[j] >> 4];
        }
    }
}
