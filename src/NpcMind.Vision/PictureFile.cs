using NpcMind.Core;
using NpcMind.Vision.Internal;

namespace NpcMind.Vision;

/// <summary>Reads PNG and JPEG files. The contents decide the format, never the name. May be called on any thread.</summary>
internal static class PictureFile
{
    // Signatures of what people try next, so that the refusal can name it.
    private static readonly (string Name, int Offset, byte[] Bytes)[] Others =
    [
        ("a WebP picture", 8, "WEBP"u8.ToArray()),
        ("a GIF picture", 0, "GIF8"u8.ToArray()),
        ("a BMP picture", 0, "BM"u8.ToArray()),
        ("a TIFF picture", 0, [0x49, 0x49, 42, 0]),
        ("a TIFF picture", 0, [0x4D, 0x4D, 0, 42]),
        ("a HEIF or AVIF picture", 4, "ftyp"u8.ToArray()),
        ("a JPEG XL picture", 0, [0xFF, 0x0A]),
        ("a DDS texture", 0, "DDS "u8.ToArray()),
        ("a Photoshop document", 0, "8BPS"u8.ToArray()),
    ];

    /// <summary>Bytes of the beginning that tell what a file is instead of a picture.</summary>
    private const int HeadBytes = 4096;

    private const string Where = "first bytes", Expected = "a PNG or JPEG file";

    /// <summary>
    /// Decodes a file held in memory: upright (EXIF orientation applied), transparency dropped, 16 bit values cut to their high byte.
    /// </summary>
    /// <param name="file">The whole file; not kept.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="limits">What the file may claim.</param>
    /// <returns>The picture; the caller owns it.</returns>
    /// <exception cref="ImageFormatException">Damaged, cut short, larger than <paramref name="limits"/> or of a format not read
    /// here.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file, string name, PictureLimits limits)
    {
        FileCheck check = new(name, limits);
        check.Length(file.Length);
        if (file.StartsWith(PngFile.Signature)) return PngFile.Decode(file, check);
        if (file.StartsWith(JpegFile.Signature)) return JpegFile.Decode(file, check);
        ReadOnlySpan<byte> head = file[..Math.Min(HeadBytes, file.Length)];
        if (FailedDownload.Describe(head) is { } failed) throw check.Error(Where, Expected, failed.What, failed.Advice);
        string found = FailedDownload.IsText(head) ? "a text file" : "something else";
        foreach ((string other, int offset, byte[] bytes) in Others)
            if (file.Length >= offset && file[offset..].StartsWith(bytes)) found = other;
        throw check.Error(Where, Expected, found, FileCheck.Convert);
    }

    /// <summary>Reads and decodes a file, as <see cref="Decode"/> does.</summary>
    /// <param name="path">File to read.</param>
    /// <param name="limits">What the file may claim; its length is checked before it is read.</param>
    /// <returns>The picture; the caller owns it.</returns>
    /// <exception cref="ImageFormatException">As for <see cref="Decode"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static Picture Read(string path, PictureLimits limits)
    {
        using FileStream stream = RegularFile.OpenStream(path);
        new FileCheck(path, limits).Length(stream.Length);
        byte[] file = new byte[stream.Length];
        int read = stream.ReadAtLeast(file, file.Length, throwOnEndOfStream: false);
        return Decode(file.AsSpan(0, read), path, limits);
    }
}
