using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>The Llama 4 cases of ../shared in every way that a sequence can be read.</summary>
[Category("Shared")]
public sealed class SharedLlama4Tests : GpuTest
{
    private const double Tolerance = 1e-9;

    public static IEnumerable<string> Cases => !Directory.Exists(TestData.Shared("golden", "architectures")) ? [] :
        Directory.EnumerateDirectories(TestData.Shared("golden", "architectures"), "llama4-*").Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Cases))]
    public void Logits_agree_however_a_sequence_is_read(string name)
    {
        string folder = TestData.Shared("golden", "architectures", name);
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        List<(int[] Ids, float[] Expected, int[]? Positions)> sequences = [.. json.RootElement.GetProperty("sequences").EnumerateArray().Select(s => Sequence(folder, s))];
        int longest = sequences.Max(s => s.Ids.Length);
        using GgufFile file = GgufFile.Open(Path.Combine(folder, "model.gguf"));
        using InferenceEngine engine = InferenceEngine.Load(Device, file, new EngineOptions { ContextTokens = longest + 8, MaxSequences = 2, MaxOutputs = 64, HostTokens = longest + 8 });
        foreach ((int[] ids, float[] expected, int[]? positions) in sequences)
        {
            foreach (int chunk in ids.Length > 1000 ? (int[])[64] : [64, 16, 7, 1]) Check($"chunks of {chunk}", engine.ReadFresh(ids, chunk), 0);
            if (ids.Length > 1000) continue;
            Check("among others", ReadAmongOthers(engine, ids), 0);
            foreach (int cut in (int[])[ids.Length / 3, ids.Length / 2 + 1, ids.Length - 3]) Check($"saved after {cut}", ReadRestored(engine, ids, cut), cut);

            void Check(string how, float[] logits, int first)
            {
                int vocabulary = engine.Config.Vocabulary;
                float[] wanted = expected;
                if (positions is not null) logits = [.. positions.SelectMany(p => logits.AsSpan(p * vocabulary, vocabulary).ToArray())];
                else wanted = expected[(first * vocabulary)..];
                double nmse = TestData.Nmse(logits, wanted);
                TestContext.Out.WriteLine($"{name}, {ids.Length} tokens, {how}: NMSE {nmse:E2}");
                Assert.That(nmse, Is.LessThanOrEqualTo(Tolerance), how);
            }
        }
    }

    private static (int[] Ids, float[] Expected, int[]? Positions) Sequence(string folder, JsonElement s) => (
        s.TryGetProperty("ids", out JsonElement ids) ? [.. ids.EnumerateArray().Select(i => i.GetInt32())] : [.. TestData.Floats(Path.Combine(folder, s.GetProperty("ids_file").GetString()!)).Select(BitConverter.SingleToInt32Bits)],
        TestData.Floats(Path.Combine(folder, s.GetProperty("logits").GetString()!)),
        s.TryGetProperty("positions", out JsonElement positions) ? [.. positions.EnumerateArray().Select(p => p.GetInt32())] : null);

    /// <summary>Steps that hold rows of another sequence, too.</summary>
    private static float[] ReadAmongOthers(InferenceEngine engine, int[] ids)
    {
        int vocabulary = engine.Config.Vocabulary, slot = engine.Open(new Inference.SamplerSettings()), other = engine.Open(new Inference.SamplerSettings());
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
    private static float[] ReadRestored(InferenceEngine engine, int[] ids, int cut)
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
