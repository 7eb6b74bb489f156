using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>Features of a device: the first three are needed, the others are used where they are enabled.</summary>
[Flags]
internal enum DeviceFeatures
{
    None = 0,
    TimelineSemaphore = 1,
    Synchronization2 = 2,
    Maintenance4 = 4,

    /// <summary>shaderIntegerDotProduct: shaders may multiply four bytes at a time.</summary>
    IntegerDotProduct = 8,

    /// <summary>computeFullSubgroups: pipelines may ask for subgroups without idle lanes.</summary>
    FullSubgroups = 16,

    /// <summary>shaderInt8: shaders may have bytes.</summary>
    Int8 = 32,

    /// <summary>vulkanMemoryModel: cooperative matrices ask for it.</summary>
    MemoryModel = 64,

    /// <summary>subgroupSizeControl: pipelines may ask for a size of subgroups.</summary>
    SubgroupSizeControl = 128,

    /// <summary>cooperativeMatrix of VK_KHR_cooperative_matrix.</summary>
    CooperativeMatrix = 256,

    /// <summary>All that products of cooperative matrices need.</summary>
    Matrices = Int8 | MemoryModel | SubgroupSizeControl | CooperativeMatrix,
}

/// <summary>
/// What a game's device must have, asked before anything of it is called: a function that is not there would end the process.
/// </summary>
internal static unsafe class SharedDevice
{
    private const int MostStructures = 1024;

    private static readonly string[] InstanceFunctions =
    [
        "vkGetPhysicalDeviceProperties2", "vkGetPhysicalDeviceMemoryProperties2", "vkGetPhysicalDeviceQueueFamilyProperties",
        "vkEnumerateDeviceExtensionProperties",
    ];

    private static readonly string[] DeviceFunctions =
    [
        "vkCmdDispatchBase", "vkGetSemaphoreCounterValue", "vkWaitSemaphores", "vkQueueSubmit2", "vkCmdPipelineBarrier2",
        "vkCmdWriteTimestamp2",
    ];

    private static readonly (DeviceFeatures Feature, string Name)[] Needed =
    [
        (DeviceFeatures.TimelineSemaphore, "timelineSemaphore"), (DeviceFeatures.Synchronization2, "synchronization2"),
        (DeviceFeatures.Maintenance4, "maintenance4"),
    ];

