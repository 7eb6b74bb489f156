using System.Diagnostics;
using System.Text.Json;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>The command line program that was built beside these tests, in the same configuration.</summary>
internal static class CliRun
{
    private static string Program => Path.Combine(TestData.Root, "src", "NpcMind.Cli", "bin",
        AppContext.BaseDirectory.Contains("/Release/", StringComparison.Ordinal) ? "Release" : "Debug", "net10.0", "NpcMind.Cli");

    /// <summary>Runs it to its end.</summary>
    public static (int Code, string Output, string Error) Start(params string[] arguments)
    {
        ProcessStartInfo info = new(Program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        using Process process = Process.Start(info)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>Runs it with <c>--json</c>; returns the exit code and what it printed.</summary>
    public static (int Code, JsonElement Report) Json(params string[] arguments)
    {
        (int code, string output, string error) = Start([.. arguments, "--json"]);
        Assert.That(error, Is.Empty);
        using JsonDocument document = JsonDocument.Parse(output);
        return (code, document.RootElement.Clone());
    }

    /// <summary>The texts of an array.</summary>
    public static string[] Texts(this JsonElement report, string name) => [.. report.GetProperty(name).EnumerateArray()
        .Select(e => e.GetString()!)];
}
