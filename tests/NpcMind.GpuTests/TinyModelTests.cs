using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Whole tiny models against the CPU reference, in every weight format.</summary>
internal sealed class TinyModelTests : GpuTest
{
    private static readonly TinyModelOptions Odd = TinyModelOptions.Dense
        with
    { Tied = true, Biases = true, RopeFactors = true, RopeLinearFactor = 2, Seed = 3 };

    public static IEnumerable<TensorType> Formats => Dequantize.Supported;

    /// <summary>What a dense model has and a mixture has not is the same in all formats of a kind.</summary>
    public static IEnumerable<TensorType> DenseFormats => Scenarios.Factor > 1 ? Formats : MatMulCases.OneOfEachKind;

    [TestCaseSource(nameof(DenseFormats))]
    public void Dense_Logits_AgreeWithReference(TensorType format) =>
        Agrees(TinyModelOptions.Dense.With(format), KvFormat.F32, 1e-11, device: GpuFixture.Unvalidated);

    [TestCaseSource(nameof(Formats))]
    public void Mixture_Logits_AgreeWithReference(TensorType format) =>
        Agrees(TinyModelOptions.Mixture.With(format), KvFormat.F32, 1e-11, device: GpuFixture.Unvalidated);

    [Test]
    public void TiedBiasedScaledRope_Logits_AgreeWithReference() => Agrees(Odd, KvFormat.F32, 1e-11);

    [Test]
    public void MixedFormats_Logits_AgreeWithReference() =>
        Agrees(TinyModelOptions.Dense.With(TensorType.Q4_K) with { EmbeddingMatrices = TensorType.Q6_K }, KvFormat.F32, 1e-11);

    [TestCase(1, 1, 16)]
    [TestCase(3, 1, 64)]
    [TestCase(9, 3, 32)]
    [TestCase(4, 4, 20)]
    [TestCase(2, 1, 128)]
    [TestCase(8, 1, 16)]
    public void HeadCountsAndSizes_Logits_AgreeWithReference(int heads, int kvHeads, int headDim) =>
        Agrees(TinyModelOptions.Dense
            with
        { Heads = heads, KvHeads = kvHeads, HeadDimension = headDim, Blocks = 1, Matrices = TensorType.F32 }, KvFormat.F32, 1e-11);

    [Test]
    public void KvF16_Logits_StayNear()
    {
        Agrees(TinyModelOptions.Dense, KvFormat.F16, 1e-6);
        Agrees(TinyModelOptions.Mixture, KvFormat.F16, 1e-6);
    }

    [Test]
    public void KvQ8_Logits_StayNear()
    {
        Agrees(TinyModelOptions.Dense, KvFormat.Q8, 5e-4);
        Agrees(TinyModelOptions.Mixture, KvFormat.Q8, 5e-4);
        Agrees(TinyModelOptions.Dense with { Heads = 2, KvHeads = 1, HeadDimension = 128, Blocks = 1 }, KvFormat.Q8, 5e-4);
    }

    [Test]
    public void KvFormat_Q4_CostsLittleInEveryHeadSize()
    {
        Agrees(TinyModelOptions.Dense, KvFormat.Q4, 1e-1);
        foreach (int headDim in (int[])[24, 80, 96, 128])
            Agrees(TinyModelOptions.Dense with { Heads = 2, KvHeads = 1, HeadDimension = headDim, Blocks = 1 }, KvFormat.Q4, 1e-1);
    }

    [Test]
    public void KvFormat_Q4InHeadsOfNoWholeTexels_IsRefused()
    {
        TinyModelOptions model = TinyModelOptions.Dense with { Heads = 4, KvHeads = 4, HeadDimension = 20, Blocks = 1 };
        Assert.That(
            () => TinyEngines.Load(model, TinyEngines.Options with { Kv = KvFormat.Q4 }),
            Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("heads of 20").And.Message.Contains("F16"));
    }

    [Test]
    public void KvQ8_HeadsNotWholeBlocks_IsRefused()
    {
        TinyModelOptions model = TinyModelOptions.Dense
            with
        { Heads = 4, KvHeads = 4, HeadDimension = 20, Blocks = 1, Matrices = TensorType.F32 };
        Assert.That(() => TinyEngines.Load(model, TinyEngines.Options with { Kv = KvFormat.Q8 }),
            Throws.TypeOf<UnsupportedModelException>().With.Message.Contains("heads of 20").And.Message.Contains("F16"));
    }

