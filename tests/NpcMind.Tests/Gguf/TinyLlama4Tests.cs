using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Reference;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>The seeded models of architecture llama4: right files, lively numbers, every feature felt.</summary>
internal sealed class TinyLlama4Tests : IDisposable
{
    private static readonly int[] Ids = [.. Enumerable.Range(0, 40).Select(i => (i * 151) % 521)];
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<TestCaseData> Models =>
        from model in new (string Name, TinyLlama4Options Options)[] { ("default", new()), ("Scout", TinyLlama4Options.Scout),
            ("Maverick", TinyLlama4Options.Maverick) }
        from type in model.Name == "Scout" ? Dequantize.Supported : [TensorType.F16, TensorType.Q8_0]
        select new TestCaseData(model.Options.With(type)).SetArgDisplayNames(model.Name, $"{type}");

    [TestCaseSource(nameof(Models))]
    public void Logits_SpreadOverSeveralUnits(TinyLlama4Options options)
    {
        LlamaOutput output = Open(options).Forward(Ids);
        double mean = output.Logits.Average(), deviation = Math.Sqrt(output.Logits.Average(l => (l - mean) * (l - mean)));
        TestContext.Out.WriteLine(
            $"deviation {deviation:F2}, {output.Logits.Min():F1} to {output.Logits.Max():F1}, router margin {output.RouterMargin:E1}");
        Assert.That(deviation, Is.InRange(1.5, 6));
        for (int i = 1; i < output.Residuals.Count; i++)
            Assert.That(TestData.Nmse(output.Residuals[i - 1], output.Residuals[i]), Is.GreaterThan(0.05), $"block {i} must matter");
    }

    [Test]
    public void Logits_EveryOption_ChangesThem()
    {
        TinyLlama4Options plain = new();
        float[] logits = Open(plain).Forward(Ids).Logits;
        Assert.Multiple(() =>
        {
            foreach (TinyLlama4Options other in (TinyLlama4Options[])
                [plain with { Seed = 2 }, plain with { RopeFactors = true }, plain with { ExpertsUsed = 2 }, plain with { Chunk = null },
                    plain with { MixtureStep = 1 }, plain with { MixtureStep = 4 }])
                Assert.That(TestData.Nmse(Open(other).Forward(Ids).Logits, logits), Is.GreaterThan(0.02), $"{other}");
            foreach (TinyLlama4Options other in (TinyLlama4Options[])
                [plain with { TemperatureLength = null }, plain with { TemperatureLength = 11 }, plain with { TemperatureScale = null },
                    plain with { Chunk = 25 }])
                Assert.That(TestData.Nmse(Open(other).Forward(Ids).Logits, logits), Is.GreaterThan(1e-4), $"{other}");
        });
    }

    [Test]
    public void Read_MissingKeys_TakePublishedMeaning()
    {
        Llama4Config config = Open(new TinyLlama4Options { Chunk = null, TemperatureLength = null, TemperatureScale = null }).Config;
        Assert.That((config.Chunk, config.TemperatureLength, config.TemperatureScale), Is.EqualTo((8192, 8192, 0.1)));
    }

    [Test]
    public void Attention_RotatingBlockAlone_SeesNothingBeforeChunk()
    {
        Llama4Reference model = Open(new TinyLlama4Options { Blocks = 1 });
        int vocabulary = model.Config.Vocabulary, border = model.Config.Chunk * vocabulary;
        float[] logits = model.Forward(Ids).Logits, changed = model.Forward([7, .. Ids[1..]]).Logits;
        Assert.Multiple(() =>
        {
            Assert.That(changed[border..], Is.EqualTo(logits[border..]), "the second chunk");
            Assert.That(TestData.Nmse(changed.AsSpan(border - vocabulary, vocabulary), logits.AsSpan(border - vocabulary, vocabulary)),
                Is.GreaterThan(1e-4), "the end of the first");
        });
    }

    [Test]
    public void Forward_RowInPlaceOfToken_EqualsItsEmbedding()
    {
        Llama4Reference model = Open(new TinyLlama4Options());
        float[] row = model.Forward([Ids[5]]).Residuals[0];
        float[]?[] rows = ImageRows.Place(Ids, Ids[3], row, model.Config.Embedding);
        Assert.That(model.Forward(Ids, rows).Logits, Is.EqualTo(model.Forward([.. Ids[..3], Ids[5], .. Ids[4..]]).Logits));
    }

    [Test]
    public void Ids_Chosen_KeepRouterAwayFromTies()
    {
        foreach (TinyLlama4Options options in (TinyLlama4Options[])[TinyLlama4Options.Scout, TinyLlama4Options.Maverick,
            new() { ExpertsUsed = 2 }])
        {
            Llama4Reference model = Open(options);
            Assert.That(model.Forward(TinyModels.Ids(model, 32)).RouterMargin, Is.GreaterThanOrEqualTo(0.02), $"{options}");
        }
    }

    [Test]
    public void Write_SameOptions_GivesTheSameBytes()
    {
        TinyLlama4Options options = new() { Tokenizer = true, ChatTemplate = true };
        TinyModels.Write(_folder.File("a.gguf"), options);
        TinyModels.Write(_folder.File("b.gguf"), options);
        Assert.That(File.ReadAllBytes(_folder.File("a.gguf")).AsSpan().SequenceEqual(File.ReadAllBytes(_folder.File("b.gguf"))));
    }

    [Test]
    public void Template_Pictures_AreControlTokensAndTextStaysText()
    {
        TinyModels.Write(_folder.File("t.gguf"), new TinyLlama4Options { Tokenizer = true, ChatTemplate = true });
        using GgufFile file = GgufFile.Open(_folder.File("t.gguf"));
        Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
        ChatTemplate template = ChatTemplate.Parse(file.Metadata.String("tokenizer.chat_template")!);
        Dictionary<string, JsonElement> variables = new() { ["bos_token"] = JsonSerializer.SerializeToElement(TinyTokenizer.Start) };
        JsonElement messages = JsonSerializer.SerializeToElement(new object[]
        {
            new { role = "system", content = "You <|image|> guard." },
            new { role = "user",
                content = new object[] { new { type = "image" }, new { type = "text", text = "Who is <|image|> there?" } } },
        });
        IReadOnlyList<PromptSegment> segments = template.RenderSegments(messages, true, variables);
        Assert.Multiple(() =>
        {
            Assert.That(string.Concat(segments.Select(s => s.Text)), Is.EqualTo(
                "<|start|><|turn|>system\nYou <|image|> guard.<|end|>\n<|turn|>user\n<|image|>Who is <|image|> " +
                    "there?<|end|>\n<|turn|>assistant\n"));
            int[] ids = tokenizer.Encode(segments);
            int picture = Id(tokenizer, TinyTokenizer.Picture);
            Assert.That(ids.Count(id => id == picture), Is.EqualTo(1), "the words of players are no picture");
            Assert.That(TinyTokenizer.PictureTokens.Select(t => Id(tokenizer, t)), Is.Unique);
            Assert.That(file.Metadata.Strings("tokenizer.ggml.tokens")!.Count, Is.EqualTo(521));
        });
    }

    private static int Id(Tokenizer tokenizer, string control)
    {
        int[] ids = tokenizer.Encode([new PromptSegment(control, true)]);
        Assert.That(ids, Has.Length.EqualTo(1), control);
        return ids[0];
    }

    private Llama4Reference Open(TinyLlama4Options options)
    {
        TinyModels.Write(_folder.File("tiny.gguf"), options);
        return Llama4Reference.Open(_folder.File("tiny.gguf"));
    }
}
