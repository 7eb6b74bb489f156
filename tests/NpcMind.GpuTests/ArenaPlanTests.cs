using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Where tensors go, on lists of sizes of models too large for a test.</summary>
internal sealed class ArenaPlanTests
{
    private const int Context = 8192;

    private sealed record Shape(int Layers, int Width, int Heads, int KvHeads, int HeadDim, int Hidden, int Experts, int Vocabulary);

    private static readonly Dictionary<string, Shape> Shapes = new()
    {
        ["8B"] = new(32, 4096, 32, 8, 128, 14336, 0, 128256),
        ["13B"] = new(40, 5120, 40, 40, 128, 13824, 0, 32000),
        ["30B-A3B"] = new(48, 2048, 32, 4, 128, 768, 128, 151936),
    };

    [TestCase("8B", TensorType.Q4_K)]
    [TestCase("13B", TensorType.Q4_K)]
    [TestCase("30B-A3B", TensorType.Q4_K)]
    [TestCase("8B", TensorType.Q8_0)]
    [TestCase("30B-A3B", TensorType.Q6_K)]
    public void Place_TensorsOfModel_WastesLessThanTwoPercent(string model, TensorType type)
    {
        ArenaPlan plan = new();
        foreach (long bytes in Tensors(Shapes[model], WeightLayout.For(type)!)) plan.Place(bytes);
        Assert.That(plan.ReservedBytes - plan.UsedBytes, Is.InRange(0, plan.UsedBytes / 50), $"{plan.ReservedBytes} for {plan.UsedBytes}");
        Assert.That(plan.Buffers, Is.LessThan(1024), "drivers allow 4,096");
    }

    [Test]
    public void Place_AnySizes_NeverOverlapAndStayInside()
    {
        TinyRandom random = new(3);
        ArenaPlan plan = new(1 << 20, 1024);
        Dictionary<int, long> sizes = [], ends = [];
        for (int i = 0; i < 400; i++)
        {
            long bytes = 1 + random.Below(i % 10 == 0 ? 3 << 20 : 20_000);
            ArenaPlace place = plan.Place(bytes);
            if (place.NewBytes > 0) sizes.Add(place.Buffer, place.NewBytes);
            Assert.That(place.Offset % 1024, Is.Zero);
            Assert.That(place.Offset, Is.GreaterThanOrEqualTo(ends.GetValueOrDefault(place.Buffer)));
            ends[place.Buffer] = place.Offset + bytes;
            Assert.That(ends[place.Buffer], Is.LessThanOrEqualTo(sizes[place.Buffer]));
        }

        Assert.That(sizes.Values.Sum(), Is.EqualTo(plan.ReservedBytes));
    }

    [Test]
    public void Place_LittleMemoryLeft_MakesSmallBuffer() =>
        Assert.That(new ArenaPlan().Place(1000, available: 5000).NewBytes, Is.EqualTo(5000));

    /// <summary>In the order of loading: cache, workspace, then layer by layer, with norms between.</summary>
    private static IEnumerable<long> Tensors(Shape s, WeightLayout layout)
    {
        for (int i = 0; i < 2 * s.Layers; i++) yield return (long)s.KvHeads * s.HeadDim * Context * 4;
        foreach (int width in (int[])[s.Width, s.Width, s.Heads * s.HeadDim, 3 * s.Hidden, s.Vocabulary / 4]) yield return 64L * width * 4;
        yield return Matrix(s.Vocabulary, s.Width);
        for (int i = 0; i < s.Layers; i++)
        {
            yield return s.Width * 4;
            yield return Matrix((s.Heads + 2 * s.KvHeads) * s.HeadDim, s.Width);
            yield return Matrix(s.Width, s.Heads * s.HeadDim);
            yield return s.Width * 4;
            if (s.Experts > 0) yield return WeightLayout.For(TensorType.F32)!.GroupBytes(s.Width) * s.Experts / 32;
            yield return Matrix(2 * s.Hidden, s.Width) * Math.Max(1, s.Experts);
            yield return Matrix(s.Width, s.Hidden) * Math.Max(1, s.Experts);
        }

        yield return Matrix(s.Vocabulary, s.Width);

        long Matrix(int rows, int columns) => (rows + 31) / 32 * layout.GroupBytes(columns);
    }
}
