using NpcMind.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>What a right file gives, and what each wrong one is refused with: file, place, expectation.</summary>
internal sealed class GgufReaderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [TestCase(2u)]
    [TestCase(3u)]
    public void Open_FileWrittenFieldByField_IsRead(uint version)
    {
        RawGguf raw = RawGguf.Header(1, 3, version).Pair("general.architecture", "llama").Pair("general.alignment", 64)
            .Key("flags", GgufValueType.Array).U32((uint)GgufValueType.Bool).U64(3).Bytes(0, 1, 2)
            .Info("t", 0, 64, 2, 3);
        byte[] bytes = raw.Data(64 + 24, alignment: 64);
        bytes[^4] = 7;

        using GgufFile file = GgufFile.Open(_folder.Write("right.gguf", bytes));

        GgufTensor tensor = file.Find("t")!;
        byte[] last = new byte[4];
        file.Read(tensor, 20, last);
        Assert.Multiple(() =>
        {
            Assert.That(file.Version, Is.EqualTo(version));
            Assert.That(file.Metadata.Keys, Is.EqualTo(new[] { "general.architecture", "general.alignment", "flags" }));
            Assert.That(file.Metadata.Find("flags")!.Integer(2), Is.EqualTo(1), "a bool is true when it is not 0");
            Assert.That((tensor.Columns, tensor.Rows, tensor.Slabs, tensor.ByteLength), Is.EqualTo((2L, 3L, 1L, 24L)));
            Assert.That(tensor.Offset, Is.EqualTo(bytes.Length - 24));
            Assert.That(last, Is.EqualTo(new byte[] { 7, 0, 0, 0 }));
            Assert.That(file.Find("u"), Is.Null);
        });
    }

    [Test]
    public void Open_NoTensors_MayEndAfterHeader()
    {
        using GgufFile file = GgufFile.Open(_folder.Write("empty.gguf", RawGguf.Header(0, 1).Pair("k", 1).ToArray()));
        Assert.That(file.Tensors, Is.Empty);
    }

    [Test]
    public void GetString_InvalidUtf8_KeepsBytes()
    {
        RawGguf raw = RawGguf.Header(0, 1).Key("tokens", GgufValueType.Array).U32((uint)GgufValueType.String).U64(3).U64(2)
            .Bytes(0xE2, 0x82).U64(0).Text("b");
        using GgufFile file = GgufFile.Open(_folder.Write("strings.gguf", raw.ToArray()));
        GgufValue tokens = file.Metadata.Strings("tokens")!;
        Assert.Multiple(() =>
        {
            Assert.That(tokens.Utf8(0).ToArray(), Is.EqualTo(new byte[] { 0xE2, 0x82 }));
            Assert.That(tokens.Utf8(1).Length, Is.Zero);
            Assert.That(tokens.Text(2), Is.EqualTo("b"));
        });
    }

    [Test]
    public void GetInteger_AnyWidth_IsWidenedAndOtherKindsAreRefused()
    {
        RawGguf raw = RawGguf.Header(0, 4).Key("i8", GgufValueType.Int8).Bytes(0xFF).Key("u64", GgufValueType.UInt64).U64(5)
            .Key("huge", GgufValueType.UInt64).U64(ulong.MaxValue).Key("nan", GgufValueType.Float32).U32(0x7FC00000);
        using GgufFile file = GgufFile.Open(_folder.Write("widths.gguf", raw.ToArray()));
        GgufMetadata metadata = file.Metadata;
        Assert.Multiple(() =>
        {
            Assert.That(metadata.Integer("i8"), Is.EqualTo(-1));
            Assert.That(metadata.Integer("u64"), Is.EqualTo(5));
            Assert.That(metadata.Integer("absent"), Is.Null);
            Assert.That(metadata.Boolean("huge"), Is.True);
            Assert.That(metadata.Find("huge")!.ToString(), Is.EqualTo("18446744073709551615"));
            Assert.That(() => metadata.Integer("huge"), Throws.TypeOf<GgufFormatException>());
            Assert.That(() => metadata.Number("nan"), Throws.TypeOf<GgufFormatException>());
            Assert.That(() => metadata.String("u64"), Throws.TypeOf<GgufFormatException>());
            Assert.That(() => metadata.Strings("u64"), Throws.TypeOf<GgufFormatException>());
        });
    }

    [TestCaseSource(typeof(WrongFiles), nameof(WrongFiles.Cases))]
    public void Open_WrongFile_IsTruncatedOnlyWhereItEndsTooEarly(WrongFile wrong)
    {
        string path = _folder.Write("wrong.gguf", wrong.Bytes);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path).Dispose())!;
        bool saysSo = error.Message.Contains("incomplete", StringComparison.Ordinal) || wrong.Bytes.Length == 0;
        Assert.That(error.Fault == GgufFault.Truncated, Is.EqualTo(saysSo), error.Message);
        if (wrong.Expected is "do not overlap" or "power of two" or "dimensions" or "a multiple of 32")
            Assert.That(error.Fault, Is.EqualTo(GgufFault.Damaged));
    }

    [TestCaseSource(typeof(WrongFiles), nameof(WrongFiles.Cases))]
    public void Open_WrongFile_NamesPlaceAndExpectation(WrongFile wrong)
    {
        string path = _folder.Write("wrong.gguf", wrong.Bytes);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path).Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(error.Path, Is.EqualTo(path));
            Assert.That(error.Offset, Is.EqualTo(wrong.Offset), error.Message);
            Assert.That(error.Expected, Does.Contain(wrong.Expected));
            Assert.That(error.Found, Is.Not.Empty);
            Assert.That(error.Message, Does.Contain(path).And.Contain($"at byte {wrong.Offset}").And.Contain(error.Expected)
                .And.Contain(error.Found));
        });
    }

    [Test]
    public void Open_TruncatedHeader_IsRefused()
    {
        byte[] whole = RawGguf.Header(1, 2).Pair("general.architecture", "llama").Pair("n", 1).Info("t", 0, 0, 8).Data(32);
        for (int length = 0; length < whole.Length; length++)
        {
            string path = _folder.Write("cut.gguf", whole[..length]);
            GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path).Dispose(), $"cut to {length} bytes")!;
            Assert.That(error.Offset, Is.InRange(0, length));
        }
    }

    [Test]
    public void Read_FileTruncatedAfterOpen_IsReported()
    {
        byte[] bytes = RawGguf.Header(1, 0).Info("t", 0, 0, 64).Data(256);
        string path = _folder.Write("shrinks.gguf", bytes);
        using GgufFile file = GgufFile.Open(path);
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite)) stream.SetLength(bytes.Length - 100);

        GgufFormatException error = Assert.Throws<GgufFormatException>(() => file.Read(file.Tensors[0], 0, new byte[256]))!;

        Assert.That(error.Offset, Is.EqualTo(bytes.Length - 100));
    }

    [TestCase(-1L, 1)]
    [TestCase(0L, 33)]
    [TestCase(32L, 1)]
    [TestCase(long.MaxValue, 1)]
    public void Read_OutsideTensor_ThrowsArgumentOutOfRange(long start, int length)
    {
        using GgufFile file = GgufFile.Open(_folder.Write("small.gguf", RawGguf.Header(1, 0).Info("t", 0, 0, 8).Data(32)));
        Assert.That(() => file.Read(file.Tensors[0], start, new byte[length]), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [TestCase(1 << 15, 0, 0)]
    [TestCase(0, (1 << 15) - 1, 0)]
    [TestCase(0, 0, 5 << 20)]
    public void Open_AllocatesLittleMoreThanFileLength(int tensors, int pairs, int emptyStrings)
    {
        RawGguf raw = RawGguf.Header((ulong)tensors, (ulong)pairs + 1);
        for (int i = 0; i < pairs; i++) raw.Key($"{i}", GgufValueType.UInt8).Bytes(0);
        raw.Key("texts", GgufValueType.Array).U32((uint)GgufValueType.String).U64((ulong)emptyStrings).Bytes(new byte[8 * emptyStrings]);
        for (int i = 0; i < tensors; i++) raw.Info($"{i}", 24, 32UL * (ulong)i, 1);
        byte[] bytes = raw.Data(32 * tensors);
        string path = _folder.Write("many.gguf", bytes);
        long before = GC.GetAllocatedBytesForCurrentThread();

        GgufFile.Open(path).Dispose();

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        TestContext.Out.WriteLine($"{allocated} bytes allocated for a file of {bytes.Length}");
        Assert.That(allocated, Is.LessThan(bytes.Length + (16 << 20)));
    }

    [Test]
    public void Open_MissingFile_ThrowsIOException() =>
        Assert.That(() => GgufFile.Open(_folder.File("none.gguf")), Throws.InstanceOf<IOException>());
}
