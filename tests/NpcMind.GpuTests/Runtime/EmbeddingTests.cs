using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Text;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Embeddings of texts within the budgets of ticks, beside characters who talk.</summary>
internal sealed class EmbeddingTests : RuntimeTest
{
    private static readonly TinyBertOptions Model = new();
    private static readonly Sizes Tiny = new() { Embeddings = Model };

    private static readonly string[] Texts =
    [
        "the miller is at the gate", "Where is the MILLER?", "a", "12 dogs barking", "", "Zw\u00f6lf \u9f8d", new('x', 90),
        "who said that the miller is not at the gate, but in the mill?",
    ];

    [Test]
    public void Embed_OverTicksOfAnyBudget_EqualsEncoderBitForBit()
    {
        NpcRuntime runtime = Use(Tiny);
        TinyRandom random = new(4);
        float[][] expected = Expected();
        for (int round = 0; round < 2; round++)
        {
            Embedding[] embeddings = [.. Texts.Select(runtime.Embed)];
            Assert.That(embeddings.Any(e => e.IsDone), Is.False);
            Assert.That(() => embeddings[0].Values.Length, Throws.InvalidOperationException.With.Message.Contains("Tick"));
            Until(runtime, random, () => embeddings.All(e => e.IsDone));
            for (int i = 0; i < Texts.Length; i++) TinyEngines.AssertSameBits(embeddings[i].Values, expected[i], Texts[i]);
            Assert.That(embeddings[0].Similarity(embeddings[0]), Is.EqualTo(1).Within(1e-6));
            Assert.That(embeddings[0].Similarity(embeddings[1]), Is.InRange(-1, 0.9999));
        }
    }

    [Test]
    public void Embed_WhileCharacterTalks_ChangesNoWord()
    {
        NpcRuntime runtime = Use(Tiny);
        Prefix world = World(runtime, "A mill.");
        ReplyOptions options = new() { Temperature = 0, MaxTokens = 12 };
        Npc npc = world.CreateNpc("Alone", "A miller."), other = world.CreateNpc("Beside", "A miller.");
        string alone = Say(runtime, npc, "Good morning.", options);
        Reply reply = other.Hear("Player", "Good morning.", options);
        List<Embedding> embeddings = [];
        TinyRandom random = new(5);
        Until(runtime, random, () =>
        {
            if (embeddings.Count < 30) embeddings.Add(runtime.Embed(Texts[embeddings.Count % Texts.Length]));
            return reply.IsDone && embeddings.All(e => e.IsDone);
        });
        Assert.That(reply.Text, Is.EqualTo(alone));
        float[][] expected = Expected();
        for (int i = 0; i < embeddings.Count; i++)
            TinyEngines.AssertSameBits(embeddings[i].Values, expected[i % Texts.Length], $"text {i}");
    }

    [Test]
    public void Embed_CacheForgottenUnderWay_IsComputedAgain()
    {
        NpcRuntime runtime = Use(Tiny);
        Embedding[] embeddings = [.. Texts.Select(runtime.Embed)];
        for (int i = 0; i < 3; i++) runtime.Tick(FrameBudget.FromMilliseconds(0.3));
        runtime.Scheduler.ForgetCache();
        Until(runtime, new TinyRandom(6), () => embeddings.All(e => e.IsDone));
        float[][] expected = Expected();
        for (int i = 0; i < Texts.Length; i++) TinyEngines.AssertSameBits(embeddings[i].Values, expected[i], Texts[i]);
    }

    [Test]
    public void Embed_Awaited_GoesOnAtTheEndOfATick()
    {
        NpcRuntime runtime = Use(Tiny);
        int thread = Environment.CurrentManagedThreadId;
        Task<float> similarity = Compare();
        Until(runtime, new TinyRandom(7), () => similarity.IsCompleted);
        Assert.That(similarity.Result, Is.InRange(-1, 1));

        async Task<float> Compare()
        {
            Embedding first = await runtime.Embed("the miller"), again = await runtime.Embed("the miller");
            Assert.That(Environment.CurrentManagedThreadId, Is.EqualTo(thread));
            Assert.That(await first, Is.SameAs(first), "one that is done");
            return first.Similarity(again);
        }
    }

