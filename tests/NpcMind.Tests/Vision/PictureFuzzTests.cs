using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;
using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>Whatever the bytes: a picture of the size it claims, or a <see cref="ImageFormatException"/>, in bounded memory.</summary>
internal sealed class PictureFuzzTests
{
    private const int MutationsPerFile = 400;

    private static readonly PictureLimits Limits = new() { MaxPixels = 1 << 16, MaxSide = 8192 };

    private static string[] Sources =>
        [.. Directory.EnumerateFiles(TestData.Golden("vision", "pictures"))
            .Where(f => f.EndsWith(".png", StringComparison.Ordinal) || f.EndsWith(".jpg", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)];

    [Test]
    public void Read_DamagedFiles_GivePictureOrImageFormatException()
    {
        string[] names = Sources;
        byte[][] files = [.. names.Select(File.ReadAllBytes)];
        int decoded = 0, refused = 0, pastChecksums = 0;
        for (int file = 0; file < files.Length; file++)
        {
            Random random = new(file);
            for (int i = 0; i < MutationsPerFile; i++)
            {
                byte[] bytes = PictureMutations.Damage(files[file], files[random.Next(files.Length)] is { Length: > 0 } other
                    ? other : [0], random, keepLength: random.Next(2) == 0);
                bool repair = names[file].EndsWith(".png", StringComparison.Ordinal) && random.Next(4) > 0;
                if (repair) PictureMutations.RepairChunks(bytes);
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    Picture picture = PictureFile.Decode(bytes, "x", Limits);
                    Assert.That(picture.Rgba, Has.Length.EqualTo(picture.Width * picture.Height * 4));
                    Assert.That((long)picture.Width * picture.Height, Is.LessThanOrEqualTo(Limits.MaxPixels));
                    decoded++;
                }
                catch (ImageFormatException error)
                {
                    refused++;
                    if (repair && error.Where == "pixel data") pastChecksums++;
                }
                catch (Exception error) when (error is not AssertionException)
                {
                    Assert.Fail($"{Path.GetFileName(names[file])}, mutation {i}: {error}");
                }

                // Two pictures (as stored, upright), the compressed data twice and what errors cost.
                Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan((8 * Limits.MaxPixels) + (1 << 20)));
            }
        }

        TestContext.Out.WriteLine($"{decoded} decoded, {refused} refused, {pastChecksums} of them only when inflated");
        Assert.That(decoded, Is.GreaterThan(100), "damage that leaves a sound file");
        Assert.That(pastChecksums, Is.GreaterThan(1000), "damage that only inflating finds");
    }

    [TestCase(0, false)]
    [TestCase(-1, true)]
    [TestCase(1, true)]
    public void Read_PixelDataOfWrongLength_IsRefused(int more, bool refused)
    {
        byte[] png = Png(5, 4, 8, 0, [.. Enumerable.Repeat((byte)0, (4 * 6) + more)]);
        if (refused)
            Assert.That(() => PictureFile.Decode(png, "a", PictureLimits.Default),
                Throws.TypeOf<ImageFormatException>().With.Message.Contains("24 bytes once inflated"));
        else Assert.That(PictureFile.Decode(png, "a", PictureLimits.Default).Width, Is.EqualTo(5));
    }

    [Test]
    public void Read_LargeClaimWithLittleData_TakesNoMemory()
    {
        byte[] png = Png(4000, 4000, 8, 6, new byte[100]), jpeg = File.ReadAllBytes(TestData.Golden("vision", "pictures", "gray.jpg"));
        int frame = jpeg.AsSpan().IndexOf((byte[])[0xFF, 0xC0]);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 5), 4000);
        BinaryPrimitives.WriteUInt16BigEndian(jpeg.AsSpan(frame + 7), 4000);
        foreach (byte[] file in new[] { png, jpeg })
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            Assert.That(() => PictureFile.Decode(file, "a", PictureLimits.Default), Throws.TypeOf<ImageFormatException>());
            Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
        }
    }

    [Test]
    public void Read_DataBeyondPicture_IsNotInflated()
    {
        byte[] png = Png(4, 4, 8, 0, new byte[64 << 20]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Assert.That(() => PictureFile.Decode(png, "a", PictureLimits.Default),
            Throws.TypeOf<ImageFormatException>().With.Message.Contains("more"));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
    }

    [Test]
    public void Read_PresetDictionary_IsRefused()
    {
        // Found by the fuzz test: .NET reports it with another exception than other damage. Byte 1 of the stream: bit 5 asks for a
        // dictionary, the low bits make it a multiple of 31.
        byte[] png = Png(4, 4, 8, 0, new byte[20]);
        (png[41], png[42]) = (0x78, 0x20);
        PictureMutations.RepairChunks(png);
        Assert.That(() => PictureFile.Decode(png, "a", PictureLimits.Default),
            Throws.TypeOf<ImageFormatException>().With.Message.Contains("zlib"));
    }

    [Test]
    public void Read_ThousandsOfScans_AreRefused()
    {
        byte[] jpeg = File.ReadAllBytes(TestData.Golden("vision", "pictures", "gray.jpg"));
        int scan = jpeg.AsSpan().IndexOf((byte[])[0xFF, 0xDA]);
        byte[] many = [.. jpeg[..scan], .. Enumerable.Repeat(jpeg[scan..^2], 101).SelectMany(s => s), .. jpeg[^2..]];
        Assert.That(() => PictureFile.Decode(many, "a", PictureLimits.Default),
            Throws.TypeOf<ImageFormatException>().With.Message.Contains("at most 100 scans"));
    }

    private static byte[] Png(int width, int height, byte depth, byte color, byte[] raw)
    {
        byte[] header = new byte[13];
        BinaryPrimitives.WriteInt32BigEndian(header, width);
        BinaryPrimitives.WriteInt32BigEndian(header.AsSpan(4), height);
        (header[8], header[9]) = (depth, color);
        using MemoryStream data = new();
        using (ZLibStream deflated = new(data, CompressionLevel.SmallestSize, leaveOpen: true)) deflated.Write(raw);
        return [0x89, (byte)'P', (byte)'N', (byte)'G', 13, 10, 26, 10, .. Chunk("IHDR", header), .. Chunk("IDAT", data.ToArray()),
            .. Chunk("IEND", [])];
    }

    private static byte[] Chunk(string type, byte[] content)
    {
        byte[] named = [.. Encoding.ASCII.GetBytes(type), .. content], length = new byte[4], crc = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(crc, PictureMutations.Crc(named));
        return [.. length, .. named, .. crc];
    }
}
