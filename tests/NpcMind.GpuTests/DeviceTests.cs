using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Devices, memory and the counted cost of a step.</summary>
internal sealed class DeviceTests : GpuTest
{
    private static readonly EngineOptions Small = new() { ContextTokens = 64, MaxRows = 16, MaxOutputs = 16 };

    [Test]
    public void UseExisting_GameDevice_RunsModelAndLeavesDeviceToGame()
    {
        int[] ids = TinyEngines.Ids(20, 1);
        float[] expected;
        using (InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Dense, Small)) expected = engine.ReadFresh(ids, 16);
        using GpuDevice game = GpuFixture.NewDevice();
        GpuHandles handles = new(game.Instance.Handle, game.Physical.Handle, game.Handle.Handle, game.Queue.Handle, game.QueueFamily,
            new object());
        for (int i = 0; i < 2; i++)
        {
            using GpuDevice shared = GpuDevice.Share(handles);
            using InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Dense, Small, shared);
            TinyEngines.AssertSameBits(engine.ReadFresh(ids, 16), expected, "on the shared device");
        }

        using (InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Dense, Small, game))
            TinyEngines.AssertSameBits(engine.ReadFresh(ids, 16), expected, "on the game's device");
        GpuFixture.CheckValidation(game);
    }

    [Test]
    public void UseExisting_InvalidHandles_IsRefused()
    {
        Assert.That(
            () => GpuDevice.Share(
                new GpuHandles(Device.Instance.Handle, Device.Physical.Handle, 0, Device.Queue.Handle, Device.QueueFamily)),
                Throws.ArgumentException);
        Assert.That(
            () => GpuDevice.Share(
                new GpuHandles(Device.Instance.Handle, Device.Physical.Handle, Device.Handle.Handle, Device.Queue.Handle, 99)),
                Throws.InstanceOf<GpuUnavailableException>());
    }

    [Test]
    public void Load_CacheThatDoesNotFit_IsRefusedBeforeAllocation()
    {
        long before = Device.Memory.AllocatedBytes, peak = Device.Memory.PeakBytes;
        InsufficientGpuMemoryException e = Assert.Throws<InsufficientGpuMemoryException>(
            () => TinyEngines.Load(TinyModelOptions.Dense, Small with { ContextTokens = 1_000_000_000 }).Dispose())!;
        Assert.That((Device.Memory.AllocatedBytes, Device.Memory.PeakBytes), Is.EqualTo((before, peak)));
        Assert.That(e.Needed, Is.GreaterThan(e.Available));
        Assert.That(e.Message, Does.Contain("KV cache").And.Contain("shorter context"));
    }

    [Test]
    public void Dispose_Engine_LeavesNoMemory()
    {
        long before = Device.Memory.AllocatedBytes;
        using (InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Mixture, Small))
        {
            engine.ReadFresh([1, 2, 3], 3);
            Assert.That(Device.Memory.AllocatedBytes, Is.GreaterThan(before));
        }

        Assert.That(Device.Memory.AllocatedBytes, Is.EqualTo(before));
    }

    [Test]
    public void Load_FailingModel_LeavesNoMemory()
    {
        long before = Device.Memory.AllocatedBytes;
        string path = Path.Combine(AppContext.BaseDirectory, $"{Environment.ProcessId}-broken.gguf");
        GgufWriter writer = TinyModels.Build(TinyModelOptions.Dense);
        writer.AddTensor("blk.2.ffn_down.bias", TensorType.F32, [3], new byte[12]);
        writer.Save(path);
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => InferenceEngine.Load(Device, file, Small), Throws.InstanceOf<GgufFormatException>());
        File.Delete(path);
        Assert.That(Device.Memory.AllocatedBytes, Is.EqualTo(before));
    }

    [Test]
    public void Choose_UnknownDevice_ListsChoices() =>
        Assert.That(() => GpuDevice.Create(new GpuOptions { Device = "no such device" }),
            Throws.InstanceOf<GpuUnavailableException>().With.Message.Contains(GpuDevice.List()[0].Name));

    [TestCase(TensorType.F16, false)]
    [TestCase(TensorType.Q8_0, false)]
    [TestCase(TensorType.Q8_0, true)]
    public void MatMul_SeveralSegments_GivesTheSameBits(TensorType type, bool mixture)
    {
        TinyModelOptions model = (mixture ? TinyModelOptions.Mixture : TinyModelOptions.Dense).With(type);
        int[] ids = TinyEngines.Ids(40, 3);
        float[] expected;
        int nodes;
        using (InferenceEngine engine = TinyEngines.Load(model, Small))
        {
            expected = engine.ReadFresh(ids, 16);
            nodes = engine.Nodes.Count;
        }

        using InferenceEngine cut = With(Device.Limits with { MaxTexels = 3072 }, () => TinyEngines.Load(model, Small));
        Assert.That(cut.Nodes, Has.Count.GreaterThan(nodes + 3));
        TinyEngines.AssertSameBits(cut.ReadFresh(ids, 16), expected, $"{cut.Nodes.Count} nodes");
    }

    /// <summary>Lavapipe runs smaller workgroups; here it runs those meant for GPUs.</summary>
    [TestCase(TensorType.Q4_K, false)]
    [TestCase(TensorType.Q8_0, true)] // and F16: TinyModelTests
    public void MatMul_GpuWorkgroups_AgreesWithReference(TensorType type, bool mixture)
    {
        TinyModelOptions model = (mixture ? TinyModelOptions.Mixture : TinyModelOptions.Dense).With(type) with { Blocks = 1 };
        int[] ids = TinyModels.Ids(TinyEngines.Reference(model), 20);
        using InferenceEngine engine = With(Device.Limits with { IsSoftware = false }, () => TinyEngines.Load(model));
        float[] single = engine.ReadFresh(ids, 1);
        double nmse = TestData.Nmse(single, TinyEngines.Reference(model).Forward(ids).Logits);
        TestContext.Out.WriteLine($"NMSE {nmse:E2}");
        Assert.That(nmse, Is.LessThanOrEqualTo(1e-11));
        foreach (int chunk in new[] { 3, 17 }) TinyEngines.AssertSameBits(engine.ReadFresh(ids, chunk), single, $"chunks of {chunk}");
    }

    [TestCase(false, 24, 27)]
    [TestCase(true, 27, 30)]
    public void Submit_DecodeStep_HasExpectedDispatchesAndBarriers(bool mixture, int dispatches, int barriers)
    {
        using InferenceEngine engine = TinyEngines.Load(mixture ? TinyModelOptions.Mixture : TinyModelOptions.Dense, Small);
        using TokenGenerator generator = new(engine, Device, new Inference.SamplerSettings());
        generator.Prefill([1, 2, 3]);
        for (int i = 0; i < 3; i++) generator.Next();
        TestContext.Out.WriteLine($"{engine.LastStep}");
        Assert.That(engine.LastStep, Is.EqualTo((dispatches, barriers)));
    }

    [Test]
    public void Submit_StepTooLongForOneSubmission_IsCutAndGivesTheSameBits()
    {
        int[] ids = TinyEngines.Ids(40, 3);
        using InferenceEngine whole = TinyEngines.Load(TinyModelOptions.Mixture),
            cut = TinyEngines.Load(TinyModelOptions.Mixture, TinyEngines.Options with { SubmissionBytes = 1 });
        TinyEngines.AssertSameBits(cut.ReadFresh(ids, 20), whole.ReadFresh(ids, 20), "in one submission and in many");
        Assert.That(whole.Timeline.Submitted, Is.LessThan(cut.Timeline.Submitted - 20));
        using TokenGenerator generator = new(cut, Device, new Inference.SamplerSettings());
        generator.Prefill(ids);
        for (int i = 0; i < 3; i++) generator.Next();
        generator.Stop();
        Assert.That(generator.GpuMilliseconds, Is.GreaterThan(0), "one pair of timestamps over all submissions of a step");
    }

    [Test]
    public void Submit_Step_AllocatesNothing()
    {
        using InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Mixture, Small);
        int slot = engine.Open(new Inference.SamplerSettings());
        engine.Batch.Add(slot, 1, output: true);
        long worst = 0;
        for (int i = 0; i < 20; i++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            if (i > 0) engine.Batch.AddNext(slot);
            engine.Batch.Sample();
            engine.Collect(engine.Submit());
            if (i >= 10) worst = Math.Max(worst, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        TestContext.Out.WriteLine($"{worst} bytes per step");
        Assert.That(worst, Is.Zero);
    }

    private static InferenceEngine With(GpuLimits limits, Func<InferenceEngine> load)
    {
        GpuLimits real = Device.Limits;
        Device.Limits = limits;
        try
        {
            return load();
        }
        finally
        {
            Device.Limits = real;
        }
    }
}
