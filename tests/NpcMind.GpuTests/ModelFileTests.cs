using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// Files that are sound as files but would make a model compute something else than it was trained for: refused by name, never run.
/// </summary>
internal sealed class ModelFileTests
{
    private static readonly TinyModelOptions Model = TinyModelOptions.Mixture with { Tokenizer = true, ChatTemplate = true };

    [TestCase("llama.rope.scaling.type", "longrope", "longrope")]
    [TestCase("llama.rope.scaling.attn_factor", float.PositiveInfinity, "attn_factor")]
    [TestCase("llama.rope.scaling.factor", float.NaN, "scaling.factor")]
    [TestCase("llama.rope.freq_base", 0.5f, "freq_base")]
    [TestCase("llama.attention.scale", float.NaN, "attention.scale")]
    [TestCase("llama.attention.key_length", 4096u, "head size of 4096")]
    [TestCase("llama.attention.head_count", 512u, "512 query heads for each key head")]
    public void Load_AbsurdKeys_AreRefused(string key, object value, string expected) => Refused(keys =>
    {
        if (key.EndsWith("key_length", StringComparison.Ordinal)) keys["llama.attention.value_length"] = value;
        if (key.EndsWith("head_count", StringComparison.Ordinal)) keys["llama.attention.head_count_kv"] = 1u;
        keys[key] = value;
    }, _ => { }, expected);

    [Test]
    public void Load_NegativeYarnLimits_AreRefused() => Refused(keys =>
    {
        keys["llama.rope.scaling.type"] = "yarn";
        keys["llama.rope.scaling.yarn_beta_fast"] = -32f;
    }, _ => { }, "yarn_beta_fast");

    [Test]
    public void Load_TensorThatNothingReads_IsRefused() =>
        Refused(_ => { }, writer => Vector(writer, "blk.0.attn_q_norm.weight", 1, 1), "blk.0.attn_q_norm.weight");

    [Test]
    public void Load_ZeroFrequencyFactors_AreRefused() =>
        Refused(_ => { }, writer => Vector(writer, "rope_freqs.weight", [1, .. new float[(Model.HeadDimension / 2) - 1]]),
            "'rope_freqs.weight', found 0 at 1");

    [Test]
    public void Load_MoreTokensThanEmbeddings_IsRefused()
    {
        string path = Write(keys =>
        {
            foreach (string key in (string[])["tokenizer.ggml.tokens", "tokenizer.ggml.token_type"])
            {
                GgufValue old = (GgufValue)keys[key];
                keys[key] = key.EndsWith("type", StringComparison.Ordinal)
                    ? (int[])[.. Enumerable.Range(0, old.Count).Select(i => (int)old.Number(i)), 1]
                    : (string[])[.. Enumerable.Range(0, old.Count).Select(old.Text), "one_more"];
            }
        }, _ => { });
        Assert.That(() => NpcRuntime.Load(path), Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("516 tokens")
            .And.Message.Contains("515 rows"));
        File.Delete(path);
    }

    [Test]
    public void Fingerprint_ChangedKey_Differs()
    {
        string path = Write(keys => keys["llama.rope.freq_base"] = 6000f, _ => { }), same = Write(_ => { }, _ => { });
        using (GgufFile changed = GgufFile.Open(path), original = GgufFile.Open(TinyEngines.Path(Model)), copy = GgufFile.Open(same))
        {
            Assert.That(Fingerprints.Model(changed), Is.Not.EqualTo(Fingerprints.Model(original)));
            Assert.That(Fingerprints.Model(copy), Is.EqualTo(Fingerprints.Model(original)));
        }

        File.Delete(path);
        File.Delete(same);
    }

    private static void Refused(Action<Dictionary<string, object>> change, Action<GgufWriter> add, string expected)
    {
        string path = Write(change, add);
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => InferenceEngine.Load(GpuFixture.Device, file, TinyEngines.Options),
                (Throws.InstanceOf<UnsupportedModelException>().Or.InstanceOf<GgufFormatException>()).With.Message.Contains(expected)
                .And.Message.Contains(path));
        File.Delete(path);
    }

    private static string Write(Action<Dictionary<string, object>> change, Action<GgufWriter> add)
    {
        using GgufFile good = GgufFile.Open(TinyEngines.Path(Model));
        Dictionary<string, object> keys = good.Metadata.Keys.ToDictionary(k => k, k => (object)good.Metadata.Find(k)!);
        change(keys);
        GgufWriter writer = new();
        foreach ((string key, object value) in keys)
        {
            _ = value switch
            {
                string text => writer.Add(key, text),
                uint number => writer.Add(key, number),
                float number => writer.Add(key, number),
                int[] numbers => writer.Add(key, numbers),
                string[] texts => writer.Add(key, texts),
                GgufValue other => writer.Add(key, other),
                _ => throw new ArgumentException(key),
            };
        }

        foreach (GgufTensor tensor in good.Tensors)
        {
            byte[] bytes = new byte[tensor.ByteLength];
            good.Read(tensor, 0, bytes);
            writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Dimensions], bytes);
        }

        add(writer);
        string path = Path.Combine(AppContext.BaseDirectory, $"{Environment.ProcessId}-{Guid.NewGuid():N}.gguf");
        writer.Save(path);
        return path;
    }

    private static void Vector(GgufWriter writer, string name, params float[] values) =>
        writer.AddTensor(name, TensorType.F32, [values.Length],
            System.Runtime.InteropServices.MemoryMarshal.AsBytes<float>(values).ToArray());
}
