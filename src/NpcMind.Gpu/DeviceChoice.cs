using System.Globalization;
using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>Lists, checks and picks physical devices, and makes the logical one.</summary>
internal static unsafe class DeviceChoice
{
    /// <summary>Lanes of a cluster (shaders/lib/cluster.glsl): a smaller subgroup would give wrong values.</summary>
    public const int SmallestSubgroup = 8;

    public static IReadOnlyList<GpuInfo> List(Vk vk, Instance instance)
    {
        List<GpuInfo> list = [];
        foreach (PhysicalDevice device in Enumerate(vk, instance))
        {
            GpuLimits limits = GpuLimits.Read(vk, device, 0);
            vk.GetPhysicalDeviceProperties(device, out PhysicalDeviceProperties properties);
            list.Add(new GpuInfo(list.Count, limits.Name, Kind(properties.DeviceType), limits.Driver));
        }

        return list;
    }

    public static PhysicalDevice Choose(Vk vk, Instance instance, string? wanted)
    {
        PhysicalDevice[] devices = Enumerate(vk, instance);
        if (devices.Length == 0)
            throw new GpuUnavailableException("No Vulkan device was found.",
                "Install the driver of your GPU, or the software driver (Debian, Ubuntu: apt-get install mesa-vulkan-drivers).");
        if (wanted is not null)
        {
            IReadOnlyList<GpuInfo> list = List(vk, instance);
            GpuInfo? match = int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int index)
                ? list.FirstOrDefault(d => d.Index == index)
                : list.FirstOrDefault(d => d.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase));
            if (match is null)
                throw new GpuUnavailableException($"There is no Vulkan device '{wanted}'.",
                    $"Choose one of: {string.Join(", ", list.Select(d => $"{d.Index} ({d.Name})"))}.");
            CheckUsable(vk, devices[match.Index]);
            return devices[match.Index];
        }

        PhysicalDevice best = devices.OrderBy(d => Rank(vk, d)).First();
        CheckUsable(vk, best);
        return best;
    }

    public static QueueFamilyProperties[] Families(Vk vk, PhysicalDevice device)
    {
        uint count = 0;
        vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, null);
        QueueFamilyProperties[] families = new QueueFamilyProperties[count];
        fixed (QueueFamilyProperties* p = families) vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, p);
        return families;
    }

    public static uint ComputeFamily(Vk vk, PhysicalDevice device)
    {
        QueueFamilyProperties[] families = Families(vk, device);
        for (uint i = 0; i < families.Length; i++)
            if ((families[i].QueueFlags & QueueFlags.ComputeBit) != 0) return i;
        throw new GpuUnavailableException("The Vulkan device has no queue that can compute.", "Choose another with --device.");
    }

    public static void CheckComputes(Vk vk, PhysicalDevice device, uint family)
    {
        QueueFamilyProperties[] families = Families(vk, device);
        if (family >= families.Length || (families[family].QueueFlags & QueueFlags.ComputeBit) == 0)
            throw new GpuUnavailableException($"Queue family {family} cannot compute.",
                "Hand over a queue of a family with VK_QUEUE_COMPUTE_BIT.");
    }

    public static void CheckUsable(Vk vk, PhysicalDevice device)
    {
        vk.GetPhysicalDeviceProperties(device, out PhysicalDeviceProperties properties);
        string name = Marshal.PtrToStringUTF8((nint)properties.DeviceName) ?? "";
        if (properties.ApiVersion < Vk.Version13)
            throw new GpuUnavailableException(
                $"'{name}' offers Vulkan {properties.ApiVersion >> 22}.{(properties.ApiVersion >> 12) & 0x3FF}; NpcMind needs 1.3.",
                "Update the graphics driver or choose another device.");
        PhysicalDeviceSubgroupProperties subgroup = new() { SType = StructureType.PhysicalDeviceSubgroupProperties };
        PhysicalDeviceProperties2 more = new() { SType = StructureType.PhysicalDeviceProperties2, PNext = &subgroup };
        vk.GetPhysicalDeviceProperties2(device, &more);
        const SubgroupFeatureFlags Needed = SubgroupFeatureFlags.BasicBit | SubgroupFeatureFlags.ArithmeticBit
            | SubgroupFeatureFlags.ShuffleBit;
        if ((subgroup.SupportedOperations & Needed) != Needed)
            throw new GpuUnavailableException($"'{name}' lacks subgroup arithmetic or shuffle in compute shaders.",
                "Update the graphics driver or choose another device.");
        if (subgroup.SubgroupSize < SmallestSubgroup)
            throw new GpuUnavailableException($"'{name}' has subgroups of {subgroup.SubgroupSize} lanes; NpcMind needs {SmallestSubgroup}.",
                "Choose another device.");
    }

    public static Device CreateDevice(Vk vk, PhysicalDevice physical, uint family)
    {
        float priority = 1;
        DeviceQueueCreateInfo queue = new()
        { SType = StructureType.DeviceQueueCreateInfo, QueueFamilyIndex = family, QueueCount = 1, PQueuePriorities = &priority };
        PhysicalDeviceVulkan12Features features12 = new()
        { SType = StructureType.PhysicalDeviceVulkan12Features, TimelineSemaphore = true };
        PhysicalDeviceVulkan13Features features13 = new()
        { SType = StructureType.PhysicalDeviceVulkan13Features, Synchronization2 = true, Maintenance4 = true, PNext = &features12 };
        DeviceCreateInfo info = new()
        { SType = StructureType.DeviceCreateInfo, QueueCreateInfoCount = 1, PQueueCreateInfos = &queue, PNext = &features13 };
        using Utf8Strings strings = new();
        byte** extensions = stackalloc byte*[1] { strings["VK_EXT_memory_budget"] };
        if (HasExtension(vk, physical, "VK_EXT_memory_budget"))
        {
            info.EnabledExtensionCount = 1;
            info.PpEnabledExtensionNames = extensions;
        }

        vk.CreateDevice(physical, in info, null, out Device device).ThrowOnError("vkCreateDevice");
        return device;
    }

    public static bool HasExtension(Vk vk, PhysicalDevice physical, string name)
    {
        uint count = 0;
        vk.EnumerateDeviceExtensionProperties(physical, (byte*)null, &count, null).ThrowOnError("vkEnumerateDeviceExtensionProperties");
        ExtensionProperties[] extensions = new ExtensionProperties[count];
        fixed (ExtensionProperties* p = extensions)
        {
            vk.EnumerateDeviceExtensionProperties(physical, (byte*)null, &count, p).ThrowOnError("vkEnumerateDeviceExtensionProperties");
            for (int i = 0; i < count; i++)
                if (Marshal.PtrToStringUTF8((nint)p[i].ExtensionName) == name) return true;
        }

        return false;
    }

    private static PhysicalDevice[] Enumerate(Vk vk, Instance instance)
    {
        uint count = 0;
        vk.EnumeratePhysicalDevices(instance, &count, null).ThrowOnError("vkEnumeratePhysicalDevices");
        PhysicalDevice[] devices = new PhysicalDevice[count];
        fixed (PhysicalDevice* p = devices) vk.EnumeratePhysicalDevices(instance, &count, p).ThrowOnError("vkEnumeratePhysicalDevices");
        return devices;
    }

    private static int Rank(Vk vk, PhysicalDevice device)
    {
        vk.GetPhysicalDeviceProperties(device, out PhysicalDeviceProperties properties);
        int old = properties.ApiVersion < Vk.Version13 ? 10 : 0;
        return old + properties.DeviceType switch
        {
            PhysicalDeviceType.DiscreteGpu => 0,
            PhysicalDeviceType.IntegratedGpu => 1,
            PhysicalDeviceType.VirtualGpu => 2,
            _ => 3,
        };
    }

    private static string Kind(PhysicalDeviceType type) => type switch
    {
        PhysicalDeviceType.DiscreteGpu => "discrete",
        PhysicalDeviceType.IntegratedGpu => "integrated",
        PhysicalDeviceType.VirtualGpu => "virtual",
        PhysicalDeviceType.Cpu => "software",
        _ => "other",
    };
}
