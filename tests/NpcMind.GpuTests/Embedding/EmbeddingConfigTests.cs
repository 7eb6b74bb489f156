using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Files that are no embedding models, or say absurd things, are refused by name.</summary>
internal sealed class EmbeddingConfigTests
{
    [TestCase("bert.attention.head_count", 5u, "divisor of the width 96")]
    [TestCase("bert.attention.head_count", 48u, "heads of 2")]
    [TestCase("bert.attention.head_count_kv", 2u, "share keys")]
    [TestCase("bert.attention.causal", true, "see only what comes before")]
    [TestCase("bert.attention.layer_norm_epsilon", 2f, "epsilon from 0 to 1")]
    [TestCase("bert.context_length", 95u, "96 x 95")]
    [TestCase("bert.context_length", 0u, "a size from 1")]
    [TestCase("bert.context_length", 16777216u, "16777216 positions")]
    [TestCase("bert.feed_forward_length", 1048576u, "96 x 1048576")]
    [TestCase("bert.embedding_length", 192u, "192 x")]
    [TestCase("bert.block_count", 3u, "blk.2.attn_q.weight")]
    [TestCase("bert.pooling_type", 0u, "how its rows become one")]
    [TestCase("bert.pooling_type", 4u, "ranks pairs")]
    [TestCase("bert.pooling_type", 9u, "1 (mean)")]
    [TestCase("general.architecture", "jina-bert-v2", "'jina-bert-v2'")]
    [TestCase("general.architecture", "llama", "'llama' as embedding model")]
    public void Read_AbsurdKey_IsRefused(string key, object value, string expected)
    {
        string path = Write(keys => keys[key] = value, _ => { });
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(() => EmbeddingConfig.Read(file),
                (Throws.InstanceOf<UnsupportedModelException>().Or.InstanceOf<GgufFormatException>()).With.Message.Contains(expected)
                    .And.Message.Contains(path));
        File.Delete(path);
    }

    [Test]
    public void Load_TensorThatNothingReads_IsRefused()
    {
        string path = Write(_ => { }, writer => writer.AddTensor("cls.weight", TensorType.F32, [96], new byte[384]));
        using (GgufFile file = GgufFile.Open(path))
            Assert.That(
                () => EmbeddingEncoder.Load(GpuFixture.Device, file),
                Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains("cls.weight"));
        File.Delete(path);
    }

    private static string Write(Action<Dictionary<string, object>> change, Action<GgufWriter> add)
    {
        using GgufFile good = GgufFile.Open(TinyEngines.Path(new TinyBertOptions()));
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
                bool flag => writer.Add(key, flag),
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
        string path = Path.Combine(AppContext.BaseDirectory, $"embedding-{Guid.NewGuid():N}.gguf");
        writer.Save(path);
        return path;
    }
}
