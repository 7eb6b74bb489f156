using System.Globalization;
using NpcMind.Inference;
using NpcMind.Reference;
using Settings = NpcMind.Inference.SamplerSettings;

namespace NpcMind.GpuTests;

/// <summary>
/// The choice of the next token on the device. It inverts the cumulative distribution in order of token id, the reference in order of
/// probability, so distributions are compared, not single picks. With 8 lanes, as on lavapipe, and with 64, as on GPUs; with the engine's
/// chunks and with smaller ones, so that small vocabularies are several.
/// </summary>
[TestFixture(8u, Sampler.ChunkTokens)]
[TestFixture(8u, 16)]
[TestFixture(64u, 64)]
internal sealed class SamplerTests(uint lanes, int chunkTokens) : GpuTest, IDisposable
{
    private const int Draws = 4000;
    private KernelRig _rig = null!;

    public static IEnumerable<TestCaseData> Filters =>
    [
        Named("plain", new Settings { Temperature = 1 }),
        Named("cold", new Settings { Temperature = 0.5f }),
        Named("hot", new Settings { Temperature = 1.7f }),
        Named("top-k", new Settings { Temperature = 1, TopK = 7 }),
        Named("top-k beyond the vocabulary", new Settings { Temperature = 1, TopK = 1000 }),
        Named("top-p", new Settings { Temperature = 1, TopP = 0.6f }),
        Named("min-p", new Settings { Temperature = 1, MinP = 0.1f }),
        Named("all", new Settings { Temperature = 0.8f, TopK = 20, TopP = 0.9f, MinP = 0.05f }),
    ];

    [OneTimeSetUp]
    public void MakeRig() => _rig = new KernelRig(Device);

    public void Dispose() => _rig?.Dispose();

    [TestCaseSource(nameof(Filters))]
    public void Sample_ManyDraws_FollowReferenceDistribution(Settings settings)
    {
        const int Vocabulary = 61;
        float[] logits = [.. CaseData.Normal(3, Vocabulary).Select(v => v * 1.5f)];
        (int[] ids, double[] probabilities) = Sampling.Distribution(logits, Plain(settings), []);
        Drawn drawn = Draw(logits, Draws, settings, i => (ulong)i * 7919, i => (uint)i % 50, _ => []);
        int[] counts = new int[Vocabulary];
        foreach (uint token in drawn.Tokens) counts[token]++;
        Assert.That(Enumerable.Range(0, Vocabulary).Where(i => counts[i] > 0).Except(ids), Is.Empty, "Excluded tokens never occur.");

        double squares = 0, rest = 0, restExpected = 0;
        int cells = 0;
        foreach ((int id, double p) in ids.Zip(probabilities))
        {
            double expected = p * Draws;
            if (expected < 5)
            {
                rest += counts[id];
                restExpected += expected;
                continue;
            }

            squares += (counts[id] - expected) * (counts[id] - expected) / expected;
            cells++;
        }

        if (restExpected >= 5)
        {
            squares += (rest - restExpected) * (rest - restExpected) / restExpected;
            cells++;
        }

        double limit = cells - 1 + 4 * Math.Sqrt(2.0 * Math.Max(1, cells - 1));
        TestContext.Out.WriteLine(
            string.Create(CultureInfo.InvariantCulture,
                $"{ids.Length} candidates, chi-square {squares:F1} of {cells} cells, limit {limit:F1}"));
        Assert.That(squares, Is.LessThan(limit));
        Assert.That(Draw(logits, Draws, settings, i => (ulong)i * 7919, i => (uint)i % 50, _ => []).Tokens, Is.EqualTo(drawn.Tokens),
            "The same again.");
    }

    [TestCaseSource(nameof(Filters))]
    public void Sample_Draw_InvertsReferenceDistributionInTokenOrder(Settings settings)
    {
        const int Vocabulary = 5003, Picks = 150;
        float[] logits = [.. CaseData.Normal(6, Vocabulary).Select(v => v * 2)];
        uint[] log = [.. Enumerable.Range(0, 90).Select(i => (uint)(i * i % 61))];
        settings = settings with { FrequencyPenalty = 0.1f, RepetitionPenalty = 1.2f, PenaltyTokens = 80 };
        (int[] ids, double[] probabilities) = Sampling.Distribution(logits, Plain(settings), [.. log.Select(t => (int)t)]);
        Array.Sort(ids, probabilities);
        uint[] tokens = Draw(logits, Picks, settings, i => (ulong)i * 31 + 7, _ => (uint)log.Length - 1, _ => log).Tokens;
        for (int i = 0; i < Picks; i++)
        {
            double u = Philox((ulong)i * 31 + 7, (uint)log.Length - 1) / 4294967296.0, before = 0;
            int at = Array.IndexOf(ids, (int)tokens[i]);
            Assert.That(at, Is.Not.Negative, $"{tokens[i]} is not among the {ids.Length} candidates.");
            for (int j = 0; j < at; j++) before += probabilities[j];
            Assert.That(u, Is.InRange(before - 2e-4, before + probabilities[at] + 2e-4), $"draw {i}");
        }
    }

