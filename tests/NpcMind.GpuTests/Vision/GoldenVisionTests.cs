using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;
using Silk.NET.Vulkan;

namespace NpcMind.GpuTests.Vision;

/// <summary>Image encoders against what transformers computed: from its tiles, and from the files of the pictures.</summary>
internal sealed class GoldenVisionTests : GpuTest
{
    private static readonly string[] Shared =
    [
        "llama4/mmproj", "llama4/mmproj-othernames", "idefics3/mmproj", "gemma3/mmproj", "gemma3-smallwindow/mmproj", "llava15/mmproj",
        "llava15/mmproj-legacy", "llava15/mmproj-all-layers", "qwen25vl/mmproj",
    ];

    [Test]
    public void Encode_CommittedCase_GivesReferenceFeatures()
    {
        using VisionCase golden = VisionCase.Committed(Device);
        Compare("exact, reference tiles", golden.Features(golden.Tiles("exact.resized.bin")), golden.Floats("exact.features.bin"), 1e-6);
        Compare("exact", golden.Features(golden.Picture("exact")), golden.Floats("exact.features.bin"), 1e-6);
        Compare("wide", golden.Features(golden.Picture("wide")), golden.Floats("wide.features.bin"), 1e-4);
    }

    [TestCase("gemma3-smallwindow", "mmproj.gguf")]
    [TestCase("llava15", "mmproj-legacy.gguf")]
    [TestCase("qwen25vl", "mmproj.gguf")]
    public void Encode_CommittedCase_GivesTheReferenceFeatures(string family, string file)
    {
        using VisionCase golden = new(Device, TestData.Golden("vision", family), file);
        string name = golden.Names.Single();
        Compare("reference tiles", golden.Features(golden.Tiles($"{name}.resized.bin")), golden.Floats($"{name}.features.bin"), 1e-6);
        Compare(name, golden.Features(golden.Picture(name)), golden.Floats($"{name}.features.bin"), 1e-4);
        Assert.That(golden.Encoder.UnusedTensors, Is.Empty);
        Assert.That(golden.Encoder.UsedBytes, Is.InRange(golden.Encoder.DeviceBytes / 2, golden.Encoder.DeviceBytes));
    }

    [TestCaseSource(nameof(Shared))]
    [Category("Shared")]
    public void Encode_ReferenceTiles_GivesReferenceFeatures(string files)
    {
        using VisionCase golden = Open(files);
        foreach (string name in golden.Names) Compare(name, golden.Features(golden.Tiles($"{name}.resized.bin")),
            golden.Floats($"{name}.features.bin"), name == "exact" ? 1e-6 : 1e-4);
    }

    /// <summary>The reference tiles are those of Pillow; one level of difference per resize is what other processors have.</summary>
    [TestCaseSource(nameof(Shared))]
    [Category("Shared")]
    public void Prepare_FilesAndDeviceImages_GivesReferencePixels(string files)
    {
        using VisionCase golden = Open(files);
        foreach (string name in golden.Names)
        {
            (Picture picture, PicturePlan plan) = golden.Picture(name);
            float[] expected = golden.Floats($"{name}.pixels.bin");
            using VisionJob fromFile = golden.Encoder.CreateJob(plan, picture);
            float[] pixels = golden.Encoder.ReadPixels(fromFile);
            using TestImage image = new(Device, picture.Width, picture.Height, Format.R8G8B8A8Srgb, picture.Rgba);
            using VisionJob fromImage = golden.Encoder.CreateJob(plan, image.Handle);
            Assert.That(golden.Encoder.ReadPixels(fromImage), Is.EqualTo(pixels), "the same from a VkImage");
            Assert.That(pixels, Has.Length.EqualTo(expected.Length));
            double levels = pixels.Zip(expected, (a, b) => Math.Abs(a - b)).Max() * 255 * golden.Encoder.Config.Std.Min();
            TestContext.Out.WriteLine($"{files} {name}: {plan.Tiles.Count} tiles, largest difference {levels:F4} levels, " +
                $"{pixels.Zip(expected, (a, b) => Math.Abs(a - b) > 1e-4 ? 1 : 0).Sum()} values differ");
            Assert.That(levels, Is.LessThanOrEqualTo(name == "exact" ? 0.01 : 1.01));

            golden.Encoder.Encode(fromFile);
            golden.Encoder.Encode(fromImage);
            Compare(name, fromFile.Features, golden.Floats($"{name}.features.bin"), name == "exact" ? 1e-6 : 1e-4);
            TinyEngines.AssertSameBits(fromImage.Features.ToArray(), fromFile.Features.ToArray(), "from a VkImage");
            Assert.That(fromImage.Hash, Is.EqualTo(fromFile.Hash));
        }
    }

    /// <summary>Lavapipe runs smaller workgroups; here it runs those meant for GPUs.</summary>
    [Test]
    public void Encode_GpuWorkgroups_GivesTheSame()
    {
        GpuLimits real = Device.Limits;
        Device.Limits = real with { IsSoftware = false };
        try
        {
            using VisionCase golden = VisionCase.Committed(Device);
            Compare("wide", golden.Features(golden.Picture("wide")), golden.Floats("wide.features.bin"), 1e-4);
        }
        finally
        {
            Device.Limits = real;
        }
    }

    private static VisionCase Open(string files)
    {
        string[] parts = files.Split('/');
        return new VisionCase(Device, TestData.Shared("golden", "vision", parts[0]), parts[1] + ".gguf");
    }

    private static void Compare(string what, ReadOnlySpan<float> features, ReadOnlySpan<float> expected, double tolerance)
    {
        double nmse = TestData.Nmse(features, expected);
        TestContext.Out.WriteLine($"{what}: {features.Length / VisionCase.TextWidth} features, NMSE {nmse:E2}");
        Assert.That(nmse, Is.LessThanOrEqualTo(tolerance), what);
    }
}
