using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Files of DeepSeek from before keys and values were split (<c>attn_kv_b</c>), with that tensor quantised.</summary>
internal sealed class LegacyKeysAndValuesTests : GpuTest
{
    // Those of the golden model, but for its latent of 40, which is no whole block.
    private const int Latent = 256, Rope = 16, Plain = 24, Value = 32, Heads = 4, Width = 64;

    [TestCase(TensorType.Q8_0)]
    [TestCase(TensorType.Q4_K)]
    [TestCase(TensorType.IQ3_S)]
    public void Load_QuantisedKeysAndValuesTogether_GivesTheBitsOfTheSplitFile(TensorType type)
    {
        string fused = Write(type, isSplit: false), split = Write(type, isSplit: true);
        int[] ids = TinyEngines.Ids(30, 3, 512);
        using (GgufFile one = GgufFile.Open(fused), two = GgufFile.Open(split))
        using (InferenceEngine old = InferenceEngine.Load(Device, one, TinyEngines.Options),
            expected = InferenceEngine.Load(Device, two, TinyEngines.Options))
        {
            TinyEngines.AssertSameBits(old.ReadFresh(ids, 16), expected.ReadFresh(ids, 16), $"{type}");
            Assert.That(InferenceEngine.WeightBytes(one), Is.GreaterThanOrEqualTo(InferenceEngine.WeightBytes(two)), "room for the keys");
        }

        File.Delete(fused);
        File.Delete(split);
    }

    private static string Write(TensorType type, bool isSplit)
    {
        TinyRandom random = new(11);
        return ReportedModelTests.Rewrite(
            TestData.Golden("architectures", "deepseek2-v2lite-legacy-kvb", "model.gguf"),
            keys =>
            {
                keys["deepseek2.attention.kv_lora_rank"] = (uint)Latent;
                if (!isSplit) return;
                keys["deepseek2.attention.key_length_mla"] = (uint)(Plain + Rope);
                keys["deepseek2.attention.value_length_mla"] = (uint)Value;
                keys["deepseek2.attention.head_count_kv"] = 1u;
            },
            t => t.Name.Split('.')[^2] switch
            {
                "attn_kv_b" => KeysAndValues(t, type, isSplit, random),
                "attn_kv_a_mqa" => [t with
                {
                    Dimensions = [Width, Latent + Rope], Type = TensorType.F32, Data = Normal(random, Width, Width * (Latent + Rope)),
                }],
                "attn_kv_a_norm" => [t with { Dimensions = [Latent], Data = Bytes([.. Enumerable.Repeat(1f, Latent)]) }],
                _ => [t],
            });
    }

    /// <summary>
    /// The tensor of all heads, each with its rows of keys and of values; or keys transposed and as they expand, and values as they are.
    /// </summary>
    private static IEnumerable<ReportedModelTests.Part> KeysAndValues(
        ReportedModelTests.Part t, TensorType type, bool isSplit, TinyRandom random)
    {
        const int HeadRows = Plain + Value;
        byte[] blocks = Quantize.Rows(type, MemoryMarshal.Cast<byte, float>(Normal(random, Latent, Latent * Heads * HeadRows)));
        if (!isSplit) return [t with { Type = type, Dimensions = [Latent, Heads * HeadRows], Data = blocks }];
        float[] rows = new float[Latent * Heads * HeadRows], keys = new float[Latent * Heads * Plain];
        Dequantize.Rows(type, blocks, rows);
        int rowBytes = blocks.Length / (Heads * HeadRows);
        List<byte> values = [];
        for (int head = 0; head < Heads; head++)
        {
            for (int i = 0; i < Plain * Latent; i++)
                keys[(head * Latent + i % Latent) * Plain + i / Latent] = rows[(head * HeadRows + i / Latent) * Latent + i % Latent];
            values.AddRange(blocks[((head * HeadRows + Plain) * rowBytes)..((head + 1) * HeadRows * rowBytes)]);
        }

        return
        [
            new ReportedModelTests.Part(
                t.Name.Replace("kv_b", "k_b", StringComparison.Ordinal), TensorType.F32, [Plain, Latent, Heads], Bytes(keys)),
            new ReportedModelTests.Part(
                t.Name.Replace("kv_b", "v_b", StringComparison.Ordinal), type, [Latent, Value, Heads], [.. values]),
        ];
    }

    private static byte[] Normal(TinyRandom random, int columns, int count) =>
        Bytes([.. Enumerable.Range(0, count).Select(_ => (float)(random.Normal() / Math.Sqrt(columns)))]);

    private static byte[] Bytes(float[] values) => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
