namespace NpcMind.Vision;

/// <summary>
/// What a picture file may claim. Compared with its header before anything of that size is allocated, because pictures may come from mods
/// or players.
/// </summary>
internal sealed record PictureLimits
{
    /// <summary>
    /// The limits that hold unless the caller sets others: 16 Mi pixels, 64 MiB, sides up to 16384, 256 Mi samples in the scans of a
    /// JPEG.
    /// </summary>
    public static PictureLimits Default { get; } = new();

    /// <summary>Most pixels (width times height). Decoding needs about 4 bytes for each, a progressive JPEG up to 16.</summary>
    public long MaxPixels { get; init; } = 16 << 20;

    /// <summary>
    /// Most samples that the scans of a JPEG visit, all together: each scan goes over the whole of its components, however few bytes it
    /// has. Progressive pictures of <see cref="MaxPixels"/> need up to 14 for each pixel.
    /// </summary>
    public long MaxScannedSamples { get; init; } = 16L * (16 << 20);

    /// <summary>Largest file in bytes.</summary>
    public long MaxFileBytes { get; init; } = 64 << 20;

    /// <summary>Longest width or height in pixels.</summary>
    public int MaxSide { get; init; } = 16384;
}
