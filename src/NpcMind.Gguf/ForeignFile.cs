using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace NpcMind.Gguf;

/// <summary>What people give as a model that is no GGUF file, told by its first bytes, so that the refusal can name it.</summary>
internal static class ForeignFile
{
    /// <summary>Bytes of the beginning that are looked at.</summary>
    public const int HeadBytes = 4096;

    private const string TakeGguf = "Take a GGUF file of the model (.gguf).";
    private const string Unpack = "Unpack it and give the .gguf file in it.";

    private static readonly byte[] Zeros = [0, 0, 0, 0];

    private static readonly (byte[] Start, string What, string Advice)[] Starts =
    [
        ([(byte)'P', (byte)'K', 3, 4], "a ZIP archive (or a PyTorch checkpoint, which is one)",
            $"{Unpack} A checkpoint must be converted to GGUF."),
        ([0x1F, 0x8B], "a gzip archive", Unpack),
        ([0xFD, (byte)'7', (byte)'z', (byte)'X', (byte)'Z'], "an xz archive", Unpack),
        ([(byte)'7', (byte)'z', 0xBC, 0xAF], "a 7-Zip archive", Unpack),
        ([0x28, 0xB5, 0x2F, 0xFD], "a Zstandard archive", Unpack),
        ("BZh"u8.ToArray(), "a bzip2 archive", Unpack),
        ("Rar!"u8.ToArray(), "a RAR archive", Unpack),
        ("lmgg"u8.ToArray(), "a GGML file, the format before GGUF", TakeGguf),
        ("tjgg"u8.ToArray(), "a GGJT file, the format before GGUF", TakeGguf),
        ("fmgg"u8.ToArray(), "a GGMF file, the format before GGUF", TakeGguf),
        ("algg"u8.ToArray(), "a LoRA adapter of the format before GGUF", "Give the model itself; merge the adapter into it first."),
        ([0x80, 2], "a pickled PyTorch checkpoint", TakeGguf),
        ([0x89, (byte)'H', (byte)'D', (byte)'F'], "an HDF5 file", TakeGguf),
        ([0x89, (byte)'P', (byte)'N', (byte)'G'], "a PNG picture", TakeGguf),
        ([0xFF, 0xD8, 0xFF], "a JPEG picture", TakeGguf),
        ("%PDF"u8.ToArray(), "a PDF document", TakeGguf),
        ([0x7F, (byte)'E', (byte)'L', (byte)'F'], "a program", TakeGguf),
        ([(byte)'M', (byte)'Z'], "a program", TakeGguf),
        ("NPCMIND"u8.ToArray(), "a saved mind of NpcMind", "Load it with NpcRuntime.LoadNpc, and give the model here."),
        (Zeros, "no model: it begins with zeros, as a download does that was not completed", "Download it again."),
    ];

    /// <summary>Says what a file is that does not begin with 'GGUF', what to do, as sentences, and what kind of fault that is.</summary>
    /// <param name="head">Its first bytes, up to <see cref="HeadBytes"/>.</param>
    /// <param name="length">Its length in bytes.</param>
    public static (string Summary, GgufFault Fault) Describe(ReadOnlySpan<byte> head, long length)
    {
        if (length == 0) return ("The file is empty. Download it again.", GgufFault.Truncated);
        (string what, string advice) = Kind(head, length);
        return ($"This is {what}. {advice}", head.StartsWith(Zeros) ? GgufFault.Damaged : GgufFault.OtherFormat);
    }

    private static (string What, string Advice) Kind(ReadOnlySpan<byte> head, long length)
    {
        foreach ((byte[] start, string what, string advice) in Starts)
            if (head.StartsWith(start)) return (what, advice);
        if (head.Length > 262 && head.Slice(257, 5).SequenceEqual("ustar"u8)) return ("a tar archive", Unpack);
        if (IsSafetensors(head, length)) return ("a safetensors file", $"It must be converted: take a GGUF file of the model (.gguf).");
        if (!IsText(head)) return ("no GGUF file", TakeGguf);
        string text = Encoding.UTF8.GetString(head).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        if (text.StartsWith("version https://git-lfs.github.com/spec/", StringComparison.Ordinal))
            return ($"a Git LFS pointer, which stands for {Pointed(text)}", "Fetch the file itself: 'git lfs pull', or download it.");
        if (text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<head", StringComparison.OrdinalIgnoreCase))
            return ("a web page (HTML): the download fetched a page instead of the file", "Download the file itself.");
        if (text.StartsWith('<')) return ("a text file (XML)", TakeGguf);
        return text.StartsWith('{') || text.StartsWith('[') ? ("a text file (JSON)", TakeGguf) : ("a text file", TakeGguf);
    }

    /// <summary>Safetensors: u64 length of a JSON header, then the header.</summary>
    private static bool IsSafetensors(ReadOnlySpan<byte> head, long length) =>
        head.Length > 9 && head[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(head) is var header && header is > 1 and < 1UL << 32
            && (long)header <= Math.Max(length, 1 << 27);

    /// <summary>UTF-8 without control characters but white space; a character cut off at the end is none.</summary>
    private static bool IsText(ReadOnlySpan<byte> head)
    {
        if (head.Length >= 2 && (head[0], head[1]) is (0xFF, 0xFE) or (0xFE, 0xFF)) return true;
        foreach (byte value in head)
            if (value < ' ' && value is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0C or 0x1B)) return false;
        for (int cut = 0; cut < 4 && cut < head.Length; cut++)
            if (System.Text.Unicode.Utf8.IsValid(head[..^cut])) return true;
        return false;
    }

    private static string Pointed(string text)
    {
        foreach (string line in text.Split('\n'))
            if (line.StartsWith("size ", StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(5).Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
                out long bytes)) return $"a file of {ByteCount.Text(bytes)}";
        return "the file";
    }
}

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
