using System.Globalization;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using Settings = NpcMind.Inference.SamplerSettings;

namespace NpcMind.GpuTests;

/// <summary>
/// The choice of the next token on the device. It inverts the cumulative distribution in order of token id, the reference in order of probability, so
/// distributions are compared, not single picks. With 8 lanes, as on lavapipe, and with 64, as on GPUs.
/// </summary>
[TestFixture(8u)]
[TestFixture(64u)]
public sealed class SamplerTests(uint lanes) : GpuTest
{
    private const int Draws = 4000;

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

    [TestCaseSource(nameof(Filters))]
    public void Draws_follow_the_reference_distribution(Settings settings)
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
        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{ids.Length} candidates, chi-square {squares:F1} of {cells} cells, limit {limit:F1}"));
        Assert.That(squares, Is.LessThan(limit));
        Assert.That(Draw(logits, Draws, settings, i => (ulong)i * 7919, i => (uint)i % 50, _ => []).Tokens, Is.EqualTo(drawn.Tokens), "The same again.");
    }

    [Test]
    public void Greedy_takes_the_largest_and_among_equals_the_lowest_id()
    {
        foreach (int vocabulary in new[] { 1, 7, 64, 515, 3000 })
            for (int seed = 0; seed < 8; seed++)
            {
                float[] logits = [.. CaseData.Normal(seed, vocabulary).Select(v => MathF.Round(v) - (seed % 2) * 20)];
                int expected = Sampling.Greedy(logits);
                Assert.That(Draw(logits, 1, new Settings(), _ => 0, _ => 3, _ => []).Tokens[0], Is.EqualTo(expected), $"{vocabulary} tokens, seed {seed}");
                Assert.That(Draw(logits, 1, new Settings { Temperature = 1, TopP = 0 }, _ => 0, _ => 3, _ => []).Tokens[0], Is.AnyOf([.. Enumerable.Range(0, vocabulary).Where(i => logits[i] == logits[expected])]));
            }
    }

    [Test]
    public void Penalties_change_the_logits_as_in_the_reference()
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
    public void Philox_follows_the_published_vector_and_the_device_follows_philox()
    {
        Assert.That(Philox(0, 0), Is.EqualTo(0x6627e8d5u), "Salmon et al. 2011, known-answer test of philox4x32-10 with zero counter and key.");
        float[] equal = new float[64];
        Drawn drawn = Draw(equal, 500, new Settings { Temperature = 1 }, i => (ulong)i * 0x9E3779B97F4A7C15, i => (uint)i * 3, _ => []);
        Assert.That(drawn.Tokens, Is.EqualTo(Enumerable.Range(0, 500).Select(i => Philox((ulong)i * 0x9E3779B97F4A7C15, (uint)i * 3) >> 26)), "64 equal tokens: the top six bits.");
    }

    [Test]
    public void Extreme_logits_give_a_token_that_exists()
    {
        foreach (float[] logits in new float[][] { [.. Enumerable.Repeat(-1e30f, 33)], [1e30f, -1e30f, 0], [float.NegativeInfinity, 1, float.NegativeInfinity], [.. Enumerable.Repeat(88f, 300)] })
            foreach (Settings settings in new[] { new Settings { Temperature = 1 }, new Settings { Temperature = 0.01f, TopP = 0.5f, MinP = 0.1f, TopK = 2 } })
                foreach (uint token in Draw(logits, 20, settings, i => (ulong)i, _ => 0, _ => []).Tokens)
                    Assert.That(token < logits.Length && logits[token] >= logits.Max() - 100, $"{token} of {logits.Length}");
    }

    /// <summary>Draws tokens from the same logits, each for a sequence of its own.</summary>
    private Drawn Draw(float[] logits, int count, Settings settings, Func<int, ulong> seed, Func<int, uint> position, Func<int, uint[]> log)
    {
        using KernelRig rig = new(Device);
        int vocabulary = logits.Length, stride = Workspace.Stride(vocabulary), context = Math.Max(1, log(0).Length);
        uint[] samplers = new uint[count * StepInputs.SamplerWords];
        for (int i = 0; i < count; i++)
        {
            uint[] words =
            [
                Bits(settings.Temperature), (uint)settings.TopK, Bits(settings.TopP), Bits(settings.MinP), Bits(settings.RepetitionPenalty), Bits(settings.FrequencyPenalty), Bits(settings.PresencePenalty),
                (uint)settings.PenaltyTokens, (uint)seed(i), (uint)(seed(i) >> 32),
            ];
            words.CopyTo(samplers, i * StepInputs.SamplerWords);
        }

        Tensor rows = rig.Floats([.. Enumerable.Range(0, count).SelectMany(_ => CaseData.Pad(logits, vocabulary, stride, 1))]);
        Tensor outputs = rig.Words([.. Enumerable.Range(0, count).SelectMany(i => new[] { (uint)i, (uint)i, position(i), 0u })]);
        Tensor tokens = rig.Words([.. Enumerable.Range(0, count).SelectMany(i => log(i).Concat(new uint[context - log(i).Length]))]);
        Tensor results = rig.Empty(count * 4);
        GraphNode node = rig.Node("sample", lanes, [rows, outputs, rig.Words(samplers), tokens, rig.Empty(count * 4), results], new Grid(count), ("vocabulary", (uint)vocabulary), ("stride", (uint)stride), ("maxContext", (uint)context));
        rig.Run([node], new StepShape(count, count, count, count, 1));
        return new Drawn(rig.ReadWords(results, count), rig.ReadFloats(rows, vocabulary));
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

    private static uint Bits(float value) => BitConverter.SingleToUInt32Bits(value);

    private static TestCaseData Named(string name, Settings settings) => new TestCaseData(settings).SetArgDisplayNames(name);

    private sealed record Drawn(uint[] Tokens, float[] Logits);
}
