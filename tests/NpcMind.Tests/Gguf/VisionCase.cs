using System.Text.Json;
using NpcMind.Reference;

namespace NpcMind.Tests.Gguf;

/// <summary>
/// A folder of ../shared/golden/vision: a tiny encoder, a tiny text model, and what transformers computes from pictures with them.
/// </summary>
internal sealed class VisionCase(string name)
{
    private readonly JsonElement _json = JsonDocument.Parse(
        System.IO.File.ReadAllText(TestData.Shared("golden", "vision", name, "case.json"))).RootElement;

    public string Model => File("model.gguf");

    public string Encoder => File("mmproj.gguf");

    public int ImageToken => _json.GetProperty("image_token_id").GetInt32();

    public IEnumerable<string> Pictures => _json.GetProperty("images").EnumerateArray().Select(i => i.GetProperty("name").GetString()!);

    /// <summary>Tokens of the prompt around a picture, or a pair of them.</summary>
    public int[] Ids(string prompt) => [.. _json.GetProperty("images").EnumerateArray().Concat(_json.GetProperty("pairs").EnumerateArray())
        .Single(p => p.GetProperty("name").GetString() == prompt).GetProperty("input_ids").EnumerateArray().Select(i => i.GetInt32())];

    /// <param name="picture">Name of a picture or a pair.</param>
    /// <param name="stage">pixels, layers, encoder, features or logits.</param>
    public float[] Floats(string picture, string stage) => TestData.Floats(File($"{picture}.{stage}.bin"));

    public string File(string file) => TestData.Shared("golden", "vision", name, file);
}
