using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// What a sequence computes depends on its tokens alone, bit for bit: not on how they were cut into steps, not on its companions, not on
/// what its memory held before.
/// </summary>
[TestFixtureSource(nameof(Models))]
internal sealed class SequenceTests(object model, KvFormat kv, string name) : GpuTest, IDisposable
{
    private InferenceEngine _engine = null!;

    public static IEnumerable<TestFixtureData> Models =>
    [
        Named(TinyModelOptions.Dense, "dense F16"),
        Named(TinyModelOptions.Dense.With(Gguf.TensorType.Q6_K) with { Blocks = 2 }, "dense Q6_K"),
        Named(TinyModelOptions.Mixture with { Matrices = Gguf.TensorType.Q4_0 }, "mixture Q4_0"),
        Named(TinyModelOptions.Dense with { Blocks = 2 }, "dense F16, KV Q8_0", KvFormat.Q8),
        Named(TinyModelOptions.Dense with { Blocks = 2 }, "dense F16, KV Q4", KvFormat.Q4),
        Named(TinyLlama4Options.Scout with { Chunk = 20 }, "llama4, chunks of 20"),
        Named(TinyLlama4Options.Maverick with { Blocks = 4, Chunk = 32 }, "llama4, 128 experts, chunks of 32"),
    ];

    [OneTimeSetUp]
    public void Load() => _engine = TinyEngines.Load(model, TinyEngines.Options with { Kv = kv });

    public void Dispose() => _engine?.Dispose();

    [Test]
    public void Prefill_InChunks_EqualsTokenByToken()
    {
        int[] ids = TinyEngines.Ids(70, 11);
        float[] single = _engine.ReadFresh(ids, 1);
        foreach (int chunk in new[] { 2, 3, 5, 15, 16, 17, 33, 40, 64 })
            TinyEngines.AssertSameBits(_engine.ReadFresh(ids, chunk), single, $"{name}, chunks of {chunk}");
    }

    [Test]
    public void Prefill_AnyNumberOfRows_GivesTheSameBits()
    {
        int[] ids = TinyEngines.Ids(40, 12);
        float[] single = _engine.ReadFresh(ids, 1);
        for (int rows = 1; rows <= 40; rows++)
            TinyEngines.AssertSameBits(_engine.ReadFresh(ids.AsSpan(0, rows), rows), single.AsSpan(0, rows * _engine.Config.Vocabulary),
                $"{name}, {rows} rows");
    }

    [Test]
    public void Sequence_Alone_EqualsAmongOthers()
    {
        int vocabulary = _engine.Config.Vocabulary;
        int[][] ids = [TinyEngines.Ids(61, 21), TinyEngines.Ids(45, 22), TinyEngines.Ids(83, 23)];
        float[][] alone = [.. ids.Select(s => _engine.ReadFresh(s, 16))];
        int[] slots = [.. ids.Select(_ => _engine.Open(new Inference.SamplerSettings()))];
        int[] at = new int[ids.Length];
        float[][] together = [.. ids.Select(s => new float[s.Length * vocabulary])];
        TinyRandom random = new(24);
        float[] logits = new float[64 * vocabulary];
        while (at.Zip(ids).Any(p => p.First < p.Second.Length))
        {
            List<(int Sequence, int Index)> rows = [];
            bool decode = random.Below(2) == 0;
            for (int s = 0; s < ids.Length; s++)
                for (int i = decode ? 1 : 1 + random.Below(20); i > 0 && at[s] < ids[s].Length; i--)
                {
                    Assert.That(_engine.Batch.Add(slots[s], ids[s][at[s]], output: true));
                    rows.Add((s, at[s]++));
                }

            _engine.SubmitForLogits(logits);
            for (int r = 0; r < rows.Count; r++)
                logits.AsSpan(r * vocabulary, vocabulary).CopyTo(together[rows[r].Sequence].AsSpan(rows[r].Index * vocabulary));
        }

        for (int s = 0; s < ids.Length; s++)
        {
            TinyEngines.AssertSameBits(together[s], alone[s], $"{name}, sequence {s}");
            _engine.Close(slots[s]);
        }
    }

