using System.Buffers.Binary;
using NpcMind.Reference;
using NpcMind.Vision;
using NpcMind.Vision.Internal;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>Pictures that other programs read or refuse, where a decoder alone would give a wrong one; and what is no picture.</summary>
internal sealed class RarePictureTests
{
    private const byte Quantizers = 0xDB, Huffman = 0xC4, Frame = 0xC0, Progressive = 0xC2, Scan = 0xDA, Exif = 0xE1;

    private static IEnumerable<TestCaseData> NoPictures => new (string Name, byte[] Bytes, string Found, string Advice)[]
    {
        ("html", [.. "\n<!DOCTYPE html><html>"u8], "a web page (HTML)", "Download the file itself."),
        ("html in capitals", [.. "<HTML><BODY>"u8], "a web page (HTML)", "Download the file itself."),
        ("lfs", [.. "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 98362432\n"u8],
            "a Git LFS pointer, which stands for a file of 94 MB", "git lfs pull"),
        ("zeros", new byte[64], "zeros", "Download it again."),
        ("text", [.. "Not a picture. Grüße\n"u8], "a text file", "Convert it"),
        ("binary", [1, 2, 3, 4, 5, 6, 7, 200, 201], "something else", "Convert it"),
    }.Select(f => new TestCaseData(f.Bytes, f.Found, f.Advice).SetArgDisplayNames(f.Name));

    [TestCaseSource(nameof(NoPictures))]
    public void Decode_NoPicture_IsNamed(byte[] file, string found, string advice)
    {
        ImageFormatException e = Refusal(file);
        Assert.That(e.Found, Does.Contain(found));
        Assert.That(e.Advice, Does.Contain(advice));
    }

    [Test]
    public void Decode_SecondExifBlockInJpeg_DoesNotTurnThePicture()
    {
        byte[] turned = Bytes("exif-6.jpg"), other = Bytes("exif-3.jpg");
        foreach (byte[] second in new byte[][] { Segment(other, Exif), [0xFF, Exif, 0, 8, .. "Exif\0\0"u8] })
            Assert.That(Decode(Inserted(turned, Find(turned, Scan).At, second)).Rgba, Is.EqualTo(Decode(turned).Rgba));
    }

    [Test]
    public void Decode_SecondExifBlockInPng_DoesNotTurnThePicture()
    {
        byte[] turned = Bytes("exif-6.png"), upright = Chunk("eXIf"u8, [.. "II*\0\b\0\0\0\0\0"u8]);
        int data = turned.AsSpan().IndexOf("IDAT"u8) - 4;
        Assert.That(Decode(Inserted(turned, data, upright)).Rgba, Is.EqualTo(Decode(turned).Rgba));
    }

    [Test]
    public void Decode_UndefinedQuantizationTable_IsNamed()
    {
        foreach ((string name, byte frame) in (ReadOnlySpan<(string, byte)>)[("gray.jpg", Frame), ("progressive.jpg", Progressive)])
        {
            byte[] file = Bytes(name);
            file[Find(file, frame).At + 12] = 3;
            ImageFormatException e = Refusal(file);
            Assert.That(e.Expected, Does.Contain("quantization table 3"), name);
            Assert.That(e.Found, Does.Contain("no such table"), name);
        }
    }

    [TestCase(0x30, "DC Huffman table 3")]
    [TestCase(0x03, "AC Huffman table 3")]
    public void Decode_UndefinedHuffmanTable_IsNamed(int tables, string expected)
    {
        byte[] file = Bytes("gray.jpg");
        file[Find(file, Scan).At + 6] = (byte)tables;
        Assert.That(Refusal(file).Expected, Does.Contain(expected));
    }

    [Test]
    public void Decode_TablesAfterTheFrame_GiveTheSamePicture()
    {
        byte[] file = Bytes("gray.jpg"), quantizers = Segment(file, Quantizers);
        (int at, int length) = Find(file, Quantizers);
        byte[] without = [.. file.AsSpan(0, at), .. file.AsSpan(at + length)];
        Assert.That(Refusal(without).Expected, Does.Contain("quantization table 0"));
        Assert.That(Decode(Inserted(without, Find(without, Scan).At, quantizers)).Rgba, Is.EqualTo(Decode(file).Rgba));
        byte[] huffman = Segment(file, Huffman);
        Assert.That(Decode(Inserted(file, Find(file, Scan).At, huffman)).Rgba, Is.EqualTo(Decode(file).Rgba));
    }

    [Test]
    public void Decode_HeightInDnlSegment_IsToBeConverted()
    {
        byte[] file = Bytes("gray.jpg");
        Span<byte> height = file.AsSpan(Find(file, Frame).At + 5, 2);
        byte[] segment = [0xFF, 0xDC, 0, 4, height[0], height[1]];
        height.Clear();
        ImageFormatException e = Refusal(Inserted(file, file.Length - 2, segment));
        Assert.That(e.Found, Does.Contain("DNL"));
        Assert.That(e.Advice, Does.Contain("Convert").And.Not.Contain("again"));
        Assert.That(Refusal(file).Advice, Does.Contain("again"), "no height anywhere");
    }

    private static ImageFormatException Refusal(byte[] file) => Assert.Throws<ImageFormatException>(() => Decode(file))!;

    private static Picture Decode(byte[] file) => PictureFile.Decode(file, "picture", PictureLimits.Default);

    private static byte[] Bytes(string name) => File.ReadAllBytes(TestData.Golden("vision", "pictures", name));

    private static byte[] Inserted(byte[] file, int at, byte[] segment) => [.. file.AsSpan(0, at), .. segment, .. file.AsSpan(at)];

    private static byte[] Segment(byte[] file, byte marker)
    {
        (int at, int length) = Find(file, marker);
        return file[at..(at + length)];
    }

    private static (int At, int Length) Find(byte[] file, byte marker)
    {
        for (int at = 2; ; at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2)))
            if (file[at + 1] == marker) return (at, 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2)));
    }

    private static byte[] Chunk(ReadOnlySpan<byte> type, byte[] content)
    {
        byte[] chunk = [0, 0, 0, 0, .. type, .. content, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, content.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(8 + content.Length), Crc32.Of(chunk.AsSpan(4, 4 + content.Length)));
        return chunk;
    }
}
