using System.Text.Json;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Text;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Files;

/// <summary>Text of files and paths that is shown to people.</summary>
public sealed class PrintableTextTests
{
    /// <summary>A bell, an escape, its one-byte form, a line end, an override of direction, an isolate, a tag, half a pair.</summary>
    private const string Evil = "a\u0007\u001b[31m\u009b\r\n\u202e\u2066\udb40\udc41\ud800z";

    private static readonly JsonSerializerOptions Relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Test]
    public void Escape_ControlCharacters_AreWrittenAsEscapes()
    {
        Assert.That(PrintableText.Escape(Evil), Is.EqualTo(@"a\u0007\u001B[31m\u009B\r\n\u202E\u2066\uDB40\uDC41\uD800z"));
        Assert.That(PrintableText.EscapeLines("a\n\tb\rc"), Is.EqualTo("a\n\tb\\rc"));
        Assert.That(PrintableText.Escape(null), Is.Empty);
    }

    [TestCase("C:\\models\\mind.gguf")]
    [TestCase("Grüße, \u9f8d \ud83e\uddd9\u200d\u2642\ufe0f!")]
    public void Escape_OrdinaryText_StaysAsItIs(string text) => Assert.That(PrintableText.Escape(text), Is.SameAs(text));

    [Test]
    public void EscapeJson_ControlCharacters_KeepsTheValue()
    {
        string json = JsonSerializer.Serialize(Evil[..^2], Relaxed);
        string escaped = PrintableText.EscapeJson(json);
        Assert.That(escaped.Any(c => char.IsControl(c) || c == '\u202e'), Is.False);
        Assert.That(JsonSerializer.Deserialize<string>(escaped), Is.EqualTo(Evil[..^2]));
    }

    [Test]
    public void Messages_QuotingFilesAndPaths_HaveNoControlCharacters()
    {
        foreach (Exception e in (Exception[])
        [
            new GgufFormatException(Evil, 0, Evil, Evil),
            new UnsupportedModelException(Evil, Evil, Evil),
            new UnsupportedTokenizerException(Evil, [Evil], Evil),
            new ChatTemplateException(Evil, 1, ChatTemplateFault.Raised, Evil),
            new GrammarException(Evil, 1, 1, Evil),
            new PictureFormatException(Evil, Evil, Evil, Evil, Evil),
            new SaveFormatException(Evil, 0, Evil, Evil),
            new SaveFileException(Evil, Evil, Evil),
            Assert.Catch(() => RegularFile.Open("/nowhere/" + Evil[..8]))!,
        ])
            Assert.That(e.Message.Any(c => char.IsControl(c) || c is '\u202e' or '\u2066'), Is.False, e.GetType().Name);
    }
}
