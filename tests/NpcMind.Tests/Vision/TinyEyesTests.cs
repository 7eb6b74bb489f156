using NpcMind.Gguf;
using NpcMind.Reference;
using NpcMind.Tests.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>The seeded encoders: files as published ones are, rows as wide as a text model's embeddings, every part felt.</summary>
internal sealed class TinyEyesTests : IDisposable
{
    private static readonly byte[] Picture = TestPictures.Rgba(56, 56);
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Features_AreAsWideAsEmbeddingsAndEveryBlockMatters([Values] TinyEyesForm form,
        [Values(TensorType.F16, TensorType.F32, TensorType.Q8_0)] TensorType matrices)
    {
        TinyEyesOptions options = new() { Form = form, Matrices = matrices };
        VisionOutput output = Look(options, Picture);
        double deviation = Math.Sqrt(output.Features.Average(f => (double)f * f));
        TestContext.Out.WriteLine($"{form} {matrices}: deviation {deviation:F2}, {output.Features.Min():F1} to {output.Features.Max():F1}");
        Assert.That(output.Features, Has.Length.EqualTo(options.TokensPerTile * options.TextWidth));
        Assert.That(deviation, Is.InRange(0.6, 1.6));
        for (int i = 1; i < output.Layers.Count; i++)
            Assert.That(TestData.Nmse(output.Layers[i - 1], output.Layers[i]), Is.GreaterThan(0.05), $"block {i} must matter");
    }

    [Test]
    public void Features_EveryOption_ChangesThem([Values] TinyEyesForm form)
    {
        TinyEyesOptions plain = new() { Form = form };
        float[] features = Look(plain, Picture).Features;
        foreach (TinyEyesOptions other in (TinyEyesOptions[])[plain with { Seed = 2 }, plain with { Heads = 2 }, plain with { Blocks = 1 },
            plain with { FeedForward = 96 }])
            Assert.That(TestData.Nmse(Look(other, Picture).Features, features), Is.GreaterThan(0.02), $"{other}");
        Assert.That(Look(plain with { OtherNames = true }, Picture).Features, Is.EqualTo(features));
    }

    [Test]
    public void Tokens_DependOnEveryCornerOfTile([Values] TinyEyesForm form)
    {
        TinyEyesOptions options = new() { Form = form };
        float[] features = Look(options, Picture).Features;
        for (int corner = 0; corner < 4; corner++)
        {
            byte[] changed = [.. Picture];
            int pixel = (corner / 2 * 55 * 56) + (corner % 2 * 55);
            for (int i = 0; i < 3; i++) changed[(pixel * 4) + i] ^= 0xFF;
            float[] others = Look(options, changed).Features;
            for (int token = 0; token < options.TokensPerTile; token++)
                Assert.That(others[(token * 96)..((token + 1) * 96)], Is.Not.EqualTo(features[(token * 96)..((token + 1) * 96)]),
                    $"corner {corner}, token {token}");
        }
    }

    [Test]
    public void Write_SameOptions_GivesTheSameBytes([Values] TinyEyesForm form)
    {
        TinyEyes.Write(_folder.File("a.gguf"), new TinyEyesOptions { Form = form });
        TinyEyes.Write(_folder.File("b.gguf"), new TinyEyesOptions { Form = form });
        Assert.That(File.ReadAllBytes(_folder.File("a.gguf")).AsSpan().SequenceEqual(File.ReadAllBytes(_folder.File("b.gguf"))));
    }

    [Category("Shared")]
    [TestCase(TinyEyesForm.Llama4, "llama4")]
    [TestCase(TinyEyesForm.Idefics3, "idefics3")]
    public void KeysAndTensors_AreThoseOfConvertedFile(TinyEyesForm form, string name)
    {
        bool llama4 = form == TinyEyesForm.Llama4;
        TinyEyes.Write(_folder.File("eyes.gguf"), new TinyEyesOptions
        {
            Form = form,
            Tile = 84,
            Width = 64,
            Blocks = llama4 ? 3 : 2,
            FeedForward = llama4 ? 256 : 128,
            Adapter = 96,
            TextWidth = 64,
            LongestEdge = 252,
        });
        using GgufFile ours = GgufFile.Open(_folder.File("eyes.gguf")), theirs = GgufFile.Open(new VisionCase(name).Encoder);
        string[] decoration = ["general.name", "general.size_label", "general.file_type", "general.quantization_version"];
        Assert.That(Keys(ours), Is.EquivalentTo(Keys(theirs)));
        Assert.That(Tensors(ours), Is.EquivalentTo(Tensors(theirs)));

        IEnumerable<string> Keys(GgufFile file) => file.Metadata.Keys.Except(decoration)
            .Select(k => $"{k}: {file.Metadata.Find(k)!.Type} {file.Metadata.Find(k)}");
        static IEnumerable<string> Tensors(GgufFile file) => file.Tensors.Select(t => $"{t.Name} {t.Type} {t.Shape}");
    }

    private VisionOutput Look(TinyEyesOptions options, byte[] picture)
    {
        TinyEyes.Write(_folder.File("eyes.gguf"), options);
        VisionReference eyes = VisionReference.Open(_folder.File("eyes.gguf"));
        return eyes.Forward(TestPictures.Pixels(picture, eyes.Config));
    }
}
