using System.Buffers.Binary;
using NpcMind.Core;

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
        if (FailedDownload.Describe(head) is { } failed) return failed;
        foreach ((byte[] start, string what, string advice) in Starts)
            if (head.StartsWith(start)) return (what, advice);
        if (head.Length > 262 && head.Slice(257, 5).SequenceEqual("ustar"u8)) return ("a tar archive", Unpack);
        if (IsSafetensors(head, length)) return ("a safetensors file", $"It must be converted: take a GGUF file of the model (.gguf).");
        if (!FailedDownload.IsText(head)) return ("no GGUF file", TakeGguf);
        string text = FailedDownload.Text(head);
        if (text.StartsWith('<')) return ("a text file (XML)", TakeGguf);
        return text.StartsWith('{') || text.StartsWith('[') ? ("a text file (JSON)", TakeGguf) : ("a text file", TakeGguf);
    }

    /// <summary>Safetensors: u64 length of a JSON header, then the header.</summary>
    private static bool IsSafetensors(ReadOnlySpan<byte> head, long length) =>
        head.Length > 9 && head[8] == '{' && BinaryPrimitives.ReadUInt64LittleEndian(head) is var header && header is > 1 and < 1UL << 32
            && (long)header <= Math.Max(length, 1 << 27);
}
