using System.Buffers.Binary;

namespace NpcMind.Reference;

/// <summary>The inverse of <see cref="DequantizeLowBits"/>, rounding to nearest.</summary>
internal static class QuantizeLowBits
{
    public static void Q2_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[16];
        Span<float> minima = stackalloc float[16];
        for (int sub = 0; sub < 16; sub++)
        {
            float min = 0, max = float.NegativeInfinity;
            foreach (float value in x.Slice(16 * sub, 16)) (min, max) = (MathF.Min(min, value), MathF.Max(max, value));
            (scales[sub], minima[sub]) = (MathF.Max(0, max - min) / 3, -min);
        }

        float d = Quantize.PutHalf(block[80..], Quantize.Extreme(scales) / 15);
        float dmin = Quantize.PutHalf(block[82..], Quantize.Extreme(minima) / 15);
        for (int e = 0; e < 256; e++)
        {
            int scale = Quantize.Code(scales[e / 16], d, 15), min = Quantize.Code(minima[e / 16], dmin, 15);
            block[e / 16] = (byte)(scale | (min << 4));
            PutPair(block[16..], e, Quantize.Code(x[e] + (dmin * min), d * scale, 3));
        }
    }

    public static void Q3_K(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[16];
        for (int sub = 0; sub < 16; sub++) scales[sub] = Quantize.Extreme(x.Slice(16 * sub, 16)) / -4;
        float d = Quantize.PutHalf(block[108..], MathF.Abs(Quantize.Extreme(scales)) / 31);
        for (int sub = 0; sub < 16; sub++)
        {
            int scale = SignedCode(scales[sub], d, 31), stored = scale + 32;
            block[96 + (sub % 8)] |= (byte)((stored & 15) << (sub < 8 ? 0 : 4));
            block[104 + (sub % 4)] |= (byte)((stored >> 4) << (2 * (sub / 4)));
            for (int e = 16 * sub; e < 16 * (sub + 1); e++)
            {
                int code = scale == 0 ? 4 : Quantize.Code(x[e] + (4 * (d * scale)), d * scale, 7);
                PutPair(block[32..], e, code & 3);
                block[e % 32] |= (byte)((code >> 2) << (e / 32));
            }
        }
    }

    public static void Iq4Nl(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = Quantize.PutHalf(block, Quantize.Extreme(x) / -127);
        Table(x, d, DequantizeLowBits.Iq4Values, block[2..]);
    }

    public static void Iq4Xs(ReadOnlySpan<float> x, Span<byte> block)
    {
        Span<float> scales = stackalloc float[8];
        for (int sub = 0; sub < 8; sub++) scales[sub] = Quantize.Extreme(x.Slice(32 * sub, 32)) / -127;
        float d = Quantize.PutHalf(block, MathF.Abs(Quantize.Extreme(scales)) / 31);
        int upper = 0;
        for (int sub = 0; sub < 8; sub++)
        {
            int scale = SignedCode(scales[sub], d, 31), stored = scale + 32;
            block[4 + (sub / 2)] |= (byte)((stored & 15) << (4 * (sub % 2)));
            upper |= (stored >> 4) << (2 * sub);
            Table(x.Slice(32 * sub, 32), d * scale, DequantizeLowBits.Iq4Values, block[(8 + (16 * sub))..]);
        }

        BinaryPrimitives.WriteUInt16LittleEndian(block[2..], (ushort)upper);
    }

    public static void Mxfp4(ReadOnlySpan<float> x, Span<byte> block)
    {
        float largest = MathF.Abs(Quantize.Extreme(x));
        int exponent = largest == 0 ? 0 : Math.Clamp((int)MathF.Ceiling(MathF.Log2(largest / 6)) + 127, 2, 254);
        block[0] = (byte)exponent;
        float scale = largest == 0 ? 0 : BitConverter.UInt32BitsToSingle((uint)(exponent - 1) << 23);
        Table(x, scale, DequantizeLowBits.E2M1Values, block[1..]);
    }

    public static void Tq2(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = Quantize.PutHalf(block[64..], MathF.Abs(Quantize.Extreme(x)));
        for (int e = 0; e < 256; e++) PutPair(block, e, SignedCode(x[e], d, 1) + 1);
    }

    public static void Tq1(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = Quantize.PutHalf(block[52..], MathF.Abs(Quantize.Extreme(x)));
        int at = 0;
        foreach ((int first, int count, int digits) in (ReadOnlySpan<(int, int, int)>)[(0, 32, 5), (32, 16, 5), (48, 4, 4)])
        {
            for (int i = 0; i < count; i++)
            {
                int number = 0;
                for (int digit = 0; digit < 5; digit++)
                    number = (number * 3) + (digit < digits ? SignedCode(x[at + (digit * count) + i], d, 1) + 1 : 0);
                block[first + i] = (byte)(((number * 256) + 242) / 243);
            }

            at += count * digits;
        }
    }

    private static int SignedCode(float x, float scale, int largest) =>
        scale == 0 ? 0 : (int)Math.Clamp(MathF.Round(x / scale), -largest, largest);

    private static void PutPair(Span<byte> pairs, int e, int code) =>
        pairs[(32 * (e / 128)) + (e % 32)] |= (byte)(code << (2 * (e % 128 / 32)));

    private static void Table(ReadOnlySpan<float> x, float scale, sbyte[] values, Span<byte> codes)
    {
        for (int j = 0; j < 16; j++) codes[j] = (byte)(Nearest(x[j], scale, values) | (Nearest(x[j + 16], scale, values) << 4));
    }

    private static int Nearest(float x, float scale, sbyte[] values)
    {
        int best = 0;
        for (int i = 1; i < values.Length; i++)
            if (MathF.Abs(x - (scale * values[i])) < MathF.Abs(x - (scale * values[best]))) best = i;
        return best;
    }
}
