using NpcMind.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>What is written is read back the same.</summary>
internal sealed class GgufWriterTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Write_EveryKindOfValueAndTensor_RoundTrips()
    {
        string path = _folder.File("all.gguf");
        byte[] odd = [1, 2, 3];
        byte[] blocks = [.. Enumerable.Range(0, 36).Select(i => (byte)i)];
        new GgufWriter().Add("text", "d\u00e9j\u00e0").Add("u32", uint.MaxValue).Add("u16", (ushort)65535).Add("i32", -5).Add("f32", 0.1f)
            .Add("bool", true)
            .Add("texts", ["", "b"]).Add("floats", new[] { 1f, -2.5f }).Add("ints", new[] { int.MinValue, 7 })
            .AddTensor("odd", TensorType.I8, [3], odd).AddTensor("q", TensorType.Q4_0, [32, 1, 2], blocks).Save(path);

        using GgufFile file = GgufFile.Open(path);

        GgufMetadata metadata = file.Metadata;
        Assert.Multiple(() =>
        {
            Assert.That(file.Version, Is.EqualTo(3));
            Assert.That(metadata.String("text"), Is.EqualTo("d\u00e9j\u00e0"));
            Assert.That((metadata.Integer("u32"), metadata.Integer("u16"), metadata.Integer("i32")),
                Is.EqualTo((4294967295L, 65535L, -5L)));
            Assert.That(metadata.Number("f32"), Is.EqualTo((double)0.1f));
            Assert.That(metadata.Boolean("bool"), Is.True);
            Assert.That((metadata.Strings("texts")!.Text(0), metadata.Strings("texts")!.Text(1)), Is.EqualTo(("", "b")));
            Assert.That((metadata.Numbers("floats")!.Number(1), metadata.Numbers("ints")!.Integer(0)),
                Is.EqualTo((-2.5, (long)int.MinValue)));
            Assert.That(Read(file, "odd"), Is.EqualTo(odd));
            Assert.That(Read(file, "q"), Is.EqualTo(blocks));
            Assert.That(file.Find("q")!.Slabs, Is.EqualTo(2));
            Assert.That(file.Tensors.All(t => t.Offset % 32 == 0));
        });
    }

    [Test]
    public void Write_CopiedValues_AreUnchangedAndKeepAlignment()
    {
        byte[] original = RawGguf.Header(1, 4).Pair("general.alignment", 128).Pair("s", "x").Key("u8", GgufValueType.UInt8).Bytes(200)
            .Key("a", GgufValueType.Array).U32((uint)GgufValueType.String).U64(2).Text("p").Text("").Info("t", 0, 0, 8).Data(32, 128);
        string path = _folder.Write("original.gguf", original);
        string copy = _folder.File("copy.gguf");
        using (GgufFile file = GgufFile.Open(path))
        {
            GgufWriter writer = new();
            foreach (string key in file.Metadata.Keys) writer.Add(key, file.Metadata.Find(key)!);
            writer.AddTensor("t", TensorType.F32, [8], Read(file, "t")).Save(copy);
        }

        Assert.That(File.ReadAllBytes(copy).AsSpan(0, original.Length).SequenceEqual(original));
        using GgufFile again = GgufFile.Open(copy);
        Assert.That(again.Find("t")!.Offset % 128, Is.Zero);
    }

    [Test]
    public void Write_Fails_LeavesOnlyOldFile()
    {
        string path = _folder.Write("kept.gguf", [1, 2, 3]);
        Directory.CreateDirectory(path + ".partial"); // the file beside cannot be created
        Assert.That(() => new GgufWriter().Add("k", 1u).Save(path), Throws.Exception);
        Assert.That(File.ReadAllBytes(path), Is.EqualTo(new byte[] { 1, 2, 3 }));
    }

    [Test]
    public void Write_Misuse_IsRefused()
    {
        GgufWriter writer = new GgufWriter().Add("k", 1u).AddTensor("t", TensorType.F32, [1], new byte[4]);
        Assert.Multiple(() =>
        {
            Assert.That(() => writer.Add("k", 2u), Throws.ArgumentException);
            Assert.That(() => writer.AddTensor("t", TensorType.F32, [1], new byte[4]), Throws.ArgumentException);
            Assert.That(() => writer.AddTensor("u", TensorType.F32, [2], new byte[4]), Throws.ArgumentException);
            Assert.That(() => writer.AddTensor("u", TensorType.Q4_0, [33], new byte[18]), Throws.ArgumentException);
            Assert.That(() => writer.Add("general.alignment", 48u), Throws.InstanceOf<ArgumentException>());
        });
    }

    private static byte[] Read(GgufFile file, string name)
    {
        GgufTensor tensor = file.Find(name)!;
        byte[] data = new byte[tensor.ByteLength];
        file.Read(tensor, 0, data);
        return data;
    }
}
