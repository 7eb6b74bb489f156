using System.Text.Json;
using NpcMind.Reference;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>
/// WordPiece ("bert") against the ids of Hugging Face's tokenizer (tests/golden/tokenizers/wordpiece.json), and its edges.
/// </summary>
internal sealed class WordPieceTests
{
    private const int Unknown = 0, Begin = 1, End = 2, First = 3;

    [TestCase("ids", true)]
    [TestCase("cased", false)]
    public void Encode_HardTexts_EqualsPublishedTokenizer(string field, bool lowercase)
    {
        using JsonDocument golden = JsonDocument.Parse(File.ReadAllText(TestData.Golden("tokenizers", "wordpiece.json")));
        TinyVocabulary vocabulary = new TinyVocabulary().With("tokenizer.ggml.model", "bert")
            .With("tokenizer.ggml.normalizer.lowercase", lowercase);
        foreach (JsonElement token in golden.RootElement.GetProperty("vocab").EnumerateArray()) Add(vocabulary, token.GetString()!);
        Tokenizer tokenizer = vocabulary.Build();
        JsonElement cases = golden.RootElement.GetProperty("cases");
        Assert.That(cases.GetArrayLength(), Is.EqualTo(216));
        using (Assert.EnterMultipleScope())
            foreach (JsonElement one in cases.EnumerateArray())
            {
                string text = one.GetProperty("text").GetString()!;
                bool hasSpecial = text.Contains("[CLS]", StringComparison.Ordinal); // the published one always parses them
                Assert.That(
                    tokenizer.Encode(text, addSpecial: true, parseSpecial: hasSpecial),
                    Is.EqualTo(TokenizerFiles.Ids(one.GetProperty(field))), text);
            }
    }

    [TestCase("play playing played", new[] { First, First, First + 1, Unknown })]
    [TestCase("", new int[0])]
    [TestCase("PLAYING!", new[] { First, First + 1, First + 2 })]
    [TestCase("ing", new[] { Unknown })]
    [TestCase("play\u2581ing", new[] { Unknown })]
    [TestCase("[CLS]", new[] { Unknown, Unknown, Unknown })]
    [TestCase("pl\u0301ay\u0000\ud800\u200b", new[] { First })]
    public void Encode_Text_GivesPieces(string text, int[] expected)
    {
        Tokenizer tokenizer = Small().Build();
        Assert.That(tokenizer.Encode(text), Is.EqualTo(expected));
        Assert.That(tokenizer.Encode(text, addSpecial: true), Is.EqualTo((int[])[Begin, .. expected, End]));
    }

    [Test]
    public void Encode_TrustedControlToken_IsRecognised() =>
        Assert.That(Small().Build().Encode("play[SEP]", parseSpecial: true), Is.EqualTo((int[])[First, End]));

    [TestCase(100, false)]
    [TestCase(101, true)]
    public void Encode_LongWord_IsUnknownBeyond100Letters(int letters, bool isUnknown)
    {
        Tokenizer tokenizer = Add(Add(Small(), "x"), "##x").Build();
        int[] ids = tokenizer.Encode(new string('x', letters));
        Assert.That(ids, Has.Length.EqualTo(isUnknown ? 1 : letters));
        Assert.That(ids[0] == Unknown, Is.EqualTo(isUnknown));
    }

    [Test]
    public void Decode_Pieces_GivesWordsWithBlanks() =>
        Assert.That(Small().Build().Decode([First, First + 1, First + 2]), Is.EqualTo(" playing !"));

    [Test]
    public void Create_NoUnknownToken_IsRefused() => Assert.That(
        () => new TinyVocabulary().With("tokenizer.ggml.model", "bert").Token("\u2581a").Build(),
        Throws.InstanceOf<GgufFormatException>().With.Message.Contains("unknown_token_id"));

    [Test]
    public void Create_KeysNameTokens_KeysCount()
    {
        Tokenizer tokenizer = Small().With("tokenizer.ggml.cls_token_id", First).With("tokenizer.ggml.seperator_token_id", 9999).Build();
        Assert.That((tokenizer.BosId, tokenizer.EosId), Is.EqualTo((First, End)));
    }

    private static TinyVocabulary Small() => Add(Add(Add(
        new TinyVocabulary().With("tokenizer.ggml.model", "bert").Token("[UNK]", TinyVocabulary.Unknown)
            .Token("[CLS]", TinyVocabulary.Control).Token("[SEP]", TinyVocabulary.Control),
        "play"), "##ing"), "!");

    /// <summary>A token of a published vocabulary, as GGUF files have it.</summary>
    private static TinyVocabulary Add(TinyVocabulary vocabulary, string token)
    {
        if (token is ['[', _, _, .., ']']) return vocabulary.Token(token, TinyVocabulary.Control);
        return vocabulary.Token(token.StartsWith("##", StringComparison.Ordinal) ? token[2..] : "\u2581" + token);
    }
}
