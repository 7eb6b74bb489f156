using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>
/// The reference of architecture llama4 against logits of transformers: what the GPU is tested against must itself be right.
/// </summary>
internal sealed class Llama4ReferenceTests
{
    // Another implementation in binary32 reaches 3e-13 to 8e-12 (golden/architectures/README-special.md). The smallest mistake listed in
    // the cases' "sensitivity", a temperature step off by one, costs 1.3e-5.
    private const double Tolerance = 5e-11;

    // transformers rounds rotary angles to binary32. At 8192 positions that is seen: 9e-11, and 6e-13 with this reference's angles rounded
    // likewise.
    private const double FarTolerance = 5e-10;

    [Test]
    public void Forward_TwoExpertsPerToken_AgreesWithTransformers() => Check(TestData.Golden("architectures", "llama4-scout-top2"));

    [Category("Shared")]
    [TestCase("llama4-scout-chunk16")]
    [TestCase("llama4-scout-llama3rope")]
    [TestCase("llama4-scout-top2")]
    [TestCase("llama4-maverick")]
    public void Forward_SharedCases_AgreeWithTransformers(string name) => Check(TestData.Shared("golden", "architectures", name));

    [Category("Shared")]
    [Test]
    public void Forward_PublishedChunkAndTemperature_AgreesWithTransformers() =>
        Check(TestData.Shared("golden", "architectures", "llama4-defaults-8192"), FarTolerance);

    [Category("Shared")]
    [TestCase("exact")]
    [TestCase("wide")]
    [TestCase("small")]
    public void Forward_SequenceWithPicture_AgreesWithTransformers(string picture) =>
        CheckPictures(new VisionCase("llama4"), picture, [picture]);

    [Category("Shared")]
    [Test]
    public void Forward_SequenceWithTwoPictures_AgreesWithTransformers() =>
        CheckPictures(new VisionCase("llama4"), "pair", ["wide", "exact"]);

    private static void Check(string folder, double tolerance = Tolerance)
    {
        GoldenCase golden = new(folder);
        Llama4Reference model = Llama4Reference.Open(golden.Model);
        GoldenCase.Sequence sequence = golden.Sequences.Single();
        LlamaOutput output = model.Forward(sequence.Ids);
        Agree(sequence.Pick(output.Logits), sequence.Logits, "logits", tolerance);
        golden.CheckResiduals(output.Residuals, model.Config.Embedding, tolerance);
    }

    private static void CheckPictures(VisionCase vision, string prompt, string[] pictures)
    {
        Llama4Reference model = Llama4Reference.Open(vision.Model);
        int[] ids = vision.Ids(prompt);
        float[] features = [.. pictures.SelectMany(p => vision.Floats(p, "features"))];
        LlamaOutput output = model.Forward(ids, ImageRows.Place(ids, vision.ImageToken, features, model.Config.Embedding));
        Agree(output.Logits, vision.Floats(prompt, "logits"), prompt);
    }

    private static void Agree(float[] actual, float[] expected, string what, double tolerance = Tolerance)
    {
        double nmse = TestData.Nmse(actual, expected);
        TestContext.Out.WriteLine($"{what}: NMSE {nmse:E2}");
        Assert.That(nmse, Is.LessThan(tolerance), what);
    }
}
