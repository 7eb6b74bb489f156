using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Dispatches of a decode step, which the host and a real card pay for one by one (design: docs/decisions/0026).</summary>
internal sealed class DispatchCountTests : GpuTest
{
    /// <summary>Embedding, output rows, their norm, the output, and two for the choice of the token.</summary>
    private const int Beside = 6;

    [TestCase(20, 6)]
    [TestCase(600, 7)]
    public void Decode_DenseLayer_TakesSo(int context, int layer) => Assert.That(Count(TinyModelOptions.Dense, context), Is.EqualTo(layer));

    [TestCase(20, 7)]
    [TestCase(600, 8)]
    public void Decode_MixtureLayer_TakesSo(int context, int layer) =>
        Assert.That(Count(TinyModelOptions.Mixture, context), Is.EqualTo(layer));

    /// <summary>Dispatches a layer of a step of one token after so many.</summary>
    private static int Count(TinyModelOptions options, int context)
    {
        using InferenceEngine engine = TinyEngines.Load(options, TinyEngines.Options with { ContextTokens = 640, MaxSequences = 1 });
        int slot = engine.Open(new Inference.SamplerSettings());
        engine.Read(slot, TinyEngines.Ids(context, 1), engine.Options.MaxRows);
        engine.Batch.Add(slot, 1, output: true);
        engine.Batch.Sample();
        engine.Collect(engine.Submit());
        int inLayers = engine.LastStep.Dispatches - Beside;
        Assert.That(inLayers % engine.Config.Blocks, Is.Zero, $"{engine.LastStep.Dispatches} dispatches in all");
        return inLayers / engine.Config.Blocks;
    }
}
