using System.Globalization;

namespace NpcMind.Core;

/// <summary>Sizes of files as file managers show them.</summary>
internal static class ByteCount
{
    /// <summary>A size in words: "94 MB", where MB is 2^20 bytes.</summary>
    public static string Text(long bytes)
    {
        (double unit, string name) = Unit(bytes);
        return string.Create(CultureInfo.InvariantCulture, $"{Round(bytes / unit)} {name}");
    }

    /// <summary>A part of a size: "48 of 94 MB".</summary>
    public static string Part(long bytes, long all)
    {
        (double unit, string name) = Unit(all);
        double part = Round(bytes / unit), whole = Round(all / unit);
        return part == whole
            ? string.Create(CultureInfo.InvariantCulture, $"{bytes} of {all} bytes")
            : string.Create(CultureInfo.InvariantCulture, $"{part} of {whole} {name}");
    }

    private static double Round(double size) => Math.Round(size, size < 10 ? 1 : 0, MidpointRounding.AwayFromZero);

    private static (double Unit, string Name) Unit(long bytes) => bytes switch
    {
        < 1 << 10 => (1, "bytes"),
        < 1 << 20 => (1 << 10, "kB"),
        < 10L << 30 => (1 << 20, "MB"),
        _ => (1 << 30, "GB"),
    };
}
