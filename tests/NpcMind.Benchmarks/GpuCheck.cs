using System.Diagnostics;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace NpcMind.Benchmarks;

/// <summary>
/// What scripts/gpu-check.sh runs on a machine with a card: tests with validation, kernels, and models with the shapes of published ones.
/// Every step is a process of
/// its own with a time limit, and what is known is on disk after each: a card that hangs costs a step and not the rest.
/// </summary>
internal sealed class GpuCheck(string output, double seconds, bool small)
{
    /// <summary>
    /// Tests that tell most about a new card: each kernel, each family of models, frames that are cut, tiny models of each format,
    /// samplers.
    /// </summary>
    private static readonly string[][] Tests =
    [
        ["GpuTests.KernelTests"], ["GpuTests.GoldenModelTests"], ["validated)"], ["GpuTests.TinyModelTests"], ["GpuTests.SamplerTests"],
        ["GpuTests.Vision."], ["GpuTests.IntegerProductTests"], ["GpuTests.MatrixProductTests"], ["GpuTests.LaneProductTests"],
    ];

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly JsonArray _steps = [];

    private static string Here => AppContext.BaseDirectory;

    private double Left => seconds - Stopwatch.GetElapsedTime(_started).TotalSeconds;

    /// <summary>Runs all that there is time for.</summary>
    /// <returns>0 when every step that ran succeeded.</returns>
    public int Run()
    {
        Step("devices", 20, "NpcMind.Cli.dll", "devices");
        foreach (string[] names in small ? Tests[..1] : Tests)
            Step($"tests {names[0]}", small ? 400 : 90, "NpcMind.Benchmarks.dll",
                ["tests", Path.Combine(Here, "NpcMind.GpuTests.dll"), .. names]);
        string kernels = Path.Combine(output, "kernels.json");
        Step("kernels", 60, "NpcMind.Benchmarks.dll", ["kernels", "--json", kernels, .. small ? (string[])["rms_norm"] : []]);
        foreach (SynthesisedModel model in SynthesisedModel.All.Take(small ? 1 : int.MaxValue)) Measure(model);
        return _steps.Any(s => s!["exit_code"]?.GetValue<int>() is not (0 or null)) ? 1 : 0;
    }

    /// <summary>Speed, then frames with a few and many characters, all with the same file.</summary>
    private void Measure(SynthesisedModel model)
    {
        string path = Path.Combine(Roomy(), $"npcmind-{model.Name}.gguf");
        (string prompt, string generate) = small ? ("32", "8") : ("512", "128");
        try
        {
            if (!Step($"write {model.Name}", 60, "NpcMind.Benchmarks.dll", "synthesise", model.Name, path)) return;
            for (int run = 1; run <= 2; run++)
                foreach (string precision in (string[])["exact", "int16", "int8"])
                    Step($"bench {model.Name} {precision} {run}", 90, "NpcMind.Cli.dll",
                        "bench", path, "--prompt-tokens", prompt, "--generate-tokens", generate, "--precision", precision,
                        "--sequences", "8", "--json");
            // Deep in a context, for what attention takes there.
            Step($"bench {model.Name} deep", 60, "NpcMind.Cli.dll", "bench", path, "--prompt-tokens", small ? "48" : "4096",
                "--generate-tokens", "8", "--json");
            Step($"recording {model.Name}", 60, "NpcMind.Benchmarks.dll", "recording", path);
            (string, string)[] loads = small ? [("1", "4")] : [("8", "4"), ("50", "2"), ("1", "4"), ("50", "4")];
            foreach ((string npcs, string budget) in loads)
                Step($"frames {model.Name} {npcs} NPCs {budget} ms", 45, "NpcMind.Cli.dll",
                    "frames", path, "--npcs", npcs, "--budget-ms", budget, "--frames", small ? "20" : "300",
                    "--warmup", small ? "5" : "120", "--noise-frames", small ? "0" : "100", "--json");
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Memory where there is enough of it, else the folder of temporary files.</summary>
    private static string Roomy() =>
        Directory.Exists("/dev/shm") && new DriveInfo("/dev/shm").AvailableFreeSpace > 24L << 30 ? "/dev/shm" : Path.GetTempPath();

    /// <summary>Runs a program of this folder; what it printed is in the result, as JSON where it is.</summary>
    private bool Step(string name, double most, string program, params string[] arguments)
    {
        double limit = Math.Min(most, Left - 2);
        JsonObject step = new() { ["step"] = name };
        _steps.Add(step);
        if (limit < 5)
        {
            step["left_out"] = "no time";
            Write();
            return false;
        }

        ProcessStartInfo start = new(Environment.ProcessPath!, [Path.Combine(Here, program), .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        StringBuilder printed = new(), errors = new();
        process.OutputDataReceived += (_, e) => Keep(printed, e.Data);
        process.ErrorDataReceived += (_, e) => Keep(errors, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        bool ended = process.WaitForExit(TimeSpan.FromSeconds(limit));
        if (ended) process.WaitForExit(); // what it printed has come
        else process.Kill(entireProcessTree: true);
        step["seconds"] = Math.Round(Stopwatch.GetElapsedTime(began).TotalSeconds, 1);
        step["exit_code"] = ended ? process.ExitCode : -1;
        if (!ended) step["ended_after_s"] = Math.Round(limit);
        lock (printed) step["output"] = Parse(printed.ToString());
        lock (errors) if (errors.Length > 0) step["errors"] = errors.ToString();
        string outcome = !ended ? "NOT DONE in time" : process.ExitCode == 0 ? "done" : $"FAILED ({process.ExitCode})";
        Console.WriteLine($"gpu-check: {name}: {outcome}, {step["seconds"]} s, {Left:F0} s left");
        Write();
        return ended && process.ExitCode == 0;
    }

    private static void Keep(StringBuilder text, string? line)
    {
        const int Most = 200_000;
        lock (text)
            if (line is not null && text.Length < Most) text.Append(line).Append('\n');
    }

    private static JsonNode Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text)!;
        }
        catch (JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    private void Write()
    {
        JsonObject all = new() { ["seconds"] = seconds, ["small"] = small, ["steps"] = _steps.DeepClone() };
        File.WriteAllText(Path.Combine(output, "gpu-check.json"), all.ToJsonString(Indented));
    }
}
