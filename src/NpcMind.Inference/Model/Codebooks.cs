using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The tables that IQ2, IQ3 and IQ1 codes point into: ggml's grids, one signed byte a weight. Their numbers belong to the format and follow
/// no rule; <c>codebooks.bin</c> holds what ggml's own dequantisation gives for every index (tests/golden/dequant/README.md).
/// </summary>
internal static class Codebooks
{
    private static readonly (TensorType Type, int Entries, int Weights)[] InFile =
    [
        (TensorType.IQ2_XXS, 256, 8), (TensorType.IQ2_XS, 512, 8), (TensorType.IQ2_S, 1024, 8),
        (TensorType.IQ3_XXS, 256, 4), (TensorType.IQ3_S, 512, 4), (TensorType.IQ1_S, 2048, 8),
    ];

    /// <summary>The codebook of a type, [entries, weights of an entry] signed bytes; empty for a type without one.</summary>
    public static byte[] For(TensorType type)
    {
        if (type == TensorType.IQ1_M) type = TensorType.IQ1_S;
        int offset = 0;
        foreach ((TensorType owner, int entries, int weights) in InFile)
        {
            if (owner == type) return Read(offset, entries * weights);
            offset += entries * weights;
        }

        return [];
    }

    /// <summary>How kernels fetch entries of a type's codebook.</summary>
    public static TexelFormat Format(TensorType type) =>
        type is TensorType.IQ3_XXS or TensorType.IQ3_S ? TexelFormat.UInt1 : TexelFormat.UInt2;

    private static byte[] Read(int offset, int length)
    {
        using Stream stream = typeof(Codebooks).Assembly.GetManifestResourceStream("codebooks.bin")!;
        byte[] bytes = new byte[length];
        stream.Position = offset;
        stream.ReadExactly(bytes);
        return bytes;
    }
}
