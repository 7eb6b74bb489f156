using NpcMind.Reference;
using NpcMind.Tests.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>The reference encoder against every stage of transformers: what the GPU is tested against must itself be right.</summary>
[Category("Shared")]
internal sealed class VisionReferenceTests
{
    private const double Tolerance = 5e-11; // transformers computes in binary32

    [TestCase("llama4", "exact")]
    [TestCase("llama4", "wide")]
    [TestCase("llama4", "small")]
    [TestCase("idefics3", "exact")]
    [TestCase("idefics3", "wide")]
    [TestCase("idefics3", "small")]
    [TestCase("idefics3", "nosplit")]
    public void Features_AgreeWithTransformers(string name, string picture)
    {
        VisionCase vision = new(name);
        VisionOutput output = VisionReference.Open(vision.Encoder).Forward(vision.Floats(picture, "pixels"));
        Agree(output.Features, vision.Floats(picture, "features"), "features");
    }

    [TestCase("llama4")]
    [TestCase("idefics3")]
    public void Blocks_AgreeWithTransformers(string name)
    {
        VisionCase vision = new(name);
        VisionOutput output = VisionReference.Open(vision.Encoder).Forward(vision.Floats("exact", "pixels"));
        float[] layers = vision.Floats("exact", "layers");
        int size = layers.Length / output.Layers.Count;
        for (int i = 0; i < output.Layers.Count; i++) Agree(output.Layers[i], layers[(i * size)..((i + 1) * size)], $"after {i} blocks");
        Agree(output.Encoded, vision.Floats("exact", "encoder"), "input of the projector");
    }

    [Test]
    public void Norm_OtherSpelling_IsTheSame()
    {
        VisionCase vision = new("llama4");
        VisionOutput output = VisionReference.Open(vision.File("mmproj-othernames.gguf")).Forward(vision.Floats("exact", "pixels"));
        Agree(output.Features, vision.Floats("exact", "features"), "features");
    }

    [TestCase("exact", "exact")]
    [TestCase("nosplit", "nosplit")]
    [TestCase("pair", "exact", "wide")]
    public void Logits_Idefics3WithPictures_AgreeWithTransformers(string prompt, params string[] pictures)
    {
        VisionCase vision = new("idefics3");
        LlamaReference model = LlamaReference.Open(vision.Model);
        int[] ids = vision.Ids(prompt);
        float[] features = [.. pictures.SelectMany(p => vision.Floats(p, "features"))];
        Agree(model.Forward(ids, ImageRows.Place(ids, vision.ImageToken, features, model.Config.Embedding)).Logits,
            vision.Floats(prompt, "logits"), prompt);
    }

    private static void Agree(float[] actual, float[] expected, string what)
    {
        double nmse = TestData.Nmse(actual, expected);
        TestContext.Out.WriteLine($"{what}: NMSE {nmse:E2}");
        Assert.That(nmse, Is.LessThan(Tolerance), what);
    }
}
