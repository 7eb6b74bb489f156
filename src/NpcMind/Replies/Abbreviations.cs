using System.Collections.Frozen;
using System.Globalization;

namespace NpcMind;

/// <summary>Full stops that end no sentence, in the languages that write so: after titles, initials, abbreviations and ordinals.</summary>
internal static class Abbreviations
{
    private const int LongestWord = 24;

    // Before a name, with a capital. Words that a sentence may end with are left out (Inc., Co.), and so are those that are words elsewhere
    // (On., Me.).
    private static readonly FrozenSet<string> Titles = Set(
        // English
        "mr mrs ms mx messrs mt ft gen col maj capt cpt cmdr lt sgt cpl pvt adm gov sen rep pres hon rev msgr fr sr br supt insp det st "
            + "dr prof",
        // German, French
        "hr hrn frl dipl ing mag hptm oblt ltn hl mme mmes mlle mlles mgr ste",
        // Spanish, Portuguese, Italian
        "sra srta srs sras dra drs profa lic arq ud uds vd vds excmo excma ilmo ilma sto sta exmo exma dna do\u00f1a d\u00f1a sig sigg "
            + "sig.ra sig.na dott dott.ssa prof.ssa avv geom rag",
        // Dutch, Nordic, Polish, Hungarian, Turkish
        "dhr mevr mw frk \u015bw in\u017c ks \u00f6zv ifj sn");

    // Never the last word of a sentence.
    private static readonly FrozenSet<string> Anywhere = Set(
        "dr prof vs cf viz approx esp incl excl bzw ca evtl ggf inkl exkl sog vgl zzgl insb bspw dgl env bijv tzn np mgr nap\u0159 tj "
            + "p\u0159 sv \u00f6rn",
        "\u0441\u043c \u0443\u043b \u0441\u0432 \u043f\u0440\u043e\u0444 \u0430\u043a\u0430\u0434 \u0433\u0435\u043d "
            + "\u043f\u043e\u043b\u043a \u0433\u043e\u0441\u043f \u0433-\u043d \u0433-\u0436\u0430");

    // Only before a number.
    private static readonly FrozenSet<string> BeforeNumbers = Set(
        "no nos nr n\u00ba n\u00b0 num n\u00fam n\u00fams nro p pp pg p\u00e1g p\u00e1gs pag pagg s vol vols ch chs fig figs art arts "
            + "sec ver vers abs abb bd bde kap kapitel z str tel cap ep ed op q qq v vv t tom est min max "
            + "sect par \u00a7 stk \u010d \u010ds tab eq",
        "jan feb mar apr jun jul aug sep sept oct nov dec j\u00e4n m\u00e4r okt dez janv f\u00e9vr avr juil ao\u00fbt d\u00e9c ene abr ago "
            + "gen mag giu lug set ott dic",
        "\u0441\u0442\u0440 \u2116 \u0440\u0438\u0441 \u0433\u043b");

    // The second half of two that stand apart: "p. ex.", "v. Chr.".
    private static readonly FrozenSet<string> AfterInitials = Set("ex ej es chr dgl \u00e4 esq");

    private static readonly FrozenSet<string> Months = Set(
        "januar j\u00e4nner februar m\u00e4rz april mai juni juli august september oktober november dezember januari februari mars maj "
            + "marts desember december t\u00e1hta",
        "jahrhundert jh jhd jahrtausend weltkrieg tag nacht klasse stock stockwerk kapitel akt band mal platz rang regiment infanterie "
            + "division armee buch teil \u00e5rhundrede \u00e5rhundre");

    // Words of German before an ordinal. "am" and "im" are left out: before months the month tells.
    private static readonly FrozenSet<string> Articles = Set("der die das den dem des vom zum zur beim jeder jeden jedes jede ein eine "
        + "einen einem einer unser unsere unser mein meine sein seine ihr ihre");

