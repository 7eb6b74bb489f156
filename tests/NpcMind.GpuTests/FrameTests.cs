using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Scheduling;

namespace NpcMind.GpuTests;

/// <summary>
/// Steps cut into frames, sequences that share, wait in host memory and come back: always the same bits as the plain way. A few scenarios
/// run under validation, which makes submissions some ten times slower; the many run without, and more of them with NPCMIND_SCENARIOS
/// (<see cref="Scenarios"/>).
/// </summary>
[TestFixtureSource(nameof(Models))]
internal sealed class FrameTests(object model, string name, bool validated) : GpuTest, IDisposable
{
    private readonly int _scenarios = Scenarios.Count(validated ? 8 : model is string ? 12 : 24);
    private GpuDevice _device = null!;
    private InferenceEngine _engine = null!;
    private int _cut;
    private CostModel _costs = null!;
    private FrameRunner _frames = null!;

    public static IEnumerable<TestFixtureData> Models =>
    [
        Named(TinyModelOptions.Dense, "dense F16", true),
        Named(TinyModelOptions.Mixture with { Matrices = Gguf.TensorType.Q4_0 }, "mixture Q4_0", true),
        Named(TinyLlama4Options.Scout with { Chunk = 16 }, "llama4, chunks of 16", true),
        Named(TinyModelOptions.Dense, "dense F16", false),
        Named(TinyModelOptions.Mixture with { Matrices = Gguf.TensorType.Q4_0 }, "mixture Q4_0", false),
        Named(TinyLlama4Options.Scout with { Chunk = 16 }, "llama4, chunks of 16", false),
        Named(TestData.Golden("architectures", "gemma3-1b-form", "model.gguf"), "gemma3, windows of 10", false),
        Named(TestData.Golden("architectures", "gpt-oss-mxfp4", "model.gguf"), "gpt-oss, windows of 8", false),
        Named(TestData.Golden("architectures", "deepseek2-v3", "model.gguf"), "deepseek2, one plane", false),
    ];

    [OneTimeSetUp]
    public void Load()
    {
        _device = validated ? Device : GpuDevice.Create();
        _engine = TinyEngines.Load(model, device: _device);
        _costs = new CostModel(1);
        Calibration.Run(_engine, _costs, 1);
        _frames = new FrameRunner(_engine, _costs, new FrameRunnerOptions { QuantumMilliseconds = 0.2 });
    }

    public void Dispose()
    {
        _frames?.Dispose();
        _engine?.Dispose();
        if (!validated) _device?.Dispose();
    }

    [Test]
    public void Step_Sliced_EqualsUnsliced()
    {
        TinyRandom random = new(7 + Scenarios.Seed);
        for (int scenario = 0; scenario < _scenarios; scenario++)
        {
            int[] ids = Ids(1 + random.Below(48), scenario + 100);
            int slot = _engine.Open(new Inference.SamplerSettings());
            float[] sliced = ReadInFrames(slot, ids, random);
            _engine.Close(slot);
            TinyEngines.AssertSameBits(sliced, _engine.ReadFresh(ids, 16), $"{name}, scenario {scenario}");
        }
    }

    [Test]
    public void Step_OfRunsRecordedBefore_EqualsRecordedEachTime()
    {
        using FrameRunner frames = new(_engine, _costs, new FrameRunnerOptions { QuantumMilliseconds = 1000, DispatchesPerTimed = 100 });
        TinyRandom random = new(11 + Scenarios.Seed);
        int dispatches = 0, before = 0;
        for (int scenario = 0; scenario < _scenarios; scenario++)
        {
            int slot = _engine.Open(new Inference.SamplerSettings());
            int[] ids = Ids(1 + random.Below(16) * random.Below(6), scenario + 2800);
            float[] logits = new float[ids.Length * _engine.Config.Vocabulary];
            // Different numbers of rows choose other variants, more of them than are kept; several steps may be on their way.
            for (int at = 0, rows; at < ids.Length; at += rows)
            {
                rows = Math.Min(ids.Length - at, 1 + random.Below(16));
                for (int i = 0; i < rows; i++) _engine.Batch.Add(slot, ids[at + i], output: true);
                if (random.Below(2) == 0) _engine.Batch.Sample();
                _engine.Batch.WantsLogits = true;
                Assert.That(frames.TryBegin(10_000));
                frames.RecordCopies();
                frames.BeginStep();
                Assert.That(frames.RecordStep());
                frames.End();
                (dispatches, before) = (dispatches + frames.Dispatches, before + frames.RecordedBefore);
                _engine.Transfer.Flush();
                while (frames.TryCollect(out _, out int steps, out _))
                    for (; steps > 0; steps--) frames.TakeResults();
                for (int i = 0; i < rows; i++)
                    _engine.Logits(new StepTicket(0, 0, rows, 0), i).CopyTo(logits.AsSpan((at + i) * _engine.Config.Vocabulary));
            }

            _engine.Close(slot);
            TinyEngines.AssertSameBits(logits, _engine.ReadFresh(ids, 16), $"{name}, scenario {scenario}");
        }

        Assert.That(before, Is.GreaterThan(dispatches / 2), "dispatches recorded before");
    }

