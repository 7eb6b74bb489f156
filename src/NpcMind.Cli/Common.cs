using System.CommandLine;
using System.CommandLine.Parsing;
using System.Numerics;
using System.Text;
using System.Text.Json;
using NpcMind.Core;
using NpcMind.Gpu;

namespace NpcMind.Cli;

/// <summary>Options and habits that verbs share.</summary>
internal static partial class Common
{
    public static Argument<string> Model() => new("MODEL") { Description = "GGUF file; of a split model, the first." };

    public static Option<bool> Json() => new("--json") { Description = "Print JSON." };

    public static Option<string?> Device() => new("--device") { Description = "Vulkan device by index or part of its name." };

    public static Option<bool> Validate() =>
        new("--validate") { Description = "Turn on the Vulkan validation layers; any message of theirs is an error." };

    public static Option<string?> Kv() => new("--kv") { Description = "Number format of the KV cache: f32, f16, q8_0 or q4." };

    public static Option<string?> Precision() => new("--precision")
    { Description = "Number format of activations in matrix products: exact (f32), int16 or int8." };

    /// <summary>Context of a single sequence.</summary>
    public const int MaxContext = 1 << 24;

    /// <summary>Reads an option as a number in a range (<see cref="NumberText"/>) when the command line is parsed.</summary>
    public static Option<T> InRange<T>(this Option<T> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.CustomParser = result => Read(result, option.Name, least, most).FirstOrDefault();
        return option;
    }

    /// <summary>As the other, for an option that may be left out.</summary>
    public static Option<T?> InRange<T>(this Option<T?> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.CustomParser = result => Read(result, option.Name, least, most).FirstOrDefault();
        return option;
    }

    /// <summary>As the other, for an option that takes several numbers.</summary>
    public static Option<T[]> InRange<T>(this Option<T[]> option, T least, T most)
        where T : struct, INumber<T>
    {
        option.CustomParser = result => Read(result, option.Name, least, most);
        return option;
    }

    private static T[] Read<T>(ArgumentResult result, string name, T least, T most)
        where T : struct, INumber<T>
    {
        T[] values = new T[result.Tokens.Count];
        for (int i = 0; i < values.Length; i++)
            if (NumberText.Read(name, result.Tokens[i].Value, least, most, out values[i]) is { } problem) result.AddError(problem);
        return values;
    }

    /// <summary>
    /// Text of a model or a file as it may be printed: as it is into a pipe or file, without control characters on a terminal.
    /// </summary>
    public static string ForTerminal(string text) => Console.IsOutputRedirected ? text : PrintableText.EscapeLines(text);

    /// <summary>Writes one JSON value and a newline to standard output.</summary>
    public static void PrintJson(Action<Utf8JsonWriter> write)
    {
        using MemoryStream json = new();
        using (Utf8JsonWriter writer = new(json,
            new JsonWriterOptions { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping })) write(writer);
        using Stream output = Console.OpenStandardOutput();
        output.Write(Encoding.UTF8.GetBytes(PrintableText.EscapeJson(Encoding.UTF8.GetString(json.GetBuffer(), 0, (int)json.Length))));
        output.Write("\n"u8);
    }

    /// <summary>Opens the device that was asked for.</summary>
    /// <param name="parsed">Command line.</param>
    /// <param name="device">Which device.</param>
    /// <param name="validate">Whether it has the validation layer.</param>
    /// <param name="measures">Whether times are measured on it: then all is compiled before.</param>
    public static GpuDevice OpenDevice(ParseResult parsed, Option<string?> device, Option<bool> validate, bool measures = false)
    {
        GpuDevice opened = GpuDevice.Create(new GpuOptions
        {
            Device = parsed.GetValue(device),
            Validate = parsed.GetValue(validate),
            CacheFolder = Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
                "NpcMind", "pipelines"),
        });
        // A program that runs once needs half of a model's pipelines, and a software driver compiles on the cores that compute.
        opened.Pipelines.CompilesLate = opened.Limits.IsSoftware && !measures;
        return opened;
    }

    public static KvFormat KvFormat(string? name) => name switch
    {
        null or "f32" => NpcMind.KvFormat.F32,
        "f16" => NpcMind.KvFormat.F16,
        "q8_0" => NpcMind.KvFormat.Q8,
        "q4" => NpcMind.KvFormat.Q4,
        _ => throw new CliException($"--kv {name}: choose f32, f16, q8_0 or q4."),
    };

    public static Precision Precision(string? name) => name switch
    {
        null or "exact" => NpcMind.Precision.Exact,
        "int16" => NpcMind.Precision.Int16,
        "int8" => NpcMind.Precision.Int8,
        _ => throw new CliException($"--precision {name}: choose exact, int16 or int8."),
    };

    /// <summary>Saves the pipeline cache; with validation on, any message of the layers is an error.</summary>
    public static void Finish(GpuDevice device)
    {
        device.SavePipelineCache();
        if (device.ValidationMessages is { Count: > 0 } messages)
            throw new CliException($"the validation layers reported {messages.Count} problems; the first: {messages[0]}");
    }
}
