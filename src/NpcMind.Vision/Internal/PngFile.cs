using System.Buffers.Binary;
using System.Text;

namespace NpcMind.Vision.Internal;

/// <summary>The header of a PNG file (IHDR), checked.</summary>
internal readonly record struct PngHeader(int Width, int Height, int Depth, int Color, bool Interlaced)
{
    public int Channels => Color switch { 2 => 3, 4 => 2, 6 => 4, _ => 1 };

    /// <summary>Bytes of a row of so many pixels, its filter byte not counted.</summary>
    public int RowBytes(int pixels) => (int)((((long)pixels * Channels * Depth) + 7) / 8);
}

/// <summary>Walks the chunks of a PNG file. Every chunk must be whole and its checksum right, also of those that are skipped.</summary>
internal static class PngFile
{
    public static ReadOnlySpan<byte> Signature => [0x89, (byte)'P', (byte)'N', (byte)'G', 0x0D, 0x0A, 0x1A, 0x0A];

    public static Picture Decode(ReadOnlySpan<byte> file, FileCheck check)
    {
        PngHeader? header = null;
        ReadOnlySpan<byte> palette = default;
        using MemoryStream data = new();
        int? orientation = null;
        bool dataEnded = false;
        for (int at = Signature.Length; ;)
        {
            ReadOnlySpan<byte> content = Chunk(file, at, check, out string type);
            string where = FileCheck.At($"chunk {type}", at);
            if (header is null && type != "IHDR") throw check.Error(where, "IHDR as the first chunk", type);
            dataEnded |= data.Length > 0 && type != "IDAT";
            switch (type)
            {
                case "IHDR":
                    if (header is not null) throw check.Error(where, "one header", "a second one");
                    header = Header(content, where, check);
                    break;
                case "PLTE":
                    if (!palette.IsEmpty || data.Length > 0) throw check.Error(where, "one palette, before the pixels", "another");
                    if (content.IsEmpty || content.Length % 3 != 0 || content.Length > 768)
                        throw check.Error(where, "1 to 256 colours of 3 bytes", $"{FileCheck.Text(content.Length)} bytes");
                    palette = content;
                    break;
                case "IDAT":
                    if (dataEnded) throw check.Error(where, "pixel data in consecutive chunks", "more of it after another chunk");
                    data.Write(content);
                    break;
                case "eXIf":
                    orientation ??= Orientation.Read(content); // the first one counts
                    break;
                case "IEND":
                    if (data.Length == 0) throw check.Error(where, "pixel data before the end", "none");
                    data.Position = 0;
                    return Orientation.Apply(header!.Value.Width, header.Value.Height, PngPixels.Read(header.Value, palette, data, check),
                        orientation ?? 1);
                // An upper case first letter: the picture cannot be understood without this chunk (PNG specification, 5.4).
                case var _ when char.IsAsciiLetterUpper(type[0]):
                    throw check.Error(where, "IHDR, PLTE, IDAT or IEND", type, FileCheck.Convert);
                default:
                    break;
            }

            at += 12 + content.Length;
        }
    }

    private static ReadOnlySpan<byte> Chunk(ReadOnlySpan<byte> file, int at, FileCheck check, out string type)
    {
        ReadOnlySpan<byte> rest = file[at..];
        if (rest.Length < 12)
            throw check.Error(FileCheck.At("chunk", at), "a chunk of at least 12 bytes, IEND last",
                $"{FileCheck.Text(rest.Length)} bytes and the end of the file");
        uint length = BinaryPrimitives.ReadUInt32BigEndian(rest);
        foreach (byte letter in rest.Slice(4, 4))
            if (!char.IsAsciiLetter((char)letter))
                throw check.Error(FileCheck.At("chunk", at), "a chunk name of four letters", Convert.ToHexString(rest.Slice(4, 4)));
        type = Encoding.ASCII.GetString(rest.Slice(4, 4));
        if (length > rest.Length - 12)
            throw check.Error(FileCheck.At($"chunk {type}", at), $"{FileCheck.Text(length)} bytes and a checksum",
                $"{FileCheck.Text(rest.Length - 8)} bytes and the end of the file");
        uint stored = BinaryPrimitives.ReadUInt32BigEndian(rest[(8 + (int)length)..]), actual = Crc32.Of(rest.Slice(4, 4 + (int)length));
        if (stored != actual) throw check.Error(FileCheck.At($"chunk {type}", at), $"bytes with checksum {stored:X8}", $"{actual:X8}");
        return rest.Slice(8, (int)length);
    }

    private static PngHeader Header(ReadOnlySpan<byte> content, string where, FileCheck check)
    {
        if (content.Length != 13) throw check.Error(where, "13 bytes", FileCheck.Text(content.Length));
        check.Size(where, BinaryPrimitives.ReadUInt32BigEndian(content), BinaryPrimitives.ReadUInt32BigEndian(content[4..]));
        int depth = content[8], color = content[9];
        bool known = color switch
        {
            0 => depth is 1 or 2 or 4 or 8 or 16,
            3 => depth is 1 or 2 or 4 or 8,
            2 or 4 or 6 => depth is 8 or 16,
            _ => false,
        };
        if (!known) throw check.Error(where, "a colour type and bit depth of the PNG specification",
            $"type {FileCheck.Text(color)} with {FileCheck.Text(depth)} bits");
        if (content[10] != 0 || content[11] != 0 || content[12] > 1)
            throw check.Error(where, "compression 0, filter 0, interlacing 0 or 1",
                $"{FileCheck.Text(content[10])}, {FileCheck.Text(content[11])}, {FileCheck.Text(content[12])}");
        return new(BinaryPrimitives.ReadInt32BigEndian(content), BinaryPrimitives.ReadInt32BigEndian(content[4..]), depth, color,
            content[12] == 1);
    }
}
