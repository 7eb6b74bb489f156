using StbImageSharp;

namespace NpcMind.Vision.Internal;

/// <summary>
/// Decodes JPEG files: <see cref="JpegWalk"/> checks the structure first, because StbImageSharp neither notices files cut short nor looks
/// at limits, and works on unmanaged memory.
/// </summary>
internal static class JpegFile
{
    public static ReadOnlySpan<byte> Signature => [0xFF, 0xD8, 0xFF];

    public static Picture Decode(ReadOnlySpan<byte> file, FileCheck check)
    {
        JpegWalk found = JpegWalk.Check(file, check);
        ImageResult image;
        try
        {
            image = ImageResult.FromMemory(found.WithColoursStated(), ColorComponents.RedGreenBlueAlpha);
        }
        // Whatever else a decoder throws at checked bytes, the cause is what they contain.
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            throw check.Error("entropy coded data", "a picture", e.Message, inner: e);
        }

        if (image.Width != found.Width || image.Height != found.Height || image.Data.Length != found.Width * found.Height * 4)
            throw check.Error("entropy coded data", "a picture of the size in the header", "another size");
        return Orientation.Apply(image.Width, image.Height, image.Data, found.Orientation);
    }
}
