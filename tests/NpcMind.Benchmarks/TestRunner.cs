using System.Reflection;
using System.Text.Json;
using NUnit.Framework.Api;
using NUnit.Framework.Interfaces;
using NUnit.Framework.Internal;

namespace NpcMind.Benchmarks;

/// <summary>Runs tests where there is no SDK: with NUnit itself, in this process.</summary>
internal static class TestRunner
{
    /// <summary>
    /// Runs the tests of <paramref name="assembly"/> whose full name holds one of <paramref name="names"/>; prints a line of JSON.
    /// </summary>
    /// <returns>0 when there are some and none failed.</returns>
    public static int Run(string assembly, string[] names)
    {
        NUnitTestAssemblyRunner runner = new(new DefaultTestAssemblyBuilder());
        runner.Load(Assembly.LoadFrom(Path.GetFullPath(assembly)), new Dictionary<string, object> { ["NumberOfTestWorkers"] = 0 });
        Listener listener = new();
        ITestResult result = runner.Run(listener, new NameFilter(names));
        Console.WriteLine(JsonSerializer.Serialize(new
        {
            passed = result.PassCount,
            failed = result.FailCount,
            skipped = result.SkipCount,
            seconds = Math.Round(result.Duration, 1),
            failures = listener.Failures,
        }));
        return result.FailCount == 0 && result.PassCount + result.SkipCount > 0 ? 0 : 1;
    }

    private sealed class NameFilter(string[] names) : TestFilter
    {
        public override bool Match(ITest test) => !test.IsSuite && names.Any(n => test.FullName.Contains(n, StringComparison.Ordinal));

        public override TNode AddToXml(TNode parentNode, bool recursive) => parentNode.AddElement("names");
    }

    private sealed class Listener : ITestListener
    {
        private const int MostCharacters = 1000;

        public List<string> Failures { get; } = [];

        public void TestFinished(ITestResult result)
        {
            if (result.ResultState.Status != TestStatus.Failed || result.HasChildren) return;
            string text = $"{result.FullName}: {result.Message}";
            Console.Error.WriteLine(text);
            Failures.Add(text.Length > MostCharacters ? text[..MostCharacters] : text);
        }

        public void TestStarted(ITest test)
        {
        }

        public void TestOutput(TestOutput output)
        {
        }

        public void SendMessage(TestMessage message)
        {
        }
    }
}
