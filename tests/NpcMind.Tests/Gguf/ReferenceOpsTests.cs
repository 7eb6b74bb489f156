using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>Small cases worked out by hand, for what the reference models do not exercise.</summary>
internal sealed class ReferenceOpsTests
{
    private static readonly float[] Logits = [0, 3, 3, 1, -1];

    [Test]
    public void Router_EqualLogits_SelectsLowerExpert()
    {
        (int[] experts, float[] weights) = RouterTopK.Run([1, 2, 2, 2], 2);
        Assert.That(experts, Is.EqualTo(new[] { 1, 2 }));
        Assert.That(weights, Is.EqualTo(new[] { 0.5f, 0.5f }));
    }

    [Test]
    public void Router_Sigmoid_KeepsWeightOfEachExpert()
    {
        (int[] experts, float[] weights) = RouterTopK.Sigmoid([-1, 2, 2, -3], 3);
        Assert.That(experts, Is.EqualTo(new[] { 1, 2, 0 }));
        Assert.That(weights, Is.EqualTo(new[] { 0.8807970f, 0.8807970f, 0.2689414f }).Within(1e-7f));
        Assert.That(RouterTopK.Margin([-1, 2, 2, -3], experts), Is.EqualTo(2));
    }

    [Test]
    public void Attention_Chunked_SeesNoKeyBeforeChunk()
    {
        float[] zeros = new float[7]; // equal scores: the mean of the values that are seen
        float[] means = Attention.Run(zeros.AsSpan(0, 5), zeros, [1, 2, 4, 8, 16, 32, 64], 1, 1, 7, firstPosition: 2, scale: 1, chunk: 3);
        Assert.That(means, Is.EqualTo(new[] { 7 / 3f, 8, 12, 56 / 3f, 64 }));
    }

    [Test]
    public void QueryTemperature_LastPositionBeforeStep_Rises()
    {
        float[] q = [1, 1, 1, 1, 1, 1, 1, 1];
        QueryTemperature.Run(q, width: 2, firstPosition: 2, length: 4, scale: 0.5); // positions 2, 3, 4, 5
        float raised = (float)(1 + (0.5 * Math.Log(2)));
        Assert.That(q, Is.EqualTo(new[] { 1, 1, raised, raised, raised, raised, raised, raised }));
        Assert.That(QueryTemperature.Factor(11, 4, 0.5), Is.EqualTo(1 + (0.5 * Math.Log(4))));
    }

    [Test]
    public void ImageRows_Pictures_FillTheirPlacesExactly()
    {
        float[]?[] rows = ImageRows.Place([5, 9, 5, 9], 9, [1, 2, 3, 4], 2);
        Assert.That(rows, Is.EqualTo(new float[]?[] { null, [1, 2], null, [3, 4] }));
        Assert.That(Embed.Run([10, 11, 20, 21], 2, [1, 0], [null, [7, 8]]), Is.EqualTo(new float[] { 20, 21, 7, 8 }));
        Assert.That(() => ImageRows.Place([9], 9, [1, 2, 3, 4], 2), Throws.ArgumentException);
    }

    [TestCase(0.5, 0.5204998778130465)]
    [TestCase(1, 0.8427007929497149)]
    [TestCase(-2, -0.9953222650189527)]
    [TestCase(3, 0.9999779095030014)]
    [TestCase(7, 1)]
    public void ErrorFunction_EqualsTabulatedValues(double x, double expected) =>
        Assert.That(Gelu.Erf(x), Is.EqualTo(expected).Within(2e-15));

    [Test]
    public void Gelu_ExactAndApproximate_Differ()
    {
        Assert.That(Gelu.Exact([0, 1, -1, 2]), Is.EqualTo(new[] { 0, 0.84134475f, -0.15865525f, 1.9544997f }).Within(1e-7f));
        Assert.That(Gelu.Tanh([0, 1, -1, 2]), Is.EqualTo(new[] { 0, 0.84119199f, -0.15880801f, 1.9545977f }).Within(1e-7f));
    }

    [Test]
    public void LayerNorm_SubtractsMean() =>
        Assert.That(LayerNorm.Run([1, 3, 5, 5], [2, 2], [0, 10], 1e-12), Is.EqualTo(new float[] { -2, 12, 0, 10 }).Within(1e-6f));

    [Test]
    public void PixelShuffle_GoesRowByRowOutsideAndInside()
    {
        float[] patches = [.. Enumerable.Range(0, 32).Select(i => (float)i)]; // 4 x 4 patches, 2 channels
        float[] tokens = PixelShuffle.Run(patches, 4, 2);
        Assert.That(tokens[..8], Is.EqualTo(new float[] { 0, 1, 2, 3, 8, 9, 10, 11 }));
        Assert.That(tokens.Where((_, i) => i % 8 == 0), Is.EqualTo(new float[] { 0, 4, 16, 20 }));
    }

