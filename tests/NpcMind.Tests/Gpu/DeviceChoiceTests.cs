using NpcMind.Gpu;
using NUnit.Framework;
using Silk.NET.Vulkan;

namespace NpcMind.Tests.Gpu;

/// <summary>Which queue and which devices are taken.</summary>
internal sealed class DeviceChoiceTests
{
    private const QueueFlags Draws = QueueFlags.GraphicsBit | QueueFlags.ComputeBit | QueueFlags.TransferBit,
        Computes = QueueFlags.ComputeBit | QueueFlags.TransferBit;

    private static readonly PhysicalDeviceLimits Smallest = new()
    {
        MaxTexelBufferElements = DeviceChoice.SmallestTexelBuffer,
        MaxPerStageDescriptorStorageBuffers = DeviceChoice.StorageBuffers,
        MaxDescriptorSetStorageBuffers = DeviceChoice.StorageBuffers,
    };

    [Test]
    public void ComputeFamily_SeveralCompute_PrefersOneWithTimestampsThatDoesNotDraw()
    {
        Assert.That(Family((Draws, 64)), Is.EqualTo(0u), "lavapipe: one family for everything");
        Assert.That(Family((Draws, 64), (QueueFlags.TransferBit, 64), (Computes, 64)), Is.EqualTo(2u), "NVIDIA, AMD");
        Assert.That(Family((Draws, 64), (Computes, 0)), Is.EqualTo(0u), "no timestamps beside the renderer");
        Assert.That(Family((Draws, 0), (Computes, 0)), Is.EqualTo(1u), "no timestamps at all");
        Assert.That(Family((Draws, 36), (Draws, 36)), Is.EqualTo(0u), "the first of equals");
        Assert.That(Family((QueueFlags.TransferBit, 64)), Is.Null);
    }

    [TestCase("1", 1)]
    [TestCase("4090", 1)]
    [TestCase("256", 0)]
    [TestCase("LLVMPIPE", 0)]
    [TestCase("rtx", 1)]
    [TestCase("2", 0, Description = "no such index, and the first name that contains it")]
    [TestCase("7", null)]
    [TestCase("", null)]
    [TestCase(" ", null)]
    public void Find_IndexOrPartOfAName_IsTheDevice(string wanted, int? expected) =>
        Assert.That(DeviceChoice.Find([new(0, "llvmpipe (LLVM 15.0.6, 256 bits)", "software", "Mesa"),
            new(1, "NVIDIA GeForce RTX 4090", "discrete", "NVIDIA")], wanted)?.Index, Is.EqualTo(expected));

    [Test]
    public void Check_SizesTooSmall_AreRefusedByName()
    {
        Assert.That(() => DeviceChoice.Check("a card", 32, 8, Smallest), Throws.Nothing);
        Assert.That(() => DeviceChoice.Check("a card", 16, 4, Smallest),
            Throws.TypeOf<GpuUnavailableException>().With.Message.Contains("'a card' may run shaders in subgroups of 4 lanes"));
        PhysicalDeviceLimits limits = Smallest;
        limits.MaxTexelBufferElements = 65_536;
        Assert.That(() => DeviceChoice.Check("a card", 16, 16, limits),
            Throws.TypeOf<GpuUnavailableException>().With.Message.Contains("65536 texels"));
        limits = Smallest;
        limits.MaxPerStageDescriptorStorageBuffers = 4;
        Assert.That(() => DeviceChoice.Check("a card", 16, 16, limits),
            Throws.TypeOf<GpuUnavailableException>().With.Message.Contains("at most 4 storage buffers"));
    }

    /// <summary>The shader with most storage buffers has as many as devices are asked for.</summary>
    [Test]
    public void StorageBuffers_OfAllShaders_AreAtMostThoseAskedFor() => Assert.That(
        KernelLibraryBindings().Max(), Is.EqualTo((int)DeviceChoice.StorageBuffers));

    private static IEnumerable<int> KernelLibraryBindings() => Inference.KernelLibrary.ShaderNames
        .Select(n => Inference.KernelLibrary.ReadModule(n).Bindings
            .Count(b => b.Kind == BindingKind.Storage && b.Access != BindingAccess.None));

    private static uint? Family(params (QueueFlags Flags, uint TimestampBits)[] families) => DeviceChoice.ComputeFamily(
        [.. families.Select(f => new QueueFamilyProperties { QueueFlags = f.Flags, TimestampValidBits = f.TimestampBits })]);
}
