using NpcMind.Gpu;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>The file of compiled pipelines.</summary>
public sealed class PipelineCacheTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, $"cache-{Guid.NewGuid():N}")).FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Second_start_finds_the_cache()
    {
        Assert.That(LoadAndSave(), Is.False);
        Assert.That(LoadAndSave(), Is.True);
    }

    [Test]
    public void Damaged_cache_is_ignored_and_replaced()
    {
        LoadAndSave();
        string path = Directory.GetFiles(_folder).Single();
        byte[] good = File.ReadAllBytes(path);
        foreach (byte[] damaged in new[] { [.. good[..^1], (byte)(good[^1] ^ 1)], [(byte)(good[0] ^ 1), .. good[1..]], good[..(good.Length / 2)], good[..10], [] })
        {
            File.WriteAllBytes(path, damaged);
            Assert.That(LoadAndSave(), Is.False, $"{damaged.Length} of {good.Length} bytes");
            Assert.That(LoadAndSave(), Is.True);
        }
    }

    [Test]
    public void Folder_that_cannot_be_made_costs_nothing_but_time()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        using GpuDevice device = GpuFixture.NewDevice(Path.Combine(file, "below"));
        Assert.That(device.SavePipelineCache, Throws.Nothing);
    }

    /// <summary>Whether a device found a cache; it then runs a kernel and saves.</summary>
    private bool LoadAndSave()
    {
        using GpuDevice device = GpuFixture.NewDevice(_folder);
        using (KernelRig rig = new(device))
        {
            KernelRun run = RowCases.RmsNorm(24, 1).Make(rig);
            rig.Run(run.Nodes, run.Shape);
            float[] expected = run.Outputs[0].Expected();
            Assert.That(TestData.Nmse(rig.ReadFloats(run.Outputs[0].Values, expected.Length), expected), Is.LessThan(1e-12));
        }

        device.SavePipelineCache();
        GpuFixture.CheckValidation(device);
        return device.PipelineCacheWasLoaded;
    }
}