    [Test]
    public void Tick_WhileEmbedding_AllocatesNothing()
    {
        NpcRuntime runtime = Use(Tiny);
        long worst = 0;
        for (int round = 0; round < 4; round++)
        {
            Embedding[] embeddings = [.. Texts.Select(runtime.Embed)];
            for (int i = 0; i < 5000 && !Array.TrueForAll(embeddings, e => e.IsDone); i++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                runtime.Tick(FrameBudget.FromMilliseconds(1));
                if (round == 3) worst = Math.Max(worst, GC.GetAllocatedBytesForCurrentThread() - before);
                Wait(runtime);
            }

            Assert.That(embeddings.All(e => e.IsDone));
        }

        Assert.That(worst, Is.Zero);
    }

    [Test]
    public void Embed_WhatCannotBe_IsRefused()
    {
        NpcRuntime runtime = Use(Tiny), without = Use(new Sizes());
        Assert.That((runtime.EmbeddingDimensions, runtime.MaxEmbeddingTokens), Is.EqualTo((96, 96)));
        Assert.That((without.EmbeddingDimensions, without.MaxEmbeddingTokens), Is.EqualTo((0, 0)));
        Assert.That(() => without.Embed("a"), Throws.InvalidOperationException.With.Message.Contains("EmbeddingModelPath"));
        Assert.That(() => runtime.Embed(new string('x', 95)),
            Throws.TypeOf<ContextOverflowException>().With.Message.Contains("at most 96"));
        Assert.That(() => runtime.Embed(new string('x', 1 << 20)),
            Throws.TypeOf<ContextOverflowException>().With.Message.Contains("too many"));
        List<Embedding> embeddings = [.. Enumerable.Range(0, 1024).Select(_ => runtime.Embed("a"))];
        Assert.That(() => runtime.Embed("a"), Throws.InvalidOperationException.With.Message.Contains("1024"));
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)), "All are computed.");
        Assert.That(embeddings.All(e => e.IsDone));
    }

    [Test]
    public void Dispose_WhileEmbedding_EndsIt()
    {
        NpcRuntime runtime = Runtimes.New(Tiny);
        Embedding embedding = runtime.Embed("the miller");
        Task<Embedding> waiting = Await(embedding);
        runtime.Dispose();
        Assert.That((embedding.IsDone, embedding.Error), Is.EqualTo((true, "The runtime was disposed before the embedding was there.")));
        Assert.That(waiting.Exception?.InnerException, Is.InstanceOf<InvalidOperationException>());
        Assert.That(() => runtime.Embed("a"), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(runtime.ValidationMessages, Is.Empty);

        static async Task<Embedding> Await(Embedding embedding) => await embedding;
    }

    [Test]
    public void Load_ModelThatIsNone_IsRefusedByName()
    {
        string language = TinyEngines.Path(Sizes.Chat), eyes = TinyEngines.Path(new TinyEyesOptions());
        foreach (string path in (string[])[language, eyes])
            Assert.That(
                () => NpcRuntime.Load(language, new NpcRuntimeOptions { EmbeddingModelPath = path, CacheFolder = "" }),
                Throws.InstanceOf<UnsupportedModelException>().With.Property("Path").EqualTo(path)
                    .And.Message.Contains("as embedding model"));
        Assert.That(
            () => NpcRuntime.Load(language, new NpcRuntimeOptions { EmbeddingModelPath = "" }),
            Throws.ArgumentException.With.Message.Contains("EmbeddingModelPath"));
        Assert.That(
            () => NpcRuntime.Load(TinyEngines.Path(Model)),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("npcmind embed"));
    }

    private static float[][] Expected()
    {
        using GgufFile file = GgufFile.Open(TinyEngines.Path(Model));
        Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
        using EmbeddingEncoder encoder = EmbeddingEncoder.Load(GpuFixture.Device, file);
        using EmbeddingBatch batch = encoder.CreateBatch();
        return [.. Texts.Select(text =>
        {
            batch.Clear();
            batch.TryAdd(tokenizer.Encode(text, addSpecial: true));
            encoder.Run(batch);
            return batch.Embedding(0).ToArray();
        })];
    }
}
