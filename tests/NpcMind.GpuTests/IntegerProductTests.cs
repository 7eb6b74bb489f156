using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Products with activations as integers (shaders/lib/integer_product.glsl).</summary>
internal sealed class IntegerProductTests : GpuTest, IDisposable
{
    private KernelRig _rig = null!;

    public static IEnumerable<TensorType> Formats => WeightLayout.Supported.Where(t => WeightLayout.For(t)!.HoldsIntegers);

    [OneTimeSetUp]
    public void MakeRig() => _rig = new KernelRig(Device);

    public void Dispose() => _rig?.Dispose();

    [Test]
    public void Product_BothForms_AgreeWithReferenceAndToTheBit(
        [ValueSource(nameof(Formats))] TensorType type, [Values(Precision.Int16, Precision.Int8)] Precision precision)
    {
        int columns = TensorTypes.Layout(type)!.Value.Elements == 256 ? 512 : 608;
        foreach (bool outliers in (bool[])[false, true])
        {
            float[] expected = [], carried = Run(Dense(17), false), dot = Run(Dense(17), true);
            double nmse = TestData.Nmse(carried, expected);
            TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{type} {precision}: NMSE {nmse:E2}"));
            // Where a driver divides less exactly than IEEE 754 asks, an activation may fall to the integer beside.
            Assert.That(nmse, Is.LessThanOrEqualTo(precision == Precision.Int16 ? 1e-11 : 1e-6));
            TinyEngines.AssertSameBits(dot, carried, "four bytes at a time");
            TinyEngines.AssertSameBits(Run(Dense(1), true), carried.AsSpan(0, carried.Length / 17), "alone");

            KernelCase Dense(int tokens) => MatMulCases.Dense(type, 70, columns, tokens, outliers: outliers);

            float[] Run(KernelCase kernel, bool integerDot)
            {
                _rig.Use(precision, integerDot);
                KernelRun run = kernel.Make(_rig);
                _rig.Run(run.Nodes, run.Shape);
                expected = run.Outputs[0].Expected();
                float[] actual = _rig.ReadFloats(run.Outputs[0].Values, expected.Length);
                _rig.Reset();
                return actual;
            }
        }
    }
}
