using System.Globalization;
using System.Text;

namespace NpcMind.Text.PreTokenization;

/// <summary>The classes that pre-tokenizer rules speak of.</summary>
[Flags]
internal enum CharClass
{
    None = 0,
    /// <summary>\p{L}</summary>
    Letter = 1,
    /// <summary>\p{M}</summary>
    Mark = 2,
    /// <summary>\p{N}</summary>
    Number = 4,
    /// <summary>\p{P}</summary>
    Punctuation = 8,
    /// <summary>\p{S}</summary>
    Symbol = 16,
    /// <summary>\s: the White_Space property.</summary>
    Space = 32,
    /// <summary>CR or LF, which are also <see cref="Space"/>.</summary>
    NewLine = 64,
    /// <summary>[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]: may open a word in capitals.</summary>
    WordHead = 128,
    /// <summary>[\p{Ll}\p{Lm}\p{Lo}\p{M}]: may go on in lower case.</summary>
    WordTail = 256,
}

/// <summary>A code point and its classes in 32 bits. Whole code points, since .NET's regex classes see half a surrogate pair.</summary>
internal readonly struct CodePoint
{
    private const int ValueBits = 21;
    private static readonly CodePoint[] Ascii = [.. Enumerable.Range(0, 128).Select(value => new CodePoint(value))];
    private readonly uint _packed;

    private CodePoint(int value) => _packed = (uint)value | ((uint)Classify(value) << ValueBits);

    /// <summary>The scalar value.</summary>
    public int Value => (int)(_packed & ((1u << ValueBits) - 1));

    private CharClass Class => (CharClass)(_packed >> ValueBits);

    public static CodePoint Of(int value) => value < 128 ? Ascii[value] : new CodePoint(value);

    /// <summary>True when the code point is in at least one of <paramref name="classes"/>.</summary>
    public bool Is(CharClass classes) => (Class & classes) != 0;

    private static CharClass Classify(int value)
    {
        CharClass result = CharUnicodeInfo.GetUnicodeCategory(value) switch
        {
            UnicodeCategory.UppercaseLetter or UnicodeCategory.TitlecaseLetter => CharClass.Letter | CharClass.WordHead,
            UnicodeCategory.LowercaseLetter => CharClass.Letter | CharClass.WordTail,
            UnicodeCategory.ModifierLetter or UnicodeCategory.OtherLetter => CharClass.Letter | CharClass.WordHead | CharClass.WordTail,
            UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark =>
                CharClass.Mark | CharClass.WordHead | CharClass.WordTail,
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharClass.Number,
            UnicodeCategory.ConnectorPunctuation or UnicodeCategory.DashPunctuation or UnicodeCategory.OpenPunctuation
                or UnicodeCategory.ClosePunctuation
                or UnicodeCategory.InitialQuotePunctuation or UnicodeCategory.FinalQuotePunctuation or UnicodeCategory.OtherPunctuation =>
                CharClass.Punctuation,
            UnicodeCategory.MathSymbol or UnicodeCategory.CurrencySymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.OtherSymbol =>
                CharClass.Symbol,
            _ => CharClass.None,
        };
        if (Rune.IsWhiteSpace(new Rune(value))) result |= CharClass.Space;
        return value is '\r' or '\n' ? result | CharClass.NewLine : result;
    }
}
