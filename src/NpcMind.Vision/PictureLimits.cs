namespace NpcMind.Vision;

/// <summary>What a picture file may claim. Compared with its header before anything of that size is allocated, because pictures may come from mods or players.</summary>
public sealed record PictureLimits
{
    /// <summary>The limits that hold unless the caller sets others: 16 Mi pixels, 64 MiB, sides up to 16384.</summary>
    public static PictureLimits Default { get; } = new();

    /// <summary>Most pixels (width times height). Decoding needs about 4 bytes for each, a progressive JPEG up to 16.</summary>
    public long MaxPixels { get; init; } = 16 << 20;

    /// <summary>Largest file in bytes.</summary>
    public long MaxFileBytes { get; init; } = 64 << 20;

    /// <summary>Longest width or height in pixels.</summary>
    public int MaxSide { get; init; } = 16384;
}
