using System.Globalization;
using System.Text;

namespace NpcMind.Core;

/// <summary>
/// Text from a file or a path as it may be shown to people: control characters can move a terminal's cursor, and marks of direction can
/// make text look like other text.
/// </summary>
public static class PrintableText
{
    /// <summary>
    /// Returns the text with control characters, line ends, marks of direction and half surrogate pairs written as escapes (<c>\n</c>,
    /// <c>\u001B</c>). Any thread.
    /// </summary>
    /// <param name="text">Any text; null gives "".</param>
    public static string Escape(string? text) => Escape(text, keepsLines: false);

    /// <summary>
    /// Returns the text with everything escaped that <see cref="Escape(string)"/> escapes, but for line feeds and tabs. Any thread.
    /// </summary>
    /// <param name="text">Any text; null gives "".</param>
    public static string EscapeLines(string? text) => Escape(text, keepsLines: true);

    /// <summary>
    /// Returns JSON in which such characters, which JSON allows inside strings, are written as \u escapes: the value stays the same. Any
    /// thread.
    /// </summary>
    /// <param name="json">Well-formed JSON.</param>
    public static string EscapeJson(string json)
    {
        ArgumentNullException.ThrowIfNull(json);
        return Escape(json, keepsLines: true);
    }

    private static string Escape(string? text, bool keepsLines)
    {
        if (string.IsNullOrEmpty(text)) return "";
        int first = 0;
        while (first < text.Length && IsPlain(text, first, keepsLines)) first++;
        if (first == text.Length) return text;
        StringBuilder escaped = new(text, 0, first, text.Length + 16);
        for (int i = first; i < text.Length; i++)
        {
            char c = text[i];
            if (IsPlain(text, i, keepsLines)) escaped.Append(c);
            else if (c == '\n') escaped.Append("\\n");
            else if (c == '\r') escaped.Append("\\r");
            else if (c == '\t') escaped.Append("\\t");
            else escaped.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:X4}");
        }

        return escaped.ToString();
    }

    private static bool IsPlain(string text, int at, bool keepsLines)
    {
        char c = text[at];
        if (c is >= ' ' and <= '~') return true;
        if (c is '\n' or '\t') return keepsLines;
        if (char.IsControl(c)) return false;
        if (char.IsHighSurrogate(c)) return at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]) && !IsTag(c, text[at + 1]);
        if (char.IsLowSurrogate(c)) return at > 0 && char.IsHighSurrogate(text[at - 1]) && !IsTag(text[at - 1], c);
        // Arabic letter mark, marks of direction, line and paragraph separators, embeddings and overrides, isolates, a byte order mark,
        // annotations.
        return c is not ('\u061C' or '\u200E' or '\u200F' or (>= '\u2028' and <= '\u202E') or (>= '\u2066' and <= '\u206F') or '\uFEFF'
            or (>= '\uFFF9' and <= '\uFFFB'));
    }

    /// <summary>Tag characters (U+E0000 to U+E007F) are invisible copies of ASCII.</summary>
    private static bool IsTag(char high, char low) => char.ConvertToUtf32(high, low) is >= 0xE0000 and <= 0xE007F;
}
