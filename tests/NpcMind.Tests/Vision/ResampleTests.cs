using System.Text.Json;
using NpcMind.Reference;
using NpcMind.Vision;
using NUnit.Framework;

namespace NpcMind.Tests.Vision;

internal sealed class ResampleTests
{
    private static IEnumerable<TestCaseData> Cases
    {
        get
        {
            using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(TestData.Golden("vision", "resample", "cases.json")));
            foreach (JsonElement one in json.RootElement.GetProperty("cases").EnumerateArray())
                foreach (JsonElement result in one.GetProperty("results").EnumerateArray())
                {
                    string source = one.GetProperty("source").GetProperty("file").GetString()!,
                    file = result.GetProperty("file").GetString()!;
                    yield return new TestCaseData(source, Shape(one.GetProperty("source")), file, Shape(result),
                        Enum.Parse<ResampleFilter>(result.GetProperty("filter").GetString()!, ignoreCase: true)).SetArgDisplayNames(file);
                }

            static int[] Shape(JsonElement of) => [.. of.GetProperty("shape").EnumerateArray().Select(e => e.GetInt32())];
        }
    }

    [TestCaseSource(nameof(Cases))]
    public void Resample_GoldenCases_EqualOtherImplementation(string source, int[] from, string result, int[] to, ResampleFilter filter)
    {
        byte[] actual = Resample.Run(File.ReadAllBytes(TestData.Golden("vision", "resample", source)), from[1], from[0], to[1], to[0],
            filter);
        Assert.That(actual, Is.EqualTo(File.ReadAllBytes(TestData.Golden("vision", "resample", result))));
    }

    [Test]
    public void Create_AnySizes_MakesSoundTable([Values] ResampleFilter filter, [Values(1, 2, 3, 7, 84, 336, 4096, 65536)] int source,
        [Values(1, 2, 5, 84, 364, 4096, 65536)] int target)
    {
        ResampleTable table = ResampleTable.Create(source, target, filter);
        Assert.That((table.Source, table.Target, table.First.Length, table.Count.Length, table.Weights.Length),
            Is.EqualTo((source, target, target, target, target * table.Taps)));
        for (int i = 0; i < target; i++)
        {
            ReadOnlySpan<int> weights = table.Weights.AsSpan(i * table.Taps, table.Taps);
            long sum = 0, magnitude = 0;
            foreach (int weight in weights)
            {
                sum += weight;
                magnitude += Math.Abs((long)weight);
            }

            bool sound = table.First[i] >= 0 && table.Count[i] >= 1 && table.Count[i] <= table.Taps
                && table.First[i] + table.Count[i] <= source && !weights[table.Count[i]..].ContainsAnyExcept(0)
                && Math.Abs(sum - (1 << ResampleTable.Bits)) <= table.Taps && (magnitude * 255) + ResampleTable.Half < int.MaxValue;
            if (!sound) Assert.Fail($"target {i}: first {table.First[i]}, count {table.Count[i]}, sum {sum}, magnitude {magnitude}");
        }
    }

    [Test]
    public void Resample_SameSize_IsTheSamePicture([Values] ResampleFilter filter)
    {
        byte[] rgb = new byte[9 * 14 * 3];
        new Random(7).NextBytes(rgb);
        Assert.That(Resample.Run(rgb, 14, 9, 14, 9, filter), Is.EqualTo(rgb));
    }

    [Test]
    public void Create_SizesOrFiltersOutOfRange_ThrowsArgumentException()
    {
        Assert.That(() => ResampleTable.Create(0, 1, ResampleFilter.Bilinear), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => ResampleTable.Create(1, 65537, ResampleFilter.Bilinear), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(() => ResampleTable.Create(1, 1, (ResampleFilter)3), Throws.TypeOf<ArgumentOutOfRangeException>());
    }
}
