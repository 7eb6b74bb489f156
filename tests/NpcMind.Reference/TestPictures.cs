namespace NpcMind.Reference;

/// <summary>
/// Draws pictures for tests, the same on every machine: red rises to the right, green falls downwards, blue has stripes that the seed sets,
/// and three corners carry different marks. Turned, mirrored, shifted or with channels exchanged, a picture is another one.
/// </summary>
internal static class TestPictures
{
    private const int Stripe = 7; // pixels; no multiple of a patch

    /// <summary>[height, width, 4] bytes: red, green, blue, alpha.</summary>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    /// <param name="seed">Pictures of one size differ by it.</param>
    /// <param name="transparent">Alpha falls to the right and downwards, to 0 in the last corner; otherwise it is 255.</param>
    public static byte[] Rgba(int width, int height, int seed = 1, bool transparent = false)
    {
        byte[] bytes = new byte[width * height * 4];
        TinyRandom random = new(seed);
        byte[] stripes = [.. Enumerable.Range(0, ((width + height) / Stripe) + 1).Select(_ => (byte)random.Below(256))];
        for (int y = 0; y < height; y++)
            for (int x = 0; x < width; x++)
            {
                (byte red, byte green, byte blue) = Mark(x, y, width, height)
                    ?? (Ramp(x, width), (byte)(255 - Ramp(y, height)), stripes[(x + y) / Stripe]);
                byte alpha = transparent ? (byte)(255 - ((Ramp(x, width) + Ramp(y, height)) / 2)) : (byte)255;
                byte[] pixel = [red, green, blue, alpha];
                pixel.CopyTo(bytes, ((y * width) + x) * 4);
            }

        return bytes;
    }

    /// <summary>
    /// [3, height, width]: byte / 255 less the mean, divided by the deviation. What an encoder gets of a picture that is exactly a tile.
    /// </summary>
    public static float[] Pixels(ReadOnlySpan<byte> rgba, EyesConfig config)
    {
        int count = rgba.Length / 4;
        float[] pixels = new float[3 * count];
        for (int channel = 0; channel < 3; channel++)
            for (int i = 0; i < count; i++)
                pixels[(channel * count) + i] = (float)(
                    ((rgba[(i * 4) + channel] / 255.0) - config.Mean[channel]) / config.Deviation[channel]);
        return pixels;
    }

    private static byte Ramp(int at, int length) => (byte)(255 * at / Math.Max(1, length - 1));

    /// <summary>
    /// White in the first corner, black to its right, a smaller yellow one below; nothing in the last. Pictures below 4 pixels have none.
    /// </summary>
    private static (byte Red, byte Green, byte Blue)? Mark(int x, int y, int width, int height)
    {
        int size = Math.Min(width, height) / 4;
        if (x < size && y < size) return (255, 255, 255);
        if (x >= width - size && y < size) return (0, 0, 0);
        if (x < (size + 1) / 2 && size > 0 && y >= height - size) return (255, 255, 0);
        return null;
    }
}
