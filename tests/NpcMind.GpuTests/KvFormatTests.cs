using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// Keys and values in 4 bits, in families that keep them differently: latent rows, windows, sinks. What is lost is bounded, and however a
/// sequence is read, it gives the same bits.
/// </summary>
internal sealed class KvFormatTests : GpuTest
{
    [TestCase("deepseek2-v3", 0.8)]
    [TestCase("gemma3-1b-form", 0.1)]
    [TestCase("gpt-oss-mxfp4", 0.8)]
    [TestCase("phi3_longrope_long", 0.1)]
    public void Logits_KvInQ4_AreNearAndTheSameHoweverTheyAreRead(string name, double tolerance)
    {
        using ArchitectureCase golden = new(TestData.Golden("architectures", name));
        GoldenSequence sequence = golden.Sequences.MinBy(s => Math.Abs(s.Ids.Length - 48))!;
        int[] ids = sequence.Ids;
        using InferenceEngine engine = golden.Load(new EngineOptions
        {
            ContextTokens = golden.Longest,
            MaxSequences = 2,
            MaxRows = 16,
            MaxOutputs = 16,
            HostKvTokens = golden.Longest + 8,
            Kv = KvFormat.Q4,
        });
        int vocabulary = engine.Config.Vocabulary;
        float[] single = engine.ReadFresh(ids, 1);
        double nmse = ArchitectureCase.Nmse(sequence, single, vocabulary);
        TestContext.Out.WriteLine($"{name}, {ids.Length} tokens, KV Q4: NMSE {nmse:E2}");
        Assert.That(nmse, Is.LessThanOrEqualTo(tolerance).And.GreaterThan(0));
        TinyEngines.AssertSameBits(engine.ReadFresh(ids, 16), single, $"{name}, chunks of 16");
        int cut = ids.Length / 2 + 1;
        TinyEngines.AssertSameBits(
            SharedArchitectureTests.ReadRestored(engine, ids, cut), single.AsSpan(cut * vocabulary), $"{name}, restored after {cut}");
    }
}