    /// <summary>Whether the full stop after <paramref name="before"/> belongs to its last word.</summary>
    /// <param name="before">The sentence up to the full stop.</param>
    /// <param name="next">The word after it, which does not begin in lower case; empty at the end of a text.</param>
    public static bool Holds(ReadOnlySpan<char> before, ReadOnlySpan<char> next)
    {
        ReadOnlySpan<char> word = LastWord(before);
        if (word.IsEmpty || word.Length > LongestWord) return false;
        ReadOnlySpan<char> earlier = before[..^word.Length].TrimEnd();
        if (IsNumber(word)) return IsOrdinal(earlier, word, next);
        int dot = word.LastIndexOf('.');
        ReadOnlySpan<char> last = word[(dot + 1)..];
        // "il y en a."; but "a. C.", "u. a."
        if (word is "a")
            return next.Length == 1 || (earlier.Length > 1 && earlier[^1] == '.' && IsInitial(LastWord(earlier[..^1]), isAlone: true));
        if (IsInitial(last, isAlone: dot < 0)) return true;
        if (dot >= 0 && IsDotted(word)) return true;
        Span<char> lower = stackalloc char[LongestWord];
        lower = lower[..word.ToLowerInvariant(lower)];
        if (Known(Anywhere, lower) || (char.IsUpper(word[0]) && Known(Titles, lower))) return true;
        if (next.Length > 0 && char.IsDigit(next[0]) && Known(BeforeNumbers, lower)) return true;
        return Known(AfterInitials, lower) && earlier.Length > 1 && earlier[^1] == '.' && IsInitial(LastWord(earlier[..^1]), isAlone: true);
    }

    /// <summary>Whether <see cref="Holds"/> may look at more of the next word than its first letter.</summary>
    public static bool DependsOnNext(ReadOnlySpan<char> before) =>
        before.Length > 0 && (char.IsDigit(before[^1]) || LastWord(before) is "a");

    private static FrozenSet<string> Set(params string[] words) =>
        words.SelectMany(w => w.Split(' ', StringSplitOptions.RemoveEmptyEntries)).ToFrozenSet(StringComparer.Ordinal);

    private static bool Known(FrozenSet<string> set, ReadOnlySpan<char> word) =>
        set.GetAlternateLookup<ReadOnlySpan<char>>().Contains(word);

    private static ReadOnlySpan<char> LastWord(ReadOnlySpan<char> text)
    {
        int at = text.Length;
        while (at > 0 && IsOfWord(text[at - 1])) at--;
        return text[at..].TrimStart(".-'\u2019");
    }

    private static bool IsOfWord(char c) => char.IsLetterOrDigit(c) || c is '.' or '-' or '\'' or '\u2019' or '\u00B0' or '\u00A7'
        || char.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark;

    /// <summary>A letter by itself, of a script with capitals, that is no word.</summary>
    private static bool IsInitial(ReadOnlySpan<char> word, bool isAlone)
    {
        if (word.Length > 2 && word[^2] == '-') word = word[^1..]; // J.-C.
        if (word.Length != 1 || !(char.IsUpper(word[0]) || char.IsLower(word[0]))) return false;
        return !isAlone || word[0] is not ('\u00e8' or '\u00e9' or '\u00e0' or '\u00f2' or '\u00e1' or '\u044f' or '\u0438' or '\u0430'
            or '\u043e' or '\u0443');
    }

    /// <summary>Parts of one or two letters with full stops between: a.m, Ph.D, U.S.</summary>
    private static bool IsDotted(ReadOnlySpan<char> word)
    {
        while (word.Length > 0)
        {
            int dot = word.IndexOf('.'), length = dot < 0 ? word.Length : dot;
            if (length is 0 or > 2 || !char.IsLetter(word[0])) return false;
            word = dot < 0 ? [] : word[(dot + 1)..];
        }

        return true;
    }

    private static bool IsNumber(ReadOnlySpan<char> word) => word.Length <= 3 && word.IndexOfAnyExceptInRange('0', '9') < 0;

    /// <summary>"1. Mai", "der 3. Mann", and what a list is numbered by.</summary>
    private static bool IsOrdinal(ReadOnlySpan<char> earlier, ReadOnlySpan<char> word, ReadOnlySpan<char> next)
    {
        if (earlier.IsEmpty) return word.Length < 3;
        Span<char> lower = stackalloc char[LongestWord];
        if (next.Length is > 0 and <= LongestWord && Known(Months, lower[..next.ToLowerInvariant(lower)])) return true;
        ReadOnlySpan<char> before = LastWord(earlier);
        return next.Length > 0 && before.Length is > 0 and <= LongestWord && Known(Articles, lower[..before.ToLowerInvariant(lower)]);
    }
}
