using System.Globalization;
using NpcMind.Gpu;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// Every kernel case (Kernels/) against the reference, which sums in double. A test runs all cases of an operation and prints the error of
/// each.
/// </summary>
internal sealed class KernelTests : GpuTest, IDisposable
{
    private KernelRig _rig = null!;

    public static IEnumerable<string> Operations => KernelCases.All.Select(c => c.Op).Distinct();

    [OneTimeSetUp]
    public void MakeRig() => _rig = new KernelRig(Device);

    public void Dispose() => _rig?.Dispose();

    [TestCaseSource(nameof(Operations))]
    public void Kernel_Cases_AgreeWithReference(string op) => Check(KernelCases.All.Where(c => c.Op == op), _rig);

    /// <summary>As GPUs run it: several clusters to a workgroup, queries read by addresses that lanes have in common.</summary>
    [Test]
    public void Attention_GpuWorkgroups_AgreesWithReference()
    {
        GpuLimits real = Device.Limits;
        Device.Limits = real with { IsSoftware = false };
        try
        {
            using KernelRig rig = new(Device);
            Check(AttentionCases.GpuWorkgroups(), rig);
        }
        finally
        {
            Device.Limits = real;
        }
    }

    private static void Check(IEnumerable<KernelCase> cases, KernelRig rig)
    {
        List<string> wrong = [];
        foreach (KernelCase kernel in cases)
        {
            KernelRun run = kernel.Make(rig);
            rig.Run(run.Nodes, run.Shape);
            double nmse = run.Outputs.Max(o => Error(rig, o));
            rig.Reset();
            string line = string.Create(CultureInfo.InvariantCulture, $"{kernel}: NMSE {nmse:E2}");
            TestContext.Out.WriteLine(line);
            if (!(nmse <= kernel.Tolerance)) wrong.Add(line);
        }

        Assert.That(wrong, Is.Empty);
    }

    private static double Error(KernelRig rig, KernelOutput output)
    {
        float[] expected = output.Expected();
        float[] actual = output.Bytes ? AttentionCases.Bytes(rig.ReadWords(output.Values, expected.Length / 4)) : output.Words
            ? [.. rig.ReadWords(output.Values, expected.Length).Select(w => (float)w)] : rig.ReadFloats(output.Values, expected.Length);
        return TestData.Nmse(actual, expected);
    }
}
