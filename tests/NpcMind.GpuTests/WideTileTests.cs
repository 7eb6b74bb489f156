using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Products of many rows of integers at a time: the bits of the other forms.</summary>
internal abstract class WideTileTests(WideTile tile) : GpuTest
{
    /// <summary>What stands around a product, in all its places.</summary>
    /// <param name="precision">Bytes of the integers.</param>
    /// <param name="isGpu">Whether slices share the columns.</param>
    /// <param name="isWhole">Whether pipelines that differ by what others have, too, are compiled as well.</param>
    protected void CheckFused(Precision precision, bool isGpu, bool isWhole)
    {
        KernelCase[] some =
        [
            MatMulCases.Dense(TensorType.Q8_0, 33, 96, 40, bias: true, accumulate: true, scale: 0.22f),
            MatMulCases.Dense(TensorType.Q8_0, 96, 96, 17, yOffset: 64),
            MatMulCases.Dense(TensorType.Q8_0, 200, 64, 33, segmentGroups: 2),
            FusedMatMulCases.Normed(TensorType.Q8_0, 33, 256, 20),
            FusedMatMulCases.Gated(TensorType.Q8_0, 64, 96, 20, GateForm.ClampedSilu, bias: true),
            FusedMatMulCases.GatedExperts(TensorType.Q4_K, 4, 2, 40, 256, 32, weighsInput: true),
            MatMulCases.Experts(TensorType.Q8_0, 3, 2, 40, 96, 70, segmentGroups: 4, bias: true),
        ];
        KernelCase[] others =
        [
            FusedMatMulCases.Gated(TensorType.Q4_1, 64, 96, 40, GateForm.GeluTanh),
            FusedMatMulCases.Gated(TensorType.Q8_0, 64, 96, 40, GateForm.Silu, gatesOutput: true),
            FusedMatMulCases.Combined(TensorType.Q8_0, 4, 3, 50, 64, 33, bias: true),
            FusedMatMulCases.Combined(TensorType.Q6_K, 5, 3, 50, 256, 40, weighted: false, scale: 0.22f),
            MatMulCases.Experts(TensorType.Q8_0, 3, 2, 40, 96, 40, xPerPair: true),
        ];
        AssertAgree(isWhole ? [.. some, .. others] : some, precision, isGpu);
    }

    /// <summary>Wide tiles, tiles of eight rows and of one, in workgroups as on a GPU.</summary>
    protected void CheckSequence(TensorType type, Precision precision, params ReadOnlySpan<TinyModelOptions> models)
    {
        using GpuDevice device = GpuFixture.NewDevice();
        device.Pipelines.CompilesLate = true;
        device.Limits = device.Limits with { IsSoftware = false, IntegerDotIsFast = true };
        if (tile == WideTile.Lanes) device.Matrices = null; // or a model would use those
        foreach (TinyModelOptions model in models)
        {
            using InferenceEngine engine = TinyEngines.Load(
                model.With(type) with { Blocks = 2 }, TinyEngines.Options with { Precision = precision }, device);
            Assert.That(engine.Nodes.SelectMany(n => n.Variants).Any(IsWide), "The model has products in wide tiles.");
            int[] ids = TinyEngines.Ids(64, 7);
            float[] alone = engine.ReadFresh(ids, 1);
            foreach (int rows in (int[])[8, 17, 33, 64])
                TinyEngines.AssertSameBits(engine.ReadFresh(ids, rows), alone, $"{rows} rows at a time");
        }

        GpuFixture.CheckValidation(device);
    }

    /// <summary>A matrix of a format, with the columns in eight shares, as on a GPU.</summary>
    protected void CheckFormat(TensorType type)
    {
        int columns = TensorTypes.Layout(type)!.Value.Elements == 256 ? 768 : 608;
        KernelCase[] cases = [MatMulCases.Dense(type, 70, columns, 17, outliers: true), MatMulCases.Dense(type, 33, columns, 64)];
        AssertAgree(cases, Precision.Int16, isGpu: true);
    }

    private void AssertAgree(IEnumerable<KernelCase> cases, Precision precision, bool isGpu)
    {
        using GpuDevice device = GpuFixture.NewDevice();
        device.Pipelines.CompilesLate = true;
        device.Limits = device.Limits with { IsSoftware = !isGpu };
        using (KernelRig rig = new(device))
            foreach (KernelCase kernel in cases)
                TinyEngines.AssertSameBits(
                    Run(rig, kernel, precision, tile), Run(rig, kernel, precision, WideTile.None), kernel.ToString());
        GpuFixture.CheckValidation(device);
    }

