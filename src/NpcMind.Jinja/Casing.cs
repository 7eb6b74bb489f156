using System.Collections.Frozen;
using System.Globalization;
using System.Text;

namespace NpcMind.Jinja;

/// <summary>Upper, lower and title case as Python has them: full mappings of Unicode, where one letter can become several.</summary>
internal static class Casing
{
    // Each entry: the letter, then what it becomes. From Unicode's SpecialCasing and UnicodeData (title case).
    private const string UpperTable = "ßSS ıI ſS ŉʼN ǰJ\u030c ΐΙ\u0308\u0301 ΰΥ\u0308\u0301 ևԵՒ ẖH\u0331 ẗT\u0308 ẘW\u030a ẙY\u030a ẚAʾ " +
        "ὐΥ\u0313 ὒΥ\u0313\u0300 "
        + "ὔΥ\u0313\u0301 ὖΥ\u0313\u0342 ᾀἈΙ ᾁἉΙ ᾂἊΙ ᾃἋΙ ᾄἌΙ ᾅἍΙ ᾆἎΙ ᾇἏΙ ᾈἈΙ ᾉἉΙ ᾊἊΙ ᾋἋΙ ᾌἌΙ ᾍἍΙ ᾎἎΙ ᾏἏΙ ᾐἨΙ ᾑἩΙ ᾒἪΙ ᾓἫΙ ᾔἬΙ ᾕἭΙ "
        + "ᾖἮΙ ᾗἯΙ ᾘἨΙ ᾙἩΙ ᾚἪΙ ᾛἫΙ ᾜἬΙ ᾝἭΙ ᾞἮΙ ᾟἯΙ ᾠὨΙ ᾡὩΙ ᾢὪΙ ᾣὫΙ ᾤὬΙ ᾥὭΙ ᾦὮΙ ᾧὯΙ ᾨὨΙ ᾩὩΙ ᾪὪΙ ᾫὫΙ ᾬὬΙ ᾭὭΙ ᾮὮΙ ᾯὯΙ ᾲᾺΙ ᾳΑΙ ᾴΆΙ "
        + "ᾶΑ\u0342 ᾷΑ\u0342Ι ᾼΑΙ ῂῊΙ ῃΗΙ ῄΉΙ ῆΗ\u0342 ῇΗ\u0342Ι ῌΗΙ ῒΙ\u0308\u0300 ΐΙ\u0308\u0301 ῖΙ\u0342 ῗΙ\u0308\u0342 "
        + "ῢΥ\u0308\u0300 ΰΥ\u0308\u0301 ῤΡ\u0313 ῦΥ\u0342 ῧΥ\u0308\u0342 ῲῺΙ ῳΩΙ ῴΏΙ ῶΩ\u0342 ῷΩ\u0342Ι ῼΩΙ ﬀFF ﬁFI ﬂFL ﬃFFI ﬄFFL "
        + "ﬅST ﬆST ﬓՄՆ ﬔՄԵ ﬕՄԻ ﬖՎՆ ﬗՄԽ";

    private const string TitleTable = "ßSs Ǆǅ ǆǅ Ǉǈ ǉǈ Ǌǋ ǌǋ Ǳǲ ǳǲ ևԵւ ᾀᾈ ᾁᾉ ᾂᾊ ᾃᾋ ᾄᾌ ᾅᾍ ᾆᾎ ᾇᾏ ᾐᾘ ᾑᾙ ᾒᾚ ᾓᾛ ᾔᾜ ᾕᾝ ᾖᾞ ᾗᾟ ᾠᾨ ᾡᾩ ᾢᾪ ᾣᾫ ᾤᾬ ᾥᾭ " +
        "ᾦᾮ ᾧᾯ ᾲᾺ\u0345 ᾳᾼ "
        + "ᾴΆ\u0345 ᾷΑ\u0342\u0345 ῂῊ\u0345 ῃῌ ῄΉ\u0345 ῇΗ\u0342\u0345 ῲῺ\u0345 ῳῼ ῴΏ\u0345 ῷΩ\u0342\u0345 ﬀFf ﬁFi ﬂFl ﬃFfi ﬄFfl "
        + "ﬅSt ﬆSt ﬓՄն ﬔՄե ﬕՄի ﬖՎն ﬗՄխ";

    private static readonly FrozenDictionary<int, string> UpperSpecial = Read(UpperTable), TitleSpecial = Read(TitleTable);

    public static TemplateString Upper(TemplateString text, Budget budget) => Map(text, budget, (value, i) => Upper(value, i));

    public static TemplateString Lower(TemplateString text, Budget budget) => Map(text, budget, Lower);

    public static TemplateString Fold(TemplateString text, Budget budget) =>
        Map(text, budget, (value, i) => value[i] == 'ı' ? "ı" : LowerAll(Upper(value, i)));

