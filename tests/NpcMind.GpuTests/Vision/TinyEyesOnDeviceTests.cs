using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;

namespace NpcMind.GpuTests.Vision;

/// <summary>Seeded encoders of sizes that published ones do not have, against the reference, which computes in double.</summary>
internal sealed class TinyEyesOnDeviceTests : GpuTest
{
    public static IEnumerable<TinyEyesOptions> Encoders()
    {
        TinyEyesOptions llama4 = new(), idefics3 = new() { Form = TinyEyesForm.Idefics3 };
        yield return llama4;
        yield return idefics3;
        // Heads of 12, rows that fill no chunk.
        yield return llama4 with { OtherNames = true, Heads = 8, TextWidth = 100, Adapter = 72 };
        yield return idefics3 with { Width = 64, Heads = 2, TextWidth = 33, FeedForward = 100, Blocks = 3 };
        yield return idefics3 with { Tile = 96, Patch = 8, Scale = 4, Matrices = TensorType.Q8_0, FeedForward = 128 };
        yield return llama4 with { Tile = 56, Scale = 4, Matrices = TensorType.F32, Heads = 2 };            // one token a tile
        // 577 tokens: two splits, as a published tile has.
        yield return llama4 with { Tile = 192, Patch = 8, Width = 64, Blocks = 1 };
    }

    [TestCaseSource(nameof(Encoders))]
    public void Encode_TinyEncoder_AgreesWithReference(TinyEyesOptions options)
    {
        string path = Path.Combine(AppContext.BaseDirectory, $"{Environment.ProcessId}-eyes.gguf");
        TinyEyes.Write(path, options);
        try
        {
            using GgufFile file = GgufFile.Open(path);
            using VisionEncoder encoder = VisionEncoder.Load(Device, file, options.TextWidth, "model.gguf");
            int width = options.Tile + 30, height = options.Tile - 10;
            Picture picture = new(width, height, TestPictures.Rgba(width, height));
            using VisionJob job = encoder.CreateJob(encoder.Config.Plan(width, height), picture);
            float[] pixels = encoder.ReadPixels(job);
            encoder.Encode(job);
            double nmse = TestData.Nmse(job.Features, new VisionReference(file).Forward(pixels).Features);
            TestContext.Out.WriteLine($"{job.Plan.Tiles.Count} tiles of {encoder.Config.EncoderTokens} tokens: NMSE {nmse:E2}");
            Assert.That(nmse, Is.LessThanOrEqualTo(1e-11));
            Assert.That(encoder.UsedBytes, Is.LessThanOrEqualTo(encoder.DeviceBytes));
        }
        finally
        {
            File.Delete(path);
        }
    }
}
