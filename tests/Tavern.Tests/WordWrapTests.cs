using Tavern.Overlay;

namespace Tavern.Tests;

public sealed class WordWrapTests
{
    [TestCase("", 10, ExpectedResult = "")]
    [TestCase("one", 10, ExpectedResult = "one")]
    [TestCase("one two three", 7, ExpectedResult = "one two|three")]
    [TestCase("one two three", 8, ExpectedResult = "one two|three")]
    [TestCase("one two three four", 9, ExpectedResult = "one two|three|four")]
    [TestCase("incomprehensible word", 6, ExpectedResult = "incomp|rehens|ible|word")]
    [TestCase("a\nb\n\nc d", 9, ExpectedResult = "a|b||c d")]
    public string Wrap_Lines_BreakAtSpaces(string text, float width)
    {
        List<Range> lines = [];
        WordWrap.Break(text, width, _ => 1, lines);
        return string.Join('|', lines.Select(line => text[line]));
    }

    [Test]
    public void Wrap_AnyText_StaysWithinWidthAndLosesNothing()
    {
        Random random = new(3);
        List<Range> lines = [];
        for (int round = 0; round < 1000; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => " abciM"[random.Next(6)]));
            WordWrap.Break(text, 12, c => c == 'M' ? 3 : 1, lines);
            Assert.That(lines.Select(line => text[line].TrimEnd().Sum(c => c == 'M' ? 3 : 1)), Has.All.LessThanOrEqualTo(12), text);
            Assert.That(string.Concat(lines.Select(line => text[line])).Replace(" ", ""), Is.EqualTo(text.Replace(" ", "")));
        }
    }
}
