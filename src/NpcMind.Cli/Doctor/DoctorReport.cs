using System.Globalization;
using System.Text.Json;
using NpcMind.Core;
using NpcMind.Gguf;

namespace NpcMind.Cli.Doctor;

/// <summary>The report of an examination, for people and for scripts.</summary>
internal static class DoctorReport
{
    public static void PrintText(Examination e)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{PrintableText.Escape(e.Path)}: {e.Bytes / 1e6:F1} MB, {e.Weights / 1e6:F1} million weights{Formats(e)}"));
        foreach (string hash in e.Sha256) Console.WriteLine($"SHA-256 {hash}");
        foreach (Finding finding in e.Diagnosis.Findings) Print(finding);
        PrintFit(e);
        PrintSpeed(e);
        if (e.Probe is { } probe)
        {
            Console.WriteLine($"\nTwo turns as the template writes them ({probe.Ids.Length} tokens):");
            foreach (string line in PrintableText.EscapeLines(probe.Text).Split('\n')) Console.WriteLine("  | " + line);
        }

        int faults = e.Diagnosis.Faults.Count, warnings = e.Diagnosis.Warnings.Count;
        // A part of a split model, or a file for another program, can be sound.
        bool isBroken = e.Diagnosis.Faults.Any(f => f is not ("split-model" or "unsupported-model"));
        Console.WriteLine(faults > 0 ? $"\n{(isBroken ? "Broken" : "Cannot be used")}: {string.Join(", ", e.Diagnosis.Faults)}."
            : warnings > 0 ? $"\nSound, with {warnings} warning(s): {string.Join(", ", e.Diagnosis.Warnings)}." : "\nSound.");
    }

    public static void PrintJson(Examination e) => Common.PrintJson(w =>
    {
        w.WriteStartObject();
        w.WriteString("path", e.Path);
        w.WriteBoolean("sound", e.Diagnosis.Faults.Count == 0);
        Names(w, "faults", e.Diagnosis.Faults);
        Names(w, "warnings", e.Diagnosis.Warnings);
        w.WriteNumber("bytes", e.Bytes);
        w.WriteNumber("weights", e.Weights);
        w.WriteString("licence", e.Licence);
        Names(w, "sha256", e.Sha256);
        w.WriteStartObject("formats");
        foreach ((TensorType type, long bytes) in e.Formats) w.WriteNumber(type.ToString(), bytes);
        w.WriteEndObject();
        w.WriteStartArray("checks");
        foreach (Finding finding in e.Diagnosis.Findings) Write(w, finding);
        w.WriteEndArray();
        WriteProbe(w, e.Probe);
        WritePerplexity(w, e.Perplexity);
        WriteFit(w, e.Fit);
        WriteSpeed(w, e.Speed);
        w.WriteEndObject();
    });

    private static string Formats(Examination e) =>
        e.Formats.Count == 0 ? "" : $" ({string.Join(", ", e.Formats.Take(3).Select(f => f.Type.ToString()))})";

    private static void Print(Finding finding)
    {
        string mark = finding.Severity switch { Severity.Ok => "ok", Severity.Skipped => "-", Severity.Warning => "warning", _ => "FAULT" };
        string name = finding.Name is null ? "" : finding.Name + ": ";
        Console.WriteLine($"{mark,-8} {finding.Check,-11} {name}{finding.Text}{(finding.Advice is null ? "" : " " + finding.Advice)}");
    }

    private static void PrintFit(Examination e)
    {
        if (e.Fit is not { } fit) return;
        Console.WriteLine($"\nMinds that fit on '{fit.Device}', by context and format of keys and values");
        foreach (IGrouping<int, FitRow> context in fit.Rows.GroupBy(r => r.Context))
            Console.WriteLine($"  {context.Key,7} tokens: " + string.Join(", ",
                context.Select(r => string.Create(CultureInfo.InvariantCulture,
                $"{r.Kv.ToString().ToLowerInvariant()} {r.Minds} ({r.BytesPerMind / 1e6:F1} MB each)"))));
    }

    private static void PrintSpeed(Examination e)
    {
        if (e.Speed is not { } speed) return;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"\nPredicted at {speed.BudgetMilliseconds} ms of {speed.FramesPerSecond} frames a second, "
            + $"{speed.Context} tokens in each mind ({(speed.WereLearned ? "costs learned earlier" : "costs measured now")})"));
        foreach (SpeedRow row in speed.Rows)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {row.Minds,3} at once: {row.MillisecondsPerStep / row.Minds,8:F2} ms per token, {row.TokensPerSecond,8:F2} tokens/s "
                    + $"in all"));
    }

    private static void Names(Utf8JsonWriter w, string name, IReadOnlyList<string> values)
    {
        w.WriteStartArray(name);
        foreach (string value in values) w.WriteStringValue(value);
        w.WriteEndArray();
    }

    private static void Write(Utf8JsonWriter w, Finding finding)
    {
        w.WriteStartObject();
        w.WriteString("check", finding.Check);
        w.WriteString("result", finding.Severity.ToString().ToLowerInvariant());
        w.WriteString("name", finding.Name);
        w.WriteString("text", finding.Text);
        w.WriteString("advice", finding.Advice);
        w.WriteEndObject();
    }

    private static void WriteProbe(Utf8JsonWriter w, TemplateProbe? probe)
    {
        if (probe is null)
        {
            w.WriteNull("template_probe");
            return;
        }

        w.WriteStartObject("template_probe");
        w.WriteString("text", probe.Text);
        w.WritePropertyName("ids");
        TokenizeVerb.Ids(w, probe.Ids);
        w.WriteEndObject();
    }

    private static void WritePerplexity(Utf8JsonWriter w, Perplexity? perplexity)
    {
        if (perplexity is null)
        {
            w.WriteNull("perplexity");
            return;
        }

        w.WriteStartObject("perplexity");
        w.WriteNumber("tokens", perplexity.Tokens);
        w.WriteNumber("value", Math.Round(Math.Exp(Math.Min(700, perplexity.Nll)), 4));
        w.WriteNumber("nats_per_token", Math.Round(perplexity.Nll, 5));
        w.WriteNumber("expected_nats_per_token", Math.Round(perplexity.Entropy, 5));
        w.WriteNumber("bits_per_byte", Math.Round(perplexity.BitsPerByte, 5));
        w.WriteEndObject();
    }

    private static void WriteFit(Utf8JsonWriter w, DeviceFit? fit)
    {
        if (fit is null)
        {
            w.WriteNull("memory");
            return;
        }

        w.WriteStartObject("memory");
        w.WriteString("device", fit.Device);
        w.WriteNumber("available_bytes", fit.AvailableBytes);
        w.WriteNumber("weight_bytes", fit.WeightBytes);
        w.WriteStartArray("minds");
        foreach (FitRow row in fit.Rows)
        {
            w.WriteStartObject();
            w.WriteNumber("context", row.Context);
            w.WriteString("kv", row.Kv.ToString().ToLowerInvariant());
            w.WriteNumber("bytes_per_mind", row.BytesPerMind);
            w.WriteNumber("minds", row.Minds);
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }

    private static void WriteSpeed(Utf8JsonWriter w, SpeedForecast? speed)
    {
        if (speed is null)
        {
            w.WriteNull("speed");
            return;
        }

        w.WriteStartObject("speed");
        w.WriteNumber("budget_ms", speed.BudgetMilliseconds);
        w.WriteNumber("fps", speed.FramesPerSecond);
        w.WriteBoolean("costs_were_learned", speed.WereLearned);
        w.WriteNumber("context", speed.Context);
        w.WriteStartArray("minds");
        foreach (SpeedRow row in speed.Rows)
        {
            w.WriteStartObject();
            w.WriteNumber("minds", row.Minds);
            w.WriteNumber("ms_per_token", Math.Round(row.MillisecondsPerStep / row.Minds, 4));
            w.WriteNumber("ms_per_step", Math.Round(row.MillisecondsPerStep, 4));
            w.WriteNumber("tokens_per_s", Math.Round(row.TokensPerSecond, 4));
            w.WriteEndObject();
        }

        w.WriteEndArray();
        w.WriteEndObject();
    }
}
