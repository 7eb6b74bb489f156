using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// The golden blocks (tests/golden/dequant) through the loader's packing and the embed kernels, as weights go: bit for bit, sign of zero
/// included.
/// </summary>
internal sealed class DequantizeOnDeviceTests : GpuTest
{
    public static IEnumerable<TensorType> Types => WeightLayout.Supported;

    [TestCaseSource(nameof(Types))]
    public void Embed_GoldenBlocks_AreBitExact(TensorType type)
    {
        (byte[] blocks, float[] floats) = Golden(type);
        int elements = TensorTypes.Layout(type)!.Value.Elements;
        Assert.That(floats, Is.Not.Empty);
        foreach (int columns in elements == 256 ? new[] { 256, 512 } : [32, 64, 96, 256])
        {
            int rows = floats.Length / columns;
            float[] device = Dequantized(type, blocks.AsSpan(0, rows * columns / elements * TensorTypes.Layout(type)!.Value.Bytes), rows,
                columns);
            int wrong = Enumerable.Range(0, rows * columns).FirstOrDefault(i => Bits(device[i]) != Bits(floats[i]), -1);
            Assert.That(wrong, Is.EqualTo(-1),
                () => $"{type}, {columns} columns: weight {wrong} is {device[wrong]:R}, should be {floats[wrong]:R}.");
        }
    }

    [TestCaseSource(nameof(Types))]
    public void Embed_RandomBlocks_EqualReference(TensorType type)
    {
        const int Rows = 67, Columns = 768;
        byte[] blocks = Quantize.Rows(type, CaseData.Normal(4, Rows * Columns));
        float[] expected = new float[Rows * Columns];
        Dequantize.Rows(type, blocks, expected);
        TinyEngines.AssertSameBits(Dequantized(type, blocks, Rows, Columns), expected, $"{type}");
    }

    private static float[] Dequantized(TensorType type, ReadOnlySpan<byte> blocks, int rows, int columns)
    {
        using KernelRig rig = new(Device);
        WeightMatrix matrix = rig.Matrix(type, blocks, rows, columns);
        Tensor x = rig.Empty((long)rows * columns * 4);
        uint[] tokens = [.. Enumerable.Range(0, rows).SelectMany(i => new[] { (uint)i, 0u, 0u, 0u })];
        IEnumerable<GraphNode> nodes = new Inference.Embed(rig.Library).Nodes(
            "embed", matrix, rig.Words(tokens), rig.Nothing, x, columns, rig.Empty(16), rig.Nothing, 1, 1);
        rig.Run(nodes, new StepShape(rows, 0, 0, 0, 1));
        return rig.ReadFloats(x, rows * columns);
    }

    /// <summary>Files of the folder; F32 stands for itself, with the values where conversions go wrong.</summary>
    private static (byte[] Blocks, float[] Floats) Golden(TensorType type)
    {
        if (type != TensorType.F32)
            return (File.ReadAllBytes(TestData.Golden("dequant", $"{type}.blocks.bin")),
                TestData.Floats(TestData.Golden("dequant", $"{type}.floats.bin")));
        float[] values = CaseData.Normal(3, 1536);
        float[] special = [0f, -0f, float.Epsilon, -float.Epsilon, 1.1754942e-38f, float.MaxValue, float.MinValue, float.PositiveInfinity,
            float.NegativeInfinity, float.NaN];
        special.CopyTo(values, 5);
        return (MemoryMarshal.AsBytes(values.AsSpan()).ToArray(), values);
    }

    /// <summary>All NaNs are one: which one an operation returns is not ours to say.</summary>
    private static int Bits(float value) => float.IsNaN(value) ? -1 : BitConverter.SingleToInt32Bits(value);
}
