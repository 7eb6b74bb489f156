using System.IO.Compression;

namespace NpcMind.Vision.Internal;

/// <summary>
/// The pixels of a PNG file: inflated row by row, so that memory is bounded by the picture and not by what the data might expand to.
/// </summary>
internal static class PngPixels
{
    /// <summary>
    /// Deflate cannot do better: 258 bytes from two bits (zlib, technical details). Data too short for its picture is refused before the
    /// picture is allocated.
    /// </summary>
    private const long MaxExpansion = 1032;

    private const string Where = "pixel data";

    // First column and row and the steps of the seven passes (PNG specification, 8.2).
    private static readonly (int X, int Y, int Dx, int Dy)[] Adam7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
        (1, 0, 2, 2), (0, 1, 1, 2)];
    private static readonly (int X, int Y, int Dx, int Dy)[] Whole = [(0, 0, 1, 1)];

    public static byte[] Read(PngHeader header, ReadOnlySpan<byte> palette, MemoryStream data, FileCheck check)
    {
        if (header.Color == 3 && palette.IsEmpty) throw check.Error("chunk PLTE", "a palette before the pixels", "none");
        (int X, int Y, int Dx, int Dy)[] passes = header.Interlaced ? Adam7 : Whole;
        long raw = 0;
        foreach (var pass in passes)
        {
            (int width, int height) = Size(header, pass);
            if (width > 0) raw += height * (header.RowBytes(width) + 1L);
        }

        if (raw > data.Length * MaxExpansion)
            throw check.Error(Where, $"data for {FileCheck.Text(raw)} bytes", $"{FileCheck.Text(data.Length)} compressed bytes");
        byte[] rgba = new byte[header.Width * header.Height * 4], row = new byte[header.RowBytes(header.Width)],
            above = new byte[row.Length];
        using ZLibStream inflated = new(data, CompressionMode.Decompress);
        try
        {
            foreach (var pass in passes)
            {
                (int width, int height) = Size(header, pass);
                int bytes = width > 0 ? header.RowBytes(width) : 0;
                Array.Clear(above);
                for (int y = 0; y < height && bytes > 0; y++)
                {
                    int filter = inflated.ReadByte();
                    if (filter < 0 || inflated.ReadAtLeast(row.AsSpan(0, bytes), bytes, throwOnEndOfStream: false) < bytes)
                        throw check.Error(Where, $"{FileCheck.Text(raw)} bytes once inflated", "fewer");
                    if (filter > 4) throw check.Error(Where, "a row filter from 0 to 4", FileCheck.Text(filter));
                    Unfilter(filter, row.AsSpan(0, bytes), above, Math.Max(header.Channels * header.Depth / 8, 1));
                    int at = ((((pass.Y + (y * pass.Dy)) * header.Width) + pass.X) * 4);
                    for (int x = 0; x < width; x++) Pixel(header, palette, row, x, rgba.AsSpan(at + (x * pass.Dx * 4), 4), check);
                    (row, above) = (above, row);
                }
            }

            if (inflated.ReadByte() >= 0) throw check.Error(Where, $"{FileCheck.Text(raw)} bytes once inflated", "more");
        }
        // The stream reads memory: an IOException is zlib's too (a preset dictionary asked for).
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            throw check.Error(Where, "a zlib stream", "damaged compressed data", inner: e);
        }

        return rgba;
    }

    private static (int Width, int Height) Size(PngHeader header, (int X, int Y, int Dx, int Dy) pass) =>
        ((header.Width - pass.X + pass.Dx - 1) / pass.Dx, (header.Height - pass.Y + pass.Dy - 1) / pass.Dy);

    private static void Unfilter(int filter, Span<byte> row, ReadOnlySpan<byte> above, int pixel)
    {
        for (int i = 0; filter > 0 && i < row.Length; i++)
        {
            int left = i >= pixel ? row[i - pixel] : 0, up = above[i];
            row[i] += (byte)(filter switch
            {
                1 => left,
                2 => up,
                3 => (left + up) / 2,
                _ => Paeth(left, up, i >= pixel ? above[i - pixel] : 0),
            });
        }
    }

    // The neighbour nearest to left + up - corner; on a tie left, then up (PNG specification, 9.4).
    private static int Paeth(int left, int up, int corner)
    {
        int toLeft = Math.Abs(up - corner), toUp = Math.Abs(left - corner), toCorner = Math.Abs(left + up - (2 * corner));
        return toLeft <= toUp && toLeft <= toCorner ? left : toUp <= toCorner ? up : corner;
    }

    private static void Pixel(PngHeader header, ReadOnlySpan<byte> palette, ReadOnlySpan<byte> row, int x, Span<byte> rgba, FileCheck check)
    {
        rgba[3] = 255;
        if (header.Depth >= 8)
        {
            // Of 16 bits the first byte is the high one; it is the one that counts.
            int size = header.Depth / 8, at = x * header.Channels * size;
            if (header.Color is 2 or 6)
            {
                (rgba[0], rgba[1], rgba[2]) = (row[at], row[at + size], row[at + (2 * size)]);
                return;
            }

            Single(row[at], rgba, palette, header, check);
            return;
        }

        int bit = x * header.Depth, most = (1 << header.Depth) - 1;
        int value = (row[bit / 8] >> (8 - header.Depth - (bit % 8))) & most;
        Single(header.Color == 3 ? value : value * 255 / most, rgba, palette, header, check);
    }

    private static void Single(int value, Span<byte> rgba, ReadOnlySpan<byte> palette, PngHeader header, FileCheck check)
    {
        if (header.Color != 3)
        {
            rgba[..3].Fill((byte)value);
            return;
        }

        if (value >= palette.Length / 3)
            throw check.Error(Where, $"colours below {FileCheck.Text(palette.Length / 3)}", FileCheck.Text(value));
        palette.Slice(value * 3, 3).CopyTo(rgba);
    }
}
