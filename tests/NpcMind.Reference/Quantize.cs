using System.Buffers.Binary;
using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Binary32 to stored weights by rounding to nearest, without searching for better scales: for test models, whose truth is what
/// <see cref="Dequantize"/> makes of the result.
/// </summary>
internal static class Quantize
{
    /// <summary>Packs whole blocks; <paramref name="weights"/> must be a whole number of them.</summary>
    public static byte[] Rows(TensorType type, ReadOnlySpan<float> weights)
    {
        BlockLayout layout = TensorTypes.Layout(type) ?? throw new ArgumentOutOfRangeException(nameof(type), type, "No storage type.");
        int count = weights.Length / layout.Elements;
        if (count * layout.Elements != weights.Length)
            throw new ArgumentException($"{weights.Length} weights are not whole {type} blocks of {layout.Elements}.", nameof(weights));
        byte[] blocks = new byte[count * layout.Bytes];
        for (int i = 0; i < count; i++)
            Block(type, weights.Slice(i * layout.Elements, layout.Elements), blocks.AsSpan(i * layout.Bytes, layout.Bytes));
        return blocks;
    }

    private static void Block(TensorType type, ReadOnlySpan<float> x, Span<byte> block)
    {
        switch (type)
        {
            case TensorType.F32: BinaryPrimitives.WriteSingleLittleEndian(block, x[0]); break;
            case TensorType.F16: BinaryPrimitives.WriteHalfLittleEndian(block, (Half)x[0]); break;
            case TensorType.BF16: BinaryPrimitives.WriteUInt16LittleEndian(block, Bfloat16(x[0])); break;
            case TensorType.Q4_0: Signed(x, block, 4); break;
            case TensorType.Q5_0: Signed(x, block, 5); break;
            case TensorType.Q4_1: WithMinimum(x, block, 4); break;
            case TensorType.Q5_1: WithMinimum(x, block, 5); break;
            case TensorType.Q8_0: Q8_0(x, block); break;
            case TensorType.Q4_K: QuantizeKQuants.WithMinima(x, block, 4); break;
            case TensorType.Q5_K: QuantizeKQuants.WithMinima(x, block, 5); break;
            case TensorType.Q6_K: QuantizeKQuants.Q6_K(x, block); break;
            case TensorType.Q2_K: QuantizeLowBits.Q2_K(x, block); break;
            case TensorType.Q3_K: QuantizeLowBits.Q3_K(x, block); break;
            case TensorType.IQ4_NL: QuantizeLowBits.Iq4Nl(x, block); break;
            case TensorType.IQ4_XS: QuantizeLowBits.Iq4Xs(x, block); break;
            case TensorType.MXFP4: QuantizeLowBits.Mxfp4(x, block); break;
            case TensorType.TQ1_0: QuantizeLowBits.Tq1(x, block); break;
            case TensorType.TQ2_0: QuantizeLowBits.Tq2(x, block); break;
            case TensorType.IQ2_XXS or TensorType.IQ2_XS or TensorType.IQ2_S or TensorType.IQ3_XXS or TensorType.IQ3_S or TensorType.IQ1_S
                or TensorType.IQ1_M:
                RandomCodes(type, x, block);
                break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type this reference knows.");
        }
    }

    /// <summary>Writes <paramref name="value"/> as binary16 and gives back what a reader will see.</summary>
    internal static float PutHalf(Span<byte> to, float value)
    {
        BinaryPrimitives.WriteHalfLittleEndian(to, (Half)value);
        return (float)(Half)value;
    }

    /// <summary>The code in 0..largest nearest to <paramref name="x"/> / <paramref name="scale"/>; 0 for a scale of 0.</summary>
    internal static int Code(float x, float scale, int largest) => scale == 0 ? 0 : (int)Math.Clamp(MathF.Round(x / scale), 0, largest);

