using System.Security.Cryptography;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli.Doctor;

/// <summary>What is to be examined.</summary>
internal sealed record ExaminationOptions
{
    public required double BudgetMilliseconds { get; init; }

    public required int FramesPerSecond { get; init; }

    /// <summary>Opens the device; null to look at the file only.</summary>
    public required Func<GpuDevice>? OpenDevice { get; init; }

    public required KvFormat Kv { get; init; }
}

/// <summary>All checks of one file, in order, and what they found. Used by one thread.</summary>
internal sealed class Examination
{
    private const int MostContext = 2048, LeastContext = 32;

    private Examination(string path) => Path = path;

    public string Path { get; }

    public Diagnosis Diagnosis { get; } = new();

    public long Bytes { get; private set; }

    public long Weights { get; private set; }

    /// <summary>SHA-256 of each file of the model.</summary>
    public IReadOnlyList<string> Sha256 { get; private set; } = [];

    public string? Licence { get; private set; }

    public IReadOnlyList<(TensorType Type, long Bytes)> Formats { get; private set; } = [];

    public TemplateProbe? Probe { get; private set; }

    public Perplexity? Perplexity { get; private set; }

    public DeviceFit? Fit { get; private set; }

    public SpeedForecast? Speed { get; private set; }

    /// <summary>Examines a file.</summary>
    /// <exception cref="IOException">There is no such file, or it is none that can be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static Examination Of(string path, ExaminationOptions options)
    {
        Examination examination = new(path);
        try
        {
            using GgufFile file = GgufFile.Open(path);
            examination.Run(file, options);
        }
        catch (GgufFormatException e)
        {
            examination.Diagnosis.Fault("file", Name(e.Fault), Sentences.Without(path, e.Message), advice: null);
        }
        catch (UnsupportedModelException e)
        {
            examination.Diagnosis.Fault("file", "unsupported-model", Sentences.Without(path, e.Message), advice: null);
        }

        return examination;
    }

    private static string Name(GgufFault fault) => fault switch
    {
        GgufFault.Truncated => "truncated-file",
        GgufFault.OtherFormat => "unsupported-model",
        GgufFault.SplitModel => "split-model",
        _ => "damaged-file",
    };

    private void Run(GgufFile file, ExaminationOptions options)
    {
        Bytes = file.ByteLength;
        Weights = file.Tensors.Sum(t => t.Elements);
        Formats = [.. file.Tensors.GroupBy(t => t.Type).Select(g => (g.Key, g.Sum(t => t.ByteLength))).OrderByDescending(g => g.Item2)];
        Task<string[]> hash = Task.Run(() => file.Shards.Select(Hash).ToArray());
        Diagnosis.Ok("file", $"GGUF {file.Version}, {file.Tensors.Count} tensors, {file.Shards.Count} file(s), complete");
        License(file.Metadata);
        ModelConfig? config = ShapeChecks.Run(file, Diagnosis);
        Tokenizer? tokenizer = TokenizerChecks.Run(file, config, Diagnosis);
        if (tokenizer is not null)
        {
            Probe = TemplateChecks.Run(file, tokenizer, Diagnosis);
            EndTokenChecks.Run(file, tokenizer, Probe, Diagnosis);
        }

        WeightChecks.Run(file, Diagnosis);
        if (config is not null && options.OpenDevice is not null) RunOnDevice(file, config, tokenizer, options);
#pragma warning disable RS0030 // A command has no frames: its last check waits for the file's hash.
        Sha256 = hash.GetAwaiter().GetResult();
#pragma warning restore RS0030
    }

    private void License(GgufMetadata metadata)
    {
        Licence = metadata.Find("general.license") is { Type: GgufValueType.String } value && !string.IsNullOrWhiteSpace(value.Text())
            ? value.Text() : null;
        if (Licence is not null) Diagnosis.Ok("licence", Sentences.Short(Licence, 80));
        else Diagnosis.Warn("licence", "no-licence", "the file names no licence ('general.license').",
            "Look it up where the model is published before you ship it.");
    }

    private void RunOnDevice(GgufFile file, ModelConfig config, Tokenizer? tokenizer, ExaminationOptions options)
    {
        try
        {
            using GpuDevice device = options.OpenDevice!();
            Fit = DeviceFit.Of(file, config, device);
            Fit.Judge(Diagnosis);
            using (InferenceEngine engine = Load(device, file, config, options.Kv))
            {
                Perplexity = Perplexity.Run(engine, file, tokenizer, Diagnosis);
                Speed = SpeedForecast.Of(engine, device, file, options.BudgetMilliseconds, options.FramesPerSecond,
                    mayMeasure: Diagnosis.Faults.Count == 0);
            }

            Common.Finish(device);
        }
        catch (Exception e) when (e is UnsupportedModelException or GgufFormatException)
        {
            Diagnosis.Fault("model", "unsupported-model", Sentences.Without(file.Path, e.Message), advice: null);
        }
        catch (GpuUnavailableException e)
        {
            Diagnosis.Warn("device", "no-device", Sentences.Without(file.Path, e.Message),
                "Examine it where the game runs, or give --host-only.");
        }
        catch (InsufficientGpuMemoryException e)
        {
            Diagnosis.Warn("device", "does-not-fit", Sentences.Without(file.Path, e.Message),
                "Examine it on another device, or give --host-only.");
        }
    }

    private static InferenceEngine Load(GpuDevice device, GgufFile file, ModelConfig config, KvFormat kv) =>
        InferenceEngine.Load(device, file, new EngineOptions
        {
            ContextTokens = Math.Clamp(config.ContextLength, LeastContext, MostContext),
            MaxOutputs = 64,
            Kv = kv,
        });

    private static string Hash(string path)
    {
        using FileStream stream = RegularFile.OpenStream(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