    [Test]
    public void Sample_OtherOutputs_DoNotChangeChoice()
    {
        float[] logits = CaseData.Normal(8, 2500);
        uint[] log = [.. Enumerable.Range(0, 40).Select(i => (uint)(i % 7))];
        (Settings, int, uint[])[] outputs = [
            .. Filters.Select((f, i) => ((Settings)f.Arguments[0]! with { Seed = (ulong)i, PresencePenalty = i % 2 }, 39, log)),
            (new Settings(), 39, log), (new Settings { FrequencyPenalty = 1 }, 39, log)];
        uint[] together = Tokens([.. outputs]);
        Assert.That(outputs.Select(o => Tokens([o])[0]), Is.EqualTo(together));

        uint[] Tokens((Settings, int, uint[])[] some)
        {
            SamplerRun run = SamplerCases.Make(_rig, logits, some, lanes, Math.Max(512, chunkTokens));
            _rig.Run(run.Nodes, run.Shape);
            uint[] tokens = _rig.ReadWords(run.Results, some.Length);
            _rig.Reset();
            return tokens;
        }
    }

    [Test]
    public void Sample_Greedy_TakesLargestThenLowestId()
    {
        foreach (int vocabulary in new[] { 1, 7, 64, 515, 3000 })
            for (int seed = 0; seed < 8; seed++)
            {
                float[] logits = [.. CaseData.Normal(seed, vocabulary).Select(v => MathF.Round(v) - (seed % 2) * 20)];
                int expected = Sampling.Greedy(logits);
                Assert.That(Draw(logits, 1, new Settings(), _ => 0, _ => 3, _ => []).Tokens[0], Is.EqualTo(expected),
                    $"{vocabulary} tokens, seed {seed}");
                Assert.That(Draw(logits, 1, new Settings { Temperature = 1, TopP = 0 }, _ => 0, _ => 3, _ => []).Tokens[0],
                    Is.AnyOf([.. Enumerable.Range(0, vocabulary).Where(i => logits[i] == logits[expected])]));
            }
    }

    [Test]
    public void Sample_Penalties_EqualReference()
    {
        const int Vocabulary = 40;
        float[] logits = CaseData.Normal(5, Vocabulary);
        uint[] log = [3, 3, 7, 1, 3, 39, 0, 7, 12, 5, 3, 30];
        foreach (int last in new[] { 0, 1, 4, 12, 64 })
        {
            Settings settings = new() { RepetitionPenalty = 1.3f, FrequencyPenalty = 0.4f, PresencePenalty = 0.25f, PenaltyTokens = last };
            Drawn drawn = Draw(logits, 1, settings, _ => 0, _ => (uint)log.Length - 1, _ => log);
            var reference = Plain(settings) with { Temperature = 1 };
            (int[] ids, double[] expected) = Sampling.Distribution(logits, reference, [.. log.Select(t => (int)t)]);
            (int[] sameIds, double[] actual) = Sampling.Distribution(drawn.Logits, new NpcMind.Reference.SamplerSettings(), []);
            Assert.That(sameIds, Is.EqualTo(ids));
            Assert.That(expected.Zip(actual, (a, b) => Math.Abs(a - b)).Max(), Is.LessThan(1e-7), $"last {last}");
            Assert.That(drawn.Tokens[0], Is.EqualTo(ids[0]));
        }
    }

    [Test]
    public void Philox_PublishedVector_DeviceAgrees()
    {
        Assert.That(Philox(0, 0), Is.EqualTo(0x6627e8d5u),
            "Salmon et al. 2011, known-answer test of philox4x32-10 with zero counter and key.");
        float[] equal = new float[64];
        Drawn drawn = Draw(equal, 500, new Settings { Temperature = 1 }, i => (ulong)i * 0x9E3779B97F4A7C15, i => (uint)i * 3, _ => []);
        Assert.That(drawn.Tokens,
            Is.EqualTo(Enumerable.Range(0, 500).Select(i => Philox((ulong)i * 0x9E3779B97F4A7C15, (uint)i * 3) >> 26)),
            "64 equal tokens: the top six bits.");
    }

    [Test]
    public void Sample_ExtremeLogits_GiveExistingToken()
    {
        foreach (float[] logits in new float[][] { [.. Enumerable.Repeat(-1e30f, 33)], [1e30f, -1e30f, 0],
            [float.NegativeInfinity, 1, float.NegativeInfinity], [.. Enumerable.Repeat(88f, 300)] })
            foreach (Settings settings in new[] { new Settings { Temperature = 1 },
                new Settings { Temperature = 0.01f, TopP = 0.5f, MinP = 0.1f, TopK = 2 } })
                foreach (uint token in Draw(logits, 20, settings, i => (ulong)i, _ => 0, _ => []).Tokens)
                    Assert.That(token < logits.Length && logits[token] >= logits.Max() - 100, $"{token} of {logits.Length}");
    }

