using NpcMind.Gpu;
using Silk.NET.Vulkan;

namespace NpcMind.GpuTests;

/// <summary>What is read of a game's features, and which cooperative matrices are chosen. No device is used.</summary>
internal sealed unsafe class DeviceFeatureTests
{
    [Test]
    public void EnabledFeatures_OfTheStructuresOfVersions_AreRead()
    {
        PhysicalDeviceCooperativeMatrixFeaturesKHR matrices = new()
        { SType = StructureType.PhysicalDeviceCooperativeMatrixFeaturesKhr, CooperativeMatrix = true };
        PhysicalDeviceVulkan12Features older = new()
        {
            SType = StructureType.PhysicalDeviceVulkan12Features,
            TimelineSemaphore = true,
            ShaderInt8 = true,
            VulkanMemoryModel = true,
            PNext = &matrices,
        };
        PhysicalDeviceVulkan13Features newer = new()
        {
            SType = StructureType.PhysicalDeviceVulkan13Features,
            Synchronization2 = true,
            Maintenance4 = true,
            ShaderIntegerDotProduct = true,
            ComputeFullSubgroups = true,
            SubgroupSizeControl = true,
            PNext = &older,
        };
        DeviceFeatures all = Enum.GetValues<DeviceFeatures>().Aggregate((a, b) => a | b);
        Assert.That(SharedDevice.EnabledFeatures((nint)(&newer)), Is.EqualTo(all));
        older.ShaderInt8 = false;
        Assert.That(SharedDevice.EnabledFeatures((nint)(&newer)), Is.EqualTo(all & ~DeviceFeatures.Int8));
        Assert.That(SharedDevice.EnabledFeatures((nint)(&matrices)), Is.EqualTo(DeviceFeatures.CooperativeMatrix));
        Assert.That(SharedDevice.EnabledFeatures(0), Is.EqualTo(DeviceFeatures.None));
    }

    [Test]
    public void EnabledFeatures_OfTheStructuresOfExtensions_AreRead()
    {
        PhysicalDeviceShaderFloat16Int8Features bytes = new()
        { SType = StructureType.PhysicalDeviceShaderFloat16Int8Features, ShaderInt8 = true };
        PhysicalDeviceVulkanMemoryModelFeatures memory = new()
        { SType = StructureType.PhysicalDeviceVulkanMemoryModelFeatures, VulkanMemoryModel = true, PNext = &bytes };
        PhysicalDeviceSubgroupSizeControlFeatures sizes = new()
        { SType = StructureType.PhysicalDeviceSubgroupSizeControlFeatures, SubgroupSizeControl = true, PNext = &memory };
        PhysicalDeviceTimelineSemaphoreFeatures timeline = new()
        { SType = StructureType.PhysicalDeviceTimelineSemaphoreFeatures, TimelineSemaphore = true, PNext = &sizes };
        Assert.That(SharedDevice.EnabledFeatures((nint)(&timeline)), Is.EqualTo(DeviceFeatures.TimelineSemaphore
            | DeviceFeatures.SubgroupSizeControl | DeviceFeatures.MemoryModel | DeviceFeatures.Int8));
        sizes.ComputeFullSubgroups = true;
        Assert.That(SharedDevice.EnabledFeatures((nint)(&sizes)).HasFlag(DeviceFeatures.FullSubgroups));
    }

    /// <summary>As drivers of NVIDIA, AMD, Intel and the software driver list them.</summary>
    [Test]
    public void MatrixShape_OfWhatDriversList_IsTheLargestOfSignedBytes()
    {
        CooperativeMatrixPropertiesKHR[] several = [Bytes(16, 8, 32), Bytes(16, 16, 32), Bytes(16, 8, 16)];
        Assert.That(MatrixShape.Best(several, 32), Is.EqualTo(new MatrixShape(16, 16, 32, 32)));
        Assert.That(MatrixShape.Best([Unsigned(), Bytes(16, 16, 16)], 32), Is.EqualTo(new MatrixShape(16, 16, 16, 32)));
        Assert.That(MatrixShape.Best([Bytes(8, 8, 32)], 8), Is.EqualTo(new MatrixShape(8, 8, 32, 8)));
        Assert.That(MatrixShape.Best([Halves(), Bytes(8, 8, 8)], 8), Is.EqualTo(new MatrixShape(8, 8, 8, 8)));
    }

    [Test]
    public void MatrixShape_WithoutFittingMatrices_IsNone()
    {
        CooperativeMatrixPropertiesKHR workgroups = Bytes(16, 16, 32) with { Scope = ScopeKHR.WorkgroupKhr };
        CooperativeMatrixPropertiesKHR saturating = Bytes(16, 16, 32) with { SaturatingAccumulation = true };
        Assert.That(MatrixShape.Best([Unsigned(), Halves(), workgroups, saturating, Bytes(16, 16, 64), Bytes(12, 16, 16)], 32), Is.Null);
        Assert.That(MatrixShape.Best([], 32), Is.Null);
    }

    /// <summary>NVIDIA; AMD; AMD where nobody said that the feature is on; Vega; the software driver.</summary>
    [TestCase(32u, 32u, true, 0u)]
    [TestCase(32u, 64u, true, 32u)]
    [TestCase(32u, 64u, false, null)]
    [TestCase(64u, 64u, true, null)]
    [TestCase(8u, 8u, false, 0u)]
    public void NarrowSubgroups_OfWhatDriversSay_AreAskedForWhereNeeded(uint smallest, uint largest, bool canAsk, uint? expected)
    {
        PhysicalDeviceVulkan13Properties sizes = new()
        { MinSubgroupSize = smallest, MaxSubgroupSize = largest, RequiredSubgroupSizeStages = ShaderStageFlags.ComputeBit };
        Assert.That(DeviceChoice.NarrowSubgroups(sizes, canAsk), Is.EqualTo(expected));
        sizes.RequiredSubgroupSizeStages = ShaderStageFlags.VertexBit;
        Assert.That(DeviceChoice.NarrowSubgroups(sizes, canAsk), Is.EqualTo(expected == 32u ? null : expected));
    }

    private static CooperativeMatrixPropertiesKHR Bytes(uint rows, uint columns, uint depth) => new()
    {
        MSize = rows,
        NSize = columns,
        KSize = depth,
        AType = ComponentTypeKHR.Sint8Khr,
        BType = ComponentTypeKHR.Sint8Khr,
        CType = ComponentTypeKHR.Sint32Khr,
        ResultType = ComponentTypeKHR.Sint32Khr,
        Scope = ScopeKHR.SubgroupKhr,
    };

    private static CooperativeMatrixPropertiesKHR Unsigned() => Bytes(32, 32, 32) with { AType = ComponentTypeKHR.Uint8Khr };

    private static CooperativeMatrixPropertiesKHR Halves() => Bytes(32, 32, 32) with
    { AType = ComponentTypeKHR.Float16Khr, BType = ComponentTypeKHR.Float16Khr, CType = ComponentTypeKHR.Float32Khr };
}
