namespace NpcMind.Reference;

/// <summary>
/// Cuts a square tile into rows of patches, each a planar vector of normalised colours: (byte / 255 - mean) / std (Dosovitskiy et al.
/// 2021).
/// </summary>
internal static class Patchify
{
    /// <param name="rgba">[rows, width, 4] canvas.</param>
    /// <param name="width">Pixels in a row of it.</param>
    /// <param name="x0">Column of the tile.</param>
    /// <param name="y0">Row of the tile.</param>
    /// <param name="size">Pixels along a patch.</param>
    /// <param name="columns">Patches along the tile.</param>
    /// <param name="mean">Per channel.</param>
    /// <param name="std">Per channel.</param>
    /// <returns>[columns * columns, 3 * size * size].</returns>
    public static float[] Run(ReadOnlySpan<byte> rgba, int width, int x0, int y0, int size, int columns, ReadOnlySpan<float> mean,
        ReadOnlySpan<float> std)
    {
        float[] patches = new float[columns * columns * 3 * size * size];
        int at = 0;
        for (int patch = 0; patch < columns * columns; patch++)
            for (int c = 0; c < 3; c++)
                for (int y = 0; y < size; y++)
                    for (int x = 0; x < size; x++)
                        patches[at++] = (rgba[((y0 + patch / columns * size + y) * width + x0 + patch % columns * size + x) * 4 + c] / 255f
                            - mean[c]) / std[c];
        return patches;
    }
}
