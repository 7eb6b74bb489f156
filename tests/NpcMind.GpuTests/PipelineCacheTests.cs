using NpcMind.Gpu;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>The file of compiled pipelines.</summary>
internal sealed class PipelineCacheTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, $"cache-{Guid.NewGuid():N}"))
        .FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Start_SecondTime_FindsCache()
    {
        Assert.That(LoadAndSave(), Is.False);
        Assert.That(LoadAndSave(), Is.True);
    }

    [Test]
    public void Start_DamagedCache_IgnoresAndReplacesIt()
    {
        LoadAndSave();
        string path = Directory.GetFiles(_folder).Single();
        byte[] good = File.ReadAllBytes(path);
        foreach (byte[] damaged in new[] { [.. good[..^1], (byte)(good[^1] ^ 1)], [(byte)(good[0] ^ 1), .. good[1..]],
            good[..(good.Length / 2)], good[..10], [] })
        {
            File.WriteAllBytes(path, damaged);
            Assert.That(LoadAndSave(), Is.False, $"{damaged.Length} of {good.Length} bytes");
            Assert.That(LoadAndSave(), Is.True);
        }
    }

    [Test]
    public void Start_FolderCannotBeMade_CompilesWithoutCache()
    {
        string file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        using GpuDevice device = GpuFixture.NewDevice(Path.Combine(file, "below"));
        Assert.That(device.SavePipelineCache, Throws.Nothing);
    }

    /// <summary>Report cache-only-on-dispose.</summary>
    [Test]
    public void Load_WhenItEnds_HasSavedShadersAndCosts()
    {
        NpcRuntimeOptions options = new() { CacheFolder = _folder, ContextTokens = 64, MaxNpcs = 1, MaxPrefixes = 1 };
        using NpcRuntime runtime = NpcRuntime.Load(TinyEngines.Path(Runtime.Sizes.Chat), options);
        string[] files = [.. Directory.GetFiles(_folder).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        Assert.That(files, Has.Length.EqualTo(2));
        Assert.That(files[0], Does.StartWith("costs-"));
        Assert.That(files[1], Does.StartWith("pipelines-"));
        using NpcRuntime second = NpcRuntime.Load(TinyEngines.Path(Runtime.Sizes.Chat), options);
        Assert.That((second.CostsWereLoaded, second.Engine.Device.PipelineCacheWasLoaded), Is.EqualTo((true, true)),
            "while the first still runs");
    }

    [Test]
    public void Write_AFileOfTheCache_IsPrivateAndFollowsNoLink()
    {
        string path = Path.Combine(_folder, "kept.bin"), elsewhere = Path.Combine(_folder, "elsewhere");
        File.WriteAllText(elsewhere, "mine");
        File.CreateSymbolicLink(path, elsewhere);
        CacheFile.Write(path, [1, 2, 3]);
        Assert.That(File.ReadAllText(elsewhere), Is.EqualTo("mine"));
        Assert.That(new FileInfo(path).LinkTarget, Is.Null);
        Assert.That(CacheFile.Read(path, 10), Is.EqualTo(new byte[] { 1, 2, 3 }));
        Assert.That(CacheFile.Read(path, 2), Is.Empty);
        if (!OperatingSystem.IsWindows()) Assert.That(File.GetUnixFileMode(path),
            Is.EqualTo(UnixFileMode.UserRead | UnixFileMode.UserWrite));
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(2), "no temporary stays behind");
        Directory.CreateDirectory(Path.Combine(_folder, "folder"));
        Assert.That(() => CacheFile.Write(Path.Combine(_folder, "folder"), [1]), Throws.Nothing);
        Assert.That(Directory.GetFiles(_folder), Has.Length.EqualTo(2));
        if (OperatingSystem.IsWindows()) return;
        string pipe = Path.Combine(_folder, "pipe");
        using System.Diagnostics.Process mkfifo = System.Diagnostics.Process.Start("mkfifo", [pipe]);
        mkfifo.WaitForExit();
        Assert.That(CacheFile.Read(pipe, 10), Is.Empty, "a pipe is not opened");
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