    [Test]
    public void Rewind_PrefilledAgain_EqualsFresh()
    {
        int[] ids = TinyEngines.Ids(80, 31);
        int vocabulary = _engine.Config.Vocabulary;
        float[] fresh = _engine.ReadFresh(ids, 16);
        int slot = _engine.Open(new Inference.SamplerSettings());
        foreach (int keep in new[] { 0, 13, 31, 32, 33, 64 })
        {
            _engine.Rewind(slot, 0);
            _engine.Read(slot, [.. ids[..keep], .. TinyEngines.Ids(70, 32)], 16);
            int left = _engine.Rewind(slot, keep); // chunked layers may have to read their chunk again
            Assert.That(_engine.Length(slot), Is.EqualTo(left));
            Assert.That(left, model is TinyLlama4Options { Chunk: { } chunk }
                ? Is.EqualTo(keep).Or.EqualTo(keep / chunk * chunk) : Is.EqualTo(keep));
            TinyEngines.AssertSameBits(_engine.Read(slot, ids.AsSpan(left), 16), fresh.AsSpan(left * vocabulary),
                $"{name}, rewound to {keep}");
        }

        _engine.Close(slot);
    }

    [Test]
    public void AddNext_TokenChosenOnDevice_EqualsTokenFromHost()
    {
        const int Steps = 12;
        int vocabulary = _engine.Config.Vocabulary;
        int[] prompt = TinyEngines.Ids(20, 41);
        int slot = _engine.Open(new Inference.SamplerSettings { Temperature = 1, Seed = 5 });
        foreach (int id in prompt)
            Assert.That(_engine.Batch.Add(slot, id, output: id == prompt[^1] && _engine.Length(slot) == prompt.Length - 1));
        _engine.Batch.Sample();
        List<int> tokens = [_engine.SubmitForLogits(new float[vocabulary])[0]];
        float[] device = new float[Steps * vocabulary];
        for (int i = 0; i < Steps; i++)
        {
            Assert.That(_engine.Batch.AddNext(slot));
            _engine.Batch.Sample();
            tokens.Add(_engine.SubmitForLogits(device.AsSpan(i * vocabulary))[0]);
        }

        _engine.Close(slot);
        TestContext.Out.WriteLine(string.Join(' ', tokens));
        float[] host = _engine.ReadFresh([.. prompt, .. tokens[..Steps]], 1);
        TinyEngines.AssertSameBits(device, host.AsSpan(prompt.Length * vocabulary), name);
    }

    [Test]
    public void Sample_SameSeed_GivesTheSameTokens()
    {
        int[] first = Generate(7), again = Generate(7), other = Generate(8);
        Assert.That(again, Is.EqualTo(first));
        Assert.That(other, Is.Not.EqualTo(first));
    }

    [Test]
    public void Submit_TwoStepsInFlight_EqualsOneAfterTheOther()
    {
        int[] pipelined = Generate(9), host = new int[pipelined.Length];
        int slot = _engine.Open(new Inference.SamplerSettings { Temperature = 1, Seed = 9 });
        foreach (int id in TinyEngines.Ids(9, 51)) _engine.Batch.Add(slot, id, output: _engine.Length(slot) == 8);
        for (int i = 0; i < host.Length; i++)
        {
            _engine.Batch.Sample();
            host[i] = _engine.Collect(_engine.Submit())[0];
            _engine.Batch.Add(slot, host[i], output: true);
        }

        _engine.Batch.Sample();
        _engine.Collect(_engine.Submit());
        _engine.Close(slot);
        Assert.That(pipelined, Is.EqualTo(host));
    }

    private int[] Generate(ulong seed)
    {
        using TokenGenerator generator = new(_engine, Device, new Inference.SamplerSettings { Temperature = 1, Seed = seed });
        generator.Prefill(TinyEngines.Ids(9, 51));
        return [.. Enumerable.Range(0, 30).Select(_ => generator.Next()!.Value)];
    }

    private static TestFixtureData Named(object model, string name, KvFormat kv = KvFormat.F32) =>
        new TestFixtureData(model, kv, name).SetArgDisplayNames(name);
}
