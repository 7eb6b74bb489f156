using System.Buffers.Binary;
using System.Runtime.InteropServices;
using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>
/// How weights lie on the device. Rows are taken in groups of 32 and interleaved by texels of 16 bytes, so that neighbouring lanes, which work on
/// neighbouring rows, fetch neighbouring texels: a group holds the codes of all units, <c>[unit][texel][row]</c>, then their scales, <c>[unit][row]</c>.
/// No bit of a weight changes; Q5_0 grows by a tenth and Q6_K by a hundredth for alignment. Missing rows and columns are zero, which every format
/// decodes to 0 (docs/decisions/0004, shaders/lib/weights.glsl).
/// </summary>
/// <param name="Type">Storage type.</param>
/// <param name="UnitColumns">Columns per unit: 64, or 256 for K-quants.</param>
/// <param name="UnitTexels">Texels of codes per row and unit.</param>
/// <param name="ScaleWords">32-bit words of scales per row and unit: 0, 1, 2 or 4.</param>
public sealed record WeightLayout(TensorType Type, int UnitColumns, int UnitTexels, int ScaleWords)
{
    /// <summary>Rows per group.</summary>
    public const int GroupRows = 32;

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
    ];

    /// <summary>Types that kernels exist for.</summary>
    public static IEnumerable<TensorType> Supported => All.Select(l => l.Type);

    /// <summary>Suffix of the kernels for this type, e.g. <c>q4_k</c>.</summary>
    public string KernelSuffix => Type.ToString().ToLowerInvariant();

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

                PackUnit(source[..unitBytes], group[(((unit * UnitTexels * GroupRows) + row) * 16)..], scales[(((unit * GroupRows) + row) * ScaleWords)..]);
            }
        }
    }

    /// <summary>Texels of a row's unit are <see cref="GroupRows"/> texels apart in <paramref name="codes"/>.</summary>
    private void PackUnit(ReadOnlySpan<byte> source, Span<byte> codes, Span<uint> scales)
    {
        switch (Type)
        {
            case TensorType.Q4_0:
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
            default:
                Texels(source, 0, UnitTexels, codes, 0);
                break;
        }
    }

    private static void Texels(ReadOnlySpan<byte> source, int at, int count, Span<byte> codes, int first)
    {
        for (int i = 0; i < count; i++) source.Slice(at + i * 16, 16).CopyTo(codes[((first + i) * GroupRows * 16)..]);
    }

    private static uint Word(ReadOnlySpan<byte> source, int at) => BinaryPrimitives.ReadUInt32LittleEndian(source[at..]);

    private static uint Pair(ReadOnlySpan<byte> source, int a, int b) =>
        BinaryPrimitives.ReadUInt16LittleEndian(source[a..]) | ((uint)BinaryPrimitives.ReadUInt16LittleEndian(source[b..]) << 16);
}
