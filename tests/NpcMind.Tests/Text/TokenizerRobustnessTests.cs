using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>Files with odd or wrong vocabularies, and texts made to be slow.</summary>
internal sealed class TokenizerRobustnessTests
{
    [Test]
    public void Load_UnknownKind_IsRefusedByName()
    {
        Refused(TinyVocabulary.Bpe().With("tokenizer.ggml.model", "t5"), "t5", "gpt2");
        Refused(TinyVocabulary.Bpe().With("tokenizer.ggml.model", "none"), "none", "llama");
        Refused(TinyVocabulary.Bpe().Without("tokenizer.ggml.model"), "tokenizer.ggml.model", "llama");
        Refused(TinyVocabulary.Bpe("future-pre"), "future-pre", "llama-bpe");
    }

    [Test]
    public void Load_NoPreTokenizer_TakesDefault() =>
        Assert.That(TinyVocabulary.Bpe(pre: null).Merge("a !").Build().Encode("a!"), Is.EqualTo((int[])['a', '!']));

    [Test]
    public void Load_MissingOrShortArrays_AreFormatErrors()
    {
        Wrong(TinyVocabulary.Bpe().Without("tokenizer.ggml.tokens"));
        Wrong(TinyVocabulary.Bpe().With("tokenizer.ggml.tokens", (string[])[]));
        Wrong(TinyVocabulary.Bpe().With("tokenizer.ggml.tokens", (int[])[1, 2]));
        Wrong(TinyVocabulary.Bpe().With("tokenizer.ggml.token_type", (int[])[1, 1]));
        Wrong(TinyVocabulary.Bpe().With("tokenizer.ggml.token_type", (string[])["normal"]));
        Wrong(TinyVocabulary.Bpe().Without("tokenizer.ggml.merges"));
        Wrong(TinyVocabulary.Spm().Without("tokenizer.ggml.scores"));
        Wrong(TinyVocabulary.Spm().With("tokenizer.ggml.scores", (float[])[1]));
        Wrong(TinyVocabulary.Bpe().With("tokenizer.ggml.bos_token_id", "one"));
        Wrong(TinyVocabulary.Bpe().With("tokenizer.ggml.add_bos_token", "yes"));
    }

    [Test]
    public void Load_MissingTypes_AreOrdinaryAndSpareOnesIgnored()
    {
        Assert.That(TinyVocabulary.Bpe().Without("tokenizer.ggml.token_type").Build().Encode("ab"), Is.EqualTo((int[])['a', 'b']));
        Assert.That(TinyVocabulary.Bpe().With("tokenizer.ggml.token_type", (int[])[.. Enumerable.Repeat(1, 300)]).Build().Encode("ab"),
            Is.EqualTo((int[])['a', 'b']));
        Assert.That(TinyVocabulary.Bpe().With("tokenizer.ggml.token_type", (int[])[.. Enumerable.Repeat(-99, 256)]).Build().Encode("ab"),
            Is.EqualTo((int[])['a', 'b']));
        Assert.That(TinyVocabulary.Spm().With("tokenizer.ggml.scores", (float[])[.. Enumerable.Repeat(float.NaN, 300)]).Build().Encode("a"),
            Is.EqualTo((int[])[259, 3 + 'a']));
    }

