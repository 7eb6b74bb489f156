using NpcMind.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>Models in several files.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class GgufSplitTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string First => _folder.File("m-00001-of-00002.gguf");

    private string Second => _folder.File("m-00002-of-00002.gguf");

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Open_AllShards_FindsAndReadsTensors()
    {
        Shard(First, 0, "a").Save(First);
        Shard(Second, 1, "b").Save(Second);

        using GgufFile file = GgufFile.Open(First);

        byte[] data = new byte[32];
        file.Read(file.Find("b")!, 0, data);
        Assert.Multiple(() =>
        {
            Assert.That(file.Shards, Is.EqualTo(new[] { First, Second }));
            Assert.That(file.Tensors.Select(t => (t.Name, t.Shard)), Is.EqualTo(new[] { ("a", 0), ("b", 1) }));
            Assert.That(data, Is.EqualTo(Data("b")));
            Assert.That(file.ByteLength, Is.EqualTo(new FileInfo(First).Length + new FileInfo(Second).Length));
            Assert.That(file.Metadata.String("general.architecture"), Is.EqualTo("llama"));
        });
    }

    [Test]
    public void Open_FirstShardWithoutTensors_IsAllowed()
    {
        Shard(First, 0).Save(First);
        Shard(Second, 1, "a", "b").Save(Second);
        using GgufFile file = GgufFile.Open(First);
        Assert.That(file.Tensors, Has.Count.EqualTo(2));
    }

    [Test]
    public void Open_MissingShard_IsNamed()
    {
        Shard(First, 0, "a").Save(First);
        Refused(Second, "shard 2 of 2");
    }

    [Test]
    public void Open_ShardWithWrongNumber_IsRefused()
    {
        Shard(First, 0, "a").Save(First);
        Shard(Second, 0, "b").Save(Second);
        Refused(Second, "1 at key 'split.no'", atValueOf: "split.no");
    }

    [Test]
    public void Open_ShardWithOtherCount_IsRefused()
    {
        Shard(First, 0, "a").Save(First);
        Shard(Second, 1, count: 3, total: 2, names: "b").Save(Second);
        Refused(Second, "2, as in the first shard", atValueOf: "split.count");
    }

    [Test]
    public void Open_TensorInTwoShards_IsRefused()
    {
        Shard(First, 0, "a").Save(First);
        Shard(Second, 1, "a").Save(Second);
        Refused(Second, "occur once");
    }

    [Test]
    public void Open_WrongTensorTotal_IsRefused()
    {
        Shard(First, 0, count: 2, total: 3, names: "a").Save(First);
        Shard(Second, 1, "b").Save(Second);
        Refused(First, "2, the tensors in all shards", atValueOf: "split.tensors.count");
    }

    [Test]
    public void Open_NotFirstShard_IsRefused()
    {
        Shard(First, 0, "a").Save(First);
        Shard(Second, 1, "b").Save(Second);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(Second).Dispose())!;
        Assert.That(error.Expected, Does.Contain("first shard"));
        Assert.That(error.Fault, Is.EqualTo(GgufFault.SplitModel));
    }

    [Test]
    public void Open_RenamedShard_IsRefused()
    {
        string renamed = _folder.File("renamed.gguf");
        Shard(First, 0, "a").Save(renamed);
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(renamed).Dispose())!;
        Assert.That(error.Expected, Does.Contain("-00001-of-00002.gguf"));
        Assert.That(error.Fault, Is.EqualTo(GgufFault.SplitModel));
    }

    private void Refused(string path, string expected, string? atValueOf = null)
    {
        GgufFormatException error = Assert.Throws<GgufFormatException>(() => GgufFile.Open(First).Dispose())!;
        Assert.Multiple(() =>
        {
            Assert.That(error.Path, Is.EqualTo(path));
            Assert.That(error.Expected, Does.Contain(expected));
            Assert.That(error.Fault, Is.EqualTo(expected == "occur once" ? GgufFault.Damaged : GgufFault.SplitModel));
            if (atValueOf is not null) Assert.That(error.Offset, Is.EqualTo(ValueOffset(path, atValueOf)));
        });
        File.Delete(First); // fails on systems with file locks if a handle is still open
    }

    /// <summary>Where the value of a key stands: after the key's text and the u32 type.</summary>
    private static long ValueOffset(string path, string key) =>
        File.ReadAllBytes(path).AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(key)) + key.Length + 4;

    private static GgufWriter Shard(string path, int no, params string[] names) => Shard(path, no, 2, 2, names);

    private static GgufWriter Shard(string path, int no, ushort count, int total, params string[] names)
    {
        GgufWriter writer = new();
        if (path.Contains("-00001-", StringComparison.Ordinal)) writer.Add("general.architecture", "llama");
        writer.Add("split.no", (ushort)no).Add("split.count", count).Add("split.tensors.count", total);
        foreach (string name in names) writer.AddTensor(name, TensorType.F32, [8], Data(name));
        return writer;
    }

    private static byte[] Data(string name) => [.. Enumerable.Repeat((byte)name[0], 32)];
}