    public static TemplateString Swap(TemplateString text, Budget budget) =>
        Map(text, budget, (value, i) => IsUpper(value, i) ? Lower(value, i) : IsLower(value, i) ? Upper(value, i) : Plain(value, i));

    /// <summary>First letter as a title, the rest lower.</summary>
    public static TemplateString Capitalize(TemplateString text, Budget budget) =>
        Map(text, budget, (value, i) => i == 0 ? Title(value, i) : Lower(value, i));

    /// <summary>str.title(): every letter behind a non-letter as a title, the others lower.</summary>
    public static TemplateString Title(TemplateString text, Budget budget)
    {
        bool inside = false;
        return Map(text, budget, (value, i) =>
        {
            string mapped = inside ? Lower(value, i) : Title(value, i);
            inside = IsCased(value, i);
            return mapped;
        });
    }

    /// <summary>The filter title: words begin behind white space, hyphens and opening brackets only.</summary>
    public static TemplateString TitleWords(TemplateString text, Budget budget)
    {
        bool inside = false;
        return Map(text, budget, (value, i) =>
        {
            string mapped = inside ? Lower(value, i) : Upper(value, i);
            inside = !(CodePoints.IsSpace(value[i]) || value[i] is '-' or '(' or '{' or '[' or '<');
            return mapped;
        });
    }

    // Roman numerals and letters in circles have case without being letters.
    public static bool IsUpper(string text, int at) =>
        CodePoints.Category(text, at) == UnicodeCategory.UppercaseLetter
        || text[at] is >= '\u2160' and <= '\u216f' or >= '\u24b6' and <= '\u24cf';

    public static bool IsLower(string text, int at) => CodePoints.Category(text, at) == UnicodeCategory.LowercaseLetter
        || text[at] is 'ª' or 'º'
        or >= '\u2170' and <= '\u217f' or >= '\u24d0' and <= '\u24e9' or >= 'ʰ' and <= 'ʸ' or >= 'ᴬ' and <= 'ᵪ';

    public static bool IsTitle(string text, int at) => CodePoints.Category(text, at) == UnicodeCategory.TitlecaseLetter;

    public static bool IsCased(string text, int at) => IsUpper(text, at) || IsLower(text, at) || IsTitle(text, at);

    private static TemplateString Map(TemplateString text, Budget budget, Func<string, int, string> map)
    {
        TemplateStringBuilder mapped = new(budget);
        string value = text.Value;
        for (int i = 0; i < value.Length; i += CodePoints.SizeAt(value, i)) mapped.Append(map(value, i), text.IsUntrustedAt(i));
        return mapped.ToTemplateString(text.IsMarkup);
    }

    private static string Plain(string text, int at) => text.Substring(at, CodePoints.SizeAt(text, at));

    private static string Upper(string text, int at)
    {
        if (!Rune.TryGetRuneAt(text, at, out Rune rune)) return Plain(text, at);
        return UpperSpecial.TryGetValue(rune.Value, out string? special) ? special : Rune.ToUpperInvariant(rune).ToString();
    }

    private static string Title(string text, int at)
    {
        // Georgian has upper case but no title case.
        if (IsTitle(text, at) || text[at] is >= '\u10d0' and <= '\u10ff') return Plain(text, at);
        return TitleSpecial.TryGetValue(CodePoints.ValueAt(text, at), out string? special) ? special : Upper(text, at);
    }

    private static string Lower(string text, int at)
    {
        if (text[at] == 'İ') return "i\u0307";
        if (text[at] == 'Σ') return IsFinalSigma(text, at) ? "ς" : "σ";
        return Rune.TryGetRuneAt(text, at, out Rune rune) ? Rune.ToLowerInvariant(rune).ToString() : Plain(text, at);
    }

    private static string LowerAll(string text)
    {
        StringBuilder lower = new();
        foreach (Rune rune in text.EnumerateRunes()) lower.Append(rune.Value == 'İ' ? "i\u0307" : Rune.ToLowerInvariant(rune).ToString());
        return lower.ToString();
    }

    // A sigma behind a letter and not before one, marks aside.
    private static bool IsFinalSigma(string text, int at)
    {
        int before = at - 1, after = at + 1;
        while (before >= 0 && IsIgnorable(text, before)) before--;
        if (before > 0 && char.IsLowSurrogate(text[before])) before--;
        while (after < text.Length && IsIgnorable(text, after)) after++;
        return before >= 0 && IsCased(text, before) && !(after < text.Length && IsCased(text, after));
    }

    private static bool IsIgnorable(string text, int at) => text[at] is '\'' or '.' or ':' or '·' or '’' || CodePoints.Category(text, at) is
        UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark or UnicodeCategory.Format or UnicodeCategory.ModifierLetter
        or UnicodeCategory.ModifierSymbol;

    private static FrozenDictionary<int, string> Read(string table) =>
        table.Split(' ').ToFrozenDictionary(entry => (int)entry[0], entry => entry[1..]);
}
