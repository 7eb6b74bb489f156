using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Scheduling;

namespace NpcMind.GpuTests;

/// <summary>Embedding models on the device against the reference, in batches, and in pieces.</summary>
internal sealed class EmbeddingEncoderTests : GpuTest
{
    private const double Tolerance = 1e-11;

    private static readonly int[] Lengths = [1, 2, 7, 33, 96, 5, 31, 64, 12];

    public static TinyBertOptions[] Models =>
    [
        new(),
        new() { Pooling = 2, Heads = 12, Width = 96, Blocks = 3, Matrices = TensorType.F32 },
        new() { Pooling = 3, Width = 132, Heads = 3, FeedForward = 84, Matrices = TensorType.F32, TokenTypes = 0 },
        new() { Pooling = null, Width = 128, Heads = 2, FeedForward = 256, Matrices = TensorType.Q8_0, TokenTypes = 1 },
        new() { Architecture = "nomic-bert" },
        new() { Architecture = "nomic-bert", TokenTypes = 0, Width = 64, Heads = 1, FeedForward = 96, Matrices = TensorType.F32 },
    ];

    [TestCaseSource(nameof(Models))]
    public void Run_EachText_EqualsReference(TinyBertOptions model)
    {
        using EmbeddingEncoder encoder = Load(model);
        using EmbeddingBatch batch = encoder.CreateBatch();
        BertReference reference = BertReference.Open(TinyEngines.Path(model));
        double worst = 0;
        foreach (int length in Lengths)
        {
            int[] ids = Ids(encoder, length);
            worst = Math.Max(worst, TestData.Nmse(Alone(encoder, batch, ids), reference.Embed(ids)));
        }

        TestContext.Out.WriteLine($"{model}: NMSE {worst:E2}");
        Assert.That(worst, Is.LessThan(Tolerance));
    }

    [Test]
    public void Run_LongContext_EqualsReference()
    {
        TinyBertOptions model = new() { Context = 640, Blocks = 1, Width = 32, Heads = 2, FeedForward = 32, Matrices = TensorType.F32 };
        using EmbeddingEncoder encoder = Load(model);
        using EmbeddingBatch batch = encoder.CreateBatch();
        int[] ids = Ids(encoder, 640);
        float[] expected = BertReference.Open(TinyEngines.Path(model)).Embed(ids);
        Assert.That(TestData.Nmse(Alone(encoder, batch, ids), expected), Is.LessThan(Tolerance));
    }

    [Test]
    public void Run_TextInCrowd_EqualsTextAloneBitForBit()
    {
        using EmbeddingEncoder encoder = Load(new TinyBertOptions());
        using EmbeddingBatch alone = encoder.CreateBatch(), crowd = encoder.CreateBatch();
        for (int round = 0; round < 3; round++)
        {
            crowd.Clear();
            List<int[]> texts = [];
            foreach (int length in Lengths.Reverse().Skip(round).Concat([3, 4, 5, 6, 7, 8, 9, 10, 11, 12]))
            {
                int[] ids = Ids(encoder, length);
                if (crowd.TryAdd(ids)) texts.Add(ids);
            }

            Assert.That(texts, Has.Count.GreaterThan(8));
            encoder.Run(crowd);
            for (int i = 0; i < texts.Count; i++)
                TinyEngines.AssertSameBits(crowd.Embedding(i), Alone(encoder, alone, texts[i]), $"round {round}, text {i}");
        }
    }

    [TestCase("bert")]
    [TestCase("nomic-bert")]
    public void Record_InPiecesOverFrames_EqualsWholeBitForBit(string architecture)
    {
        using EmbeddingEncoder encoder = Load(new TinyBertOptions { Architecture = architecture });
        using InferenceEngine engine = TinyEngines.Load(new TinyModelOptions());
        using EmbeddingBatch whole = encoder.CreateBatch(), sliced = encoder.CreateBatch();
        for (int i = 0; i < (architecture == "bert" ? 4 : 1); i++)
        {
            whole.TryAdd(Ids(encoder, 40 + i));
            sliced.TryAdd(Ids(encoder, 40 + i));
        }

        encoder.Run(whole);
        CostModel costs = new(1);
        WorkPlan plan = new(encoder.Nodes, costs);
        Calibration.Run(encoder, costs, 2);
        using FrameRunner frames = new(engine, costs, new FrameRunnerOptions { QuantumMilliseconds = 0.1 });
        int used = 0, ended = 0;
        for (bool begun = false; ended == 0; used++)
        {
            Assert.That(used, Is.LessThan(20000));
            if (frames.TryBegin(0.3))
            {
                if (!begun) frames.BeginEmbedding(encoder, sliced, plan);
                begun = true;
                if (frames.EmbeddingIsActive) frames.RecordEmbedding(frames.Remaining);
                frames.End();
            }

            engine.Timeline.Wait(engine.Timeline.Submitted);
            while (frames.TryCollect(out _, out _, out _)) ended += frames.EmbeddingsEnded;
        }

        TestContext.Out.WriteLine($"{used} frames");
        Assert.That(used, Is.GreaterThan(10), "The pass was cut.");
        for (int i = 0; i < whole.Count; i++) TinyEngines.AssertSameBits(sliced.Embedding(i), whole.Embedding(i), $"text {i}");
    }

    [Test]
    public void TryAdd_WhatDoesNotFit_IsRefused()
    {
        using EmbeddingEncoder encoder = Load(new TinyBertOptions());
        using EmbeddingBatch batch = encoder.CreateBatch();
        Assert.That(() => batch.TryAdd([]), Throws.ArgumentException);
        Assert.That(() => batch.TryAdd(new int[97]), Throws.ArgumentException.With.Message.Contains("1 to 96"));
        Assert.That(() => batch.TryAdd([-1]), Throws.ArgumentException.With.Message.Contains("Token -1"));
        Assert.That(() => batch.TryAdd([encoder.Config.Vocabulary]), Throws.ArgumentException);
        Assert.That(() => encoder.Run(batch), Throws.ArgumentException.With.Message.Contains("empty"));
        Assert.That((batch.TryAdd(new int[96]), batch.TryAdd(new int[96]), batch.TryAdd(new int[96])), Is.EqualTo((true, true, false)));
        Assert.That(batch.Count, Is.EqualTo(2));
    }

    [Test]
    public void Dispose_Encoder_LeavesNoMemoryAndStaysBelowEstimate()
    {
        long before = Device.Memory.AllocatedBytes;
        using (EmbeddingEncoder encoder = Load(new TinyBertOptions()))
        {
            using EmbeddingBatch batch = encoder.CreateBatch();
            Assert.That(encoder.UsedBytes, Is.InRange(encoder.DeviceBytes / 3, encoder.DeviceBytes));
        }

        Assert.That(Device.Memory.AllocatedBytes, Is.EqualTo(before));
    }

    private static EmbeddingEncoder Load(TinyBertOptions model)
    {
        using GgufFile file = GgufFile.Open(TinyEngines.Path(model));
        return EmbeddingEncoder.Load(Device, file);
    }

    private static int[] Ids(EmbeddingEncoder encoder, int count) => TinyEngines.Ids(count, count, encoder.Config.Vocabulary);

    private static float[] Alone(EmbeddingEncoder encoder, EmbeddingBatch batch, int[] ids)
    {
        batch.Clear();
        batch.TryAdd(ids);
        encoder.Run(batch);
        return batch.Embedding(0).ToArray();
    }
}
