using System.Buffers.Binary;
using System.Runtime.InteropServices;
using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>
/// How weights lie on the device. Rows are taken in groups of 32 and interleaved by texels of 16 bytes, so that neighbouring lanes, which
/// work on neighbouring rows, fetch neighbouring texels: a group holds the codes of all units, <c>[unit][texel][row]</c>, then their
/// scales, <c>[unit][row]</c>. No bit of a weight changes; Q5_0 grows by a tenth, MXFP4 by a seventeenth, IQ2_XS by a twelfth, others by a
/// twenty-fifth at most, for alignment. Missing rows and columns are zero, which every format decodes to 0 (docs/decisions/0004,
/// shaders/lib/weights.glsl).
/// </summary>
/// <param name="Type">Storage type.</param>
/// <param name="UnitColumns">Columns per unit: 64, or 256 for formats with blocks of 256.</param>
/// <param name="UnitTexels">Texels of codes per row and unit.</param>
/// <param name="ScaleWords">32-bit words of scales per row and unit: 0, 1, 2 or 4.</param>
internal sealed record WeightLayout(TensorType Type, int UnitColumns, int UnitTexels, int ScaleWords)
{
    /// <summary>Rows per group.</summary>
    public const int GroupRows = 32;

    /// <summary>Columns that a matmul takes at a time; rows of activations are padded to whole chunks.</summary>
    public const int ChunkColumns = 64;

    private static readonly WeightLayout[] All =
    [
        new(TensorType.F32, 64, 16, 0),
        new(TensorType.F16, 64, 8, 0),
        new(TensorType.BF16, 64, 8, 0),
        new(TensorType.Q4_0, 64, 2, 1),
        new(TensorType.Q4_1, 64, 2, 2),
        new(TensorType.Q5_0, 64, 2, 4),
        new(TensorType.Q5_1, 64, 2, 4),
        new(TensorType.Q8_0, 64, 4, 1),
        new(TensorType.Q4_K, 256, 9, 0),
        new(TensorType.Q5_K, 256, 11, 0),
        new(TensorType.Q6_K, 256, 13, 1),
        new(TensorType.Q2_K, 256, 5, 1),
        new(TensorType.Q3_K, 256, 7, 0),
        new(TensorType.IQ4_NL, 64, 2, 1),
        new(TensorType.IQ4_XS, 256, 8, 2),
        new(TensorType.MXFP4, 64, 2, 1),
        new(TensorType.TQ1_0, 256, 3, 2),
        new(TensorType.TQ2_0, 256, 4, 1),
        new(TensorType.IQ2_XXS, 256, 4, 1),
        new(TensorType.IQ2_XS, 256, 5, 0),
        new(TensorType.IQ2_S, 256, 5, 1),
        new(TensorType.IQ3_XXS, 256, 6, 1),
        new(TensorType.IQ3_S, 256, 7, 0),
        new(TensorType.IQ1_S, 256, 3, 1),
        new(TensorType.IQ1_M, 256, 3, 2),
    ];

    /// <summary>Types that kernels exist for.</summary>
    public static IEnumerable<TensorType> Supported => All.Select(l => l.Type);

    /// <summary>Suffix of the kernels for this type, e.g. <c>q4_k</c>.</summary>
    public string KernelSuffix => Type.ToString().ToLowerInvariant();

    /// <summary>Whether weights are integers times a scale.</summary>
    public bool HoldsIntegers => Type is not (TensorType.F32 or TensorType.F16 or TensorType.BF16);

    /// <summary>The layout of <paramref name="type"/>, or null when there is no kernel for it.</summary>
    public static WeightLayout? For(TensorType type) => Array.Find(All, l => l.Type == type);

    /// <summary>Units in a row of <paramref name="columns"/> columns.</summary>
    public int Units(int columns) => (columns + UnitColumns - 1) / UnitColumns;

    /// <summary>Bytes of a group of rows.</summary>
    public long GroupBytes(int columns) => (long)Units(columns) * (UnitTexels * 16 + ScaleWords * 4) * GroupRows;