    [Test]
    public void Rope_Neox_TurnsHalvesAndLeavesRest()
    {
        float[] x = [1, 2, 0, 0, 9];
        Rope.Run(x, 1, 5, 1, new RopeSettings(4, Base: 100, Neox: true));
        float[] expected = [(float)Math.Cos(1), (float)(2 * Math.Cos(0.1)), (float)Math.Sin(1), (float)(2 * Math.Sin(0.1)), 9];
        Assert.That(x, Is.EqualTo(expected).Within(1e-7f));
    }

    [Test]
    public void Rope_Yarn_KeepsFastPairsAndStretchesSlowOnes()
    {
        RopeSettings yarn = new(64, Base: 10000, FrequencyScale: 0.25,
            Yarn: new Yarn(OriginalContext: 2048, ExtensionFactor: 1, Magnitude: 1));
        RopeSettings plain = new(64, Base: 10000);
        RopeSettings linear = plain with { FrequencyScale = 0.25 };
        Assert.That(Rope.Turn(10, 0, yarn), Is.EqualTo(Rope.Turn(10, 0, plain)));
        Assert.That(Rope.Turn(10, 31, yarn), Is.EqualTo(Rope.Turn(10, 31, linear)));
    }

    [Test]
    public void Sample_Greedy_TakesLowestOfEqualTokens() => Assert.That(Sampling.Greedy(Logits), Is.EqualTo(1));

    [TestCase(0.0, 1)]
    [TestCase(0.45, 1)]
    [TestCase(0.47, 2)]
    [TestCase(0.90, 2)]
    [TestCase(0.92, 3)]
    [TestCase(0.999, 4)]
    public void Sample_Uniform_PicksInDescendingProbability(double uniform, int expected)
    {
        // e^3, e^3, e, 1, 1/e over their sum: 0.4538, 0.4538, 0.0614, 0.0226, 0.0083 and so cumulative 0.454, 0.908, 0.969, 0.992, 1
        Assert.That(Sampling.Pick(Logits, new SamplerSettings(), [], uniform), Is.EqualTo(expected));
    }

    [Test]
    public void Sample_Cuts_KeepMostProbableCandidates()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Left(new(TopK: 3)), Is.EqualTo(new[] { 1, 2, 3 }));
            Assert.That(Left(new(TopK: 99)), Is.EqualTo(new[] { 1, 2, 3, 0, 4 }));
            Assert.That(Left(new(TopP: 0.5)), Is.EqualTo(new[] { 1, 2 }));
            Assert.That(Left(new(TopP: 0)), Is.EqualTo(new[] { 1 }));
            Assert.That(Left(new(TopK: 2, TopP: 0.49)), Is.EqualTo(new[] { 1 }),
                "top-p sees the distribution that top-k left: a half each");
            Assert.That(Left(new(MinP: 0.1)), Is.EqualTo(new[] { 1, 2, 3 }));
            Assert.That(Left(new(MinP: 2)), Is.EqualTo(new[] { 1 }));
            Assert.That(Left(new(TopP: 0.5, Temperature: 100)), Is.EqualTo(new[] { 1, 2 }), "temperature comes after the cuts");
            Assert.That(Left(new(Temperature: 0)), Is.EqualTo(new[] { 1 }));
        });
    }

    [Test]
    public void Sample_Penalties_CountLastTokensOnly()
    {
        SamplerSettings settings = new(RepetitionPenalty: 2, FrequencyPenalty: 0.25, PresencePenalty: 0.5, PenaltyTokens: 3, TopK: 1);
        int[] recent = [2, 1, 1, 4]; // token 2 is out of the window: it keeps 3, token 1 has 3/2 - 2*0.25 - 0.5
        Assert.That(Sampling.Pick(Logits, settings, recent, 0), Is.EqualTo(2));
        (int[] ids, double[] p) = Sampling.Distribution(Logits, settings with { TopK = 0 }, recent);
        Assert.That(ids, Is.EqualTo(new[] { 2, 3, 1, 0, 4 }));
        Assert.That(p[2] / p[0], Is.EqualTo(Math.Exp(0.5 - 3)).Within(1e-12));
        Assert.That(p[4] / p[0], Is.EqualTo(Math.Exp(-2 - 0.25 - 0.5 - 3)).Within(1e-12));
    }

    private static int[] Left(SamplerSettings settings) => Sampling.Distribution(Logits, settings, []).Ids;
}
