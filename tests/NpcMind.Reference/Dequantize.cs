using System.Buffers.Binary;
using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Stored weights to binary32, bit for bit as ggml does it: every product and sum rounds to binary32 in ggml's order, nothing is fused
/// (docs of the block layouts: <see cref="TensorType"/>). The GPU's dequantisation is tested against this.
/// </summary>
internal static class Dequantize
{
    /// <summary>Types <see cref="Rows"/> knows: the ones NpcMind runs.</summary>
    public static IReadOnlyList<TensorType> Supported { get; } =
    [
        TensorType.F32, TensorType.F16, TensorType.BF16, TensorType.Q4_0, TensorType.Q4_1, TensorType.Q5_0, TensorType.Q5_1,
        TensorType.Q8_0,
        TensorType.Q4_K, TensorType.Q5_K, TensorType.Q6_K, TensorType.Q2_K, TensorType.Q3_K,
        TensorType.IQ4_NL, TensorType.IQ4_XS, TensorType.MXFP4, TensorType.TQ1_0, TensorType.TQ2_0,
        TensorType.IQ2_XXS, TensorType.IQ2_XS, TensorType.IQ2_S, TensorType.IQ3_XXS, TensorType.IQ3_S, TensorType.IQ1_S, TensorType.IQ1_M,
    ];

    /// <summary>Expands whole blocks.</summary>
    /// <param name="type">One of <see cref="Supported"/>.</param>
    /// <param name="blocks">Blocks back to back, as in the file.</param>
    /// <param name="output">One value per weight: blocks * elements per block.</param>
    public static void Rows(TensorType type, ReadOnlySpan<byte> blocks, Span<float> output)
    {
        BlockLayout layout = TensorTypes.Layout(type) ?? throw new ArgumentOutOfRangeException(nameof(type), type, "No storage type.");
        int count = blocks.Length / layout.Bytes;
        if (count * layout.Bytes != blocks.Length || count * layout.Elements != output.Length)
            throw new ArgumentException($"{blocks.Length} bytes of {type} are not {output.Length} weights.", nameof(output));
        for (int i = 0; i < count; i++)
            Block(type, blocks.Slice(i * layout.Bytes, layout.Bytes), output.Slice(i * layout.Elements, layout.Elements));
    }

    /// <summary>All weights of a tensor, row after row.</summary>
    public static float[] Tensor(GgufFile file, GgufTensor tensor)
    {
        byte[] bytes = new byte[tensor.ByteLength];
        file.Read(tensor, 0, bytes);
        float[] weights = new float[tensor.Elements];
        Rows(tensor.Type, bytes, weights);
        return weights;
    }

    private static void Block(TensorType type, ReadOnlySpan<byte> block, Span<float> y)
    {
        switch (type)
        {
            case TensorType.F32: y[0] = BinaryPrimitives.ReadSingleLittleEndian(block); break;
            case TensorType.F16: y[0] = HalfAt(block, 0); break;
            case TensorType.BF16: y[0] = BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(block) << 16); break;
            case TensorType.Q4_0: DequantizeBlocks32.Q4_0(block, y); break;
            case TensorType.Q4_1: DequantizeBlocks32.Q4_1(block, y); break;
            case TensorType.Q5_0: DequantizeBlocks32.Q5_0(block, y); break;
            case TensorType.Q5_1: DequantizeBlocks32.Q5_1(block, y); break;
            case TensorType.Q8_0: DequantizeBlocks32.Q8_0(block, y); break;
            case TensorType.Q4_K: DequantizeKQuants.Q4_K(block, y); break;
            case TensorType.Q5_K: DequantizeKQuants.Q5_K(block, y); break;
            case TensorType.Q6_K: DequantizeKQuants.Q6_K(block, y); break;
            case TensorType.Q2_K: DequantizeLowBits.Q2_K(block, y); break;
            case TensorType.Q3_K: DequantizeLowBits.Q3_K(block, y); break;
            case TensorType.IQ4_NL: DequantizeLowBits.Iq4Nl(block, y); break;
            case TensorType.IQ4_XS: DequantizeLowBits.Iq4Xs(block, y); break;
            case TensorType.MXFP4: DequantizeLowBits.Mxfp4(block, y); break;
            case TensorType.TQ1_0: DequantizeLowBits.Tq1(block, y); break;
            case TensorType.TQ2_0: DequantizeLowBits.Tq2(block, y); break;
            case TensorType.IQ2_XXS: DequantizeCodebooks.Iq2Xxs(block, y); break;
            case TensorType.IQ2_XS: DequantizeCodebooks.Iq2Xs(block, y); break;
            case TensorType.IQ2_S: DequantizeCodebooks.Iq2S(block, y); break;
            case TensorType.IQ3_XXS: DequantizeCodebooks.Iq3Xxs(block, y); break;
            case TensorType.IQ3_S: DequantizeCodebooks.Iq3S(block, y); break;
            case TensorType.IQ1_S: DequantizeCodebooks.Iq1S(block, y); break;
            case TensorType.IQ1_M: DequantizeCodebooks.Iq1M(block, y); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type this reference knows.");
        }
    }

    internal static float HalfAt(ReadOnlySpan<byte> block, int offset) => (float)BinaryPrimitives.ReadHalfLittleEndian(block[offset..]);
}