    [Test]
    public void Grid_OfEachNode_DoesNotDependOnTheLastPosition()
    {
        foreach (GraphNode node in _engine.Nodes)
            foreach (int rows in (int[])[1, 2, 3, 5, 16, 40])
            {
                StepShape shape = new(rows, Math.Min(rows, 3), Math.Min(rows, 3), rows, 2);
                Assert.That(node.Grid(shape with { LastPosition = 90 }), Is.EqualTo(node.Grid(shape)), node.Label);
            }
    }

    [Test]
    public void Fork_WhileParentGoesOn_EqualsFresh()
    {
        TinyRandom random = new(8 + Scenarios.Seed);
        int vocabulary = _engine.Config.Vocabulary;
        for (int scenario = 0; scenario < _scenarios; scenario++)
        {
            int[] world = Ids(1 + random.Below(48), scenario + 400), own = Ids(1 + random.Below(24), scenario + 700),
                more = Ids(1 + random.Below(24), scenario + 1000);
            int parent = _engine.Open(new Inference.SamplerSettings());
            _engine.Read(parent, world, 16);
            int child = _engine.Fork(parent, 1 + random.Below(world.Length), new Inference.SamplerSettings());
            int at = _engine.Length(child); // less than asked for where the parent's chunks are gone
            bool childFirst = random.Below(2) == 0;
            (float[] firstLogits, float[] secondLogits) = childFirst
                ? Interleave(child, own, parent, more, random) : Interleave(parent, more, child, own, random);
            (float[] childLogits, float[] parentLogits) = childFirst ? (firstLogits, secondLogits) : (secondLogits, firstLogits);
            _engine.Close(child);
            _engine.Close(parent);
            TinyEngines.AssertSameBits(childLogits, _engine.ReadFresh([.. world[..at], .. own], 16).AsSpan(at * vocabulary),
                $"{name}, child of scenario {scenario}");
            TinyEngines.AssertSameBits(parentLogits, _engine.ReadFresh([.. world, .. more], 16).AsSpan(world.Length * vocabulary),
                $"{name}, parent of scenario {scenario}");
            Assert.That(_engine.Transfer.FreeBlocks, Is.EqualTo(_engine.Transfer.Blocks), "every block was given back");
        }
    }

    [Test]
    public void Sequence_EvictedAndPrefilledAgain_EqualsKept()
    {
        TinyRandom random = new(9 + Scenarios.Seed);
        int vocabulary = _engine.Config.Vocabulary;
        for (int scenario = 0; scenario < _scenarios; scenario++)
        {
            int[] before = Ids(1 + random.Below(48), scenario + 1300), after = Ids(1 + random.Below(30), scenario + 1600),
                other = Ids(40, scenario + 1900);
            int slot = _engine.Open(new Inference.SamplerSettings());
            ReadInFrames(slot, before, random);
            Assert.That(_engine.Transfer.Spill(slot));
            Assert.That(
                _engine.Transfer.OnHost(slot), model is not TinyModelOptions ? Is.GreaterThan(0) : Is.EqualTo((before.Length + 7) / 8));
            int intruder = _engine.Open(new Inference.SamplerSettings());
            ReadInFrames(intruder, other, random); // takes the blocks that became free
            Assert.That(_engine.Transfer.Restore(slot));
            float[] logits = ReadInFrames(slot, after, random);
            _engine.Close(intruder);
            _engine.Close(slot);
            TinyEngines.AssertSameBits(logits, _engine.ReadFresh([.. before, .. after], 16).AsSpan(before.Length * vocabulary),
                $"{name}, scenario {scenario}");
            Assert.That(_engine.Transfer.FreeBlocks, Is.EqualTo(_engine.Transfer.Blocks));
        }
    }

