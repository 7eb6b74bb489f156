using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Tiny models whose logits another implementation computed (tests/golden/architectures).</summary>
public sealed class GoldenModelTests : GpuTest
{
    [TestCase("llama_head_dim", 1e-10)]
    [TestCase("mixtral_8x2", 1e-10)]
    [TestCase("llama4-scout-top2", 1e-10)]
    [TestCase("quant_llama_q4_k_m", 1e-10)]
    public void Logits_agree_with_the_committed_ones(string name, double tolerance)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Golden("architectures", name, "case.json")));
        using GgufFile file = GgufFile.Open(TestData.Golden("architectures", name, "model.gguf"));
        using InferenceEngine engine = InferenceEngine.Load(Device, file, TinyEngines.Options);
        foreach (JsonElement sequence in json.RootElement.GetProperty("sequences").EnumerateArray())
        {
            int[] ids = [.. sequence.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
            double nmse = TestData.Nmse(engine.ReadFresh(ids, 16), TestData.Floats(TestData.Golden("architectures", name, sequence.GetProperty("logits").GetString()!)));
            TestContext.Out.WriteLine($"{name}, {ids.Length} tokens: NMSE {nmse:E2}");
            Assert.That(nmse, Is.LessThanOrEqualTo(tolerance));
        }
    }

    [TestCase("llama_head_dim")]
    [TestCase("mixtral_8x2")]
    [TestCase("quant_llama_q4_k_m")]
    public void Greedy_continuation_is_the_committed_one(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Golden("architectures", name, "case.json")));
        JsonElement greedy = json.RootElement.GetProperty("greedy");
        int[] expected = [.. greedy.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        int[] prompt = [.. json.RootElement.GetProperty("sequences")[0].GetProperty("ids").EnumerateArray().Take(greedy.GetProperty("prompt_length").GetInt32()).Select(id => id.GetInt32())];
        using GgufFile file = GgufFile.Open(TestData.Golden("architectures", name, "model.gguf"));
        using InferenceEngine engine = InferenceEngine.Load(Device, file, TinyEngines.Options);
        using TokenGenerator generator = new(engine, Device, new Inference.SamplerSettings());
        generator.Prefill(prompt);
        Assert.That(expected.Select(_ => generator.Next()!.Value), Is.EqualTo(expected));
    }
}
