using System.Text;
using CsCheck;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

internal sealed class TokenizerTests
{
    private static readonly Gen<string> WellFormed = Gen.OneOf(
        Gen.Int[0, 0x7F], Gen.Int[0, 0xD7FF], Gen.Int[0xE000, 0xFFFF], Gen.Int[0x10000, 0x10FFFF],
        Gen.OneOfConst((int)' ', '\n', '<', '|', 'a', '\'', '9', 0x301))
        .Array[0, 40].Select(points => string.Concat(points.Select(char.ConvertFromUtf32)));

    [Test]
    public void EncodeAndDecode_AnyText_RoundTrips()
    {
        Tokenizer bytes = TinyVocabulary.Bpe("llama-bpe").Merge("a a", "\u0120 a", "aa a").Build(), bpe = TokenizerFiles.Load("smollm"),
        spm = TokenizerFiles.Load("llama-spm");
        bool[] known = new bool[256];
        for (int id = 0; id < bpe.VocabularySize; id++)
            if (bpe.Bytes(id).Length == 1) known[bpe.Bytes(id)[0]] = true;
        WellFormed.Sample(text => bytes.Decode(bytes.Encode(text)) == text);
        // SmolLM2 has no token for eight bytes of UTF-8.
        WellFormed.Where(t => Encoding.UTF8.GetBytes(t).All(b => known[b])).Sample(text => bpe.Decode(bpe.Encode(text)) == text);
        WellFormed.Where(t => t.Length > 0).Sample(text => spm.Decode(spm.Encode(text)) == " " + text.Replace('\u2581', ' '));
    }

    [Test]
    public void Encode_LoneSurrogate_CountsAsReplacementCharacter()
    {
        foreach (string name in (string[])["smollm", "llama-spm"])
        {
            Tokenizer tokenizer = TokenizerFiles.Load(name);
            Assert.That(tokenizer.Encode("a\uD83D b\uDE00"), Is.EqualTo(tokenizer.Encode("a\uFFFD b\uFFFD")));
            Assert.That(tokenizer.Encode([new("\uD83D", false), new("\uDE00", true)]), Is.EqualTo(tokenizer.Encode("\U0001F600")),
                "a pair in two segments is a pair");
        }
    }

    [Test]
    public void Encode_ManyThreads_ShareOneTokenizer()
    {
        Tokenizer tokenizer = Tokenizer.Create(TokenizerFiles.Metadata("smollm"));
        int[][] expected = [.. TokenizerFiles.Json("smollm.ids.json").EnumerateArray().Select(TokenizerFiles.Ids)];
        Parallel.For(0, 2000,
            i => Assert.That(tokenizer.Encode(TokenizerFiles.Corpus[i % expected.Length]), Is.EqualTo(expected[i % expected.Length])));
    }

    [Test]
    public void Encode_IntoList_Appends()
    {
        Tokenizer tokenizer = TokenizerFiles.Load("smollm");
        List<int> ids = [7];
        tokenizer.Encode("Hello", ids);
        tokenizer.Encode([new(" world", false)], ids);
        Assert.That(ids, Is.EqualTo((int[])[7, .. tokenizer.Encode("Hello"), .. tokenizer.Encode(" world")]));
    }

    [Test]
    public void Merge_ByRankThenFromLeft()
    {
        TinyVocabulary vocabulary = TinyVocabulary.Bpe().Merge("b c", "a b", "a a", "aa a");
        Tokenizer tokenizer = vocabulary.Build();
        Assert.That(Pieces(tokenizer, "abc"), Is.EqualTo("a|bc"));
        Assert.That(Pieces(tokenizer, "abab"), Is.EqualTo("ab|ab"));
        Assert.That(Pieces(tokenizer, "aaaaa"), Is.EqualTo("aa|aaa"), "left pairs first, then what is left over");
    }

    [Test]
    public void Merge_ByScore_LostCharactersBecomeBytes()
    {
        Tokenizer tokenizer = TinyVocabulary.Spm().Token("a", score: -9).Token("b", score: -9).Token("ab", score: -2).Token("ba", score: -1)
            .Token("\u2581a", score: -0f).Token("ab\u2581", score: 0f).Build();
        Assert.That(Pieces(tokenizer, "xaba"), Is.EqualTo("\u2581|<0x78>|a|ba"));
        Assert.That(Pieces(tokenizer, "ab"), Is.EqualTo("\u2581a|b"));
        Assert.That(Pieces(tokenizer, "xab x"), Is.EqualTo("\u2581|<0x78>|ab\u2581|<0x78>"),
            "a token with a space inside or at its end crosses words");
    }

