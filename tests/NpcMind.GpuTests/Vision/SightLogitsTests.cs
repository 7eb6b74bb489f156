using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;

namespace NpcMind.GpuTests.Vision;

/// <summary>Pictures from file to logit: preparation, encoder, projector and language model together, against another implementation.</summary>
internal sealed class SightLogitsTests : GpuTest
{
    [Test]
    public void Committed_case_agrees() => Agrees(TestData.Golden("vision", "llama4"));

    [TestCase("llama4")]
    [TestCase("idefics3")]
    [Category("Shared")]
    public void Logits_agree(string family) => Agrees(TestData.Shared("golden", "vision", family));

    private static void Agrees(string folder)
    {
        string textPath = Path.Combine(folder, "model.gguf");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        using VisionCase vision = new(Device, folder);
        using GgufFile text = GgufFile.Open(textPath);
        using InferenceEngine engine = InferenceEngine.Load(Device, text, TinyEngines.Options with { ContextTokens = 512, MaxSequences = 1, Features = true });
        int place = json.RootElement.GetProperty("image_token_id").GetInt32();
        Dictionary<string, float[]> rows = [];
        foreach (JsonElement image in json.RootElement.GetProperty("images").EnumerateArray())
        {
            string name = image.GetProperty("name").GetString()!;
            if (!File.Exists(Path.Combine(folder, name + ".logits.bin"))) continue;
            (Picture picture, PicturePlan plan) = vision.Picture(name);
            using VisionJob job = vision.Encoder.CreateJob(plan, picture);
            vision.Encoder.Encode(job);
            rows[name] = job.Features.ToArray();
            Check(name, Ids(image), rows[name], TestData.Floats(Path.Combine(folder, name + ".logits.bin")), name == "exact" ? 1e-6 : 1e-4);
        }

        Assert.That(rows, Is.Not.Empty);
        foreach (JsonElement pair in json.RootElement.GetProperty("pairs").EnumerateArray())
        {
            string file = Path.Combine(folder, pair.GetProperty("logits").GetProperty("file").GetString()!);
            string[] names = [.. pair.GetProperty("images").EnumerateArray().Select(n => n.GetString()!)];
            if (File.Exists(file)) Check("pair", Ids(pair), [.. names.SelectMany(n => rows[n])], TestData.Floats(file), 1e-4);
        }

        void Check(string name, int[] ids, float[] features, float[] expected, double tolerance)
        {
            foreach (int chunk in (int[])[64, 5, 1])
            {
                int slot = engine.Open(new Inference.SamplerSettings()), row = 0, width = engine.Config.Width, vocabulary = engine.Config.Vocabulary;
                float[] logits = new float[ids.Length * vocabulary];
                for (int at = 0, count; at < ids.Length; at += count)
                {
                    count = Math.Min(chunk, ids.Length - at);
                    foreach (int id in ids.AsSpan(at, count))
                        Assert.That(id == place ? engine.Batch.AddFeature(slot, id, features.AsSpan(row++ * width, width), output: true) : engine.Batch.Add(slot, id, output: true));
                    engine.SubmitForLogits(logits.AsSpan(at * vocabulary));
                }

                engine.Close(slot);
                Assert.That(row * width, Is.EqualTo(features.Length));
                double nmse = TestData.Nmse(logits, expected);
                TestContext.Out.WriteLine($"{Path.GetFileName(folder)}/{name} in chunks of {chunk}: NMSE {nmse:E2}");
                Assert.That(nmse, Is.LessThanOrEqualTo(tolerance));
            }
        }
    }

    private static int[] Ids(JsonElement of) => [.. of.GetProperty("input_ids").EnumerateArray().Select(i => i.GetInt32())];
}
