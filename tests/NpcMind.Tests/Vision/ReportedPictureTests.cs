using System.Buffers.Binary;
using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

/// <summary>Pictures as cameras, editors and attackers write them.</summary>
internal sealed class ReportedPictureTests
{
    private static byte[] Bytes(string folder, string name) => File.ReadAllBytes(TestData.Golden("reports", folder, name));

    private static Picture Decode(byte[] file) => PictureFile.Decode(file, "picture.jpg", PictureLimits.Default);

    [TestCase("long-big.jpg")]
    [TestCase("long-little.jpg")]
    public void Decode_OrientationAsLong_IsUpright(string name)
    {
        Picture expected = Decode(Bytes("exif-orientation-as-long", "short.jpg")), actual = Decode(Bytes("exif-orientation-as-long", name));
        Assert.That((actual.Width, actual.Height), Is.EqualTo((24, 40)));
        Assert.That(actual.Rgba, Is.EqualTo(expected.Rgba));
    }

    /// <summary>
    /// BYTE, SHORT, LONG, SBYTE, SSHORT, SLONG turn the picture; RATIONAL, ASCII, a list and a value out of range do not.
    /// </summary>
    [TestCase(1, 1u, 6, true)]
    [TestCase(3, 1u, 6, true)]
    [TestCase(4, 1u, 6, true)]
    [TestCase(6, 1u, 6, true)]
    [TestCase(8, 1u, 6, true)]
    [TestCase(9, 1u, 6, true)]
    [TestCase(9, 1u, -6, false)]
    [TestCase(4, 1u, 9, false)]
    [TestCase(2, 1u, 6, false)]
    [TestCase(5, 1u, 6, false)]
    [TestCase(3, 2u, 6, false)]
    [TestCase(3, 0u, 6, false)]
    public void Decode_OrientationInAnyIntegerType_IsRead(int type, uint count, int value, bool turned)
    {
        foreach ((string name, bool little) in (ReadOnlySpan<(string, bool)>)[("long-big.jpg", false), ("long-little.jpg", true)])
        {
            byte[] file = Bytes("exif-orientation-as-long", name);
            byte[] tag = little ? [0x12, 0x01, 4, 0, 1, 0, 0, 0] : [0x01, 0x12, 0, 4, 0, 0, 0, 1];
            Span<byte> entry = file.AsSpan(file.AsSpan().IndexOf(tag), 12);
            if (little)
            {
                BinaryPrimitives.WriteInt16LittleEndian(entry[2..], (short)type);
                BinaryPrimitives.WriteUInt32LittleEndian(entry[4..], count);
                BinaryPrimitives.WriteInt32LittleEndian(entry[8..], value);
            }
            else
            {
                BinaryPrimitives.WriteInt16BigEndian(entry[2..], (short)type);
                BinaryPrimitives.WriteUInt32BigEndian(entry[4..], count);
                entry[8..].Clear();
                if (type is 1 or 6) entry[8] = (byte)value;
                else if (type is 3 or 8) BinaryPrimitives.WriteInt16BigEndian(entry[8..], (short)value);
                else BinaryPrimitives.WriteInt32BigEndian(entry[8..], value);
            }

            Picture picture = Decode(file);
            Assert.That((picture.Width, picture.Height), Is.EqualTo(turned ? (24, 40) : (40, 24)), name);
        }
    }

    [Test]
    public void Decode_JfifBesideAdobesZero_IsYCbCr()
    {
        Picture picture = Decode(Bytes("jpeg-jfif-and-adobe-0", "picture.jpg"));
        Assert.That(Worst(picture, Bytes("jpeg-jfif-and-adobe-0", "expected.rgb")), Is.LessThanOrEqualTo(3));
    }

    [Test]
    public void Decode_AdobeBeforeJfif_IsTheSame()
    {
        byte[] file = Bytes("jpeg-jfif-and-adobe-0", "picture.jpg");
        (int at, int length) adobe = Segment(file, 0xEE), jfif = Segment(file, 0xE0);
        byte[] swapped = [0xFF, 0xD8, .. file.AsSpan(adobe.at, adobe.length), .. file.AsSpan(jfif.at, jfif.length),
            .. Without(Without(file, 0xEE), 0xE0).AsSpan(2)];
        Assert.That(Decode(swapped).Rgba, Is.EqualTo(Decode(file).Rgba));
    }

    [Test]
    public void Decode_ComponentsNamedRgbBesideJfif_AreYCbCr()
    {
        byte[] file = Without(Bytes("jpeg-jfif-and-adobe-0", "picture.jpg"), 0xEE), named = [.. file];
        int frame = Segment(named, 0xC0).At, scan = Segment(named, 0xDA).At;
        for (int i = 0; i < 3; i++) named[frame + 10 + (3 * i)] = named[scan + 5 + (2 * i)] = "RGB"u8[i];
        Assert.That(Decode(named).Rgba, Is.EqualTo(Decode(file).Rgba), "JFIF says YCbCr, whatever components are called");
        Assert.That(Decode(Without(named, 0xE0)).Rgba, Is.Not.EqualTo(Decode(file).Rgba), "without JFIF the names count");
    }

    [Test]
    public void Decode_AdobesZeroWithoutJfif_IsRgb()
    {
        byte[] file = Bytes("jpeg-jfif-and-adobe-0", "picture.jpg");
        Assert.That(Decode(Without(file, 0xE0)).Rgba, Is.Not.EqualTo(Decode(file).Rgba));
    }

    [TestCase("jpeg-100-scans.jpg")]
    [TestCase("prog100.jpg")]
    public void Decode_ManyScansOfManyPixels_IsRefusedBeforeAnythingIsDecoded(string name)
    {
        byte[] file = Bytes("jpeg-of-100-scans", name);
        long before = GC.GetAllocatedBytesForCurrentThread();
        ImageFormatException e = Assert.Throws<ImageFormatException>(() => Decode(file))!;
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1 << 20));
        Assert.That(e.Message, Does.Contain("scans").And.Contain("268435456 samples").And.EndWith("."));
        Assert.That(e.Found, Does.StartWith("285212672 in the first 17"));
    }

    [Test]
    public async Task FromFileAsync_Picture_IsThatOfFromFile()
    {
        string path = TestData.Golden("reports", "exif-orientation-as-long", "short.jpg");
        NpcImage image = await NpcImage.FromFileAsync(path);
        Assert.That((image.Width, image.Height), Is.EqualTo((24, 40)));
        Assert.That(async () => await NpcImage.FromFileAsync(path, new CancellationToken(true)),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That(async () => await NpcImage.FromFileAsync(TestData.Golden("reports", "jpeg-of-100-scans", "prog100.jpg")),
            Throws.TypeOf<ImageFormatException>().With.Message.Contains("prog100.jpg"));
    }

    private static int Worst(Picture picture, byte[] rgb)
    {
        int worst = 0;
        for (int i = 0; i < rgb.Length; i++) worst = Math.Max(worst, Math.Abs(rgb[i] - picture.Rgba[(i / 3 * 4) + (i % 3)]));
        return worst;
    }

    private static byte[] Without(byte[] file, byte marker)
    {
        (int at, int length) = Segment(file, marker);
        return [.. file.AsSpan(0, at), .. file.AsSpan(at + length)];
    }

    private static (int At, int Length) Segment(byte[] file, byte marker)
    {
        for (int at = 2; ; at += 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2)))
            if (file[at + 1] == marker) return (at, 2 + BinaryPrimitives.ReadUInt16BigEndian(file.AsSpan(at + 2)));
    }
}
