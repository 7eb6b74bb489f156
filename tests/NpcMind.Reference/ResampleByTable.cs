namespace NpcMind.Reference;

/// <summary>
/// A separable resize over bytes in integers, as Pillow does it: rows first, rounded and clipped to bytes, then columns. The tables say
/// which source pixels make a target pixel: first, how many, and their weights times 2^22.
/// </summary>
internal static class ResampleByTable
{
    /// <param name="First">[target] first source pixel.</param>
    /// <param name="Count">[target] how many.</param>
    /// <param name="Weights">[target, Taps].</param>
    /// <param name="Taps">Weights per target pixel.</param>
    public sealed record Table(int[] First, int[] Count, int[] Weights, int Taps);

    /// <param name="rgba">[rows, stride, 4] bytes.</param>
    /// <param name="stride">Pixels between rows.</param>
    /// <param name="sourceHeight">Rows.</param>
    /// <param name="horizontal">Table of the rows.</param>
    /// <param name="vertical">Table of the columns.</param>
    /// <param name="canvasWidth">Pixels in a row of the canvas.</param>
    /// <param name="canvasHeight">Rows of the canvas.</param>
    /// <returns>[canvasHeight, canvasWidth, 4]: the result at the upper left, black beside it, alpha 255.</returns>
    public static byte[] Run(ReadOnlySpan<byte> rgba, int stride, int sourceHeight, Table horizontal, Table vertical, int canvasWidth,
        int canvasHeight)
    {
        int width = horizontal.First.Length, height = vertical.First.Length;
        byte[] narrow = new byte[sourceHeight * width * 4], canvas = new byte[canvasWidth * canvasHeight * 4];
        for (int y = 0; y < sourceHeight; y++)
            for (int x = 0; x < width; x++)
                for (int c = 0; c < 3; c++)
                {
                    long sum = 1 << 21;
                    for (int i = 0; i < horizontal.Count[x]; i++)
                        sum += (long)horizontal.Weights[x * horizontal.Taps + i] * rgba[(y * stride + horizontal.First[x] + i) * 4 + c];
                    narrow[(y * width + x) * 4 + c] = (byte)Math.Clamp(sum >> 22, 0, 255);
                }

        for (int y = 0; y < canvasHeight; y++)
            for (int x = 0; x < canvasWidth; x++)
            {
                canvas[(y * canvasWidth + x) * 4 + 3] = 255;
                if (x >= width || y >= height) continue;
                for (int c = 0; c < 3; c++)
                {
                    long sum = 1 << 21;
                    for (int j = 0; j < vertical.Count[y]; j++)
                        sum += (long)vertical.Weights[y * vertical.Taps + j] * narrow[((vertical.First[y] + j) * width + x) * 4 + c];
                    canvas[(y * canvasWidth + x) * 4 + c] = (byte)Math.Clamp(sum >> 22, 0, 255);
                }
            }

        return canvas;
    }
}