    private float[] Run(KernelRig rig, KernelCase kernel, Precision precision, WideTile used)
    {
        rig.Use(precision, false, true, used);
        KernelRun run = kernel.Make(rig);
        Assert.That(run.Nodes.Any(n => IsWide(n.Variants[n.Grid(run.Shape).Variant])), Is.EqualTo(used == tile));
        rig.Run(run.Nodes, run.Shape);
        float[] actual = rig.ReadFloats(run.Outputs[0].Values, run.Outputs[0].Expected().Length);
        rig.Reset();
        return actual;
    }

    private bool IsWide(DispatchNode node) => node.Pipeline.Module.Name.EndsWith(
        tile == WideTile.Lanes ? Inference.MatMul.LanesSuffix : Inference.MatMul.MatrixSuffix, StringComparison.Ordinal);
}

/// <summary>
/// A weight row a lane (shaders/bodies/matmul_lanes.glsl). The software driver takes seconds to compile each of these, so a usual run has
/// few.
/// </summary>
internal sealed class LaneProductTests() : WideTileTests(WideTile.Lanes)
{
    private static readonly bool IsLong = Scenarios.Factor > 1;

    public static IEnumerable<TensorType> Formats =>
        IsLong ? WeightLayout.Supported.Where(t => WeightLayout.For(t)!.HoldsIntegers) : [TensorType.Q6_K];

    public static IEnumerable<object[]> Places => IsLong
        ? [[Precision.Int8, true], [Precision.Int16, true], [Precision.Int16, false]] : [[Precision.Int8, true]];

    [TestCaseSource(nameof(Formats))]
    public void Product_OfAFormat_HasTheBitsOfTheOtherForms(TensorType type) => CheckFormat(type);

    [TestCaseSource(nameof(Places))]
    public void Fused_InAnyPlace_HasTheBitsOfTheOtherForms(Precision precision, bool isGpu) => CheckFused(precision, isGpu, IsLong);

    [Test]
    public void Sequence_InTilesOfAnySize_HasTheSameBits()
    {
        CheckSequence(TensorType.Q4_K, Precision.Int8, TinyModelOptions.Mixture);
        if (IsLong) CheckSequence(TensorType.Q6_K, Precision.Int16, TinyModelOptions.Dense, TinyModelOptions.Mixture);
    }
}

/// <summary>
/// Cooperative matrices (shaders/bodies/matmul_matrix.glsl). Run by scripts/matrix-tests.sh, with a software driver that has such matrices
/// and a shader compiler that knows them.
/// </summary>
[Category("Matrices")]
internal sealed class MatrixProductTests() : WideTileTests(WideTile.Matrices)
{
    public static IEnumerable<TensorType> Formats => WeightLayout.Supported.Where(t => WeightLayout.For(t)!.HoldsIntegers);

    [OneTimeSetUp]
    public void CheckMatrices()
    {
        string? lack = !KernelLibrary.HasMatrixShaders ? "The shaders were compiled by a glslc that knows no cooperative matrices."
            : Device.Matrices is null ? "The device has no cooperative matrices of bytes." : null;
        if (lack is null) return;
        if (Environment.GetEnvironmentVariable("NPCMIND_NEEDS_MATRICES") == "1") Assert.Fail(lack);
        Assert.Ignore(lack); // a card that has none
    }

    [TestCaseSource(nameof(Formats))]
    public void Product_OfAnyFormat_HasTheBitsOfTheOtherForms(TensorType type) => CheckFormat(type);

    [TestCase(Precision.Int16, false)]
    [TestCase(Precision.Int8, true)]
    public void Fused_InAnyPlace_HasTheBitsOfTheOtherForms(Precision precision, bool isGpu) =>
        CheckFused(precision, isGpu, isWhole: true);

    [TestCase(TensorType.Q4_K, Precision.Int8)]
    [TestCase(TensorType.Q6_K, Precision.Int16)]
    public void Sequence_InTilesOfAnySize_HasTheSameBits(TensorType type, Precision precision) =>
        CheckSequence(type, precision, TinyModelOptions.Dense, TinyModelOptions.Mixture);
}
