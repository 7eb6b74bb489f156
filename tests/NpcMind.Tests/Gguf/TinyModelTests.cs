using NpcMind.Gguf;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>The seeded models other tests stand on: right files, lively numbers, the same bytes for the same options.</summary>
internal sealed class TinyModelTests : IDisposable
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 24).Select(i => (i * 151) % 515)];
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<TestCaseData> Models =>
        from type in Dequantize.Supported
        from mixture in new[] { false, true }
        select new TestCaseData(type, (mixture ? TinyModelOptions.Mixture : TinyModelOptions.Dense).With(type))
            .SetArgDisplayNames($"{type}", mixture ? "mixture" : "dense");

    [TestCaseSource(nameof(Models))]
    public void Logits_SpreadOverSeveralUnits(TensorType type, TinyModelOptions options)
    {
        LlamaOutput output = Forward(options);
        float[] logits = output.Logits;
        double mean = logits.Average(), deviation = Math.Sqrt(logits.Average(l => (l - mean) * (l - mean)));
        TestContext.Out.WriteLine(
            $"{type}: deviation {deviation:F2}, {logits.Min():F1} to {logits.Max():F1}, router margin {output.RouterMargin:E1}");
        Assert.That(deviation, Is.InRange(1.5, 6));
        for (int i = 1; i < output.Residuals.Count; i++)
            Assert.That(TestData.Nmse(output.Residuals[i - 1], output.Residuals[i]), Is.GreaterThan(0.05), $"block {i} must matter");
    }

    [Test]
    public void Logits_EveryOption_ChangesThem()
    {
        TinyModelOptions plain = TinyModelOptions.Dense;
        float[] logits = Forward(plain).Logits;
        TinyModelOptions[] others =
        [
            plain with { Seed = 2 }, plain with { Biases = true }, plain with { Tied = true }, plain with { RopeFactors = true },
            plain with { RopeLinearFactor = 4 },
        ];
        Assert.Multiple(() =>
        {
            foreach (TinyModelOptions other in others)
                Assert.That(TestData.Nmse(Forward(other).Logits, logits), Is.GreaterThan(0.02), $"{other}");
        });
    }

    [Test]
    public void Logits_DependOnEarlierTokensOnly()
    {
        int[] changedFirst = [7, .. Ids[1..]];
        int[] changedLast = [.. Ids[..^1], 7];
        LlamaReference model = Open(TinyModelOptions.Dense);
        float[] logits = model.Forward(Ids).Logits;
        int vocabulary = model.Config.Vocabulary;
        Assert.Multiple(() =>
        {
            Assert.That(TestData.Nmse(model.Forward(changedFirst).Logits.AsSpan(^vocabulary..), logits.AsSpan(^vocabulary..)),
                Is.GreaterThan(1e-4));
            Assert.That(model.Forward(changedLast).Logits[..^vocabulary], Is.EqualTo(logits[..^vocabulary]));
        });
    }

    [Test]
    public void Ids_Chosen_KeepRouterAwayFromTies()
    {
        LlamaReference model = Open(TinyModelOptions.Mixture);
        int[] ids = TinyModels.Ids(model, 32);
        Assert.That(model.Forward(ids).RouterMargin, Is.GreaterThanOrEqualTo(0.02));
    }

    [Test]
    public void Write_SameOptions_GivesTheSameBytes()
    {
        TinyModelOptions options = TinyModelOptions.Mixture with { Tokenizer = true, ChatTemplate = true };
        TinyModels.Write(_folder.File("a.gguf"), options);
        TinyModels.Write(_folder.File("b.gguf"), options);
        byte[] bytes = File.ReadAllBytes(_folder.File("a.gguf"));
        Assert.That(bytes.AsSpan().SequenceEqual(File.ReadAllBytes(_folder.File("b.gguf"))));
    }

    [Test]
    public void Tokenizer_HasEveryByteAndTokenForEveryMerge()
    {
        TinyModels.Write(_folder.File("t.gguf"), TinyModelOptions.Dense with { Tokenizer = true, ChatTemplate = true });
        using GgufFile file = GgufFile.Open(_folder.File("t.gguf"));
        GgufValue tokens = file.Metadata.Strings("tokenizer.ggml.tokens")!;
        GgufValue merges = file.Metadata.Strings("tokenizer.ggml.merges")!;
        HashSet<string> known = [.. Enumerable.Range(0, tokens.Count).Select(tokens.Text)];
        Assert.Multiple(() =>
        {
            Assert.That(tokens.Count, Is.EqualTo(515).And.EqualTo(file.Find("token_embd.weight")!.Rows));
            Assert.That(known, Has.Count.EqualTo(515), "no token twice");
            Assert.That(merges.Count, Is.GreaterThan(200));
            Assert.That(Enumerable.Range(0, merges.Count)
                .All(i => known.Contains(merges.Text(i).Replace(" ", "", StringComparison.Ordinal))));
            Assert.That(known, Does.Contain("\u0120the"), "a word with the space before it");
            Assert.That(tokens.Text((int)file.Metadata.Integer("tokenizer.ggml.eos_token_id")!.Value), Is.EqualTo(TinyTokenizer.TurnEnd));
            Assert.That(file.Metadata.String("tokenizer.chat_template"), Does.Contain(TinyTokenizer.TurnStart));
        });
    }

    private LlamaOutput Forward(TinyModelOptions options) => Open(options).Forward(Ids);

    private LlamaReference Open(TinyModelOptions options)
    {
        TinyModels.Write(_folder.File("tiny.gguf"), options);
        return LlamaReference.Open(_folder.File("tiny.gguf"));
    }
}
