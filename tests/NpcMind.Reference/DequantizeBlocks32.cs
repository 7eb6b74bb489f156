using System.Buffers.Binary;

namespace NpcMind.Reference;

/// <summary>Blocks of 32 weights. The 4-bit codes of weights j and j + 16 share byte j: low half and high half.</summary>
internal static class DequantizeBlocks32
{
    private const int Half = 16;

    /// <summary>18 bytes: f16 d, codes[16]. y = (code - 8) d.</summary>
    public static void Q4_0(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 0);
        for (int j = 0; j < Half; j++)
        {
            y[j] = (Low(block[2 + j]) - 8) * d;
            y[j + Half] = (High(block[2 + j]) - 8) * d;
        }
    }

    /// <summary>20 bytes: f16 d, f16 m, codes[16]. y = code d + m.</summary>
    public static void Q4_1(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 0);
        float m = Dequantize.HalfAt(block, 2);
        for (int j = 0; j < Half; j++)
        {
            y[j] = (Low(block[4 + j]) * d) + m;
            y[j + Half] = (High(block[4 + j]) * d) + m;
        }
    }

    /// <summary>22 bytes: f16 d, u32 fifth bits (bit j of weight j), codes[16]. y = (code - 16) d.</summary>
    public static void Q5_0(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 0);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[2..]);
        for (int j = 0; j < Half; j++)
        {
            y[j] = ((Low(block[6 + j]) | Fifth(fifth, j)) - 16) * d;
            y[j + Half] = ((High(block[6 + j]) | Fifth(fifth, j + Half)) - 16) * d;
        }
    }

    /// <summary>24 bytes: f16 d, f16 m, u32 fifth bits, codes[16]. y = code d + m.</summary>
    public static void Q5_1(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 0);
        float m = Dequantize.HalfAt(block, 2);
        uint fifth = BinaryPrimitives.ReadUInt32LittleEndian(block[4..]);
        for (int j = 0; j < Half; j++)
        {
            y[j] = ((Low(block[8 + j]) | Fifth(fifth, j)) * d) + m;
            y[j + Half] = ((High(block[8 + j]) | Fifth(fifth, j + Half)) * d) + m;
        }
    }

    /// <summary>34 bytes: f16 d, i8 codes[32]. y = code d.</summary>
    public static void Q8_0(ReadOnlySpan<byte> block, Span<float> y)
    {
        float d = Dequantize.HalfAt(block, 0);
        for (int j = 0; j < 32; j++) y[j] = (sbyte)block[2 + j] * d;
    }

    private static int Low(byte pair) => pair & 15;

    private static int High(byte pair) => pair >> 4;

    private static int Fifth(uint bits, int j) => (int)((bits >> j) & 1) << 4;
}