    /// <summary>Draws tokens from the same logits, each for a sequence of its own.</summary>
    [TestCaseSource(nameof(Filters))]
    public void Sample_LogitsThatAreNoNumbers_AreNeverChosen(Settings settings)
    {
        foreach (int vocabulary in new[] { 61, 1500 })
        {
            float[] sound = [.. CaseData.Normal(12, vocabulary).Select(v => v * 1.5f)], broken = [.. sound];
            float[] bad = [float.NaN, float.PositiveInfinity, float.NegativeInfinity, -float.NaN];
            for (int i = 0; i < vocabulary; i += 1 + (i % 3)) (sound[i], broken[i]) = (MaskLogits.Forbidden, bad[i % bad.Length]);
            uint[] tokens = Draw(broken, 200, settings, i => (ulong)i * 7919, i => (uint)i % 50, _ => []).Tokens;
            Assert.That(tokens, Is.EqualTo(Draw(sound, 200, settings, i => (ulong)i * 7919, i => (uint)i % 50, _ => []).Tokens));
            Assert.That(tokens, Has.All.Matches<uint>(t => float.IsFinite(broken[t])));
            Assert.That(Draw(broken, 1, new Settings(), _ => 0, _ => 3, _ => []).Tokens[0], Is.EqualTo(Sampling.Greedy(broken)));
        }
    }

    [TestCaseSource(nameof(Filters))]
    public void Sample_NoLogitIsANumber_ChoosesNoToken(Settings settings)
    {
        foreach (float value in new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity, MaskLogits.Forbidden })
            foreach (int vocabulary in new[] { 1, 130, 1500 })
            {
                float[] logits = [.. Enumerable.Repeat(value, vocabulary)];
                foreach (Settings s in new[] { settings, settings with { Temperature = 0 } })
                    Assert.That(Draw(logits, 3, s, i => (ulong)i, _ => 3, _ => []).Tokens, Has.All.EqualTo(uint.MaxValue), $"{value}");
                Assert.That(Sampling.Pick(logits, Plain(settings), [], 0.5), Is.EqualTo(Sampling.None));
            }
    }

    [TestCaseSource(nameof(Filters))]
    public void Sample_RowsWithoutTokens_AreAsIfTheyWereNotThere(Settings settings)
    {
        foreach (int tokens in new[] { 1, 61, 130, 1500 })
        {
            float[] logits = [.. CaseData.Normal(14, tokens).Select(v => v * 1.5f)], padded = [.. logits, .. Enumerable.Repeat(50f, 131)];
            settings = settings with { FrequencyPenalty = 0.2f };
            uint[] expected = Draw(logits, 100, settings, i => (ulong)i * 77, i => (uint)i % 50, _ => [0]).Tokens;
            uint[] actual = Draw(padded, 100, settings, i => (ulong)i * 77, i => (uint)i % 50, _ => [0], tokens).Tokens;
            Assert.That(actual, Is.EqualTo(expected), $"{tokens} tokens");
        }
    }

    private Drawn Draw(
        float[] logits, int count, Settings settings, Func<int, ulong> seed, Func<int, uint> position, Func<int, uint[]> log,
        int? choosable = null)
    {
        // Work grows with the square of the number of chunks.
        int chunk = (choosable ?? logits.Length) > 1000 ? Math.Max(512, chunkTokens) : chunkTokens;
        (Settings, int, uint[])[] outputs = new (Settings, int, uint[])[count];
        for (int i = 0; i < count; i++) outputs[i] = (settings with { Seed = seed(i) }, (int)position(i), log(i));
        SamplerRun run = SamplerCases.Make(_rig, logits, outputs, lanes, chunk, choosable);
        _rig.Run(run.Nodes, run.Shape);
        Drawn drawn = new(_rig.ReadWords(run.Results, count), _rig.ReadFloats(run.Logits, logits.Length));
        _rig.Reset();
        return drawn;
    }

    /// <summary>Philox4x32-10 (Salmon et al. 2011), first word, counter in the first word.</summary>
    private static uint Philox(ulong key, uint counter)
    {
        (uint a, uint b, uint c, uint d) = (counter, 0, 0, 0);
        (uint k0, uint k1) = ((uint)key, (uint)(key >> 32));
        for (int round = 0; round < 10; round++)
        {
            ulong first = 0xD2511F53UL * a, second = 0xCD9E8D57UL * c;
            (a, b, c, d) = ((uint)(second >> 32) ^ b ^ k0, (uint)second, (uint)(first >> 32) ^ d ^ k1, (uint)first);
            (k0, k1) = (k0 + 0x9E3779B9u, k1 + 0xBB67AE85u);
        }

        return a;
    }

    private static NpcMind.Reference.SamplerSettings Plain(Settings s) =>
        new(s.Temperature, s.TopK, s.TopP, s.MinP, s.RepetitionPenalty, s.FrequencyPenalty, s.PresencePenalty, s.PenaltyTokens);

    private static TestCaseData Named(string name, Settings settings) => new TestCaseData(settings).SetArgDisplayNames(name);

    private sealed record Drawn(uint[] Tokens, float[] Logits);
}
