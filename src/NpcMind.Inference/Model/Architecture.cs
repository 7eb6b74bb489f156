using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>What a file's architecture makes of it.</summary>
/// <param name="Config">Hyper-parameters.</param>
/// <param name="Build">Writes the forward pass.</param>
internal sealed record ModelPlan(ModelConfig Config, Action<GraphBuilder> Build);

/// <summary>The architectures there are: one file each, which reads its keys and writes its forward pass as a straight list.</summary>
internal static class Architecture
{
    private static readonly (string Name, Func<GgufFile, ModelPlan> Read)[] All =
    [
        ("llama", LlamaGraph.Read),
        ("llama4", Llama4Graph.Read),
        ("qwen2", Qwen2Graph.Read),
        ("qwen2vl", Qwen2Graph.Read),
        ("qwen2moe", Qwen2Graph.Read),
        ("qwen3", Qwen3Graph.Read),
        ("qwen3moe", Qwen3Graph.Read),
        ("gemma2", GemmaGraph.Read),
        ("gemma3", GemmaGraph.Read),
        ("gpt-oss", GptOssGraph.Read),
        ("deepseek2", DeepSeek2Graph.Read),
        ("olmo2", OlmoGraph.Read),
        ("olmoe", OlmoGraph.Read),
        ("granite", GraniteGraph.Read),
        ("granitemoe", GraniteGraph.Read),
        ("phi3", Phi3Graph.Read),
        ("opt", OptGraph.Read),
        ("mllama", MllamaGraph.Read),
    ];

    /// <summary>Values of <c>general.architecture</c> that can be run.</summary>
    public static IEnumerable<string> Names => All.Select(a => a.Name);

    /// <summary>Reads and checks the keys of a file.</summary>
    /// <exception cref="GgufFormatException">A key is missing or absurd.</exception>
    /// <exception cref="UnsupportedModelException">No language model, or an architecture there is no code for.</exception>
    public static ModelPlan Read(GgufFile file)
    {
        string name = ModelKind.RequireLanguageModel(file);
        foreach ((string known, Func<GgufFile, ModelPlan> read) in All)
            if (known == name) return read(file);
        throw new UnsupportedModelException(file.Path, $"the architecture '{name}'", $"Supported: {string.Join(", ", Names)}.");
    }
}
