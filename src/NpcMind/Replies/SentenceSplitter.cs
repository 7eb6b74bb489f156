using System.Buffers;
using System.Globalization;
using System.Text;

namespace NpcMind;

/// <summary>
/// Finds where sentences end: at terminators of any script with the quotes and brackets that close after them, and at line ends. A full
/// stop ends none after a title, an initial, an abbreviation or an ordinal, nor does any terminator before a word in lower case.
/// </summary>
internal static class SentenceSplitter
{
    // Terminators that need a blank after them, and those of scripts that write none.
    private static readonly SearchValues<char> Spaced = SearchValues.Create(".!?\u2026\u203D\u203C\u2047\u2048\u2049");
    private static readonly SearchValues<char> Unspaced = SearchValues.Create(
        "\u3002\uFF01\uFF1F\uFF61\u061F\u06D4\u0964\u0965\u0589\u1362\u1367\u104A\u104B\u17D4\u17D5\u0F0D\u0F0E");
    private static readonly SearchValues<char> Terminators = SearchValues.Create(
        ".!?\u2026\u203D\u203C\u2047\u2048\u2049"
        + "\u3002\uFF01\uFF1F\uFF61\u061F\u06D4\u0964\u0965\u0589\u1362\u1367\u104A\u104B\u17D4\u17D5\u0F0D\u0F0E");
    private static readonly SearchValues<char> Closers = SearchValues.Create(
        "\"')]}*_\u2019\u201D\u2018\u201C\u00BB\u00AB\u203A\u2039\u300D\u300F\uFF09\uFF3D\u3011\u3009\u300B\u3015\uFF63");
    private static readonly SearchValues<char> Openers = SearchValues.Create(
        "\"'([{*_\u2018\u201C\u201E\u201A\u00AB\u00BB\u2039\u203A\u2014\u2013-\u00BF\u00A1");
    private static readonly SearchValues<char> LineEnds = SearchValues.Create("\n\r\v\f\u0085\u2028\u2029");

    /// <summary>
    /// Characters up to the end of the first sentence, with what closes after it; -1 while there is none, or while what follows has to
    /// tell.
    /// </summary>
    /// <param name="text">From the start of a sentence on.</param>
    /// <param name="isWhole">Whether no more text comes.</param>
    public static int End(ReadOnlySpan<char> text, bool isWhole)
    {
        int start = 0;
        while (start < text.Length && char.IsWhiteSpace(text[start])) start++;
        for (int i = start; i < text.Length; i++)
        {
            if (LineEnds.Contains(text[i])) return i + 1;
            if (!Terminators.Contains(text[i])) continue;
            int run = i, end;
            while (run < text.Length && Terminators.Contains(text[run])) run++;
            end = AfterClosers(text, run, isWhole);
            if (end < 0) return -1;
            switch (Judge(text, start, i, run, end, isWhole))
            {
                case Verdict.Ends: return end;
                case Verdict.Waits: return -1;
                default: i = end - 1; break;
            }
        }

        return -1;
    }

    /// <summary>Characters up to the end of the last sentence that a terminator ends; 0 for none. No more text comes.</summary>
    public static int LastEnd(ReadOnlySpan<char> text)
    {
        int at = 0, last = 0;
        while (End(text[at..], isWhole: true) is > 0 and int end)
        {
            at += end;
            if (IsEnded(text[..at])) last = at;
        }

        return text[..last].TrimEnd().Length;
    }

    /// <summary>Whether a terminator, with what closes after it, is the last of a text.</summary>
    public static bool IsEnded(ReadOnlySpan<char> text)
    {
        text = text.TrimEnd();
        while (text.Length > 0 && (Closers.Contains(text[^1]) || char.IsWhiteSpace(text[^1]))) text = text[..^1];
        return text.Length > 0 && Terminators.Contains(text[^1]);
    }

    private enum Verdict
    {
        GoesOn,
        Ends,
        Waits,
    }

