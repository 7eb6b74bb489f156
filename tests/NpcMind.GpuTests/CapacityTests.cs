using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Contexts, caches and batches at their limits.</summary>
internal sealed class CapacityTests : GpuTest
{
    private static readonly TinyModelOptions Model = TinyModelOptions.Dense with { Blocks = 1 };

    [Test]
    public void Prefill_InSmallSteps_EqualsLargeSteps()
    {
        int[] ids = TinyEngines.Ids(60, 1);
        using InferenceEngine large = TinyEngines.Load(Model);
        using InferenceEngine small = TinyEngines.Load(Model, new EngineOptions { ContextTokens = 64, MaxRows = 16, MaxOutputs = 16 });
        TinyEngines.AssertSameBits(small.ReadFresh(ids, 16), large.ReadFresh(ids, 64), "16 rows");
        Assert.That(() => small.ReadFresh(ids, 17), Throws.InvalidOperationException.With.Message.Contains("full"));
    }

    [Test]
    public void Prefill_IntoReusedBlocks_LeaksNothing()
    {
        int[] ids = TinyEngines.Ids(50, 2);
        EngineOptions options = TinyEngines.Options with { MaxSequences = 2, CacheTokens = 96 };
        float[] expected;
        using (InferenceEngine fresh = TinyEngines.Load(Model, options)) expected = fresh.ReadFresh(ids, 16);
        using InferenceEngine engine = TinyEngines.Load(Model, options);
        engine.ReadFresh(TinyEngines.Ids(96, 3), 16);
        int other = engine.Open(new Inference.SamplerSettings());
        engine.Read(other, TinyEngines.Ids(20, 4), 16);
        TinyEngines.AssertSameBits(engine.ReadFresh(ids, 16), expected, "in used blocks");
        engine.Close(other);
        for (int i = 0; i < 5; i++) TinyEngines.AssertSameBits(engine.ReadFresh(ids, 7), expected, $"round {i}");
    }

    [Test]
    public void Add_ContextFull_IsRefusedAndChangesNothing()
    {
        using InferenceEngine engine = TinyEngines.Load(Model, TinyEngines.Options with { ContextTokens = 20 });
        int slot = engine.Open(new Inference.SamplerSettings());
        int[] ids = TinyEngines.Ids(20, 5);
        foreach (int id in ids) Assert.That(engine.Batch.Add(slot, id));
        int free = engine.Batch.FreeRows;
        Assert.That(engine.Batch.Add(slot, 1, output: true), Is.False);
        Assert.That(engine.Batch.AddNext(slot), Is.False);
        Assert.That((engine.Batch.FreeRows, engine.Batch.FreeOutputs, engine.Length(slot)),
            Is.EqualTo((free, engine.Options.MaxOutputs, 20)));
        engine.Collect(engine.Submit());
    }

    [Test]
    public void Add_CacheFull_IsRefusedUntilAnotherSequenceCloses()
    {
        using InferenceEngine engine = TinyEngines.Load(Model, TinyEngines.Options with { CacheTokens = 64 });
        int a = engine.Open(new Inference.SamplerSettings()), b = engine.Open(new Inference.SamplerSettings());
        engine.Read(a, TinyEngines.Ids(57, 6), 57); // into the last of 8 blocks
        Assert.That(engine.Batch.Add(b, 1), Is.False);
        engine.Close(a);
        Assert.That(engine.Batch.Add(b, 1), Is.True);
        engine.Collect(engine.Submit());
    }

    [Test]
    public void Next_ContextFull_EndsReply()
    {
        using InferenceEngine engine = TinyEngines.Load(Model, TinyEngines.Options with { ContextTokens = 20 });
        using TokenGenerator generator = new(engine, Device, new Inference.SamplerSettings());
        generator.Prefill(TinyEngines.Ids(15, 7));
        int count = 0;
        while (generator.Next() is not null) count++;
        Assert.That(count, Is.EqualTo(6), "Five tokens that fit, and one more that follows the last of them.");
        Assert.That(() => generator.Prefill([1, 2]), Throws.ArgumentException.With.Message.Contains("context"));
    }

    [Test]
    public void Batch_Misuse_ThrowsWithAdvice()
    {
        using InferenceEngine engine = TinyEngines.Load(Model);
        int slot = engine.Open(new Inference.SamplerSettings());
        Assert.That(() => engine.Batch.Add(slot, 515), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.Contains("514"));
        Assert.That(() => engine.Batch.Add(slot, -1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => engine.Batch.Add(3, 0), Throws.ArgumentException.With.Message.Contains("not open"));
        Assert.That(() => engine.Submit(), Throws.InvalidOperationException.With.Message.Contains("empty"));
        Assert.That(() => engine.Rewind(slot, 1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        for (int i = 1; i < engine.Options.MaxSequences; i++) engine.Open(new Inference.SamplerSettings());
        Assert.That(() => engine.Open(new Inference.SamplerSettings()), Throws.InvalidOperationException.With.Message.Contains("open"));
    }

    [Test]
    public void Logits_AcrossAttentionSplits_DoNotChange()
    {
        int[] ids = TinyEngines.Ids(600, 8);
        TinyModelOptions model = Model with { Context = 1024 };
        using InferenceEngine engine = TinyEngines.Load(model, TinyEngines.Options with { ContextTokens = 640, MaxSequences = 1 });
        float[] chunks = engine.ReadFresh(ids, 64);
        int slot = engine.Open(new Inference.SamplerSettings());
        engine.Read(slot, ids.AsSpan(0, 490), 49);
        float[] single = engine.Read(slot, ids.AsSpan(490), 1);
        TinyEngines.AssertSameBits(single, chunks.AsSpan(490 * engine.Config.Vocabulary), "positions 490 to 599");
    }
}
