using System.Globalization;

namespace NpcMind.Jinja;

/// <summary>Python's view of text: a sequence of code points, with its own idea of white space, lines and printable characters.</summary>
internal static class CodePoints
{
    /// <summary>UTF-16 units of the code point at an offset: 2 for a surrogate pair, else 1 (a lone half counts as one).</summary>
    public static int SizeAt(string text, int offset) =>
        char.IsHighSurrogate(text[offset]) && offset + 1 < text.Length && char.IsLowSurrogate(text[offset + 1]) ? 2 : 1;

    public static int Count(string text)
    {
        int count = text.Length;
        for (int i = text.AsSpan().IndexOfAnyInRange('\uD800', '\uDBFF'); i >= 0 && i + 1 < text.Length; i++)
            if (SizeAt(text, i) == 2)
            {
                count--;
                i++;
            }

        return count;
    }

    /// <summary>UTF-16 offset of the n-th code point.</summary>
    public static int Offset(TemplateString text, int index)
    {
        if (text.IsFlat) return index;
        if (index >= text.Count) return text.Length;
        int offset = 0;
        for (; index > 0; index--) offset += SizeAt(text.Value, offset);
        return offset;
    }

    /// <summary>Code points before a UTF-16 offset.</summary>
    public static int Index(TemplateString text, int offset) => text.IsFlat ? offset : Count(text.Value[..offset]);

    public static int ValueAt(string text, int offset) => SizeAt(text, offset) == 2
        ? char.ConvertToUtf32(text[offset], text[offset + 1]) : text[offset];

    public static string ToText(int codePoint) => codePoint is >= 0xD800 and < 0xE000
        ? ((char)codePoint).ToString() : char.ConvertFromUtf32(codePoint);

    /// <summary>Order by code point: UTF-16 order differs above the surrogates.</summary>
    public static int Compare(string left, string right)
    {
        int length = Math.Min(left.Length, right.Length);
        int i = left.AsSpan(0, length).CommonPrefixLength(right.AsSpan(0, length));
        if (i == length) return left.Length.CompareTo(right.Length);
        char a = left[i], b = right[i];
        return char.IsSurrogate(a) == char.IsSurrogate(b) ? a.CompareTo(b) : char.IsSurrogate(a) ? 1 : -1;
    }

    public static bool IsSpace(char c) => char.IsWhiteSpace(c) || c is >= '\x1c' and <= '\x1f';

    /// <summary>Ends a line for <c>splitlines</c>.</summary>
    public static bool IsLineEnd(char c) => c is '\n' or '\r' or '\v' or '\f' or '\x1c' or '\x1d' or '\x1e' or '\x85' or '\u2028'
        or '\u2029';

    public static UnicodeCategory Category(string text, int offset) => CharUnicodeInfo.GetUnicodeCategory(text, offset);

    public static bool IsAlpha(string text, int offset) => Category(text, offset) <= UnicodeCategory.OtherLetter;

    public static bool IsDecimal(string text, int offset) => Category(text, offset) == UnicodeCategory.DecimalDigitNumber;

    public static bool IsDigit(string text, int offset) => IsDecimal(text, offset) || CharUnicodeInfo.GetDigitValue(text, offset) >= 0;

    public static bool IsNumeric(string text, int offset) => IsDigit(text, offset) || CharUnicodeInfo.GetNumericValue(text, offset) != -1;

    public static bool IsAlphanumeric(string text, int offset) => IsAlpha(text, offset) || IsNumeric(text, offset);

    public static bool IsWord(string text, int offset) => text[offset] == '_' || IsAlphanumeric(text, offset);

    public static bool IsPrintable(string text, int offset) => text[offset] == ' ' || Category(text, offset) is not (
        UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.Surrogate or UnicodeCategory.PrivateUse
            or UnicodeCategory.OtherNotAssigned or
        UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.SpaceSeparator);

    public static bool IsIdentifier(string text)
    {
        for (int i = 0; i < text.Length; i += SizeAt(text, i))
        {
            UnicodeCategory category = Category(text, i);
            bool start = text[i] == '_' || category is <= UnicodeCategory.OtherLetter or UnicodeCategory.LetterNumber;
            bool rest = category is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark
                or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.ConnectorPunctuation;
            if (!start && (i == 0 || !rest)) return false;
        }

        return text.Length > 0;
    }

    /// <summary>Whether a role or the like is one plain word, so that it cannot hold a control token.</summary>
    public static bool IsPlainWord(string text)
    {
        foreach (char c in text)
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')) return false;
        return text.Length > 0;
    }

    /// <summary>Code points of a text as texts, keeping trust.</summary>
    public static IEnumerable<TemplateString> Split(TemplateString text)
    {
        for (int i = 0, size; i < text.Length; i += size)
        {
            size = SizeAt(text.Value, i);
            yield return text.Slice(i, size).WithMarkup(false);
        }
    }
}