    /// <summary>The features, of those we know, that the chain of structures given to vkCreateDevice enables.</summary>
    /// <param name="chain">The pNext of VkDeviceCreateInfo, or a VkPhysicalDeviceFeatures2.</param>
    public static DeviceFeatures EnabledFeatures(nint chain)
    {
        DeviceFeatures enabled = DeviceFeatures.None;
        BaseInStructure* next = (BaseInStructure*)chain;
        for (int i = 0; next != null && i < MostStructures; i++, next = next->PNext)
        {
            switch (next->SType)
            {
                case StructureType.PhysicalDeviceVulkan12Features:
                    PhysicalDeviceVulkan12Features* older = (PhysicalDeviceVulkan12Features*)next;
                    Add(DeviceFeatures.TimelineSemaphore, older->TimelineSemaphore);
                    Add(DeviceFeatures.Int8, older->ShaderInt8);
                    Add(DeviceFeatures.MemoryModel, older->VulkanMemoryModel);
                    break;
                case StructureType.PhysicalDeviceTimelineSemaphoreFeatures:
                    Add(DeviceFeatures.TimelineSemaphore, ((PhysicalDeviceTimelineSemaphoreFeatures*)next)->TimelineSemaphore);
                    break;
                case StructureType.PhysicalDeviceVulkan13Features:
                    PhysicalDeviceVulkan13Features* newer = (PhysicalDeviceVulkan13Features*)next;
                    Add(DeviceFeatures.Synchronization2, newer->Synchronization2);
                    Add(DeviceFeatures.Maintenance4, newer->Maintenance4);
                    Add(DeviceFeatures.IntegerDotProduct, newer->ShaderIntegerDotProduct);
                    Add(DeviceFeatures.FullSubgroups, newer->ComputeFullSubgroups);
                    Add(DeviceFeatures.SubgroupSizeControl, newer->SubgroupSizeControl);
                    break;
                case StructureType.PhysicalDeviceSynchronization2Features:
                    Add(DeviceFeatures.Synchronization2, ((PhysicalDeviceSynchronization2Features*)next)->Synchronization2);
                    break;
                case StructureType.PhysicalDeviceMaintenance4Features:
                    Add(DeviceFeatures.Maintenance4, ((PhysicalDeviceMaintenance4Features*)next)->Maintenance4);
                    break;
                case StructureType.PhysicalDeviceShaderIntegerDotProductFeatures:
                    Add(DeviceFeatures.IntegerDotProduct,
                        ((PhysicalDeviceShaderIntegerDotProductFeatures*)next)->ShaderIntegerDotProduct);
                    break;
                case StructureType.PhysicalDeviceSubgroupSizeControlFeatures:
                    PhysicalDeviceSubgroupSizeControlFeatures* sizes = (PhysicalDeviceSubgroupSizeControlFeatures*)next;
                    Add(DeviceFeatures.FullSubgroups, sizes->ComputeFullSubgroups);
                    Add(DeviceFeatures.SubgroupSizeControl, sizes->SubgroupSizeControl);
                    break;
                case StructureType.PhysicalDeviceShaderFloat16Int8Features:
                    Add(DeviceFeatures.Int8, ((PhysicalDeviceShaderFloat16Int8Features*)next)->ShaderInt8);
                    break;
                case StructureType.PhysicalDeviceVulkanMemoryModelFeatures:
                    Add(DeviceFeatures.MemoryModel, ((PhysicalDeviceVulkanMemoryModelFeatures*)next)->VulkanMemoryModel);
                    break;
                case StructureType.PhysicalDeviceCooperativeMatrixFeaturesKhr:
                    Add(DeviceFeatures.CooperativeMatrix, ((PhysicalDeviceCooperativeMatrixFeaturesKHR*)next)->CooperativeMatrix);
                    break;
            }
        }

        return enabled;

        void Add(DeviceFeatures feature, bool isEnabled) => enabled |= isEnabled ? feature : DeviceFeatures.None;
    }

    /// <exception cref="GpuUnavailableException">Functions or features are missing.</exception>
    internal static void Check(Vk vk, GpuHandles handles)
    {
        const string Newer = "Make the VkInstance with VkApplicationInfo.apiVersion VK_API_VERSION_1_3 or newer, and the VkDevice of it.";
        Instance instance = new(handles.Instance);
        Device device = new(handles.Device);
        List<string> missing = Missing(InstanceFunctions, name => (nint)vk.GetInstanceProcAddr(instance, (byte*)name).Handle);
        if (missing.Count == 0) missing = Missing(DeviceFunctions, name => (nint)vk.GetDeviceProcAddr(device, (byte*)name).Handle);
        string functions = string.Join(", ", missing);
        if (missing.Count > 0)
            throw new GpuUnavailableException(
                $"The game's Vulkan device lacks {functions}: its instance was made for less than Vulkan 1.3.", Newer);
        string features = string.Join(", ",
            Needed.Where(f => handles.Enabled is { } enabled && !enabled.HasFlag(f.Feature)).Select(f => f.Name));
        if (features.Length > 0)
            throw new GpuUnavailableException($"The game's Vulkan device was made without {features}.",
                "Enable these features of Vulkan 1.2 and 1.3 in the pNext chain of VkDeviceCreateInfo.");
    }

    private static List<string> Missing(string[] functions, Func<nint, nint> address)
    {
        List<string> missing = [];
        using Utf8Strings strings = new();
        foreach (string function in functions)
            if (address((nint)strings[function]) == 0) missing.Add(function);
        return missing;
    }
}
