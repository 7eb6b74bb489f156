using System.Buffers.Binary;
using System.Numerics;

namespace NpcMind.Reference;

/// <summary>
/// Formats whose codes are indices into a codebook: IQ2 and IQ3 (entries of positive bytes, a sign for each weight) and IQ1 (entries of -1,
/// 0 and 1, shifted by 1/8). The entries are those of src/NpcMind.Inference/Model/codebooks.bin; the golden blocks hold both against ggml.
/// </summary>
internal static class DequantizeCodebooks
{
    private static readonly byte[] Entries = ReadEntries();

    /// <summary>66 bytes: f16 d, then for each 32 weights 4 indices and a word of 4 times 7 signs and a scale of 4 bits.</summary>
    public static void Iq2Xxs(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int octet = 0; octet < 32; octet++)
        {
            ReadOnlySpan<byte> sub = block.Slice(2 + (8 * (octet / 4)), 8);
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(sub[4..]);
            float scale = Dequantize.HalfAt(block, 0) * (0.5f + (word >> 28)) * 0.25f;
            Signed(Entry(0, sub[octet % 4], 8), EvenSigns(word >> (7 * (octet % 4))), scale, y[(8 * octet)..]);
        }
    }

    /// <summary>74 bytes: f16 d, 32 times 9 bits of index and 7 of signs, 16 scales of 4 bits.</summary>
    public static void Iq2Xs(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int octet = 0; octet < 32; octet++)
        {
            uint both = BinaryPrimitives.ReadUInt16LittleEndian(block[(2 + (2 * octet))..]);
            float scale = Dequantize.HalfAt(block, 0) * (0.5f + Nibble(block[66..], octet / 2)) * 0.25f;
            Signed(Entry(2048, (int)(both & 511), 8), EvenSigns(both >> 9), scale, y[(8 * octet)..]);
        }
    }

    /// <summary>82 bytes: f16 d, lower index bits[32], signs[32], upper index bits[8], 16 scales of 4 bits.</summary>
    public static void Iq2S(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int octet = 0; octet < 32; octet++)
        {
            int index = block[2 + octet] | (((block[66 + (octet / 4)] >> (2 * (octet % 4))) & 3) << 8);
            float scale = Dequantize.HalfAt(block, 0) * (0.5f + Nibble(block[74..], octet / 2)) * 0.25f;
            Signed(Entry(6144, index, 8), block[34 + octet], scale, y[(8 * octet)..]);
        }
    }

    /// <summary>
    /// 98 bytes: f16 d, 64 indices of 4 weights, then for each 32 weights a word of 4 times 7 signs and a scale of 4 bits.
    /// </summary>
    public static void Iq3Xxs(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int four = 0; four < 64; four++)
        {
            uint word = BinaryPrimitives.ReadUInt32LittleEndian(block[(66 + (4 * (four / 8)))..]);
            float scale = Dequantize.HalfAt(block, 0) * (0.5f + (word >> 28)) * 0.5f;
            uint signs = EvenSigns(word >> (7 * (four / 2 % 4)));
            Signed(Entry(14336, block[2 + four], 4), signs >> (4 * (four % 2)), scale, y[(4 * four)..]);
        }
    }

    /// <summary>110 bytes: f16 d, lower index bits[64], upper ones[8], signs[32], 8 scales of 4 bits.</summary>
    public static void Iq3S(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int four = 0; four < 64; four++)
        {
            int index = block[2 + four] | (((block[66 + (four / 8)] >> (four % 8)) & 1) << 8);
            float scale = Dequantize.HalfAt(block, 0) * (1 + (2 * Nibble(block[106..], four / 8)));
            Signed(Entry(15360, index, 4), (uint)block[74 + (four / 2)] >> (4 * (four % 2)), scale, y[(4 * four)..]);
        }
    }

    /// <summary>
    /// 50 bytes: f16 d, lower index bits[32], then for each 32 weights 4 times 3 upper bits, a scale of 3 bits and the sign of the shift.
    /// </summary>
    public static void Iq1S(ReadOnlySpan<byte> block, Span<float> y)
    {
        for (int octet = 0; octet < 32; octet++)
        {
            int upper = BinaryPrimitives.ReadUInt16LittleEndian(block[(34 + (2 * (octet / 4)))..]);
            float scale = Dequantize.HalfAt(block, 0) * ((2 * ((upper >> 12) & 7)) + 1);
            Shifted(block[2 + octet] | (((upper >> (3 * (octet % 4))) & 7) << 8), upper >= 0x8000, scale, y[(8 * octet)..]);
        }
    }

    /// <summary>
    /// 56 bytes: lower index bits[32], 32 times 3 upper bits and the sign of the shift, 4 times 4 scales of 3 bits with 4 bits of f16 d.
    /// </summary>
    public static void Iq1M(ReadOnlySpan<byte> block, Span<float> y)
    {
        ushort bits = 0;
        for (int i = 0; i < 4; i++) bits |= (ushort)((block[49 + (2 * i)] >> 4) << (4 * i));
        float d = (float)BitConverter.UInt16BitsToHalf(bits);
        for (int octet = 0; octet < 32; octet++)
        {
            int upper = Nibble(block[32..], octet), scales = BinaryPrimitives.ReadUInt16LittleEndian(block[(48 + (2 * (octet / 8)))..]);
            float scale = d * ((2 * ((scales >> (3 * (octet / 2 % 4))) & 7)) + 1);
            Shifted(block[octet] | ((upper & 7) << 8), upper >= 8, scale, y[(8 * octet)..]);
        }
    }

    private static ReadOnlySpan<byte> Entry(int codebook, int index, int weights) => Entries.AsSpan(codebook + (index * weights), weights);

    private static void Signed(ReadOnlySpan<byte> entry, uint signs, float scale, Span<float> y)
    {
        for (int j = 0; j < entry.Length; j++) y[j] = scale * entry[j] * (((signs >> j) & 1) != 0 ? -1f : 1f);
    }

    private static void Shifted(int index, bool negative, float scale, Span<float> y)
    {
        ReadOnlySpan<byte> entry = Entry(17408, index, 8);
        for (int j = 0; j < 8; j++) y[j] = scale * ((sbyte)entry[j] + (negative ? -0.125f : 0.125f));
    }

    private static uint EvenSigns(uint word) => (word & 127) | (uint)((BitOperations.PopCount(word & 127) & 1) << 7);

    private static int Nibble(ReadOnlySpan<byte> bytes, int i) => (bytes[i / 2] >> (4 * (i % 2))) & 15;

    private static byte[] ReadEntries()
    {
        using Stream stream = typeof(DequantizeCodebooks).Assembly.GetManifestResourceStream("codebooks.bin")!;
        byte[] bytes = new byte[stream.Length];
        stream.ReadExactly(bytes);
        return bytes;
    }
}
