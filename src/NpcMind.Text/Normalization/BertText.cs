using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace NpcMind.Text.Normalization;

/// <summary>
/// How BERT's tokenizer prepares text: controls are removed, CJK ideographs and punctuation become words of their own, and where the
/// vocabulary asks for it accents are removed and letters are lower case. Agrees with the fast tokenizer of Hugging Face. Source: Devlin
/// et al. 2019.
/// </summary>
/// <param name="Lowercase">Letters become lower case.</param>
/// <param name="StripAccents">Text is decomposed, and marks without width are removed.</param>
internal sealed record BertText(bool Lowercase, bool StripAccents)
{
    private static readonly Rune Space = new(' ');

    /// <summary>Calls <paramref name="word"/> with the words of a text, in order.</summary>
    /// <param name="text">Any text; ill-formed UTF-16 is removed.</param>
    /// <param name="word">Receives the code points of a word; they are valid during the call.</param>
    public void Split(ReadOnlySpan<char> text, WordAction word)
    {
        List<int> points = Normalize(text);
        Span<int> all = CollectionsMarshal.AsSpan(points);
        int start = 0;
        for (int i = 0; i < all.Length; i++)
        {
            bool separates = IsPunctuation(all[i]);
            if (!separates && !Rune.IsWhiteSpace(new Rune(all[i]))) continue;
            if (i > start) word(all[start..i]);
            if (separates) word(all[i..(i + 1)]);
            start = i + 1;
        }

        if (start < all.Length) word(all[start..]);
    }

    /// <summary>
    /// Cleans, separates ideographs, then removes accents, then lowers: the order decides what becomes of composed letters.
    /// </summary>
    private List<int> Normalize(ReadOnlySpan<char> text)
    {
        StringBuilder clean = new(text.Length + 16);
        foreach (Rune rune in text.EnumerateRunes())
        {
            if (IsRemoved(rune)) continue;
            bool alone = IsIdeograph(rune.Value);
            if (alone) clean.Append(' ');
            Append(clean, Rune.IsWhiteSpace(rune) ? Space : rune);
            if (alone) clean.Append(' ');
        }

        string cleaned = clean.ToString();
        List<int> points = StripAccents ? Nfc.Decompose(cleaned) : [.. cleaned.EnumerateRunes().Select(r => r.Value)];
        if (StripAccents) points.RemoveAll(p => CharUnicodeInfo.GetUnicodeCategory(p) == UnicodeCategory.NonSpacingMark);
        return Lowercase ? Lower(points) : points;
    }

    private static List<int> Lower(List<int> points)
    {
        List<int> lower = new(points.Count);
        foreach (int point in points)
        {
            if (point == 0x130) lower.AddRange([0x69, 0x307]); // the only letter whose lower case is two
            else lower.Add(Rune.ToLowerInvariant(new Rune(point)).Value);
        }

        return lower;
    }

    /// <summary>U+0000, U+FFFD, controls but for tab and line ends, format characters and private ones.</summary>
    private static bool IsRemoved(Rune rune) => rune.Value is 0 or 0xFFFD
        || (rune.Value is not ('\t' or '\n' or '\r') && Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.PrivateUse);

    /// <summary>The blocks of CJK ideographs as BERT counts them; other scripts of East Asia are words with blanks between them.</summary>
    private static bool IsIdeograph(int point) => point is (>= 0x4E00 and <= 0x9FFF) or (>= 0x3400 and <= 0x4DBF)
        or (>= 0x20000 and <= 0x2A6DF) or (>= 0x2A700 and <= 0x2B73F) or (>= 0x2B740 and <= 0x2B81F) or (>= 0x2B920 and <= 0x2CEAF)
        or (>= 0xF900 and <= 0xFAFF) or (>= 0x2F800 and <= 0x2FA1F);

    /// <summary>The categories of punctuation, and what of ASCII is neither letter, digit, blank nor control.</summary>
    private static bool IsPunctuation(int point) => point < 128
        ? point is > 0x20 and < 0x7F && !char.IsAsciiLetterOrDigit((char)point)
        : CharUnicodeInfo.GetUnicodeCategory(point) is UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation
            or UnicodeCategory.OpenPunctuation or UnicodeCategory.ClosePunctuation or UnicodeCategory.InitialQuotePunctuation
            or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation;

    private static void Append(StringBuilder to, Rune rune)
    {
        Span<char> units = stackalloc char[2];
        to.Append(units[..rune.EncodeToUtf16(units)]);
    }

    /// <summary>Receives the code points of a word.</summary>
    internal delegate void WordAction(ReadOnlySpan<int> word);
}
