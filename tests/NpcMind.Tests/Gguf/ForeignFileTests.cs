using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>
/// What people give that is no GGUF file, or one of another program: named, with what to do, and never called damaged when it is sound.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class ForeignFileTests : IDisposable
{
    private readonly TestFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<TestCaseData> Foreign => new (string Name, byte[] Bytes, string Expected)[]
    {
        ("zip", [(byte)'P', (byte)'K', 3, 4, .. new byte[60]], "ZIP archive"),
        ("gzip", [0x1F, 0x8B, 8, 0, .. new byte[60]], "gzip"),
        ("tar", [.. new byte[257].Select(_ => (byte)'x'), .. "ustar\0"u8, .. new byte[300]], "tar archive"),
        ("safetensors", [2, 0, 0, 0, 0, 0, 0, 0, .. "{}"u8], "safetensors"),
        ("html", [.. "\n<!DOCTYPE html><html>"u8], "web page"),
        ("html in capitals", [.. "<HTML>\r\n"u8], "web page"),
        ("json", [.. "{\"error\": \"Repository not found\"}"u8], "JSON"),
        ("text", [.. "Not a model. Grüße\n"u8], "a text file"),
        ("lfs", [.. "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 98362432\n"u8],
            "Git LFS pointer, which stands for a file of 94 MB"),
        ("ggml", [.. "lmgg"u8, .. new byte[60]], "before GGUF"),
        ("pickle", [0x80, 2, 0x63, .. new byte[60]], "PyTorch"),
        ("png", [0x89, (byte)'P', (byte)'N', (byte)'G', .. new byte[60]], "PNG"),
        ("save", [.. "NPCMIND"u8, .. new byte[60]], "saved mind"),
        ("zeros", new byte[64], "not completed"),
        ("empty", [], "empty"),
        ("binary", [1, 2, 3, 4, 5, 6, 7, 200, 201], "no GGUF file"),
        ("version 1", [.. "GGUF"u8, 1, 0, 0, 0, .. new byte[60]], "version 1"),
        ("version 4", [.. "GGUF"u8, 4, 0, 0, 0, .. new byte[60]], "newer than this NpcMind"),
        ("big-endian", [.. "GGUF"u8, 0, 0, 0, 3, .. new byte[60]], "big-endian"),
    }.Select(f => new TestCaseData(f.Bytes, f.Expected).SetArgDisplayNames(f.Name));

    [TestCaseSource(nameof(Foreign))]
    public void Open_AnotherFormat_IsNamed(byte[] bytes, string expected)
    {
        string path = _folder.Write("model.gguf", bytes);
        GgufFormatException e = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path).Dispose())!;
        Assert.That(e.Message, Does.StartWith(path).And.Contain(expected).And.Not.Contain("damaged"));
        Assert.That(e.Fault, Is.EqualTo(expected switch
        {
            "empty" => GgufFault.Truncated,
            "not completed" => GgufFault.Damaged,
            _ => GgufFault.OtherFormat,
        }));
        TestContext.Out.WriteLine(e.Message);
    }

    [Test]
    public void Open_PartOfADownload_SaysHowMuchIsThere()
    {
        byte[] whole = File.ReadAllBytes(TestData.Golden("architectures", "mixtral_8x2", "model.gguf"));
        for (int percent = 30; percent < 100; percent += 10)
        {
            int length = whole.Length * percent / 100;
            string path = _folder.Write("half.gguf", whole[..length]);
            GgufFormatException e = Assert.Throws<GgufFormatException>(() => GgufFile.Open(path).Dispose())!;
            string part = string.Create(CultureInfo.InvariantCulture,
                $"{Math.Round(length / 1024.0)} of {Math.Round(whole.Length / 1024.0)} kB");
            Assert.That(e.Message,
                Does.Contain("incomplete").And.Contain(part).And.Contain("download it again").And.Not.Contain("damaged"));
            Assert.That(e.Fault, Is.EqualTo(GgufFault.Truncated));
        }
    }

    [Test]
    public void Open_PartOfAHeader_SaysThatItIsIncomplete()
    {
        byte[] whole = File.ReadAllBytes(TestData.Golden("architectures", "mixtral_8x2", "model.gguf"));
        for (int length = 8; length < 1000; length += 7)
        {
            string path = _folder.Write("head.gguf", whole[..length]);
            Assert.That(() => GgufFile.Open(path).Dispose(),
                Throws.InstanceOf<GgufFormatException>().With.Message.Contains("incomplete").And.Message.Contains("download it again"));
        }
    }

    [TestCase(48L << 20, 94L << 20, "48 of 94 MB")]
    [TestCase(1000, 2000, "1 of 2 kB")]
    [TestCase(12L << 30, 26L << 30, "12 of 26 GB")]
    [TestCase((94L << 20) - 1, 94L << 20, "98566143 of 98566144 bytes")]
    public void Part_OfASize_IsSaidAsFileManagersDo(long bytes, long all, string expected)
    {
        // Through the message: a file of that many bytes is only claimed.
        Assert.That(ByteCountOf(bytes, all), Is.EqualTo(expected));
    }

    private static string ByteCountOf(long bytes, long all) =>
        (string)typeof(KvFormat).Assembly.GetType("NpcMind.Core.ByteCount")!.GetMethod("Part")!.Invoke(null, [bytes, all])!;

    [TestCase(4u, "4 (Q4_2, which ggml has removed)")]
    [TestCase(31u, "31 (Q4_0_4_4, which ggml has removed)")]
    [TestCase(36u, "36 (IQ4_NL_4_4/I2_S")]
    [TestCase(139u, "139 (IQ4_K of ik_llama.cpp)")]
    [TestCase(399u, "399 (Q8_K_R8 of ik_llama.cpp)")]
    [TestCase(41u, "41, of another program or newer")]
    [TestCase(1000u, "1000, of another program or newer")]
    public void Open_TensorTypeOfOthers_IsUnsupportedAndNamed(uint type, string expected)
    {
        string path = _folder.Write("foreign.gguf",
            RawGguf.Header(1, 1).Pair("general.architecture", "llama").Info("blk.0.attn_q.weight", type, 0, 256).Data(256));
        UnsupportedModelException e = Assert.Throws<UnsupportedModelException>(() => GgufFile.Open(path).Dispose())!;
        Assert.That(e.Message, Does.Contain(path).And.Contain("'blk.0.attn_q.weight'").And.Contain(expected).And.Contain("not supported")
            .And.Not.Contain("damaged"));
        Assert.That(e.Path, Is.EqualTo(path));
    }

    [TestCase("iq4_k.gguf", "139")]
    [TestCase("q4_0_4_4.gguf", "31")]
    public void Open_ReportedTensorTypes_AreUnsupported(string name, string expected) =>
        Assert.That(() => GgufFile.Open(TestData.Golden("reports", "tensor-types-of-others-called-damaged", name)).Dispose(),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains(expected));

    [TestCase(0)]
    [TestCase(1)]
    public void Open_SplitCountOfNoSplit_IsOneFile(int count)
    {
        string path = _folder.File("merged.gguf");
        new GgufWriter().Add("general.architecture", "llama").Add("split.no", (ushort)0).Add("split.count",
            (ushort)count).Add("split.tensors.count", 7).AddTensor("a", TensorType.F32, [8], new byte[32]).Save(path);
        using GgufFile file = GgufFile.Open(path);
        Assert.That((file.Shards.Count, file.Tensors.Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Open_ReportedMergedFile_HasTheTensorsOfTheOther()
    {
        using GgufFile merged = GgufFile.Open(TestData.Golden("reports", "gguf-merged-split-count-0", "merged.gguf")),
            plain = GgufFile.Open(TestData.Golden("reports", "gguf-merged-split-count-0", "same-without-split-keys.gguf"));
        Assert.That(merged.Tensors.Select(t => (t.Name, t.Shape)), Is.EqualTo(plain.Tensors.Select(t => (t.Name, t.Shape))));
    }

    [TestCase(new ulong[] { 8, 1, 1, 1 }, "8")]
    [TestCase(new ulong[] { 8, 4, 1, 1 }, "8 x 4")]
    [TestCase(new ulong[] { 8, 4, 2, 1 }, "8 x 4 x 2")]
    [TestCase(new ulong[] { 8, 1, 2 }, "8 x 1 x 2")]
    [TestCase(new ulong[] { 1, 1 }, "1")]
    public void Open_TrailingDimensionsOfOne_ChangeNothing(ulong[] dimensions, string shape)
    {
        string path = _folder.Write("ones.gguf",
            RawGguf.Header(1, 0).Info("t", 0, 0, dimensions).Data(4 * (int)dimensions.Aggregate(1UL, (a, b) => a * b)));
        using GgufFile file = GgufFile.Open(path);
        Assert.That(file.Tensors[0].Shape, Is.EqualTo(shape));
    }

    [Test]
    public void Wrong_KeyOrTensor_IsNotCalledDamage()
    {
        string path = _folder.Write("keys.gguf", RawGguf.Header(0, 1).Pair("llama.block_count", "three").ToArray());
        using GgufFile file = GgufFile.Open(path);
        Assert.That(() => file.Metadata.Integer("llama.block_count"), Throws.InstanceOf<GgufFormatException>()
            .With.Message.Contains("another conversion").And.Message.Contains("'llama.block_count'").And.Message.Not.Contains("damaged"));
        Assert.That(file.Metadata.Wrong("absent", "something").Message, Does.Contain(path).And.Not.Contain("damaged"));
    }
}
