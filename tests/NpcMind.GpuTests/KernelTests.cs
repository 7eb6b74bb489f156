using System.Globalization;
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
    public void Kernel_Cases_AgreeWithReference(string op)
    {
        List<string> wrong = [];
        foreach (KernelCase kernel in KernelCases.All.Where(c => c.Op == op))
        {
            KernelRun run = kernel.Make(_rig);
            _rig.Run(run.Nodes, run.Shape);
            double nmse = run.Outputs.Max(Error);
            _rig.Reset();
            string line = string.Create(CultureInfo.InvariantCulture, $"{kernel}: NMSE {nmse:E2}");
            TestContext.Out.WriteLine(line);
            if (!(nmse <= kernel.Tolerance)) wrong.Add(line);
        }

        Assert.That(wrong, Is.Empty);
    }

    private double Error(KernelOutput output)
    {
        float[] expected = output.Expected();
        float[] actual = output.Bytes ? AttentionCases.Bytes(_rig.ReadWords(output.Values, expected.Length / 4)) : output.Words
            ? [.. _rig.ReadWords(output.Values, expected.Length).Select(w => (float)w)] : _rig.ReadFloats(output.Values, expected.Length);
        return TestData.Nmse(actual, expected);
    }
}
