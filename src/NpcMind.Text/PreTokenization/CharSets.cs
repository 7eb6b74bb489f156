namespace NpcMind.Text.PreTokenization;

/// <summary>Sets of code points that single families of pre-tokenizers name.</summary>
internal static class CharSets
{
    /// <summary>First and last code point of each range of letters with case, as DeepSeek LLM's published definition lists them.</summary>
    private static ReadOnlySpan<int> CasedRanges =>
    [
        0x41, 0x5A, 0x61, 0x7A, 0xB5, 0xB5, 0xC0, 0xD6, 0xD8, 0xF6, 0xF8, 0x1BA, 0x1BC, 0x1BF, 0x1C4, 0x293, 0x295, 0x2AF, 0x370, 0x373,
        0x376, 0x376,
        0x377, 0x377, 0x37B, 0x37D, 0x37F, 0x37F, 0x386, 0x386, 0x388, 0x38A, 0x38C, 0x38C, 0x38E, 0x3A1, 0x3A3, 0x3F5, 0x3F7, 0x481,
        0x48A, 0x52F,
        0x531, 0x556, 0x10A0, 0x10C5, 0x13A0, 0x13F5, 0x13F8, 0x13FD, 0x1C90, 0x1CBA, 0x1CBD, 0x1CBF, 0x1D00, 0x1D2B, 0x1D6B, 0x1D77,
        0x1D79, 0x1D9A,
        0x1E00, 0x1F15, 0x1F18, 0x1F1D, 0x1F20, 0x1F45, 0x1F48, 0x1F4D, 0x1F50, 0x1F57, 0x1F59, 0x1F59, 0x1F5B, 0x1F5B, 0x1F5D, 0x1F5D,
        0x1F5F, 0x1F7D,
        0x1F80, 0x1FB4, 0x1FB6, 0x1FBC, 0x1FBE, 0x1FBE, 0x1FC2, 0x1FC4, 0x1FC6, 0x1FCC, 0x1FD0, 0x1FD3, 0x1FD6, 0x1FDB, 0x1FE0, 0x1FEC,
        0x1FF2, 0x1FF4,
        0x1FF6, 0x1FFC, 0x2102, 0x2102, 0x2107, 0x2107, 0x210A, 0x2113, 0x2115, 0x2115, 0x2119, 0x211D, 0x2124, 0x2124, 0x2126, 0x2126,
        0x2128, 0x2128,
        0x212A, 0x212D, 0x212F, 0x2134, 0x2139, 0x2139, 0x213C, 0x213F, 0x2145, 0x2149, 0x214E, 0x214E, 0x2183, 0x2183, 0x2184, 0x2184,
        0x2C00, 0x2C7B,
        0x2C7E, 0x2CE4, 0x2CEB, 0x2CEE, 0x2CF2, 0x2CF2, 0x2CF3, 0x2CF3, 0xA640, 0xA66D, 0xA680, 0xA69B, 0xA722, 0xA76F, 0xA771, 0xA787,
        0xA78B, 0xA78E,
        0xAB70, 0xABBF, 0xFB00, 0xFB06, 0xFB13, 0xFB17, 0xFF21, 0xFF3A, 0xFF41, 0xFF5A, 0x10400, 0x1044F, 0x104B0, 0x104D3, 0x104D8,
        0x104FB,
        0x10C80, 0x10CB2, 0x10CC0, 0x10CF2, 0x118A0, 0x118DF, 0x1E900, 0x1E943,
    ];

    /// <summary>DeepSeek LLM: letters with case.</summary>
    public static bool Cased(CodePoint point)
    {
        int index = CasedRanges.BinarySearch(point.Value);
        return index >= 0 || (~index & 1) != 0; // between the two ends of one range
    }

    /// <summary>
    /// DeepSeek LLM: ASCII punctuation and letters, full-width forms, general quotation marks, ideographic space and stops.
    /// </summary>
    public static bool DeepSeekPunctuation(CodePoint point) =>
        point.Value is (>= '!' and <= '/') or (>= ':' and <= '~') or (>= 0xFF01 and <= 0xFF0F) or (>= 0xFF1A and <= 0xFF5E)
        or (>= 0x2018 and <= 0x201F) or (>= 0x3000 and <= 0x3002);

    /// <summary>
    /// DeepSeek LLM and Coder: ideographs, syllables and, by a quirk of the definition, everything from U+0800 to U+4E00.
    /// </summary>
    public static bool WideEastAsian(CodePoint point) => point.Value is (>= 0x800 and <= 0x9FA5) or (>= 0xAC00 and <= 0xD7FF);

    /// <summary>DeepSeek V3: ideographs and kana.</summary>
    public static bool EastAsian(CodePoint point) => point.Value is (>= 0x4E00 and <= 0x9FA5) or (>= 0x3040 and <= 0x30FF);

    /// <summary>The unnamed default: punctuation and some ASCII symbols.</summary>
    public static bool DefaultPunctuation(CodePoint point) => point.Is(CharClass.Punctuation)
        || point.Value is '$' or '+' or '<' or '=' or '>' or '^' or '~' or '|';

    /// <summary>Falcon: the same and the grave accent.</summary>
    public static bool FalconPunctuation(CodePoint point) => DefaultPunctuation(point) || point.Value is '`';

    /// <summary>0 to 9.</summary>
    public static bool AsciiDigit(CodePoint point) => point.Value is >= '0' and <= '9';

    /// <summary>\p{L}</summary>
    public static bool Letter(CodePoint point) => point.Is(CharClass.Letter);

    /// <summary>\p{N}</summary>
    public static bool Number(CodePoint point) => point.Is(CharClass.Number);

    /// <summary>\p{P}</summary>
    public static bool Punctuation(CodePoint point) => point.Is(CharClass.Punctuation);

    /// <summary>[\r\n]</summary>
    public static bool NewLine(CodePoint point) => point.Is(CharClass.NewLine);
}