    [Test]
    public void Load_IdsOutsideVocabulary_CountAsAbsent()
    {
        Tokenizer tokenizer = TinyVocabulary.Bpe().With("tokenizer.ggml.bos_token_id", 256).With("tokenizer.ggml.eos_token_id", -1)
            .With("tokenizer.ggml.eot_token_id", int.MaxValue)
            .With("tokenizer.ggml.add_bos_token", true).With("tokenizer.ggml.add_eos_token", true).Build();
        Assert.That((tokenizer.BosId, tokenizer.EosId, tokenizer.AddsBos, tokenizer.AddsEos),
            Is.EqualTo(((int?)null, (int?)null, false, false)));
        Assert.That(tokenizer.Encode("a", addSpecial: true), Is.EqualTo((int[])['a']));
        Assert.That((tokenizer.IsEndOfGeneration(-1), tokenizer.IsControl(999)), Is.EqualTo((false, false)));
        Assert.That(() => tokenizer.Bytes(256).Length, Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => tokenizer.Piece(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => tokenizer.Decode([0, 256]), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase("ab🐉", 0, "ab🐉")]
    [TestCase("ab🐉", 1, "ab")]
    [TestCase("ab🐉", 3, "ab")]
    [TestCase("🐉", 3, "")]
    [TestCase("", 0, "")]
    public void DecodeWhole_UnfinishedCharacterAtTheEnd_IsLeftOut(string text, int missing, string expected)
    {
        Tokenizer tokenizer = TinyVocabulary.Bpe().Build();
        int[] ids = [.. System.Text.Encoding.UTF8.GetBytes(text)];
        Assert.That(tokenizer.DecodeWhole(ids.AsSpan(0, ids.Length - missing)), Is.EqualTo(expected));
        Assert.That(tokenizer.DecodeWhole([0xF0, 'a']), Is.EqualTo("\uFFFDa"), "within the text it stays to be seen");
    }

    [Test]
    public void Encode_TokensWithoutOwnText_AreNeverProduced()
    {
        Tokenizer tokenizer = TinyVocabulary.Bpe().Token("").Token("", TinyVocabulary.Control).Token("a")
            .Token("<x>", TinyVocabulary.Control).Token("<x>", TinyVocabulary.Control).Token("[PAD]", TinyVocabulary.Unused).Build();
        Assert.That(tokenizer.Encode("a<x>[PAD]", parseSpecial: true), Is.EqualTo((int[])['a', 259, '[', 'P', 'A', 'D', ']']));
        Assert.That((tokenizer.Piece(256), tokenizer.Decode([256, 257], showControl: true)), Is.EqualTo(("[EMPTY_256]", "")));
    }

    [Test]
    public void Encode_AbsurdMerges_ChangeNothingOrEndInBytes()
    {
        Tokenizer tokenizer = TinyVocabulary.Bpe()
            .RawMerges("", " ", "a", "a ", " a", "  ", "\u4E00 b", "a \u4E00", "a  b", "a b c", "x y", "x y", "xy xy", "q q")
            .Token("qq", TinyVocabulary.Control).Build();
        Assert.That(tokenizer.Decode(tokenizer.Encode("a b xyxy qq abc")), Is.EqualTo("a b xyxy qq abc"));
        Assert.That(tokenizer.Encode("xyxy"), Is.EqualTo((int[])['x', 'y', 'x', 'y']), "made of merges without tokens: bytes");
        Assert.That(tokenizer.Encode("qq"), Is.EqualTo((int[])['q', 'q']));
    }

    [Test]
    public void Encode_BytesWithoutToken_BecomeUnknownOrNothing()
    {
        TinyVocabulary Poor() => TinyVocabulary.Bpe().With("tokenizer.ggml.tokens", (string[])["a", "b"])
            .With("tokenizer.ggml.token_type", (int[])[1, 1]);
        Assert.That(Poor().Build().Encode("axb"), Is.EqualTo((int[])[0, 1]));
        Assert.That(Poor().With("tokenizer.ggml.unknown_token_id", 1).Build().Encode("xa"), Is.EqualTo((int[])[1, 0]));
        Assert.That(TokenizerFiles.Load("smollm").Encode("a\u0004b"), Has.Length.EqualTo(2),
            "SmolLM2 has no token for this byte, and calls a control token unknown: text must not become one");
    }

    [TestCase("smollm")]
    [TestCase("llama-spm")]
    [TestCase("llama-bpe", Category = "Shared")]
    [TestCase("llama4", Category = "Shared")]
    [TestCase("deepseek-llm", Category = "Shared")]
    [TestCase("deepseek-v3", Category = "Shared")]
    [TestCase("qwen2", Category = "Shared")]
    [CancelAfter(60_000)]
    public void Encode_RunsOfEqualCharacters_TakeNoLonger(string name, CancellationToken cancel)
    {
        Tokenizer tokenizer = TokenizerFiles.Load(name);
        foreach (string unit in (string[])["a", "A", " ", "\n", "7", "!", "'", "<", "\u6F22A", "\u0301\u0323", " \n", "\U0001F600",
            "\uD800"])
        {
            string text = string.Concat(Enumerable.Repeat(unit, 200_000 / unit.Length)) + "x";
            Task<int[]> work = Task.Run(() => tokenizer.Encode(text), cancel);
            // Below 0.2 s when written; a quadratic way takes minutes.
            Assert.That(work.Wait(TimeSpan.FromSeconds(10), cancel), $"'{unit}' took more than 10 s");
        }
    }

    private static void Refused(TinyVocabulary vocabulary, string named, string supported) =>
        Assert.That(vocabulary.Build, Throws.InstanceOf<UnsupportedTokenizerException>().With.Message.Contains(named)
            .And.Message.Contains(supported));

    private static void Wrong(TinyVocabulary vocabulary) => Assert.That(vocabulary.Build, Throws.InstanceOf<GgufFormatException>());
}
