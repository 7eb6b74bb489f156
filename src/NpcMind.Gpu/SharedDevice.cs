using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

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

    /// <summary>Names of the features that are needed and that the chain of structures given to vkCreateDevice does not enable.</summary>
    /// <param name="chain">The pNext of VkDeviceCreateInfo, or a VkPhysicalDeviceFeatures2.</param>
    public static IReadOnlyList<string> MissingFeatures(nint chain)
    {
        bool timeline = false, synchronization = false, maintenance = false;
        BaseInStructure* next = (BaseInStructure*)chain;
        for (int i = 0; next != null && i < MostStructures; i++, next = next->PNext)
        {
            switch (next->SType)
            {
                case StructureType.PhysicalDeviceVulkan12Features:
                    timeline |= ((PhysicalDeviceVulkan12Features*)next)->TimelineSemaphore;
                    break;
                case StructureType.PhysicalDeviceTimelineSemaphoreFeatures:
                    timeline |= ((PhysicalDeviceTimelineSemaphoreFeatures*)next)->TimelineSemaphore;
                    break;
                case StructureType.PhysicalDeviceVulkan13Features:
                    synchronization |= ((PhysicalDeviceVulkan13Features*)next)->Synchronization2;
                    maintenance |= ((PhysicalDeviceVulkan13Features*)next)->Maintenance4;
                    break;
                case StructureType.PhysicalDeviceSynchronization2Features:
                    synchronization |= ((PhysicalDeviceSynchronization2Features*)next)->Synchronization2;
                    break;
                case StructureType.PhysicalDeviceMaintenance4Features:
                    maintenance |= ((PhysicalDeviceMaintenance4Features*)next)->Maintenance4;
                    break;
            }
        }

        List<string> missing = [];
        if (!timeline) missing.Add("timelineSemaphore");
        if (!synchronization) missing.Add("synchronization2");
        if (!maintenance) missing.Add("maintenance4");
        return missing;
    }

    /// <summary>Whether the chain enables integer dot products, which are used where they are.</summary>
    /// <param name="chain">As in <see cref="MissingFeatures"/>.</param>
    public static bool HasIntegerDot(nint chain)
    {
        BaseInStructure* next = (BaseInStructure*)chain;
        for (int i = 0; next != null && i < MostStructures; i++, next = next->PNext)
        {
            if (next->SType == StructureType.PhysicalDeviceVulkan13Features
                && ((PhysicalDeviceVulkan13Features*)next)->ShaderIntegerDotProduct)
                return true;
            if (next->SType == StructureType.PhysicalDeviceShaderIntegerDotProductFeatures
                && ((PhysicalDeviceShaderIntegerDotProductFeatures*)next)->ShaderIntegerDotProduct)
                return true;
        }

        return false;
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
        if (handles.MissingFeatures is { Count: > 0 } features)
            throw new GpuUnavailableException($"The game's Vulkan device was made without {string.Join(", ", features)}.",
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
