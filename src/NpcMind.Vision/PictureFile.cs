namespace NpcMind.Vision;

/// <summary>Reads PNG and JPEG files. The contents decide the format, never the name. May be called on any thread.</summary>
public static class PictureFile
{
    /// <summary>Decodes a file held in memory: upright (EXIF orientation applied), transparency dropped, 16 bit values cut to their high byte.</summary>
    /// <param name="file">The whole file; not kept.</param>
    /// <param name="name">What errors call it.</param>
    /// <param name="limits">What the file may claim.</param>
    /// <returns>The picture; the caller owns it.</returns>
    /// <exception cref="PictureFormatException">Damaged, cut short, larger than <paramref name="limits"/> or of a format not read here.</exception>
    public static Picture Decode(ReadOnlySpan<byte> file, string name, PictureLimits limits) => throw new NotImplementedException();

    /// <summary>Reads and decodes a file, as <see cref="Decode"/> does.</summary>
    /// <param name="path">File to read.</param>
    /// <param name="limits">What the file may claim; its length is checked before it is read.</param>
    /// <returns>The picture; the caller owns it.</returns>
    /// <exception cref="PictureFormatException">As for <see cref="Decode"/>.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">The file may not be read.</exception>
    public static Picture Read(string path, PictureLimits limits) => throw new NotImplementedException();
}
