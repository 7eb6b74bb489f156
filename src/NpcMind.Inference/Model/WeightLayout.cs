using System.Buffers.Binary;
using System.Runtime.InteropServices;
using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>
/// How weights lie on the device. Rows are taken in groups of 32 and their words interleaved, so that neighbouring lanes, which work on neighbouring rows,
/// read neighbouring words: <c>[row group][unit][word of unit][row in group]</c>. A unit is the smallest run of columns that fills whole 32-bit words.
/// No bit of a weight changes; only Q6_K grows, by one byte in a hundred. Missing rows and columns are zero, which every format decodes to 0
/// (docs/decisions/0004).
/// </summary>
/// <param name="Type">Storage type.</param>
/// <param name="UnitColumns">Columns per unit, a multiple of 32.</param>
/// <param name="UnitWords">32-bit words per unit.</param>
public sealed record WeightLayout(TensorType Type, int UnitColumns, int UnitWords)
{
    /// <summary>Rows per group.</summary>
    public const int GroupRows = 32;

    private static readonly WeightLayout[] All =
    [
        new(TensorType.F32, 32, 32),
        new(TensorType.F16, 32, 16),
        new(TensorType.BF16, 32, 16),
        new(TensorType.Q4_0, 64, 9),
        new(TensorType.Q4_1, 32, 5),
        new(TensorType.Q5_0, 64, 11),
        new(TensorType.Q5_1, 32, 6),
        new(TensorType.Q8_0, 64, 17),
        new(TensorType.Q4_K, 256, 36),
        new(TensorType.Q5_K, 256, 44),
        new(TensorType.Q6_K, 256, 53),
    ];

    /// <summary>Types that kernels exist for.</summary>
    public static IEnumerable<TensorType> Supported => All.Select(l => l.Type);

    /// <summary>The layout of <paramref name="type"/>, or null when there is no kernel for it.</summary>
    public static WeightLayout? For(TensorType type) => Array.Find(All, l => l.Type == type);

    /// <summary>Units in a row of <paramref name="columns"/> columns.</summary>
    public int Units(int columns) => (columns + UnitColumns - 1) / UnitColumns;

    /// <summary>Bytes of a group of rows.</summary>
    public long GroupBytes(int columns) => (long)Units(columns) * UnitWords * GroupRows * 4;

    /// <summary>Interleaves up to 32 rows as they stand in a file.</summary>
    /// <param name="rows">Whole rows, one after the other.</param>
    /// <param name="columns">Columns of a row.</param>
    /// <param name="group">Receives <see cref="GroupBytes"/> bytes.</param>
    public void Pack(ReadOnlySpan<byte> rows, int columns, Span<byte> group)
    {
        BlockLayout block = TensorTypes.Layout(Type)!.Value;
        int rowBytes = columns / block.Elements * block.Bytes;
        int unitBytes = UnitColumns / block.Elements * block.Bytes;
        int count = rows.Length / rowBytes;
        Span<uint> to = MemoryMarshal.Cast<byte, uint>(group);
        if (count < GroupRows) group.Clear();
        Span<byte> last = stackalloc byte[256];
        for (int row = 0; row < count; row++)
        {
            ReadOnlySpan<byte> from = rows.Slice(row * rowBytes, rowBytes);
            for (int unit = 0, at = row; unit < Units(columns); unit++, at += UnitWords * GroupRows)
            {
                scoped ReadOnlySpan<byte> source = from[Math.Min(unit * unitBytes, rowBytes)..];
                if (source.Length < unitBytes || unitBytes % 4 != 0)
                {
                    last.Clear();
                    source[..Math.Min(source.Length, unitBytes)].CopyTo(last);
                    source = last;
                }

                PackUnit(source, block.Bytes, to, at);
            }
        }
    }

    private void PackUnit(ReadOnlySpan<byte> source, int blockBytes, Span<uint> to, int at)
    {
        if (Type is TensorType.Q4_0 or TensorType.Q5_0 or TensorType.Q8_0)
        {
            // Two blocks: both 16-bit scales share the first word, so that the codes behind them are whole words.
            to[at] = BinaryPrimitives.ReadUInt16LittleEndian(source) | ((uint)BinaryPrimitives.ReadUInt16LittleEndian(source[blockBytes..]) << 16);
            int words = (blockBytes - 2) / 4;
            for (int half = 0; half < 2; half++)
                for (int w = 0; w < words; w++)
                    to[at + (1 + (half * words) + w) * GroupRows] = BinaryPrimitives.ReadUInt32LittleEndian(source[(half * blockBytes + 2 + w * 4)..]);
            return;
        }

        for (int w = 0; w < UnitWords; w++) to[at + w * GroupRows] = BinaryPrimitives.ReadUInt32LittleEndian(source[(w * 4)..]);
    }
}