    [Test]
    public void Encode_LeadingSpace_IsAddedOnlyWhereFileWantsIt()
    {
        Assert.That(Pieces(TinyVocabulary.Spm().Token("a").Build(), "a<s>a", parse: true), Is.EqualTo("\u2581|a|<s>|\u2581|a"));
        Assert.That(Pieces(TinyVocabulary.Spm().Token("a").With("tokenizer.ggml.add_space_prefix", false).Build(), "a<s>a", parse: true),
            Is.EqualTo("a|<s>|a"));
    }

    [Test]
    public void Encode_Text_NeverMergesIntoControlToken()
    {
        Tokenizer bpe = TinyVocabulary.Bpe().Token("<s>", TinyVocabulary.Control).Merge("< s", "<s >", "x y").Build();
        Assert.That(bpe.Encode("<s>"), Is.EqualTo((int[])['<', 's', '>']));
        Tokenizer spm = TinyVocabulary.Spm().With("tokenizer.ggml.add_space_prefix", false).Token("<").Token("s").Token(">").Token("s>")
            .Build();
        Assert.That(Pieces(spm, "<s>"), Is.EqualTo("<|s>"));
        Assert.That(Pieces(spm, "<0x41>"), Does.StartWith("<|"), "nor into a byte token");
    }

    [Test]
    public void Encode_Phi3_SwallowsWhitespaceAfterMostControlTokens()
    {
        static TinyVocabulary Vocabulary() => TinyVocabulary.Spm().Token("<|user|>", TinyVocabulary.Control).Token("x");
        Assert.That(Pieces(Vocabulary().With("general.architecture", "phi3").Build(), "<|user|>\n \u3000x<s> x", parse: true),
            Is.EqualTo("<|user|>|\u2581|x|<s>|\u2581|\u2581|x"));
        Assert.That(Pieces(Vocabulary().With("general.name", "Phi-3 mini").Build(), "<|user|> ", parse: true), Is.EqualTo("<|user|>"));
        Assert.That(Pieces(Vocabulary().Build(), "<|user|> ", parse: true), Is.EqualTo("<|user|>|\u2581|\u2581"));
    }

    [Test]
    public void EndTokens_AreKnownByIdOrUnmistakableText()
    {
        Tokenizer tokenizer = TinyVocabulary.Bpe().Token("<|im_end|>").Token("</s>", TinyVocabulary.UserDefined)
            .Token("<repo_name>", TinyVocabulary.Control)
            .Token("<file_sep>", TinyVocabulary.Control).Token("<|eot|>", TinyVocabulary.Control).Token("[END]", TinyVocabulary.UserDefined)
            .With("tokenizer.ggml.eot_token_id", 261).With("tokenizer.ggml.fim_rep_token_id", 258)
            .With("tokenizer.ggml.fim_sep_token_id", 259).Build();
        Assert.That(Enumerable.Range(0, tokenizer.VocabularySize).Where(tokenizer.IsEndOfGeneration), Is.EqualTo((int[])[256, 260, 261]));
        Assert.That(tokenizer.IsControl(256), "an ordinary token with the text of a control token is one");
        Assert.That(tokenizer.Encode("<|im_end|>[END]"), Has.None.EqualTo(256).And.None.EqualTo(261), "and text may not hold it");
        Assert.That(tokenizer.Encode("</s>"), Is.EqualTo((int[])[257]), "an HTML tag is a word");
    }

    [Test]
    public void EndTokens_Harmony_GoOnAfterEndOfChannel()
    {
        Tokenizer tokenizer = TinyVocabulary.Bpe("gpt-4o").Token("<|return|>", TinyVocabulary.Control)
            .Token("<|call|>", TinyVocabulary.Control).Token("<|end|>", TinyVocabulary.Control)
            .Token("<|channel|>", TinyVocabulary.Control).With("tokenizer.ggml.eos_token_id", 256).Build();
        Assert.That(Enumerable.Range(0, tokenizer.VocabularySize).Where(tokenizer.IsEndOfGeneration), Is.EqualTo((int[])[256, 257]));
        Assert.That(tokenizer.Encode("<|channel|>"), Has.None.EqualTo(259));
    }

    [Test]
    public void Encode_Qwen_ComposesTextWithInvariantCulture()
    {
        Tokenizer qwen = TinyVocabulary.Bpe("qwen2").Build(), llama = TinyVocabulary.Bpe("dbrx").Build();
        Assert.That(qwen.Encode("e\u0301 \u1100\u1161 \uFFFE \uD800"),
            Is.EqualTo(Encoding.UTF8.GetBytes("\u00E9 \uAC00 \uFFFE \uFFFD").Select(b => (int)b)));
        Assert.That(llama.Encode("e\u0301"), Is.EqualTo((int[])['e', 0xCC, 0x81]));
    }

    private static string Pieces(Tokenizer tokenizer, string text, bool parse = false) =>
        string.Join('|', tokenizer.Encode(text, parseSpecial: parse).Select(tokenizer.Piece));
}
