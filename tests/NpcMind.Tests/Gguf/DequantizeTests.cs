using NpcMind.Gguf;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>
/// Dequantisation against ggml's own floats (tests/golden/dequant), and the quantisers of the tiny models against dequantisation.
/// </summary>
internal sealed class DequantizeTests
{
    [TestCaseSource(typeof(Dequantize), nameof(Dequantize.Supported))]
    public void Dequantize_GoldenBlocks_EqualGgmlBitForBit(TensorType type)
    {
        // F32 is the identity and has no golden file.
        float[] expected = type == TensorType.F32 ? [1f, -0f, float.Epsilon, float.NegativeInfinity]
            : TestData.Floats(TestData.Golden("dequant", $"{type}.floats.bin"));
        byte[] blocks = type == TensorType.F32 ? Bytes(expected) : File.ReadAllBytes(TestData.Golden("dequant", $"{type}.blocks.bin"));
        float[] actual = new float[expected.Length];

        Dequantize.Rows(type, blocks, actual);

        for (int i = 0; i < expected.Length; i++)
            if (BitConverter.SingleToUInt32Bits(actual[i]) != BitConverter.SingleToUInt32Bits(expected[i]))
                Assert.Fail($"weight {i}: expected {expected[i]:R}, got {actual[i]:R}");
    }

    [Test]
    public void Dequantize_PartialBlocks_AreRefused() =>
        Assert.That(() => Dequantize.Rows(TensorType.Q4_0, new byte[19], new float[32]), Throws.ArgumentException);

    [TestCase(TensorType.F32, 0)]
    [TestCase(TensorType.F16, 5e-4)]
    [TestCase(TensorType.BF16, 4e-3)]
    [TestCase(TensorType.Q8_0, 0.01)]
    [TestCase(TensorType.Q6_K, 0.03)]
    [TestCase(TensorType.Q5_0, 0.06)]
    [TestCase(TensorType.Q5_1, 0.06)]
    [TestCase(TensorType.Q5_K, 0.06)]
    [TestCase(TensorType.Q4_0, 0.12)]
    [TestCase(TensorType.Q4_1, 0.12)]
    [TestCase(TensorType.Q4_K, 0.12)]
    [TestCase(TensorType.IQ4_NL, 0.12)]
    [TestCase(TensorType.IQ4_XS, 0.12)]
    [TestCase(TensorType.MXFP4, 0.2)]
    [TestCase(TensorType.Q3_K, 0.2)]
    [TestCase(TensorType.Q2_K, 0.4)]
    [TestCase(TensorType.TQ1_0, 0.9)]
    [TestCase(TensorType.TQ2_0, 0.9)]
    public void Dequantize_QuantizedWeights_StayNear(TensorType type, double relativeError)
    {
        TinyRandom random = new(5);
        float[] weights = [.. Enumerable.Range(0, 4096).Select(i => (float)((random.Normal() + (i / 1024)) * 0.1))];
        weights.AsSpan(512, 256).Clear();
        float[] back = new float[weights.Length];

        Dequantize.Rows(type, Quantize.Rows(type, weights), back);

        double error = Math.Sqrt(TestData.Nmse(back, weights));
        TestContext.Out.WriteLine($"{type}: relative error {error:E1}");
        Assert.That(error, Is.LessThanOrEqualTo(relativeError));
        Assert.That(back.AsSpan(512, 256).IndexOfAnyExcept(0f), Is.Negative, "zeros stay zeros");
    }

    private static byte[] Bytes(float[] values)
    {
        byte[] bytes = new byte[values.Length * 4];
        Buffer.BlockCopy(values, 0, bytes, 0, bytes.Length);
        return bytes;
    }
}
