using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>
/// Sizes in which a device multiplies matrices of signed bytes that a subgroup holds together, with 32-bit sums
/// (VK_KHR_cooperative_matrix).
/// </summary>
/// <param name="Rows">Rows of the first matrix.</param>
/// <param name="Columns">Columns of the second.</param>
/// <param name="Depth">Columns of the first, rows of the second.</param>
/// <param name="SubgroupSize">Lanes of the subgroup.</param>
internal sealed record MatrixShape(uint Rows, uint Columns, uint Depth, uint SubgroupSize)
{
    /// <summary>Device extension.</summary>
    public const string Extension = "VK_KHR_cooperative_matrix";

    /// <summary>Returns the largest sizes that products can use; null where the device or its driver has none.</summary>
    /// <param name="vk">API.</param>
    /// <param name="instance">Instance of the device.</param>
    /// <param name="physical">Device.</param>
    public static unsafe MatrixShape? Of(Vk vk, Instance instance, PhysicalDevice physical)
    {
        if (!DeviceChoice.HasExtension(vk, physical, Extension)) return null;
        PhysicalDeviceCooperativeMatrixFeaturesKHR matrices = new() { SType = StructureType.PhysicalDeviceCooperativeMatrixFeaturesKhr };
        PhysicalDeviceVulkan12Features features12 = new() { SType = StructureType.PhysicalDeviceVulkan12Features, PNext = &matrices };
        PhysicalDeviceVulkan13Features features13 = new() { SType = StructureType.PhysicalDeviceVulkan13Features, PNext = &features12 };
        PhysicalDeviceFeatures2 features = new() { SType = StructureType.PhysicalDeviceFeatures2, PNext = &features13 };
        vk.GetPhysicalDeviceFeatures2(physical, &features);
        if (!matrices.CooperativeMatrix || !features12.ShaderInt8 || !features12.VulkanMemoryModel || !features13.SubgroupSizeControl)
            return null;
        PhysicalDeviceVulkan13Properties sizes = new() { SType = StructureType.PhysicalDeviceVulkan13Properties };
        PhysicalDeviceProperties2 properties = new() { SType = StructureType.PhysicalDeviceProperties2, PNext = &sizes };
        vk.GetPhysicalDeviceProperties2(physical, &properties);
        if ((sizes.RequiredSubgroupSizeStages & ShaderStageFlags.ComputeBit) == 0) return null;

        using Utf8Strings strings = new();
        var list = (delegate* unmanaged<PhysicalDevice, uint*, CooperativeMatrixPropertiesKHR*, Result>)vk.GetInstanceProcAddr(
            instance, strings["vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR"]).Handle;
        uint count = 0;
        if (list == null || list(physical, &count, null) != Result.Success) return null;
        CooperativeMatrixPropertiesKHR[] offered = new CooperativeMatrixPropertiesKHR[count];
        Array.Fill(offered, new CooperativeMatrixPropertiesKHR { SType = StructureType.CooperativeMatrixPropertiesKhr });
        fixed (CooperativeMatrixPropertiesKHR* p = offered)
            if (list(physical, &count, p) != Result.Success) return null;
        return Best(offered.AsSpan(0, (int)Math.Min(count, (uint)offered.Length)), sizes.MinSubgroupSize);
    }

    /// <summary>
    /// Returns the largest offered sizes, of signed bytes with 32-bit sums, that divide a row group (32 rows), a tile of rows and a block
    /// of 32 integers; null where there are none.
    /// </summary>
    internal static MatrixShape? Best(ReadOnlySpan<CooperativeMatrixPropertiesKHR> offered, uint subgroupSize)
    {
        const uint Most = 32;
        MatrixShape? best = null;
        foreach (CooperativeMatrixPropertiesKHR p in offered)
        {
            if (p is not
                {
                    AType: ComponentTypeKHR.Sint8Khr, BType: ComponentTypeKHR.Sint8Khr, CType: ComponentTypeKHR.Sint32Khr,
                    ResultType: ComponentTypeKHR.Sint32Khr, Scope: ScopeKHR.SubgroupKhr,
                }
                || p.SaturatingAccumulation || !Divides(p.MSize) || !Divides(p.NSize) || !Divides(p.KSize)
                || best is not null && p.MSize * p.NSize * p.KSize <= best.Rows * best.Columns * best.Depth)
                continue;
            best = new MatrixShape(p.MSize, p.NSize, p.KSize, subgroupSize);
        }

        return best;

        static bool Divides(uint size) => size >= 8 && Most % size == 0;
    }
}
