using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Text;

namespace NpcMind.GpuTests;

/// <summary>
/// all-MiniLM-L6-v2 against ONNX Runtime on sentences in many scripts (artifacts/minilm, made by scripts/minilm.sh; scripts/test.sh leaves
/// the category out, saying so, when it is not there).
/// </summary>
[Category("MiniLm")]
internal sealed class MiniLmTests : GpuTest
{
    private static readonly string Folder = Path.Combine(TestData.Root, "artifacts", "minilm");

    [TestCase("f32", 1e-10, 0.999999)]
    [TestCase("f16", 1e-5, 0.9999)]
    [TestCase("q8_0", 1e-2, 0.995)]
    public void Run_FiftySentences_AgreesWithOnnxRuntime(string type, double mostNmse, double leastCosine)
    {
        using JsonDocument expected = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder, "expected.json")));
        using GgufFile file = GgufFile.Open(Path.Combine(Folder, $"minilm-{type}.gguf"));
        Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
        using EmbeddingEncoder encoder = EmbeddingEncoder.Load(Device, file);
        using EmbeddingBatch batch = encoder.CreateBatch();
        double worst = 0, least = 1, sum = 0;
        int count = 0;
        foreach (JsonElement one in expected.RootElement.EnumerateArray())
        {
            int[] tokens = tokenizer.Encode(one.GetProperty("text").GetString()!, addSpecial: true);
            Assert.That(tokens, Is.EqualTo(one.GetProperty("tokens").EnumerateArray().Select(t => t.GetInt32())));
            batch.Clear();
            batch.TryAdd(tokens);
            encoder.Run(batch);
            float[] values = [.. one.GetProperty("values").EnumerateArray().Select(v => v.GetSingle())];
            double nmse = TestData.Nmse(batch.Embedding(0), values), cosine = Cosine(batch.Embedding(0), values);
            worst = Math.Max(worst, nmse);
            least = Math.Min(least, cosine);
            sum += nmse;
            count++;
        }

        TestContext.Out.WriteLine(
            $"{type}: {count} sentences, NMSE {sum / count:E2} on average, {worst:E2} at most; cosine {least:F7} at least");
        Assert.That(count, Is.EqualTo(50));
        Assert.That(worst, Is.LessThan(mostNmse));
        Assert.That(least, Is.GreaterThan(leastCosine));
    }

    private static double Cosine(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double product = 0, aa = 0, bb = 0;
        for (int i = 0; i < a.Length; i++)
        {
            product += (double)a[i] * b[i];
            aa += (double)a[i] * a[i];
            bb += (double)b[i] * b[i];
        }

        return product / Math.Sqrt(aa * bb);
    }
}
