using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>What loading allocates, and what is counted before it.</summary>
internal sealed class LoadMemoryTests : GpuTest
{
    public static IEnumerable<string> Architectures =>
        Directory.GetDirectories(TestData.Golden("architectures")).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Architectures))]
    public void Load_AnyArchitecture_ReservesNoMoreThanWasChecked(string name)
    {
        using ArchitectureCase model = new(TestData.Golden("architectures", name));
        // So many rows and outputs that the workspace counts.
        EngineOptions options = new() { ContextTokens = 64, MaxRows = 2048, MaxOutputs = 1024, MaxSequences = 8 };
        using InferenceEngine engine = model.Load(options);
        Assert.That(engine.ReservedBytes, Is.LessThanOrEqualTo(engine.EstimatedBytes));
    }

    [Test]
    public void HostMemory_UntilSpilled_IsNotAllocated()
    {
        using InferenceEngine engine = TinyEngines.Load(TinyModelOptions.Dense, TinyEngines.Options with { HostKvTokens = 1 << 20 });
        Assert.That(engine.Host.AllocatedBytes, Is.Zero);
        Assert.That(engine.Transfer.FreeHostBlocks, Is.GreaterThanOrEqualTo((1 << 20) / InferenceEngine.BlockTokens));
        int slot = engine.Open(new Inference.SamplerSettings());
        engine.Read(slot, TinyEngines.Ids(40, 1), 40);
        Assert.That(engine.Transfer.Spill(slot), Is.True);
        Assert.That(engine.Host.AllocatedBytes, Is.InRange(5 * engine.Host.BlockBytes, 16 << 20));
        Assert.That(engine.Transfer.Restore(slot), Is.True);
        engine.Read(slot, TinyEngines.Ids(8, 2), 8);
    }
}
