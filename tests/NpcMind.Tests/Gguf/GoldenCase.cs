using System.Text.Json;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>A folder of golden/architectures: a tiny model and the logits another implementation computed for it.</summary>
internal sealed class GoldenCase(string folder)
{
    private readonly JsonElement _json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json"))).RootElement;

    /// <param name="Ids">Tokens from position 0.</param>
    /// <param name="Logits">[positions, vocabulary].</param>
    /// <param name="Positions">Rows of the forward pass that <paramref name="Logits"/> holds; null for all.</param>
    internal sealed record Sequence(int[] Ids, float[] Logits, int[]? Positions)
    {
        /// <summary>The rows of [all positions, vocabulary] that <see cref="Logits"/> holds.</summary>
        public float[] Pick(float[] all)
        {
            int width = all.Length / Ids.Length;
            return Positions is null ? all : [.. Positions.SelectMany(r => all[(r * width)..((r + 1) * width)])];
        }
    }

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

    public int PromptLength => _json.GetProperty("greedy").GetProperty("prompt_length").GetInt32();

    public int[] Greedy => _json.TryGetProperty("greedy", out JsonElement greedy) ? Ints(greedy.GetProperty("ids")) : [];

    /// <summary>
    /// Holds the residuals of sequence 0 against those of the case, where it has some: [blocks + 1, 8 positions, embedding].
    /// </summary>
    public void CheckResiduals(IReadOnlyList<float[]> residuals, int embedding, double tolerance)
    {
        const int Positions = 8;
        string path = Path.Combine(folder, "layers.bin");
        if (!File.Exists(path)) return;
        float[] layers = TestData.Floats(path);
        int size = Positions * embedding;
        Assert.That(layers, Has.Length.EqualTo(residuals.Count * size));
        for (int i = 0; i < residuals.Count; i++)
            Assert.That(TestData.Nmse(residuals[i].AsSpan(0, size), layers.AsSpan(i * size, size)), Is.LessThan(tolerance),
                $"residual stream after {i} blocks");
    }

    private static int[] Ints(JsonElement array) => [.. array.EnumerateArray().Select(i => i.GetInt32())];
}
