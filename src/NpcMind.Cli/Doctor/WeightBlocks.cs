using System.Buffers.Binary;
using NpcMind.Gguf;

namespace NpcMind.Cli.Doctor;

/// <summary>
/// Values of weight blocks for the scan. The formats of most models are decoded exactly; of codebook formats only the scale is read, which
/// is where numbers that are not finite, and blocks of zeros, show. Layouts: ggml-common.h.
/// </summary>
internal static class WeightBlocks
{
    /// <summary>Whether <see cref="Decode"/> gives the weights themselves, not only the size of their scale.</summary>
    public static bool IsExact(TensorType type) => type is TensorType.F32 or TensorType.F16 or TensorType.BF16 or TensorType.Q4_0
        or TensorType.Q4_1 or TensorType.Q5_0 or TensorType.Q5_1 or TensorType.Q8_0 or TensorType.Q4_K
        or TensorType.Q5_K or TensorType.Q6_K;

    /// <summary>Whether the type holds weights at all. Integer tensors do not.</summary>
    public static bool HasWeights(TensorType type) => type is not (TensorType.I8 or TensorType.I16 or TensorType.I32 or TensorType.I64
        or TensorType.F64 or TensorType.NVFP4);

    /// <summary>Writes the weights of one block to <paramref name="to"/>, or, of a format that is not exact, its scale for each.</summary>
    public static void Decode(TensorType type, ReadOnlySpan<byte> block, Span<float> to)
    {
        switch (type)
        {
            case TensorType.F32: to[0] = BinaryPrimitives.ReadSingleLittleEndian(block); break;
            case TensorType.F16: to[0] = Half(block, 0); break;
            case TensorType.BF16: to[0] = Brain(block); break;
            case TensorType.Q4_0: Nibbles(block[2..], Half(block, 0), -8 * Half(block, 0), default, to); break;
            case TensorType.Q4_1: Nibbles(block[4..], Half(block, 0), Half(block, 2), default, to); break;
            case TensorType.Q5_0: Nibbles(block[6..], Half(block, 0), -16 * Half(block, 0), block[2..6], to); break;
            case TensorType.Q5_1: Nibbles(block[8..], Half(block, 0), Half(block, 2), block[4..8], to); break;
            case TensorType.Q8_0: Bytes(block[2..], Half(block, 0), to); break;
            case TensorType.Q4_K or TensorType.Q5_K: Quarters(block, type == TensorType.Q5_K, to); break;
            case TensorType.Q6_K: Sixths(block, to); break;
            default: to.Fill(Scale(type, block)); break;
        }
    }

    private static float Half(ReadOnlySpan<byte> block, int at) => (float)BinaryPrimitives.ReadHalfLittleEndian(block[at..]);

    private static float Brain(ReadOnlySpan<byte> block) =>
        BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(block) << 16);

    private static void Bytes(ReadOnlySpan<byte> codes, float scale, Span<float> to)
    {
        for (int i = 0; i < to.Length; i++) to[i] = scale * (sbyte)codes[i];
    }

    /// <summary>Low nibbles first, then high ones; a fifth bit from <paramref name="high"/> where there is one.</summary>
    private static void Nibbles(ReadOnlySpan<byte> codes, float scale, float offset, ReadOnlySpan<byte> high, Span<float> to)
    {
        uint bits = high.IsEmpty ? 0 : BinaryPrimitives.ReadUInt32LittleEndian(high);
        for (int i = 0; i < to.Length; i++)
        {
            int code = i < 16 ? codes[i] & 15 : codes[i - 16] >> 4;
            to[i] = scale * (code | (int)(bits >> i & 1) << 4) + offset;
        }
    }

    /// <summary>Q4_K and Q5_K: eight groups of 32, each with a scale and a minimum of six bits.</summary>
    private static void Quarters(ReadOnlySpan<byte> block, bool fifth, Span<float> to)
    {
        float scale = Half(block, 0), minimum = Half(block, 2);
        ReadOnlySpan<byte> packed = block[4..16], high = fifth ? block[16..48] : default, codes = block[(fifth ? 48 : 16)..];
        for (int i = 0; i < to.Length; i++)
        {
            int group = i / 32, at = group / 2 * 32 + i % 32;
            int s = group < 4 ? packed[group] & 63 : packed[group + 4] & 15 | packed[group - 4] >> 6 << 4;
            int m = group < 4 ? packed[group + 4] & 63 : packed[group + 4] >> 4 | packed[group] >> 6 << 4;
            int code = group % 2 == 0 ? codes[at] & 15 : codes[at] >> 4;
            if (fifth) code |= (high[i % 32] >> group & 1) << 4;
            to[i] = scale * s * code - minimum * m;
        }
    }

    /// <summary>Q6_K: sixteen groups of 16, each with a scale of eight bits.</summary>
    private static void Sixths(ReadOnlySpan<byte> block, Span<float> to)
    {
        float scale = Half(block, 208);
        for (int i = 0; i < to.Length; i++)
        {
            int half = i / 128, quarter = i % 128 / 32, lane = i % 32;
            int low = block[half * 64 + quarter % 2 * 32 + lane] >> (quarter / 2 * 4) & 15;
            int high = block[128 + half * 32 + lane] >> (quarter * 2) & 3;
            to[i] = scale * (sbyte)block[192 + i / 16] * ((low | high << 4) - 32);
        }
    }

    /// <summary>The scale of formats that are not decoded; the larger one where there are a scale and a minimum.</summary>
    private static float Scale(TensorType type, ReadOnlySpan<byte> block) => type switch
    {
        TensorType.MXFP4 => block[0] == 255 ? float.NaN : MathF.ScaleB(1, block[0] - 127),
        TensorType.Q2_K => MathF.Abs(Half(block, 80)) + MathF.Abs(Half(block, 82)),
        TensorType.Q3_K => Half(block, 108),
        TensorType.TQ1_0 => Half(block, 52),
        TensorType.TQ2_0 => Half(block, 64),
        TensorType.IQ1_M => (float)BitConverter.UInt16BitsToHalf((ushort)(block[49] >> 4 | block[51] & 0xF0 | (block[53] & 0xF0) << 4
            | (block[55] & 0xF0) << 8)),
        _ => Half(block, 0),
    };
}
