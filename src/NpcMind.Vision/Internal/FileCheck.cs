using System.Globalization;

namespace NpcMind.Vision.Internal;

/// <summary>What one file is held against, and how its errors are worded.</summary>
internal sealed class FileCheck(string name, PictureLimits limits)
{
    public const string Damaged = "The file is damaged or cut short; export or download it again.";
    public const string Convert = "Convert it to PNG or JPEG.";

    /// <summary>More than this no array of four bytes a pixel holds, whatever the caller's limits say.</summary>
    private const long MaxArrayPixels = 1 << 28;

    public ImageFormatException Error(string where, string expected, string found, string advice = Damaged, Exception? inner = null) =>
        new(name, where, expected, found, advice, inner);

    public static string At(string part, int offset) => string.Create(CultureInfo.InvariantCulture, $"{part} at byte {offset}");

    public static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    public void Length(long bytes)
    {
        if (bytes == 0) throw Error("length", "a PNG or JPEG file", "an empty file");
        long most = Math.Min(limits.MaxFileBytes, Array.MaxLength);
        if (bytes > most)
            throw Error("length", $"at most {Text(most)} bytes", Text(bytes),
                "Save the picture smaller, or raise PictureLimits.MaxFileBytes.");
    }

    /// <summary>To be called with the sizes of the header before anything is allocated by them.</summary>
    public void Size(string where, long width, long height)
    {
        if (width == 0 || height == 0) throw Error(where, "at least one pixel", Text(width, height));
        long side = Math.Min(limits.MaxSide, ResampleTable.MaxSide), pixels = Math.Min(limits.MaxPixels, MaxArrayPixels);
        if (width > side || height > side)
            throw Error(where, $"sides of at most {Text(side)} pixels", Text(width, height),
                "Save the picture smaller, or raise PictureLimits.MaxSide.");
        if (width * height > pixels)
            throw Error(where, $"at most {Text(pixels)} pixels", Text(width, height),
                "Save the picture smaller, or raise PictureLimits.MaxPixels.");
    }

    /// <summary>To be called for each scan of a JPEG with the samples that all so far visit.</summary>
    public void Scans(string where, int scans, long samples)
    {
        if (samples > limits.MaxScannedSamples)
            throw Error(where, $"scans that visit at most {Text(limits.MaxScannedSamples)} samples",
                $"{Text(samples)} in the first {Text(scans)}", "Save the picture smaller, or as a PNG or baseline JPEG.");
    }

    private static string Text(long width, long height) => string.Create(CultureInfo.InvariantCulture, $"{width} x {height}");
}