    [Test]
    public void KvFormat_Cache_TakesPromisedBytes()
    {
        using InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Dense with { Blocks = 1 });
        long f32 = InferenceEngine.KvBytes(engine.Config, KvFormat.F32, 100);
        Assert.That(f32, Is.EqualTo(2L * 1 * 2 * 32 * 4 * 104), "whole blocks of 8 tokens");
        Assert.That(InferenceEngine.KvBytes(engine.Config, KvFormat.F16, 100), Is.EqualTo(f32 / 2));
        Assert.That(InferenceEngine.KvBytes(engine.Config, KvFormat.Q8, 100), Is.EqualTo(f32 * 9 / 32));
        Assert.That(InferenceEngine.KvBytes(engine.Config, KvFormat.Q4, 100), Is.EqualTo(f32 * 5 / 32),
            "of 32, a texel of scales is half full");
    }

    [Test]
    public void SeveralAttentionSplits_Logits_AgreeWithReference()
    {
        TinyModelOptions model = TinyModelOptions.Dense with { Blocks = 1, Heads = 3, KvHeads = 1, Context = 2048 };
        int[] ids = TinyEngines.Ids(1100, 5);
        float[] expected = TinyEngines.Reference(model).Forward(ids).Logits;
        using InferenceEngine engine = TinyEngines.Load(model, TinyEngines.Options with { ContextTokens = 1200, MaxSequences = 1 });
        float[] actual = engine.ReadFresh(ids, 64);
        Report("1100 tokens", TestData.Nmse(actual, expected), 1e-11);
    }

    /// <summary>
    /// Lavapipe gets workgroups of one cluster; here it runs those of GPUs, in which several clusters share the columns, and experts are
    /// computed side by side.
    /// </summary>
    [TestCase(2, 6)]
    [TestCase(8, 8)]
    [TestCase(16, 16, Description = "too many for one workgroup: one after the other")]
    public void Logits_GpuWorkgroups_AgreeWithReferenceAloneAndAmongOthers(int used, int experts)
    {
        GpuLimits real = Device.Limits;
        Device.Limits = real with { IsSoftware = false, MaxWorkgroupSize = Math.Min(real.MaxWorkgroupSize, 512) };
        try
        {
            TinyModelOptions model = TinyModelOptions.Mixture with { Experts = experts, ExpertsUsed = used };
            Agrees(model, KvFormat.F32, 1e-11);
            int[] ids = TinyEngines.Ids(24, 9);
            using InferenceEngine engine = TinyEngines.Load(model);
            TinyEngines.AssertSameBits(engine.ReadFresh(ids, 1), engine.ReadFresh(ids, 24), "alone and among others");
        }
        finally
        {
            Device.Limits = real;
        }
    }

    [TestCase(Precision.Int16, 1e-7)]
    [TestCase(Precision.Int8, 3e-3)]
    public void Precision_Integers_StayNearAndAloneEqualsAmongOthersOnEveryDevice(Precision precision, double tolerance)
    {
        GpuLimits real = Device.Limits;
        try
        {
            TinyModelOptions[] models = [TinyModelOptions.Dense.With(TensorType.Q4_K), TinyModelOptions.Mixture.With(TensorType.Q8_0)];
            foreach (TinyModelOptions model in models)
            {
                Device.Limits = real;
                Agrees(model, KvFormat.F32, tolerance, precision);
                int[] ids = TinyEngines.Ids(24, 9);
                float[] among = Logits(24), alone = Logits(1);
                TinyEngines.AssertSameBits(alone, among, "alone and among others");
                Device.Limits = real with { IntegerDotIsFast = true };
                TinyEngines.AssertSameBits(Logits(24), among, "on a device with integer dot products");
                TinyEngines.AssertSameBits(Logits(1), among, "alone there");

                float[] Logits(int chunk)
                {
                    using InferenceEngine engine = TinyEngines.Load(model, TinyEngines.Options with { Precision = precision });
                    return engine.ReadFresh(ids, chunk);
                }
            }
        }
        finally
        {
            Device.Limits = real;
        }
    }

    private static void Agrees(TinyModelOptions model, KvFormat kv, double tolerance, Precision precision = Precision.Exact,
        GpuDevice? device = null)
    {
        LlamaReference reference = TinyEngines.Reference(model);
        int[] ids = TinyModels.Ids(reference, 40);
        float[] expected = reference.Forward(ids).Logits;
        using InferenceEngine engine = TinyEngines.Load(model, TinyEngines.Options with { Kv = kv, Precision = precision }, device);
        Report($"{(model.Experts > 0 ? "mixture" : "dense")} {model.Matrices} KV {kv} {precision}",
            TestData.Nmse(engine.ReadFresh(ids, 20), expected), tolerance);
    }

    private static void Report(string what, double nmse, double tolerance)
    {
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: NMSE {nmse:E2}"));
        Assert.That(nmse, Is.LessThanOrEqualTo(tolerance), what);
    }
}
