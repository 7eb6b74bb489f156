using System.Diagnostics;
using NpcMind.Gguf;
using NpcMind.Reference;
using NUnit.Framework;

namespace NpcMind.Tests.Gguf;

/// <summary>
/// Damaged files, 20000 in all: each opens and can be read, or is refused with file, offset, expectation and finding. Never another
/// exception, never much memory.
/// </summary>
internal sealed class GgufFuzzTests : IDisposable
{
    private const int FilesPerBase = 5000;
    private const long Allowance = 16 << 20;
    private static readonly TinyModelOptions Small = new()
    {
        Blocks = 1,
        Embedding = 32,
        Heads = 2,
        KvHeads = 1,
        HeadDimension = 16,
        FeedForward = 64,
        Vocabulary = 20,
        Experts = 3,
        ExpertsUsed = 2,
        Matrices = TensorType.Q4_0,
    };

    private readonly TestFolder _folder = new();
    private readonly byte[] _buffer = new byte[1 << 16];

    public void Dispose() => _folder.Dispose();

    [Test]
    public void Open_DamagedModel_IsReadOrRefused() =>
        Survive(Bytes(TinyModels.Build(Small)), "model.gguf", seed: 1);

    [Test]
    public void Open_DamagedVocabulary_IsReadOrRefused() =>
        Survive(Bytes(TinyModels.Build(Small with { Vocabulary = 300, Tokenizer = true, ChatTemplate = true })), "vocabulary.gguf",
            seed: 2);

    [TestCase(1)]
    [TestCase(2)]
    public void Open_DamagedShard_IsReadOrRefused(int damaged)
    {
        for (int shard = 1; shard <= 2; shard++) _folder.Write(Shard(shard), ShardBytes(shard));
        Survive(ShardBytes(damaged), Shard(damaged), seed: 2 + damaged, open: Shard(1));
    }

    private void Survive(byte[] original, string name, int seed, string? open = null)
    {
        GgufMutator mutator = new(original, new TinyRandom(seed));
        int refused = 0;
        long mostBytes = 0;
        TimeSpan longest = TimeSpan.Zero;
        for (int i = 0; i < FilesPerBase; i++)
        {
            byte[] bytes = mutator.Next();
            _folder.Write(name, bytes);
            long started = Stopwatch.GetTimestamp();
            try
            {
                (bool opened, long allocated) = Try(_folder.File(open ?? name));
                if (!opened) refused++;
                mostBytes = Math.Max(mostBytes, allocated - bytes.Length);
            }
            catch (Exception other) when (other is not AssertionException)
            {
                Assert.Fail($"damaged file {i} of seed {seed}: {other}");
            }

            longest = TimeSpan.FromTicks(Math.Max(longest.Ticks, Stopwatch.GetElapsedTime(started).Ticks));
        }

        TestContext.Out.WriteLine(
            $"{FilesPerBase} files from {original.Length} bytes: {refused} refused, at most {mostBytes} bytes allocated beyond the " +
                $"file's length, longest {longest.TotalMilliseconds:F1} ms");
        Assert.Multiple(() =>
        {
            Assert.That(mostBytes, Is.LessThan(Allowance));
            Assert.That(longest, Is.LessThan(TimeSpan.FromSeconds(5)));
            Assert.That(refused, Is.InRange(FilesPerBase / 4, FilesPerBase - 1),
                "the damage must hit the checks, and not always the same one");
        });
    }

    private (bool Opened, long Allocated) Try(string path)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        GgufFile? file = Refusable(() => GgufFile.Open(path));
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        using (file)
        {
            if (file is null) return (false, allocated);
            foreach (string key in file.Metadata.Keys) Use(file.Metadata, key);
            foreach (GgufTensor tensor in file.Tensors) ReadAll(file, tensor);
            return (true, allocated);
        }
    }

    private static T? Refusable<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (GgufFormatException error)
        {
            if (error.Path.Length == 0 || error.Offset < 0 || error.Expected.Length == 0 || error.Found.Length == 0
                || error.Message.Length > 4000)
                Assert.Fail($"incomplete refusal: {error.Message}");
            if (File.Exists(error.Path) && error.Offset > new FileInfo(error.Path).Length)
                Assert.Fail($"refusal at a place behind the file: {error.Message}");
            return default;
        }
        catch (UnsupportedModelException)
        {
            return default; // the type of a tensor became another program's
        }
    }

    private static void Use(GgufMetadata metadata, string key)
    {
        Refusable(() => metadata.Integer(key));
        Refusable(() => metadata.Number(key));
        Refusable(() => metadata.Boolean(key));
        Refusable(() => metadata.String(key));
        Refusable(() => metadata.Strings(key));
        Refusable(() => metadata.Numbers(key));
        GgufValue value = metadata.Find(key)!;
        _ = value.ToString();
        for (int i = 0; i < value.Count; i++)
        {
            if (value.IsString) _ = value.Text(i);
            else _ = value.Number(i);
        }
    }

    private void ReadAll(GgufFile file, GgufTensor tensor)
    {
        for (long at = 0; at < tensor.ByteLength; at += _buffer.Length)
            file.Read(tensor, at, _buffer.AsSpan(0, (int)Math.Min(_buffer.Length, tensor.ByteLength - at)));
    }

    private static string Shard(int number) => $"split-0000{number}-of-00002.gguf";

    private static byte[] ShardBytes(int number)
    {
        GgufWriter writer = new();
        if (number == 1) writer.Add("general.architecture", "llama").Add("list", ["a", "b"]);
        writer.Add("split.no", (ushort)(number - 1)).Add("split.count", (ushort)2).Add("split.tensors.count", 2);
        return Bytes(writer.AddTensor($"tensor.{number}", TensorType.Q8_0, [64, 3], new byte[204]));
    }

    private static byte[] Bytes(GgufWriter writer)
    {
        using MemoryStream stream = new();
        writer.WriteTo(stream);
        return stream.ToArray();
    }
}