    /// <summary>The weight of largest magnitude, with its sign.</summary>
    internal static float Extreme(ReadOnlySpan<float> x)
    {
        float extreme = 0;
        foreach (float value in x)
            if (MathF.Abs(value) > MathF.Abs(extreme)) extreme = value;
        return extreme;
    }

    /// <summary>
    /// Codebook formats: codes drawn from the bits of the weights, and a scale that keeps them in the weights' range. Nothing near the
    /// weights: a model of its own.
    /// </summary>
    private static void RandomCodes(TensorType type, ReadOnlySpan<float> x, Span<byte> block)
    {
        TinyRandom random = new(BitConverter.SingleToInt32Bits(x[0]) ^ BitConverter.SingleToInt32Bits(x[^1]));
        foreach (ref byte b in block) b = (byte)random.Next();
        // The largest weights of d = 1: entry times largest scale.
        float largest = type switch
        {
            TensorType.IQ2_XXS or TensorType.IQ2_XS or TensorType.IQ2_S => 43 * 15.5f / 4,
            TensorType.IQ3_XXS => 62 * 15.5f / 2,
            TensorType.IQ3_S => 15 * 31,
            _ => 1.125f * 15,
        };
        Half d = (Half)(MathF.Abs(Extreme(x)) / largest);
        if (type != TensorType.IQ1_M) BinaryPrimitives.WriteHalfLittleEndian(block, d);
        else for (int i = 0; i < 4; i++)
            block[49 + (2 * i)] = (byte)((block[49 + (2 * i)] & 15) | (((BitConverter.HalfToUInt16Bits(d) >> (4 * i)) & 15) << 4));
    }

    private static ushort Bfloat16(float value)
    {
        uint bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16); // nearest, ties to even; finite values only
    }

    /// <summary>Q4_0, Q5_0: the extreme weight gets the lowest code, so the scale has the opposite sign of it.</summary>
    private static void Signed(ReadOnlySpan<float> x, Span<byte> block, int bits)
    {
        int middle = 1 << (bits - 1);
        float d = PutHalf(block, Extreme(x) / -middle);
        Span<int> codes = stackalloc int[32];
        for (int i = 0; i < 32; i++) codes[i] = d == 0 ? middle : Code(x[i] + (middle * d), d, (2 * middle) - 1);
        Pack(codes, block[2..], bits);
    }

    /// <summary>Q4_1, Q5_1.</summary>
    private static void WithMinimum(ReadOnlySpan<float> x, Span<byte> block, int bits)
    {
        int largest = (1 << bits) - 1;
        float min = float.PositiveInfinity, max = float.NegativeInfinity;
        foreach (float value in x) (min, max) = (MathF.Min(min, value), MathF.Max(max, value));
        float d = PutHalf(block, (max - min) / largest);
        float m = PutHalf(block[2..], min);
        Span<int> codes = stackalloc int[32];
        for (int i = 0; i < 32; i++) codes[i] = Code(x[i] - m, d, largest);
        Pack(codes, block[4..], bits);
    }

    private static void Q8_0(ReadOnlySpan<float> x, Span<byte> block)
    {
        float d = PutHalf(block, MathF.Abs(Extreme(x)) / 127);
        for (int i = 0; i < 32; i++) block[2 + i] = (byte)(sbyte)(d == 0 ? 0 : Math.Clamp(MathF.Round(x[i] / d), -127, 127));
    }

    /// <summary>With 5 bits, first a u32 of the fifth bits; then weights j and j + 16 in byte j.</summary>
    private static void Pack(ReadOnlySpan<int> codes, Span<byte> to, int bits)
    {
        if (bits == 5)
        {
            uint fifth = 0;
            for (int i = 0; i < 32; i++) fifth |= (uint)(codes[i] >> 4) << i;
            BinaryPrimitives.WriteUInt32LittleEndian(to, fifth);
            to = to[4..];
        }

        for (int j = 0; j < 16; j++) to[j] = (byte)((codes[j] & 15) | ((codes[j + 16] & 15) << 4));
    }
}
