using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Products with activations as integers (shaders/lib/integer_product.glsl).</summary>
internal sealed class IntegerProductTests : GpuTest, IDisposable
{
    private KernelRig _rig = null!;

    /// <summary>Every format; one of each kind with both precisions and several rows: what differs there is the same code in all.</summary>
    public static IEnumerable<object[]> Products() =>
    [
        .. WeightLayout.Supported.Where(t => WeightLayout.For(t)!.HoldsIntegers).Select(t => new object[] { t, Precision.Int16, 1 }),
        .. from type in (TensorType[])[TensorType.Q4_0, TensorType.Q4_K, TensorType.Q6_K, TensorType.Q8_0]
           from precision in (Precision[])[Precision.Int16, Precision.Int8]
           select new object[] { type, precision, 3 },
    ];

    [OneTimeSetUp]
    public void MakeRig() => _rig = new KernelRig(Device);

    public void Dispose() => _rig?.Dispose();

    [TestCaseSource(nameof(Products))]
    public void Product_BothForms_AgreeWithReferenceAndToTheBit(TensorType type, Precision precision, int tokens)
    {
        int columns = TensorTypes.Layout(type)!.Value.Elements == 256 ? 512 : 608;
        foreach (bool outliers in (bool[])[false, true])
        {
            float[] carried = Run(Dense(tokens), precision, false, false, out float[] expected);
            double nmse = TestData.Nmse(carried, expected);
            TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{type} {precision}: NMSE {nmse:E2}"));
            // Where a driver divides less exactly than IEEE 754 asks, an activation may fall to the integer beside.
            Assert.That(nmse, Is.LessThanOrEqualTo(precision == Precision.Int16 ? 1e-11 : 1e-6));
            TinyEngines.AssertSameBits(Run(Dense(tokens), precision, true, true, out _), carried, "by fours, of integers made before");
            TinyEngines.AssertSameBits(Run(Dense(1), precision, true, false, out _), carried.AsSpan(0, carried.Length / tokens), "alone");

            KernelCase Dense(int rows) => MatMulCases.Dense(type, 70, columns, rows, outliers: outliers);
        }
    }

    /// <summary>Norms, gates and experts in the same dispatch: integers made before, or by the product, give the same bits.</summary>
    [TestCase(1, Precision.Int16)]
    [TestCase(3, Precision.Int8)]
    [TestCase(16, Precision.Int16)]
    public void Fused_IntegersMadeBefore_AgreeToTheBit(int tokens, Precision precision)
    {
        KernelCase[] cases =
        [
            FusedMatMulCases.Normed(TensorType.Q4_K, 33, 256, tokens),
            FusedMatMulCases.Gated(TensorType.Q8_0, 64, 96, tokens, GateForm.Silu, normed: true),
            FusedMatMulCases.GatedExperts(TensorType.Q4_K, 6, 3, tokens, 256, 32),
            FusedMatMulCases.Combined(TensorType.Q6_K, 5, 3, tokens, 256, 40),
            MatMulCases.Experts(TensorType.Q8_0, 5, 2, tokens, 96, 40),
            MatMulCases.Experts(TensorType.Q8_0, 5, 2, tokens, 96, 40, xPerPair: true),
        ];
        foreach (KernelCase kernel in cases)
        {
            float[] by = Run(kernel, precision, false, false, out float[] expected), before = Run(kernel, precision, true, true, out _);
            Assert.That(TestData.Nmse(by, expected), Is.LessThan(precision == Precision.Int16 ? 1e-7 : 2e-3), kernel.ToString());
            TinyEngines.AssertSameBits(before, by, kernel.ToString());
        }
    }

    private float[] Run(KernelCase kernel, Precision precision, bool integerDot, bool makesIntegers, out float[] expected)
    {
        _rig.Use(precision, integerDot, makesIntegers);
        KernelRun run = kernel.Make(_rig);
        _rig.Run(run.Nodes, run.Shape);
        expected = run.Outputs[0].Expected();
        float[] actual = _rig.ReadFloats(run.Outputs[0].Values, expected.Length);
        _rig.Reset();
        return actual;
    }
}
