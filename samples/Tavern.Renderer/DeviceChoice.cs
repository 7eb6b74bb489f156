using Silk.NET.Core.Native;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>Picks the physical device and makes the logical one.</summary>
internal static unsafe class DeviceChoice
{
    public static (PhysicalDevice Device, uint Family) Choose(Vk api, Instance instance, RenderDeviceOptions options)
    {
        uint count = 0;
        api.EnumeratePhysicalDevices(instance, &count, null).ThrowOnError("vkEnumeratePhysicalDevices");
        PhysicalDevice[] devices = new PhysicalDevice[count];
        fixed (PhysicalDevice* p = devices) api.EnumeratePhysicalDevices(instance, &count, p).ThrowOnError("vkEnumeratePhysicalDevices");
        foreach (PhysicalDevice device in devices.OrderBy(d => Rank(api, d)))
        {
            api.GetPhysicalDeviceProperties(device, out PhysicalDeviceProperties properties);
            if (properties.ApiVersion < Vk.Version13 || !HasExtensions(api, device, options.DeviceExtensions)) continue;
            if (FindFamily(api, instance, device, options) is { } family) return (device, family);
        }

        throw new RenderException("No Vulkan 1.3 device here can draw. Install the driver of your GPU, or the software driver (Debian, " +
            "Ubuntu: apt-get install mesa-vulkan-drivers).");
    }

    public static Device CreateDevice(Vk api, PhysicalDevice physical, uint family, IReadOnlyList<string> extensions)
    {
        float priority = 1;
        DeviceQueueCreateInfo queue = new()
        { SType = StructureType.DeviceQueueCreateInfo, QueueFamilyIndex = family, QueueCount = 1, PQueuePriorities = &priority };
        PhysicalDeviceVulkan12Features features12 = new()
        { SType = StructureType.PhysicalDeviceVulkan12Features, TimelineSemaphore = true };
        PhysicalDeviceVulkan13Features features13 = new()
        {
            SType = StructureType.PhysicalDeviceVulkan13Features,
            Synchronization2 = true,
            DynamicRendering = true,
            Maintenance4 = true,
            PNext = &features12
        };
        byte** names = (byte**)SilkMarshal.StringArrayToPtr([.. extensions]);
        DeviceCreateInfo info = new()
        {
            SType = StructureType.DeviceCreateInfo,
            QueueCreateInfoCount = 1,
            PQueueCreateInfos = &queue,
            PNext = &features13,
            EnabledExtensionCount = (uint)extensions.Count,
            PpEnabledExtensionNames = names,
        };
        Result result = api.CreateDevice(physical, in info, null, out Device device);
        SilkMarshal.Free((nint)names);
        result.ThrowOnError("vkCreateDevice");
        return device;
    }

    private static bool HasExtensions(Vk api, PhysicalDevice device, IReadOnlyList<string> wanted)
    {
        uint count = 0;
        api.EnumerateDeviceExtensionProperties(device, (byte*)null, &count, null).ThrowOnError("vkEnumerateDeviceExtensionProperties");
        ExtensionProperties[] extensions = new ExtensionProperties[count];
        fixed (ExtensionProperties* p = extensions)
        {
            api.EnumerateDeviceExtensionProperties(device, (byte*)null, &count, p).ThrowOnError("vkEnumerateDeviceExtensionProperties");
            HashSet<string?> names = [];
            for (uint i = 0; i < count; i++) names.Add(SilkMarshal.PtrToString((nint)p[i].ExtensionName));
            return wanted.All(names.Contains);
        }
    }

    private static uint? FindFamily(Vk api, Instance instance, PhysicalDevice device, RenderDeviceOptions options)
    {
        uint count = 0;
        api.GetPhysicalDeviceQueueFamilyProperties(device, &count, null);
        QueueFamilyProperties[] families = new QueueFamilyProperties[count];
        fixed (QueueFamilyProperties* p = families) api.GetPhysicalDeviceQueueFamilyProperties(device, &count, p);
        const QueueFlags Needed = QueueFlags.GraphicsBit | QueueFlags.ComputeBit;
        for (uint i = 0; i < count; i++)
            if ((families[i].QueueFlags & Needed) == Needed && (options.Accepts?.Invoke(instance, device, i) ?? true)) return i;
        return null;
    }

    private static int Rank(Vk api, PhysicalDevice device)
    {
        api.GetPhysicalDeviceProperties(device, out PhysicalDeviceProperties properties);
        return properties.DeviceType switch
        {
            PhysicalDeviceType.DiscreteGpu => 0,
            PhysicalDeviceType.IntegratedGpu => 1,
            PhysicalDeviceType.VirtualGpu => 2,
            _ => 3,
        };
    }
}
