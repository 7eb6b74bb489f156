using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// A matrix larger than one storage-buffer binding may cover on lavapipe (128 MiB), and large enough that 32-bit byte offsets would wrap on
/// the way.
/// </summary>
internal sealed class LargeMatrixTests : GpuTest
{
    [Test]
    public void Embed_BeyondStorageBufferRange_GivesReferenceLogits()
    {
        TinyModelOptions model = TinyModelOptions.Dense with { Blocks = 1, Tied = true, Vocabulary = 600_000 };
        using InferenceEngine engine = TinyEngines.Load(model, TinyEngines.Options with { MaxSequences = 1, MaxOutputs = 4 });
        Assert.That(engine.Nodes.Max(n => n.WeightBytes), Is.GreaterThan(128L << 20));
        int[] ids = [3, 599_999, 400_123, 77];
        float[] logits = engine.ReadFresh(ids, 4);
        Assert.That(TestData.Nmse(logits, TinyEngines.Reference(model).Forward(ids).Logits), Is.LessThan(1e-9));
    }
}
