using System.Text.Json;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;

namespace NpcMind.GpuTests.Vision;

/// <summary>
/// Pictures from file to logit: preparation, encoder, projector and language model together, against another implementation.
/// </summary>
internal sealed class SightLogitsTests : GpuTest
{
    [Test]
    public void Logits_CommittedCase_AgreeWithReference() => Agrees(TestData.Golden("vision", "llama4"));

    [TestCase("gemma3-smallwindow")]
    [TestCase("llava15")]
    [TestCase("qwen25vl")]
    public void Read_CommittedCase_GivesTheReferenceLogits(string family) => Agrees(TestData.Golden("vision", family));

    /// <summary>
    /// Rows of a picture that is seen as a whole: the rest of one is read again as if all of it were, and a part of one is refused.
    /// </summary>
    [Test]
    public void Rewind_WithinAPictureSeenAsAWhole_ReadsTheRestToTheSameBits()
    {
        using GgufFile text = GgufFile.Open(TestData.Golden("vision", "gemma3-smallwindow", "model.gguf"));
        using InferenceEngine engine = InferenceEngine.Load(Device, text, TinyEngines.Options with { MaxSequences = 2, Features = true });
        int width = engine.Config.Width, slot = engine.Open(new Inference.SamplerSettings());
        float[] rows = [.. Enumerable.Range(0, 9 * width).Select(i => MathF.Sin(i))];
        Text(2, 271, 264);
        Rows(0);
        engine.SubmitForLogits(new float[12 * engine.Config.Vocabulary]);
        float[] expected = After();
        engine.Rewind(slot, 7);
        Rows(4);
        engine.SubmitForLogits(new float[5 * engine.Config.Vocabulary]);
        TinyEngines.AssertSameBits(After(), expected, "the last five rows anew");

        engine.Rewind(slot, 3);
        engine.Batch.AddFeature(slot, 297, rows.AsSpan(0, width), place: new PictureRow(0, 9, 3));
        Assert.That(() => engine.Submit(), Throws.InvalidOperationException.With.Message.Contains("within a picture"));
        engine.Batch.Abandon();

        void Text(params int[] ids)
        {
            foreach (int id in ids) engine.Batch.Add(slot, id, output: true);
        }

        void Rows(int from)
        {
            for (int i = from; i < 9; i++) engine.Batch.AddFeature(slot, 297, rows.AsSpan(i * width, width), output: true,
                place: new PictureRow(i, 9, 3));
        }

        float[] After()
        {
            float[] logits = new float[2 * engine.Config.Vocabulary];
            Text(296, 260);
            engine.SubmitForLogits(logits);
            return logits;
        }
    }

    [TestCase("llama4")]
    [TestCase("idefics3")]
    [TestCase("gemma3")]
    [TestCase("gemma3-smallwindow")]
    [TestCase("llava15")]
    [TestCase("qwen25vl")]
    [Category("Shared")]
    public void Logits_SharedCases_AgreeWithReference(string family) => Agrees(TestData.Shared("golden", "vision", family));

    private static void Agrees(string folder)
    {
        string textPath = Path.Combine(folder, "model.gguf");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "case.json")));
        using VisionCase vision = new(Device, folder, File.Exists(Path.Combine(folder, "mmproj.gguf")) ? "mmproj.gguf"
            : "mmproj-legacy.gguf");
        using GgufFile text = GgufFile.Open(textPath);
        using InferenceEngine engine = InferenceEngine.Load(Device, text,
            TinyEngines.Options with { ContextTokens = 512, MaxSequences = 1, Features = true });
        int place = json.RootElement.GetProperty("image_token_id").GetInt32();
        Dictionary<string, float[]> rows = [];
        Dictionary<string, PictureRow[]> places = [];
        foreach (JsonElement image in json.RootElement.GetProperty("images").EnumerateArray())
        {
            string name = image.GetProperty("name").GetString()!;
            if (!vision.Names.Contains(name)) continue;
            (Picture picture, PicturePlan plan) = vision.Picture(name);
            using VisionJob job = vision.Encoder.CreateJob(plan, picture);
            vision.Encoder.Encode(job);
            rows[name] = job.Features.ToArray();
            places[name] = [.. from piece in vision.Encoder.Config.Layout(plan)
                               from row in Enumerable.Range(0, piece.Count)
                               select new PictureRow(row, piece.Count, piece.Columns)];
            Check(name, Ids(image), rows[name], places[name], TestData.Floats(Path.Combine(folder, name + ".logits.bin")), name == "exact"
                ? 1e-6 : 1e-4);
        }

        Assert.That(rows, Is.Not.Empty);
        foreach (JsonElement pair in json.RootElement.GetProperty("pairs").EnumerateArray())
        {
            string file = Path.Combine(folder, pair.GetProperty("logits").GetProperty("file").GetString()!);
            string[] names = [.. pair.GetProperty("images").EnumerateArray().Select(n => n.GetString()!)];
            if (File.Exists(file)) Check("pair", Ids(pair), [.. names.SelectMany(n => rows[n])], [.. names.SelectMany(n => places[n])],
                TestData.Floats(file), 1e-4);
        }

        void Check(string name, int[] ids, float[] features, PictureRow[] where, float[] expected, double tolerance)
        {
            foreach (int chunk in (int[])[64, 5, 1])
            {
                int slot = engine.Open(new Inference.SamplerSettings()), row = 0, width = engine.Config.Width,
                vocabulary = engine.Config.Vocabulary;
                float[] logits = new float[ids.Length * vocabulary];
                for (int at = 0, count; at < ids.Length; at += count)
                {
                    // A picture that is seen as a whole is not cut.
                    int before = row, most = Math.Min(chunk, ids.Length - at), run;
                    for (count = 0; count < most; count += run)
                    {
                        run = ids[at + count] == place && engine.Config.SeesWholePictures ? where[before].Ahead + 1 : 1;
                        if (count > 0 && count + run > most) break;
                        if (ids[at + count] == place) before += run;
                    }

                    foreach (int id in ids.AsSpan(at, count))
                        Assert.That(id == place
                            ? engine.Batch.AddFeature(slot, id, features.AsSpan(row * width, width), output: true, place: where[row++])
                            : engine.Batch.Add(slot, id, output: true));
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
