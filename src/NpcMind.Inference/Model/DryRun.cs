using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Loads a file without a device, up to the first command: the same code asks for the same tensors as in a real load. Any thread.
/// </summary>
internal static class DryRun
{
    /// <summary>Throws what loading the file would throw, whatever the device.</summary>
    /// <param name="file">A language model, an embedding model or an image encoder.</param>
    /// <exception cref="GgufFormatException">A key or tensor is missing or absurd, or they do not go together.</exception>
    /// <exception cref="UnsupportedModelException">There is no code for something in the file.</exception>
    public static void Load(GgufFile file)
    {
        using GpuDevice device = GpuDevice.CreateDryRun();
        Load(file, device);
    }

    /// <summary>The same, for many files, with one <see cref="GpuDevice.CreateDryRun"/>.</summary>
    public static void Load(GgufFile file, GpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(file);
        switch (file.Metadata.String("general.architecture"))
        {
            case "clip":
                VisionEncoder.Load(device, file, VisionConfig.Read(file).OutputWidth, "any model").Dispose();
                break;
            case "bert" or "nomic-bert":
                EmbeddingEncoder.Load(device, file).Dispose();
                break;
            default:
                LoadLanguageModel(file, device);
                break;
        }
    }

    private static void LoadLanguageModel(GgufFile file, GpuDevice device)
    {
        const int Rows = 16, Context = 64;
        ModelConfig config = InferenceEngine.ReadConfig(file);
        ModelConfig.CheckTokens(file, config.Vocabulary);
        InferenceEngine.Load(device, file, new EngineOptions
        {
            ContextTokens = Math.Min(Context, config.ContextLength),
            MaxRows = Rows,
            MaxOutputs = Rows,
        }).Dispose();
    }
}
