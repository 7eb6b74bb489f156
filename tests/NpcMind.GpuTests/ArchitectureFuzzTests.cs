using System.Text;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// Files of every architecture whose keys, types and tensors say absurd things: each is read or refused by a documented exception. Most are
/// loaded in a dry run only; some of those that pass are loaded on the device, which must not refuse them. NPCMIND_SCENARIOS raises the
/// numbers.
/// </summary>
internal sealed class ArchitectureFuzzTests : GpuTest
{
    private static readonly int Files = Scenarios.Count(100), Loads = Scenarios.Count(2);
    private static readonly long[] Integers = [0, 1, 2, 3, 5, 7, 8, 63, 64, 255, 256, 1000, 65535, 1 << 20, int.MaxValue, -1, int.MinValue];
    private static readonly float[] Floats =
        [0, 1, -1, 1e-9f, 0.5f, 1e9f, float.MaxValue, float.NaN, float.PositiveInfinity, float.NegativeInfinity, -0f];

    public static IEnumerable<string> Cases => GoldenModelTests.Cases;

    public static IEnumerable<string> Encoders =>
        ["llama4/mmproj", "gemma3-smallwindow/mmproj", "llava15/mmproj-legacy", "qwen25vl/mmproj"];

    [TestCaseSource(nameof(Encoders))]
    public void LoadEncoder_AbsurdKeysAndTensors_IsReadOrRefused(string name) => Fuzz(
        name.Replace('/', '-'), TestData.Golden("vision", name + ".gguf"), "clip",
        file => VisionEncoder.Load(Device, file, 64, "model.gguf"));

    [TestCaseSource(nameof(Cases))]
    public void Load_AbsurdKeysAndTensors_IsReadOrRefused(string name) => Fuzz(
        name, TestData.Golden("architectures", name, "model.gguf"), null,
        file => InferenceEngine.Load(
            Device, file, new EngineOptions { ContextTokens = 32, MaxSequences = 1, MaxRows = 16, MaxOutputs = 16, HostKvTokens = 32 }));

    [TestCase("bert")]
    [TestCase("nomic-bert")]
    public void Load_AbsurdEmbeddingModel_IsReadOrRefused(string name) => Fuzz(
        name, TinyEngines.Path(new TinyBertOptions { Architecture = name, Width = 32, FeedForward = 64, Context = 40 }), null,
        file => EmbeddingEncoder.Load(Device, file));

    private static void Fuzz(string name, string model, string? prefix, Func<GgufFile, IDisposable> load)
    {
        byte[] original = File.ReadAllBytes(model);
        string path = Path.Combine(AppContext.BaseDirectory, $"fuzz-{name}-{Environment.ProcessId}.gguf");
        File.WriteAllBytes(path, original);
        List<GgufValue> values = [];
        long header;
        using (GgufFile file = GgufFile.Open(path))
        {
            string architecture = prefix ?? file.Metadata.String("general.architecture")!;
            values.AddRange(file.Metadata.Keys.Where(k => k.StartsWith(architecture + ".", StringComparison.Ordinal)).Select(
                k => file.Metadata.Find(k)!));
            header = original.Length - file.Tensors.Sum(t => t.ByteLength);
        }

        TinyRandom random = new(name.Length * 31 + name[0] + Scenarios.Seed);
        int refused = 0, loads = Loads;
        using GpuDevice noDevice = GpuDevice.CreateDryRun();
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
            for (int i = 0; i < Files; i++)
            {
                byte[] bytes = (byte[])original.Clone();
                for (int n = 1 + random.Below(2); n > 0; n--) Mutate(bytes, values[random.Below(values.Count)], header, random);
                stream.Position = 0;
                stream.Write(bytes);
                stream.Flush();
                bool passed = false;
                try
                {
                    using GgufFile file = GgufFile.Open(path);
                    DryRun.Load(file, noDevice);
                    if (loads-- <= 0) continue;
                    passed = prefix is null; // an image encoder can be sound and belong to another language model
                    using IDisposable loaded = load(file);
                }
                catch (Exception e) when (e is InsufficientGpuMemoryException
                    || (!passed && e is (GgufFormatException or UnsupportedModelException)))
                {
                    refused++;
                }
                catch (Exception e)
                {
                    Assert.Fail($"{name}, file {i}: {e}");
                }
            }
        }
        finally
        {
            File.Delete(path);
        }

        TestContext.Out.WriteLine($"{name}: {Files} files, {refused} refused");
        Assert.That(refused, Is.InRange(Files / 10, Files));
    }

    /// <summary>Another number in the place of one, or in one of six a byte of the tensor list.</summary>
    private static void Mutate(byte[] bytes, GgufValue value, long header, TinyRandom random)
    {
        if (random.Below(6) == 0)
        {
            bytes[header / 2 + random.Below((int)(header / 2))] = (byte)random.Below(256);
            return;
        }

        GgufValueType type = value.ElementType ?? value.Type;
        int index = value.ElementType is null ? 0 : random.Below(Math.Max(1, value.Count));
        Span<byte> at = bytes.AsSpan((int)value.Offset);
        int start = value.ElementType is null ? 0 : 12;
        switch (type)
        {
            case GgufValueType.Float32:
                BitConverter.TryWriteBytes(at[(start + 4 * index)..], Floats[random.Below(Floats.Length)]);
                break;
            case GgufValueType.Bool:
                at[start + index] ^= 1;
                break;
            case GgufValueType.UInt32 or GgufValueType.Int32:
                BitConverter.TryWriteBytes(at[(start + 4 * index)..], (int)Integers[random.Below(Integers.Length)]);
                break;
            case GgufValueType.String when value.ElementType is null && value.Utf8().Length > 0:
                Encoding.ASCII.GetBytes("none").AsSpan(0, Math.Min(4, value.Utf8().Length)).CopyTo(at[8..]);
                break;
        }
    }
}
