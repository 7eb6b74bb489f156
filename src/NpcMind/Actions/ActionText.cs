using System.Text;

namespace NpcMind;

/// <summary>Which characters a text of an action can have, for grammar, reader and writer alike.</summary>
internal static class ActionText
{
    /// <summary>GBNF for one character of one UTF-16 unit, as it is written in quotes.</summary>
    public const string One = """[ !#-\[\]-~\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD] | "\\" ["\\]""";

    /// <summary>GBNF for one character of two UTF-16 units.</summary>
    public const string Two = """[\U00010000-\U0010FFFF]""";

    /// <summary>GBNF for one character outside quotes.</summary>
    public const string Spoken = """[ -~\u00A0-\u2027\u202A-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]""";

    /// <summary>What keeps a text from being written; null when nothing does.</summary>
    public static string? Fault(ReadOnlySpan<char> text, int maxLength)
    {
        if (text.Length > maxLength) return $"has {text.Length} UTF-16 units and at most {maxLength} fit. Shorten it";
        for (int at = 0; at < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text[at..], out Rune rune, out int length) != System.Buffers.OperationStatus.Done)
                return $"has half of a surrogate pair at {at}. Remove it";
            if (rune.Value is < 0x20 or (>= 0x7F and < 0xA0) or 0x2028 or 0x2029 or 0xFFFE or 0xFFFF)
                return $"has the unprintable character U+{rune.Value:X4} at {at}. Remove it";
            at += length;
        }

        return null;
    }

    /// <summary>Appends a text in quotes, escaped.</summary>
    public static void AppendJson(StringBuilder json, string text)
    {
        json.Append('"');
        foreach (char c in text)
        {
            if (c is '"' or '\\') json.Append('\\');
            json.Append(c);
        }

        json.Append('"');
    }

    public static string Json(string text)
    {
        StringBuilder json = new();
        AppendJson(json, text);
        return json.ToString();
    }
}
