using System.Text.Json;
using NpcMind.Reference;

namespace NpcMind.Tests.Gguf;

/// <summary>A folder of golden/architectures: a tiny model and the logits another implementation computed for it.</summary>
internal sealed class GoldenCase(string folder)
{
    private readonly JsonElement _json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json"))).RootElement;

    /// <param name="Ids">Tokens from position 0.</param>
    /// <param name="Logits">[positions, vocabulary].</param>
    /// <param name="Positions">Rows of the forward pass that <paramref name="Logits"/> holds; null for all.</param>
    internal sealed record Sequence(int[] Ids, float[] Logits, int[]? Positions);

    public string Model
    {
        get
        {
            JsonElement model = _json.GetProperty("files").GetProperty("model");
            return Path.Combine(folder, model.ValueKind == JsonValueKind.Array ? model[0].GetString()! : model.GetString()!);
        }
    }

    public IEnumerable<Sequence> Sequences => _json.GetProperty("sequences").EnumerateArray().Select(s => new Sequence(
        Ints(s.GetProperty("ids")),
        TestData.Floats(Path.Combine(folder, s.GetProperty("logits").GetString()!)),
        s.TryGetProperty("positions", out JsonElement positions) && positions.ValueKind == JsonValueKind.Array ? Ints(positions) : null));

    /// <summary>[blocks + 1, 8, embedding] of sequence 0, or null.</summary>
    public float[]? Layers => File.Exists(Path.Combine(folder, "layers.bin")) ? TestData.Floats(Path.Combine(folder, "layers.bin")) : null;

    public int PromptLength => _json.GetProperty("greedy").GetProperty("prompt_length").GetInt32();

    public int[] Greedy => _json.TryGetProperty("greedy", out JsonElement greedy) ? Ints(greedy.GetProperty("ids")) : [];

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(i => i.GetInt32())];
}
