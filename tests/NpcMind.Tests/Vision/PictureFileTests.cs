using System.Text.Json;
using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>Every file of golden/vision/pictures gets the verdict that stands in pictures.json.</summary>
internal sealed class PictureFileTests
{
    private static readonly JsonDocument Cases = JsonDocument.Parse(
        File.ReadAllBytes(TestData.Golden("vision", "pictures", "pictures.json")));

    private static IEnumerable<TestCaseData> Files(string verdict) =>
        Cases.RootElement.GetProperty("pictures").EnumerateArray().Where(p => p.GetProperty("verdict").GetString() == verdict)
        .Select(p => new TestCaseData(p).SetArgDisplayNames(p.GetProperty("file").GetString()!));

    private static IEnumerable<TestCaseData> Good => Files("ok");

    private static IEnumerable<TestCaseData> Bad => Files("error").Concat(Files("error-or-ok"));

    [TestCaseSource(nameof(Good))]
    public void Read_SoundFile_GivesItsPixels(JsonElement expected)
    {
        Picture picture = Read(expected);
        byte[] rgb = File.ReadAllBytes(TestData.Golden("vision", "pictures", expected.GetProperty("rgb").GetProperty("file").GetString()!));
        int[] shape = [.. expected.GetProperty("rgb").GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        Assert.That((picture.Height, picture.Width, picture.Rgba.Length), Is.EqualTo((shape[0], shape[1], shape[0] * shape[1] * 4)));
        int tolerance = expected.GetProperty("rgb").GetProperty("tolerance").GetInt32(), worst = 0, sum = 0;
        for (int i = 0; i < shape[0] * shape[1]; i++)
        {
            Assert.That(picture.Rgba[(i * 4) + 3], Is.EqualTo(255));
            for (int c = 0; c < 3; c++)
            {
                int difference = Math.Abs(picture.Rgba[(i * 4) + c] - rgb[(i * 3) + c]);
                worst = Math.Max(worst, difference);
                sum += difference;
            }
        }

        TestContext.Out.WriteLine($"largest difference {worst}, mean {(double)sum / rgb.Length:F3}");
        Assert.That(worst, Is.LessThanOrEqualTo(tolerance));
        Assert.That((double)sum / rgb.Length, Is.LessThanOrEqualTo(Math.Min(tolerance, 2)), "mean difference");
    }

    [TestCaseSource(nameof(Bad))]
    public void Read_DamagedFile_IsRefusedWithAdviceAndWithoutMemory(JsonElement expected)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImageFormatException error = Assert.Throws<ImageFormatException>(() => Read(expected))!;
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
        TestContext.Out.WriteLine(error.Message);
        Assert.That(error.Message, Does.Contain(expected.GetProperty("file").GetString()!).And.EndWith("."));
        Assert.That(error.Message, Does.Not.Contain("System."));
    }

    [TestCase("lossy.webp", "WebP")]
    [TestCase("lossless.webp", "WebP")]
    [TestCase("bmp24.bmp", "BMP")]
    [TestCase("first-frame.gif", "GIF")]
    public void Read_OtherFormat_IsRefusedByName(string file, string format)
    {
        ImageFormatException error = Assert.Throws<ImageFormatException>(
            () => PictureFile.Read(TestData.Golden("vision", "pictures", file), PictureLimits.Default))!;
        Assert.That(error.Found, Does.Contain(format));
        Assert.That(error.Message, Does.Contain("Convert it to PNG or JPEG"));
    }

    [Test]
    public void Read_CmykWithAdobeMarker_HasRightColours()
    {
        JsonElement cmyk = Cases.RootElement.GetProperty("pictures").EnumerateArray()
            .Single(p => p.GetProperty("file").GetString() == "cmyk.jpg");
        Read_SoundFile_GivesItsPixels(cmyk);
    }

    [Test]
    public void Read_HeaderBeyondLimits_IsRefused()
    {
        byte[] png = Bytes("plain.png"), jpeg = Bytes("rgb444.jpg");
        foreach (byte[] file in new[] { png, jpeg })
        {
            Assert.That(() => PictureFile.Decode(file, "a", new PictureLimits { MaxPixels = 959 }),
                Throws.TypeOf<ImageFormatException>().With.Message.Contains("40 x 24"));
            Assert.That(() => PictureFile.Decode(file, "a", new PictureLimits { MaxSide = 39 }),
                Throws.TypeOf<ImageFormatException>().With.Message.Contains("MaxSide"));
            Assert.That(() => PictureFile.Decode(file, "a", new PictureLimits { MaxFileBytes = file.Length - 1 }),
                Throws.TypeOf<ImageFormatException>().With.Message.Contains("MaxFileBytes"));
            Assert.That(PictureFile.Decode(file, "a", new PictureLimits { MaxPixels = 960, MaxSide = 40, MaxFileBytes = file.Length })
                .Width, Is.EqualTo(40));
        }
    }

    [Test]
    public void Read_FileTooLong_IsRefusedBeforeReading()
    {
        string path = TestData.Golden("vision", "pictures", "plain.png");
        Assert.That(() => PictureFile.Read(path, new PictureLimits { MaxFileBytes = 100 }),
            Throws.TypeOf<ImageFormatException>().With.Property(nameof(ImageFormatException.Name)).EqualTo(path));
        Assert.That(() => PictureFile.Read(path + ".none", PictureLimits.Default), Throws.InstanceOf<IOException>());
    }

    [TestCase("plain.png")]
    [TestCase("interlaced.png")]
    [TestCase("exif-6.png")]
    [TestCase("gray.jpg")]
    [TestCase("rgb420.jpg")]
    [TestCase("progressive.jpg")]
    public void Read_TruncatedFile_IsRefused(string name)
    {
        byte[] file = Bytes(name);
        for (int length = 0; length < file.Length; length++)
            Assert.That(() => PictureFile.Decode(file.AsSpan(0, length), name, PictureLimits.Default),
                Throws.TypeOf<ImageFormatException>(), $"{length} of {file.Length} bytes");
    }

    private static byte[] Bytes(string name) => File.ReadAllBytes(TestData.Golden("vision", "pictures", name));

    private static Picture Read(JsonElement picture) =>
        PictureFile.Read(TestData.Golden("vision", "pictures", picture.GetProperty("file").GetString()!), PictureLimits.Default);
}