    [Test]
    public void Sequence_ExportedAndImported_EqualsKept()
    {
        TinyRandom random = new(10 + Scenarios.Seed);
        int vocabulary = _engine.Config.Vocabulary;
        for (int scenario = 0; scenario < _scenarios; scenario++)
        {
            int[] before = Ids(1 + random.Below(48), scenario + 2200), after = Ids(1 + random.Below(30), scenario + 2500);
            int slot = _engine.Open(new Inference.SamplerSettings());
            ReadInFrames(slot, before, random);
            if (random.Below(3) == 0) _engine.Transfer.Spill(slot);
            List<byte[]> blocks = [];
            _engine.Transfer.Export(slot, 0, before.Length, 0, int.MaxValue, (index, bytes) =>
            {
                Assert.That(index, Is.EqualTo(blocks.Count));
                blocks.Add(bytes.ToArray());
            });
            _engine.Close(slot);
            slot = _engine.Open(new Inference.SamplerSettings());
            Assert.That(_engine.Transfer.Import(slot, before.Length));
            for (int i = 0; i < blocks.Count; i++) blocks[i].CopyTo(_engine.Transfer.ImportBlock(slot, 0, before.Length, i));
            Assert.That(_engine.Transfer.Restore(slot));
            float[] logits = ReadInFrames(slot, after, random);
            _engine.Close(slot);
            TinyEngines.AssertSameBits(logits, _engine.ReadFresh([.. before, .. after], 16).AsSpan(before.Length * vocabulary),
                $"{name}, scenario {scenario}");
            Assert.That(_engine.Host.Pool.Free, Is.EqualTo(_engine.Host.Pool.Count));
        }
    }

    /// <summary>Reads two sequences by turns and together.</summary>
    private (float[] First, float[] Second) Interleave(int first, int[] firstIds, int second, int[] secondIds, TinyRandom random)
    {
        int vocabulary = _engine.Config.Vocabulary, a = 0, b = 0;
        float[] firstLogits = new float[firstIds.Length * vocabulary], secondLogits = new float[secondIds.Length * vocabulary];
        while (a < firstIds.Length || b < secondIds.Length)
        {
            int fromFirst = Math.Min(firstIds.Length - a, random.Below(9)), fromSecond = Math.Min(secondIds.Length - b, random.Below(9));
            if (fromFirst + fromSecond == 0) continue;
            for (int i = 0; i < fromFirst; i++) _engine.Batch.Add(first, firstIds[a + i], output: true);
            for (int i = 0; i < fromSecond; i++) _engine.Batch.Add(second, secondIds[b + i], output: true);
            float[] logits = new float[(fromFirst + fromSecond) * vocabulary];
            RunInFrames(random, logits);
            logits.AsSpan(0, fromFirst * vocabulary).CopyTo(firstLogits.AsSpan(a * vocabulary));
            logits.AsSpan(fromFirst * vocabulary).CopyTo(secondLogits.AsSpan(b * vocabulary));
            a += fromFirst;
            b += fromSecond;
        }

        return (firstLogits, secondLogits);
    }

    private int[] Ids(int count, int seed) => TinyEngines.Ids(count, seed, Math.Min(515, _engine.Config.Vocabulary));

    private float[] ReadInFrames(int slot, int[] ids, TinyRandom random)
    {
        float[] logits = new float[ids.Length * _engine.Config.Vocabulary];
        for (int at = 0, rows; at < ids.Length; at += rows)
        {
            rows = Math.Min(ids.Length - at, 1 + random.Below(16));
            for (int i = 0; i < rows; i++) _engine.Batch.Add(slot, ids[at + i], output: true);
            RunInFrames(random, logits.AsSpan(at * _engine.Config.Vocabulary, rows * _engine.Config.Vocabulary));
        }

        return logits;
    }

    /// <summary>Runs the batch in frames of random budgets and fetches its logits.</summary>
    private void RunInFrames(TinyRandom random, Span<float> logits)
    {
        _engine.Batch.WantsLogits = true;
        for (bool begun = false, ended = false; !ended;)
        {
            Collect();
            Assert.That(_frames.TryBegin(0.2 * (1 + random.Below(30))));
            if (_frames.RecordCopies())
            {
                if (!begun) _frames.BeginStep();
                begun = true;
                ended = _frames.RecordStep();
            }

            _frames.End();
            if (_frames.StepIsActive) _cut++;
        }

        Collect();
        int vocabulary = _engine.Config.Vocabulary;
        for (int i = 0; i < logits.Length / vocabulary; i++)
            _engine.Logits(new StepTicket(0, 0, logits.Length / vocabulary, 0), i).CopyTo(logits[(i * vocabulary)..]);
    }

    private void Collect()
    {
        _engine.Transfer.Flush();
        while (_frames.TryCollect(out _, out int steps, out _))
            for (; steps > 0; steps--) _frames.TakeResults();
    }

    [OneTimeTearDown]
    public void CheckStepsWereCut() => Assert.That(_cut, Is.GreaterThan(_scenarios));

    private static TestFixtureData Named(object model, string name, bool validated) =>
        new TestFixtureData(model, name, validated).SetArgDisplayNames(name, validated ? "validated" : "many");
}
