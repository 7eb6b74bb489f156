using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Tiny models whose logits another implementation computed (tests/golden/architectures).</summary>
internal sealed class GoldenModelTests : GpuTest
{
    public static IEnumerable<string> Cases =>
        Directory.EnumerateDirectories(TestData.Golden("architectures")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Cases))]
    public void Logits_CommittedCase_AgreeWithTheGoldenOnes(string name)
    {
        using ArchitectureCase golden = new(TestData.Golden("architectures", name));
        using InferenceEngine engine = golden.Load(TinyEngines.Options with { ContextTokens = golden.Longest, HostKvTokens = 320 });
        foreach (GoldenSequence sequence in golden.Sequences)
        {
            double nmse = ArchitectureCase.Nmse(sequence, engine.ReadFresh(sequence.Ids, 16), engine.Config.Vocabulary);
            TestContext.Out.WriteLine($"{name}, {sequence.Ids.Length} tokens: NMSE {nmse:E2}");
            Assert.That(nmse, Is.LessThanOrEqualTo(ArchitectureCase.Tolerance));
        }
    }

    [TestCase("llama_head_dim")]
    [TestCase("mixtral_8x2")]
    [TestCase("quant_llama_q4_k_m")]
    public void Generate_Greedy_GivesCommittedContinuation(string name)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Golden("architectures", name, "case.json")));
        JsonElement greedy = json.RootElement.GetProperty("greedy");
        int[] expected = [.. greedy.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
        int[] prompt = [.. json.RootElement.GetProperty("sequences")[0].GetProperty("ids").EnumerateArray()
            .Take(greedy.GetProperty("prompt_length").GetInt32()).Select(id => id.GetInt32())];
        using GgufFile file = GgufFile.Open(TestData.Golden("architectures", name, "model.gguf"));
        using InferenceEngine engine = InferenceEngine.Load(Device, file, TinyEngines.Options);
        using TokenGenerator generator = new(engine, Device, new Inference.SamplerSettings());
        generator.Prefill(prompt);
        Assert.That(expected.Select(_ => generator.Next()!.Value), Is.EqualTo(expected));
    }
}
