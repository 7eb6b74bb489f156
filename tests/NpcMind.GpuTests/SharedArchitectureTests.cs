using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// Every golden model of ../shared in every way that a sequence can be read: in chunks, one at a time, among others, saved and loaded in
/// the middle. NPCMIND_SCENARIOS above 1 cuts them in more ways.
/// </summary>
[Category("Shared")]
internal sealed class SharedArchitectureTests : GpuTest
{
    /// <summary>Architectures of a later issue.</summary>
    private static readonly string[] Later = [];

    public static IEnumerable<string> Cases => !Directory.Exists(TestData.Shared("golden", "architectures")) ? [] :
        Directory.EnumerateDirectories(TestData.Shared("golden", "architectures")).Select(d => Path.GetFileName(d)!)
            .Where(n => !Later.Any(l => n.StartsWith(l, StringComparison.Ordinal))).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Cases))]
    public void Logits_HoweverASequenceIsRead_AgreeWithTheGoldenOnes(string name)
    {
        using ArchitectureCase golden = new(TestData.Shared("golden", "architectures", name));
        // A slot more than a sequence takes, but no longer context: Phi 3 chooses its rope factors by it.
        using InferenceEngine engine = golden.Load(
            new EngineOptions { ContextTokens = golden.Longest, MaxSequences = 2, MaxOutputs = 64, HostKvTokens = golden.Longest + 8 });
        foreach (GoldenSequence sequence in golden.Sequences)
        {
            int[] ids = sequence.Ids;
            bool isLong = ids.Length > 200;
            foreach (int chunk in isLong ? (int[])[64] : Scenarios.Factor > 1 ? [64, 16, 7, 1] : [64, 1])
                Check($"chunks of {chunk}", engine.ReadFresh(ids, chunk), 0);
            if (isLong) continue;
            Check("among others", ReadAmongOthers(engine, ids), 0);
            if (ids.Length < 8 || sequence.Positions is not null) continue;
            foreach (int cut in Scenarios.Factor > 1 ? (int[])[ids.Length / 3, ids.Length / 2 + 1, ids.Length - 3] : [ids.Length / 2 + 1])
                Check($"saved after {cut}", ReadRestored(engine, ids, cut), cut);

            void Check(string how, float[] logits, int first)
            {
                double nmse = ArchitectureCase.Nmse(sequence, logits, engine.Config.Vocabulary, first);
                TestContext.Out.WriteLine($"{name}, {ids.Length} tokens, {how}: NMSE {nmse:E2}");
                Assert.That(nmse, Is.LessThanOrEqualTo(ArchitectureCase.Tolerance), how);
            }
        }
    }

    /// <summary>Steps that hold rows of another sequence, too.</summary>
    private static float[] ReadAmongOthers(InferenceEngine engine, int[] ids)
    {
        int vocabulary = engine.Config.Vocabulary, slot = engine.Open(new Inference.SamplerSettings()),
            other = engine.Open(new Inference.SamplerSettings());
        float[] logits = new float[ids.Length * vocabulary], all = new float[64 * vocabulary];
        TinyRandom random = new(3);
        for (int at = 0, count; at < ids.Length; at += count)
        {
            count = Math.Min(ids.Length - at, 1 + random.Below(9));
            int before = Math.Min(random.Below(5), ids.Length - engine.Length(other));
            for (int i = 0; i < before; i++) engine.Batch.Add(other, random.Below(vocabulary), output: true);
            for (int i = 0; i < count; i++) engine.Batch.Add(slot, ids[at + i], output: true);
            engine.SubmitForLogits(all);
            all.AsSpan(before * vocabulary, count * vocabulary).CopyTo(logits.AsSpan(at * vocabulary));
        }

        engine.Close(slot);
        engine.Close(other);
        return logits;
    }

    /// <summary>Reads some tokens, saves keys and values, forgets them, loads them and reads the rest; its logits.</summary>
    internal static float[] ReadRestored(InferenceEngine engine, int[] ids, int cut)
    {
        int slot = engine.Open(new Inference.SamplerSettings());
        engine.Read(slot, ids.AsSpan(0, cut), 16);
        List<byte[]> blocks = [];
        engine.Transfer.Export(slot, 0, cut, 0, int.MaxValue, (_, bytes) => blocks.Add(bytes.ToArray()));
        engine.Close(slot);
        slot = engine.Open(new Inference.SamplerSettings());
        Assert.That(engine.Transfer.Import(slot, cut));
        for (int i = 0; i < blocks.Count; i++) blocks[i].CopyTo(engine.Transfer.ImportBlock(slot, 0, cut, i));
        Assert.That(engine.Transfer.Restore(slot));
        float[] logits = engine.Read(slot, ids.AsSpan(cut), 16);
        engine.Close(slot);
        return logits;
    }
}
