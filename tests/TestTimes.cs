using System.Diagnostics;
using System.Globalization;
using NUnit.Framework.Interfaces;

[assembly: NpcMind.TestTimes]

namespace NpcMind;

/// <summary>
/// Writes how much processor time each test took, of this process and all its threads (the software driver's, too), into the folder that
/// NPCMIND_TEST_TIMES names: unlike durations, that tells what a test costs on a busy machine. What a fixture takes before and after its
/// tests is under the name of the fixture alone.
/// </summary>
[AttributeUsage(AttributeTargets.Assembly)]
internal sealed class TestTimesAttribute : Attribute, NUnit.Framework.ITestAction
{
    private static readonly string? Folder = Environment.GetEnvironmentVariable("NPCMIND_TEST_TIMES");
    private static readonly Lock Gate = new();
    private static StreamWriter? _file;
    private static TimeSpan _last;

    public NUnit.Framework.ActionTargets Targets => NUnit.Framework.ActionTargets.Test | NUnit.Framework.ActionTargets.Suite;

    public void BeforeTest(ITest test) => Write(test.IsSuite ? test : test.Parent);

    public void AfterTest(ITest test)
    {
        Write(test);
        if (test.IsSuite || NUnit.Framework.TestContext.CurrentContext.Result.Outcome.Status != TestStatus.Failed) return;
        NUnit.Framework.TestContext.Out.WriteLine(Scenarios.Settings);
    }

    /// <summary>Charges what was used since the last call to a test.</summary>
    private static void Write(ITest? test)
    {
        if (Folder is null || test is null) return;
        lock (Gate)
        {
            TimeSpan now = Process.GetCurrentProcess().TotalProcessorTime;
            double seconds = (now - _last).TotalSeconds;
            _last = now;
            if (seconds < 0.005) return;
            _file ??= new StreamWriter(Path.Combine(Folder, $"{Environment.ProcessId}.cpu")) { AutoFlush = true };
            string name = test.IsSuite ? "" : test.Name;
            _file.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{seconds:F3}\t{test.ClassName}\t{name}"));
        }
    }
}
