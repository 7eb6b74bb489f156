using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace NpcMind.Vision.Internal;

/// <summary>EXIF orientation: which corner of the stored pixels is the upper left one (EXIF 2.32, tag 0x0112).</summary>
internal static class Orientation
{
    private const ushort Tag = 0x0112;

    /// <summary>
    /// Orientation 1 to 8 from a TIFF block, in whichever of TIFF's integer types it stands. Anything unreadable counts as upright: it
    /// describes the picture and is no part of it.
    /// </summary>
    public static int Read(ReadOnlySpan<byte> tiff)
    {
        if (tiff.Length < 8 || tiff[0] != tiff[1] || tiff[0] is not ((byte)'I' or (byte)'M')) return 1;
        bool little = tiff[0] == 'I';
        if (U16(tiff, 2, little) != 42) return 1;
        uint directory = U32(tiff, 4, little);
        if (directory > tiff.Length - 2) return 1;
        int count = U16(tiff, (int)directory, little);
        for (int i = 0; i < count; i++)
        {
            int entry = (int)directory + 2 + (i * 12);
            if (entry > tiff.Length - 12) return 1;
            if (U16(tiff, entry, little) != Tag) continue;
            long values = U32(tiff, entry + 4, little), value = Integer(U16(tiff, entry + 2, little), tiff.Slice(entry + 8, 4), little);
            return values == 1 && value is >= 1 and <= 8 ? (int)value : 1;
        }

        return 1;
    }

    /// <summary>The upright picture.</summary>
    public static Picture Apply(int width, int height, byte[] rgba, int orientation)
    {
        if (orientation == 1) return new(width, height, rgba);
        (int w, int h) = orientation >= 5 ? (height, width) : (width, height);
        byte[] upright = new byte[rgba.Length];
        ReadOnlySpan<uint> from = MemoryMarshal.Cast<byte, uint>(rgba.AsSpan());
        Span<uint> to = MemoryMarshal.Cast<byte, uint>(upright.AsSpan());
        for (int y = 0; y < h; y++)
        {
            for (int x = 0; x < w; x++)
            {
                (int column, int row) = orientation switch
                {
                    2 => (width - 1 - x, y),
                    3 => (width - 1 - x, height - 1 - y),
                    4 => (x, height - 1 - y),
                    5 => (y, x),
                    6 => (y, height - 1 - x),
                    7 => (width - 1 - y, height - 1 - x),
                    _ => (width - 1 - y, x),
                };
                to[(y * w) + x] = from[(row * width) + column];
            }
        }

        return new(w, h, upright);
    }

    /// <summary>
    /// A value of one of TIFF's integer types (BYTE, SHORT, LONG, their signed forms), which stands at the left of its field; 0 for other
    /// types.
    /// </summary>
    private static long Integer(int type, ReadOnlySpan<byte> field, bool little) => type switch
    {
        1 => field[0],
        6 => (sbyte)field[0],
        3 => U16(field, 0, little),
        8 => (short)U16(field, 0, little),
        4 => U32(field, 0, little),
        9 => (int)U32(field, 0, little),
        _ => 0,
    };

    private static uint U32(ReadOnlySpan<byte> bytes, int at, bool little) =>
        little ? BinaryPrimitives.ReadUInt32LittleEndian(bytes[at..]) : BinaryPrimitives.ReadUInt32BigEndian(bytes[at..]);

    private static int U16(ReadOnlySpan<byte> bytes, int at, bool little) => little
        ? BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]) : BinaryPrimitives.ReadUInt16BigEndian(bytes[at..]);
}
