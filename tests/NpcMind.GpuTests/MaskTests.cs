using NpcMind.Inference;
using NpcMind.Reference;
using Settings = NpcMind.Inference.SamplerSettings;

namespace NpcMind.GpuTests;

/// <summary>Masks through the engine: a forbidden token is never chosen, whatever the sampler, and companions notice nothing.</summary>
internal sealed class MaskTests : GpuTest, IDisposable
{
    private const int Vocabulary = 515, Words = (Vocabulary + 31) / 32;
    private static readonly TinyModelOptions Model = TinyModelOptions.Dense with { Blocks = 1 };
    private InferenceEngine _engine = null!;
    private int _slot;

    public static IEnumerable<TestCaseData> Samplers =>
    [
        Named("greedy", new Settings()),
        Named("plain", new Settings { Temperature = 1 }),
        Named("boiling", new Settings { Temperature = 1e38f }),
        Named("frozen", new Settings { Temperature = 1e-30f }),
        Named("top-k", new Settings { Temperature = 1, TopK = 400 }),
        Named("top-p", new Settings { Temperature = 1, TopP = 0.999f }),
        Named("min-p", new Settings { Temperature = 2, MinP = 1e-30f }),
        Named("penalties", new Settings { Temperature = 1, RepetitionPenalty = 1.5f, FrequencyPenalty = 2, PresencePenalty = 1 }),
        Named("rewards", new Settings { Temperature = 1, RepetitionPenalty = 1e-30f, FrequencyPenalty = -1e37f, TopK = 3, TopP = 0.5f }),
    ];

    [OneTimeSetUp]
    public void Load() => _engine = TinyEngines.Load(Model);

    public void Dispose() => _engine?.Dispose();

    [TearDown]
    public void Close() => _engine.Close(_slot);

    [TestCaseSource(nameof(Samplers))]
    public void Mask_ForbiddenToken_IsNeverChosen(Settings settings)
    {
        _slot = _engine.Open(settings with { Seed = 3 });
        foreach (int id in TinyEngines.Ids(20, 1)) _engine.Batch.Add(_slot, id);
        TinyRandom random = new(5);
        HashSet<int> seen = [];
        for (int step = 0; step < 60; step++)
        {
            // From one allowed token to all but one, the log's own tokens among the forbidden ones.
            int[] allowed = step % 3 == 0 ? [random.Below(Vocabulary)] : step % 3 == 1
                ? [.. TinyEngines.Ids(4, step)] : [.. Enumerable.Range(0, Vocabulary).Where(i => i != 7)];
            Assert.That(_engine.Batch.Add(_slot, random.Below(Vocabulary), true, Mask(allowed)));
            _engine.Batch.Sample();
            int token = _engine.Collect(_engine.Submit())[0];
            Assert.That(allowed, Does.Contain(token), $"step {step}");
            seen.Add(token);
        }

        Assert.That(seen, Has.Count.GreaterThan(10));
    }

    [Test]
    public void Mask_OneOutputAndStep_LeavesOthersAlone()
    {
        int[] ids = TinyEngines.Ids(6, 2);
        float[] expected = _engine.ReadFresh(ids, 6), actual = new float[expected.Length];
        _slot = _engine.Open(new Settings());
        for (int i = 0; i < ids.Length; i++) _engine.Batch.Add(_slot, ids[i], true, i is 1 or 2 or 4 ? Mask([i]) : default);
        _engine.Batch.Sample();
        int[] tokens = _engine.SubmitForLogits(actual);
        for (int i = 0; i < ids.Length; i++)
        {
            float[] row = expected[(i * Vocabulary)..((i + 1) * Vocabulary)];
            if (i is 1 or 2 or 4) row = MaskLogits.Run(row, Mask([i]));
            TinyEngines.AssertSameBits(actual.AsSpan(i * Vocabulary, Vocabulary), row, $"output {i}");
            Assert.That(tokens[i], Is.EqualTo(Sampling.Greedy(row)), $"output {i}");
        }

        _engine.Rewind(_slot, 0);
        TinyEngines.AssertSameBits(_engine.Read(_slot, ids, 6), expected, "the step after");
    }

    [Test]
    public void Mask_Invalid_IsRefusedAndChangesNothing()
    {
        _slot = _engine.Open(new Settings());
        Assert.That(() => _engine.Batch.Add(_slot, 1, true, new uint[Words - 1]),
            Throws.ArgumentException.With.Message.Contains("17 words; 16"));
        Assert.That(() => _engine.Batch.Add(_slot, 1, true, new uint[Words]),
            Throws.ArgumentException.With.Message.Contains("at least one"));
        Assert.That(() => _engine.Batch.Add(_slot, 1, true, [.. new uint[Words - 1], 0xFFFFFFF8]),
            Throws.ArgumentException.With.Message.Contains("at least one"), "Bits beyond the vocabulary allow nothing.");
        Assert.That(() => _engine.Batch.Add(_slot, 1, false, Mask([1])), Throws.ArgumentException.With.Message.Contains("output"));
        Assert.That((_engine.Length(_slot), _engine.Batch.FreeRows), Is.EqualTo((0, _engine.Options.MaxRows)));
    }

    private static uint[] Mask(int[] allowed)
    {
        uint[] mask = new uint[Words];
        foreach (int id in allowed) mask[id / 32] |= 1u << (id % 32);
        return mask;
    }

    private static TestCaseData Named(string name, Settings settings) => new TestCaseData(settings).SetArgDisplayNames(name);
}
