using System.Diagnostics;
using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>The real model of ../shared, dense and as mixture. A prompt of each kind; all with NPCMIND_SCENARIOS above 1.</summary>
[Category("Shared")]
internal sealed class SharedModelTests : GpuTest
{
    private const double ClearMargin = 0.02; // below it the reference's best two logits are too close to decide anything
    [Test]
    public void RealModel_Dense_GivesReferenceLogitsAndText() => CheckRealModel(
        TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"),
        Scenarios.Factor > 1 ? ["greeting", "thief", "no-system", "turns", "unicode", "long", "story"] : ["no-system", "unicode", "long"]);

    [Test]
    public void RealModel_AsMixture_GivesTheSame()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "smollm2-moe.gguf");
        using (Process process = Process.Start("python3",
            [TestData.Shared("models", "make_moe.py"), TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"), path, "4"]))
        {
            process.WaitForExit();
            Assert.That(process.ExitCode, Is.Zero, "make_moe.py");
        }

        CheckRealModel(path, Scenarios.Factor > 1 ? ["greeting", "story"] : ["greeting"]);
        File.Delete(path);
    }

    [TestCase(KvFormat.F16, 1e-6)]
    [TestCase(KvFormat.Q8, 3e-4)]
    [TestCase(KvFormat.Q4, 5e-2)]
    public void RealModel_QuantizedKv_StaysNear(KvFormat kv, double tolerance)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Shared("golden", "smollm2-135m", "cases.json")));
        using GgufFile file = GgufFile.Open(TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        using InferenceEngine engine = InferenceEngine.Load(Device, file,
            TinyEngines.Options with { ContextTokens = 1536, MaxSequences = 1, Kv = kv });
        string[] names = Scenarios.Factor > 1 ? ["thief", "turns", "long"] : ["thief", "turns"];
        foreach (JsonElement one in json.RootElement.EnumerateArray().Where(c => names.Contains(c.GetProperty("name").GetString())))
        {
            int[] prompt = Ids(one.GetProperty("prompt_tokens"));
            float[] logits = AfterPrompt(engine, prompt, Ids(one.GetProperty("greedy_tokens"))[..1]);
            double nmse = TestData.Nmse(logits,
                TestData.Floats(TestData.Shared("golden", "smollm2-135m", one.GetProperty("logits0").GetString()!)));
            TestContext.Out.WriteLine($"KV {kv}, {one.GetProperty("name")}, {prompt.Length} prompt tokens: NMSE {nmse:E2}");
            Assert.That(nmse, Is.LessThanOrEqualTo(tolerance));
        }
    }

    [TestCase(Precision.Int16, 1e-7)]
    [TestCase(Precision.Int8, 3e-3)]
    public void RealModel_IntegerActivations_StayNear(Precision precision, double tolerance)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Shared("golden", "smollm2-135m", "cases.json")));
        using GgufFile file = GgufFile.Open(TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        using InferenceEngine engine = InferenceEngine.Load(Device, file,
            TinyEngines.Options with { ContextTokens = 1536, MaxSequences = 1, Precision = precision });
        int vocabulary = engine.Config.Vocabulary;
        foreach (JsonElement one in json.RootElement.EnumerateArray())
        {
            string name = one.GetProperty("name").GetString()!;
            if (Scenarios.Factor == 1 && name != "thief") continue;
            int[] prompt = Ids(one.GetProperty("prompt_tokens")), greedy = Ids(one.GetProperty("greedy_tokens"));
            double[] margins = [.. one.GetProperty("margins").EnumerateArray().Select(m => m.GetDouble())];
            float[] logits = AfterPrompt(engine, prompt, greedy);
            double nmse = TestData.Nmse(logits.AsSpan(0, vocabulary),
                TestData.Floats(TestData.Shared("golden", "smollm2-135m", one.GetProperty("logits0").GetString()!)));
            int[] other = [.. Enumerable.Range(0, greedy.Length).Where(i => margins[i] >= ClearMargin
                && Sampling.Greedy(logits.AsSpan(i * vocabulary, vocabulary)) != greedy[i])];
            TestContext.Out.WriteLine($"{precision}, {name}, {prompt.Length} prompt tokens: NMSE {nmse:E2}, "
                + $"other tokens at margins {string.Join(", ", other.Select(i => margins[i]))}");
            Assert.That(nmse, Is.LessThanOrEqualTo(tolerance));
            if (precision == Precision.Int16) Assert.That(other, Is.Empty);
        }
    }

    private static void CheckRealModel(string path, string[] names)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(TestData.Shared("golden", "smollm2-135m", "cases.json")));
        using GgufFile file = GgufFile.Open(path);
        using InferenceEngine engine = InferenceEngine.Load(Device, file,
            TinyEngines.Options with { ContextTokens = 1536, MaxSequences = 1 });
        foreach (JsonElement one in json.RootElement.EnumerateArray().Where(c => names.Contains(c.GetProperty("name").GetString())))
        {
            string name = one.GetProperty("name").GetString()!;
            int[] prompt = Ids(one.GetProperty("prompt_tokens")), greedy = Ids(one.GetProperty("greedy_tokens"));
            double[] margins = [.. one.GetProperty("margins").EnumerateArray().Select(m => m.GetDouble())];
            float[] logits = AfterPrompt(engine, prompt, greedy);
            int vocabulary = engine.Config.Vocabulary;

            double nmse = TestData.Nmse(logits.AsSpan(0, vocabulary),
                TestData.Floats(TestData.Shared("golden", "smollm2-135m", one.GetProperty("logits0").GetString()!)));
            if (one.TryGetProperty("logits", out JsonElement steps))
            {
                float[] chosen = [.. Ids(one.GetProperty("logits_steps"))
                    .SelectMany(s => logits.AsSpan(s * vocabulary, vocabulary).ToArray())];
                nmse = Math.Max(nmse,
                    TestData.Nmse(chosen, TestData.Floats(TestData.Shared("golden", "smollm2-135m", steps.GetString()!))));
            }

            TestContext.Out.WriteLine($"{Path.GetFileName(path)} {name}, {prompt.Length} prompt tokens: NMSE {nmse:E2}");
            Assert.That(nmse, Is.LessThanOrEqualTo(1e-8), name);
            for (int i = 0; i < greedy.Length; i++)
                if (margins[i] >= ClearMargin)
                    Assert.That(Sampling.Greedy(logits.AsSpan(i * vocabulary, vocabulary)), Is.EqualTo(greedy[i]), $"{name}, step {i}");

            int free = Array.FindIndex(margins, m => m < ClearMargin);
            int[] clear = greedy[..(free < 0 ? greedy.Length : free)];
            using TokenGenerator generator = new(engine, Device, new Inference.SamplerSettings());
            generator.Prefill(prompt);
            Assert.That(clear.Select(_ => generator.Next()!.Value), Is.EqualTo(clear), $"{name}, free-running");
        }
    }

    /// <summary>Logits that choose each greedy token, the reference's own tokens being fed: [greedy, vocabulary].</summary>
    private static float[] AfterPrompt(InferenceEngine engine, int[] prompt, int[] greedy)
    {
        int slot = engine.Open(new Inference.SamplerSettings());
        for (int at = 0; at < prompt.Length - 1; at += engine.Options.MaxRows)
        {
            foreach (int id in prompt[at..Math.Min(at + engine.Options.MaxRows, prompt.Length - 1)]) engine.Batch.Add(slot, id);
            engine.Collect(engine.Submit());
        }

        float[] logits = engine.Read(slot, [prompt[^1], .. greedy[..^1]], 32);
        engine.Close(slot);
        return logits;
    }

    private static int[] Ids(JsonElement array) => [.. array.EnumerateArray().Select(id => id.GetInt32())];
}
