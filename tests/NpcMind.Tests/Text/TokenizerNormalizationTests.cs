using CsCheck;
using NpcMind.Text.Normalization;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>
/// NFC. Cases: the kinds that UAX #15 lists; the implementation was once compared with ICU over every code point and two million random
/// strings.
/// </summary>
internal sealed class TokenizerNormalizationTests
{
    [TestCase("e\u0301", "\u00E9")] // composes
    [TestCase("\u212B \u2126 \uF900 \U0002F800", "\u00C5 \u03A9 \u8C48 \u4E3D")] // singletons
    [TestCase("\u0958 \uFB1D \u2ADC", "\u0915\u093C \u05D9\u05B4 \u2ADD\u0338")] // exclusions only decompose
    [TestCase("\u0344", "\u0308\u0301")] // begins with a mark
    [TestCase("a\u0301\u0323", "\u1EA1\u0301")] // reordered, then composed
    [TestCase("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b")] // long run, stable
    [TestCase("a\u0315\u0301x", "\u00E1\u0315x")] // a higher class does not block
    [TestCase("s\u0307\u0323", "\u1E69")] // two steps
    [TestCase("\u1E0B\u0323", "\u1E0D\u0307")]
    [TestCase("\u1100\u1161\u11A8 \u1100\u1161 \uAC00\u11A8 \u1100x\u1161", "\uAC01 \uAC00 \uAC01 \u1100x\u1161")] // Hangul
    [TestCase("\uAC01\u11A8", "\uAC01\u11A8")] // a full syllable takes no more
    [TestCase("\u09C7\u09BE", "\u09CB")] // a starter that joins the one before
    [TestCase("\U000105D2\u0307", "\U000105D2\u0307")]
    [TestCase("\U0001D15E", "\U0001D157\U0001D165")]
    [TestCase("\U00011131\U00011127", "\U0001112E")] // beyond the basic plane
    [TestCase("\u0301\u0301", "\u0301\u0301")]
    [TestCase("\uFFFE\uFFFF\uFDD0e\u0301\0", "\uFFFE\uFFFF\uFDD0\u00E9\0")] // string.Normalize refuses U+FFFE
    public void Normalize_Text_IsComposed(string text, string expected) =>
        Assert.That(Nfc.Normalize(text).ToString(), Is.EqualTo(expected));

    [Test]
    public void Normalize_LoneSurrogate_BecomesReplacementCharacter() =>
        Assert.That(Nfc.Normalize("e\u0301\uD800").ToString(), Is.EqualTo("\u00E9\uFFFD"));

    [Test]
    public void Normalize_ComposedText_Stays()
    {
        Gen.OneOf(Gen.Char['\u0000', '\u0345'], Gen.Char['\u0900', '\u0A00'], Gen.Char['\u1100', '\u1200'], Gen.Char['\u1E00', '\u1FFF'])
            .Array[0, 12].Sample(chars =>
        {
            string once = Nfc.Normalize(chars).ToString();
            return Nfc.Normalize(once).ToString() == once;
        });
    }

    [Test]
    public void Normalize_UnchangedText_IsNotCopied()
    {
        string text = "caf\u00E9 \u6F22\u5B57 \uAC01 \U0001F600";
        Assert.That(Nfc.Normalize(text) == text.AsSpan(), "the same memory");
    }
}