    /// <summary>
    /// Past the quotes and brackets that close at <paramref name="at"/>; a guillemet may stand behind a blank, as in French. -1 while what
    /// follows has to tell.
    /// </summary>
    private static int AfterClosers(ReadOnlySpan<char> text, int at, bool isWhole)
    {
        int end = at;
        while (end < text.Length && (Closers.Contains(text[end]) || Terminators.Contains(text[end]))) end++;
        if (end + 1 >= text.Length || text[end] is not (' ' or '\u00A0' or '\u202F') || text[end + 1] != '\u00BB') return end;
        // In German and Danish the same mark behind a blank opens: then a word follows at once.
        if (end + 2 == text.Length) return isWhole ? end + 2 : -1;
        return char.IsLetterOrDigit(text[end + 2]) ? end : end + 2;
    }

    private static Verdict Judge(ReadOnlySpan<char> text, int start, int first, int run, int end, bool isWhole)
    {
        if (end == text.Length)
        {
            if (!isWhole) return Verdict.Waits; // more of it, or what closes it, may follow
            return first == run - 1 && end == run && text[first] == '.' && Abbreviations.Holds(text[start..first], default)
                ? Verdict.GoesOn : Verdict.Ends;
        }

        ReadOnlySpan<char> after = text[end..];
        // a quote that "to" or another particle goes on from
        if (Unspaced.Contains(text[run - 1])) return end > run && IsHiragana(after[0]) ? Verdict.GoesOn : Verdict.Ends;
        if (!char.IsWhiteSpace(after[0]))
            return IsWide(after[0]) && (text[first] != '.' || (first > 0 && IsWide(text[first - 1]))) ? Verdict.Ends : Verdict.GoesOn;
        ReadOnlySpan<char> next = after.TrimStart();
        if (after[..^next.Length].IndexOfAny(LineEnds) >= 0) return Verdict.Ends;
        while (next.Length > 0 && Openers.Contains(next[0])) next = next[1..].TrimStart();
        if (next.Length == 0) return isWhole ? Verdict.Ends : Verdict.Waits;
        Rune.DecodeFromUtf16(next, out Rune letter, out _);
        if (Rune.GetUnicodeCategory(letter) == UnicodeCategory.LowercaseLetter) return Verdict.GoesOn;
        bool isStop = first == run - 1 && text[first] == '.';
        if (isStop && end == run)
        {
            ReadOnlySpan<char> before = text[start..first];
            ReadOnlySpan<char> word = Word(next);
            // Which word follows can tell an ordinal from a number: it has to be there whole.
            if (!isWhole && word.Length == next.Length && Abbreviations.DependsOnNext(before)) return Verdict.Waits;
            return Abbreviations.Holds(before, word) ? Verdict.GoesOn : Verdict.Ends;
        }

        if (text[first] is not ('.' or '\u2026') || letter.Value != 'I') return Verdict.Ends;
        // After an ellipsis the English "I" is capital anyway.
        ReadOnlySpan<char> pronoun = Word(next);
        if (pronoun.Length == next.Length && !isWhole) return Verdict.Waits;
        return pronoun.Length == 1 || pronoun[1] is '\'' or '\u2019' ? Verdict.GoesOn : Verdict.Ends;
    }

    private static ReadOnlySpan<char> Word(ReadOnlySpan<char> text)
    {
        int length = 0;
        while (length < text.Length && (char.IsLetterOrDigit(text[length]) || text[length] is '\'' or '\u2019')) length++;
        return text[..length];
    }

    private static bool IsHiragana(char c) => c is >= '\u3041' and <= '\u309F';

    /// <summary>Letters and brackets of scripts that put no blank between sentences.</summary>
    private static bool IsWide(char c) =>
        c is (>= '\u3008' and <= '\u9FFF') or (>= '\uF900' and <= '\uFAFF') or (>= '\uFF08' and <= '\uFF9F');
}