    /// <summary>Interleaves up to 32 rows as they stand in a file.</summary>
    /// <param name="rows">Whole rows, one after the other.</param>
    /// <param name="columns">Columns of a row.</param>
    /// <param name="group">Receives <see cref="GroupBytes"/> bytes.</param>
    public void Pack(ReadOnlySpan<byte> rows, int columns, Span<byte> group)
    {
        BlockLayout block = TensorTypes.Layout(Type)!.Value;
        int rowBytes = columns / block.Elements * block.Bytes;
        int unitBytes = UnitColumns / block.Elements * block.Bytes;
        int units = Units(columns);
        int count = rows.Length / rowBytes;
        group.Clear();
        Span<uint> scales = MemoryMarshal.Cast<byte, uint>(group[(units * UnitTexels * 16 * GroupRows)..]);
        Span<byte> last = stackalloc byte[256];
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<byte> from = rows.Slice(row * rowBytes, rowBytes);
            for (int unit = 0; unit < units; unit++)
            {
                scoped ReadOnlySpan<byte> source = from[(unit * unitBytes)..];
                if (source.Length < unitBytes)
                {
                    last.Clear();
                    source.CopyTo(last);
                    source = last;
                }

                PackUnit(source[..unitBytes], group[(((unit * UnitTexels * GroupRows) + row) * 16)..],
                    scales[(((unit * GroupRows) + row) * ScaleWords)..]);
            }
        }
    }

    /// <summary>Texels of a row's unit are <see cref="GroupRows"/> texels apart in <paramref name="codes"/>.</summary>
    private void PackUnit(ReadOnlySpan<byte> source, Span<byte> codes, Span<uint> scales)
    {
        switch (Type)
        {
            case TensorType.Q4_0 or TensorType.IQ4_NL:
                scales[0] = Pair(source, 0, 18);
                Texels(source, 2, 1, codes, 0);
                Texels(source, 20, 1, codes, 1);
                break;
            case TensorType.Q8_0:
                scales[0] = Pair(source, 0, 34);
                Texels(source, 2, 2, codes, 0);
                Texels(source, 36, 2, codes, 2);
                break;
            case TensorType.Q4_1:
                scales[0] = Word(source, 0);
                scales[1] = Word(source, 20);
                Texels(source, 4, 1, codes, 0);
                Texels(source, 24, 1, codes, 1);
                break;
            case TensorType.Q5_0:
                scales[0] = Pair(source, 0, 22);
                scales[1] = Word(source, 2);
                scales[2] = Word(source, 24);
                Texels(source, 6, 1, codes, 0);
                Texels(source, 28, 1, codes, 1);
                break;
            case TensorType.Q5_1:
                scales[0] = Word(source, 0);
                scales[1] = Word(source, 24);
                scales[2] = Word(source, 4);
                scales[3] = Word(source, 28);
                Texels(source, 8, 1, codes, 0);
                Texels(source, 32, 1, codes, 1);
                break;
            case TensorType.Q6_K:
                Texels(source, 0, 13, codes, 0);
                scales[0] = BinaryPrimitives.ReadUInt16LittleEndian(source[208..]);
                break;
            case TensorType.Q2_K:
                Texels(source, 0, 5, codes, 0);
                scales[0] = Word(source, 80);
                break;
            case TensorType.Q3_K:
                Texels(source, 0, 6, codes, 0);
                Bytes(source[96..], codes, 6, 0); // scales and d
                break;
            case TensorType.IQ4_XS:
                scales[0] = Word(source, 0);
                scales[1] = Word(source, 4);
                Texels(source, 8, 8, codes, 0);
                break;
            case TensorType.MXFP4:
                scales[0] = source[0] | ((uint)source[17] << 8);
                Texels(source, 1, 1, codes, 0);
                Texels(source, 18, 1, codes, 1);
                break;
            case TensorType.TQ1_0:
                Texels(source, 0, 3, codes, 0);
                scales[0] = Word(source, 48);
                scales[1] = BinaryPrimitives.ReadUInt16LittleEndian(source[52..]);
                break;
            case TensorType.TQ2_0:
                Texels(source, 0, 4, codes, 0);
                scales[0] = BinaryPrimitives.ReadUInt16LittleEndian(source[64..]);
                break;
            case TensorType.IQ2_XXS or TensorType.IQ3_XXS or TensorType.IQ1_S or TensorType.IQ2_S:
                scales[0] = BinaryPrimitives.ReadUInt16LittleEndian(source);
                Texels(source, 2, UnitTexels, codes, 0);
                break;
            case TensorType.IQ2_XS:
                Texels(source, 2, 4, codes, 0);
                Bytes(source.Slice(66, 8), codes, 4, 0);
                Bytes(source[..2], codes, 4, 8);
                break;
            case TensorType.IQ3_S:
                Texels(source, 2, 4, codes, 0);
                Texels(source, 74, 2, codes, 4);
                Bytes(source.Slice(66, 8), codes, 6, 0);
                Bytes(source.Slice(106, 4), codes, 6, 8);
                Bytes(source[..2], codes, 6, 12);
                break;
            case TensorType.IQ1_M:
                Texels(source, 0, 3, codes, 0);
                scales[0] = Word(source, 48);
                scales[1] = Word(source, 52);
                break;
            default:
                Texels(source, 0, UnitTexels, codes, 0);
                break;
        }
    }

    private static void Texels(ReadOnlySpan<byte> source, int at, int count, Span<byte> codes, int first)
    {
        for (int i = 0; i < count; i++) source.Slice(at + i * 16, 16).CopyTo(codes[((first + i) * GroupRows * 16)..]);
    }

    private static void Bytes(ReadOnlySpan<byte> source, Span<byte> codes, int texel, int at) =>
        source.CopyTo(codes[((texel * GroupRows * 16) + at)..]);

    private static uint Word(ReadOnlySpan<byte> source, int at) => BinaryPrimitives.ReadUInt32LittleEndian(source[at..]);

    private static uint Pair(ReadOnlySpan<byte> source, int a, int b) =>
        BinaryPrimitives.ReadUInt16LittleEndian(source[a..]) | ((uint)BinaryPrimitives.ReadUInt16LittleEndian(source[b..]) << 16);
}
