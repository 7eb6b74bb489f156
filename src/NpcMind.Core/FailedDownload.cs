using System.Globalization;
using System.Text;
using System.Text.Unicode;

namespace NpcMind.Core;

/// <summary>What a failed download leaves under the name of a file, told by its first bytes.</summary>
internal static class FailedDownload
{
    /// <summary>Says what stands in the place of a file, and what to do; null where it may be the file itself.</summary>
    /// <param name="head">Its first bytes; a few hundred suffice.</param>
    public static (string What, string Advice)? Describe(ReadOnlySpan<byte> head)
    {
        if (head.StartsWith([(byte)0, (byte)0, (byte)0, (byte)0]))
            return ("a file that begins with zeros, as a download does that was not completed", "Download it again.");
        if (!IsText(head)) return null;
        string text = Text(head);
        if (text.StartsWith("version https://git-lfs.github.com/spec/", StringComparison.Ordinal))
            return ($"a Git LFS pointer, which stands for {Pointed(text)}", "Fetch the file itself: 'git lfs pull', or download it.");
        foreach (string start in (ReadOnlySpan<string>)["<!doctype html", "<html", "<head"])
            if (text.StartsWith(start, StringComparison.OrdinalIgnoreCase))
                return ("a web page (HTML): the download fetched a page instead of the file", "Download the file itself.");
        return null;
    }

    /// <summary>
    /// Whether a file begins with text: UTF-8 without control characters but white space; a character cut off at the end is none. Or it
    /// begins with the mark of UTF-16.
    /// </summary>
    public static bool IsText(ReadOnlySpan<byte> head)
    {
        if (head.Length >= 2 && (head[0], head[1]) is (0xFF, 0xFE) or (0xFE, 0xFF)) return true;
        foreach (byte value in head)
            if (value < ' ' && value is not ((byte)'\t' or (byte)'\n' or (byte)'\r' or 0x0C or 0x1B)) return false;
        for (int cut = 0; cut < 4 && cut < head.Length; cut++)
            if (Utf8.IsValid(head[..^cut])) return true;
        return false;
    }

    /// <summary>The text that a file begins with, white space left out.</summary>
    public static string Text(ReadOnlySpan<byte> head) => Encoding.UTF8.GetString(head).TrimStart('\uFEFF', ' ', '\t', '\r', '\n');

    private static string Pointed(string text)
    {
        foreach (string line in text.Split('\n'))
            if (line.StartsWith("size ", StringComparison.Ordinal)
                && long.TryParse(line.AsSpan(5).Trim(), NumberStyles.None, CultureInfo.InvariantCulture,
                out long bytes)) return $"a file of {ByteCount.Text(bytes)}";
        return "the file";
    }
}
