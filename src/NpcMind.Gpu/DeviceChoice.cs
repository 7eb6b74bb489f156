using System.Globalization;
using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>Lists, checks and picks physical devices, and makes the logical one.</summary>
internal static unsafe class DeviceChoice
{
    /// <summary>Lanes of a cluster (shaders/lib/cluster.glsl): a smaller subgroup would give wrong values.</summary>
    public const int SmallestSubgroup = 8;

    /// <summary>Texels that a binding must be able to cover: a matrix is cut into segments no larger than a binding.</summary>
    public const uint SmallestTexelBuffer = 1 << 20;

    /// <summary>Storage buffers of the shader that has most.</summary>
    public const uint StorageBuffers = 6;

    private const string Subset = "VK_KHR_portability_subset", Priority = "VK_KHR_global_priority", OldPriority = "VK_EXT_global_priority";

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
            if (Find(list, wanted) is not { } match)
                throw new GpuUnavailableException($"There is no Vulkan device '{wanted}'.",
                    $"Choose one of: {string.Join(", ", list.Select(d => $"{d.Index} ({d.Name})"))}.");
            CheckUsable(vk, devices[match.Index]);
            return devices[match.Index];
        }

        PhysicalDevice best = devices.OrderBy(d => Rank(vk, d)).First();
        CheckUsable(vk, best);
        return best;
    }

    /// <summary>The device with an index, or else the first whose name contains a text; null where there is none.</summary>
    internal static GpuInfo? Find(IReadOnlyList<GpuInfo> list, string wanted)
    {
        if (string.IsNullOrWhiteSpace(wanted)) return null;
        bool isNumber = int.TryParse(wanted, NumberStyles.None, CultureInfo.InvariantCulture, out int index);
        return (isNumber ? list.FirstOrDefault(d => d.Index == index) : null)
            ?? list.FirstOrDefault(d => d.Name.Contains(wanted, StringComparison.OrdinalIgnoreCase));
    }

    public static QueueFamilyProperties[] Families(Vk vk, PhysicalDevice device)
    {
        uint count = 0;
        vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, null);
        QueueFamilyProperties[] families = new QueueFamilyProperties[count];
        fixed (QueueFamilyProperties* p = families) vk.GetPhysicalDeviceQueueFamilyProperties(device, &count, p);
        return families;
    }

    public static uint ComputeFamily(Vk vk, PhysicalDevice device) => ComputeFamily(Families(vk, device))
        ?? throw new GpuUnavailableException("The Vulkan device has no queue that can compute.", "Choose another with --device.");

    /// <summary>
    /// The family for a device of our own: one that only computes, beside which the renderer's queue goes on, before one that also draws;
    /// one with timestamps before one without. Null where none computes.
    /// </summary>
    public static uint? ComputeFamily(ReadOnlySpan<QueueFamilyProperties> families)
    {
        uint? best = null;
        int bestRank = -1;
        for (int i = 0; i < families.Length; i++)
        {
            QueueFlags flags = families[i].QueueFlags;
            if ((flags & QueueFlags.ComputeBit) == 0) continue;
            int rank = (families[i].TimestampValidBits > 0 ? 2 : 0) + ((flags & QueueFlags.GraphicsBit) == 0 ? 1 : 0);
            if (rank <= bestRank) continue;
            (best, bestRank) = ((uint)i, rank);
        }

        return best;
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
        PhysicalDeviceVulkan13Properties newer = new() { SType = StructureType.PhysicalDeviceVulkan13Properties };
        PhysicalDeviceSubgroupProperties subgroup = new() { SType = StructureType.PhysicalDeviceSubgroupProperties, PNext = &newer };
        PhysicalDeviceProperties2 more = new() { SType = StructureType.PhysicalDeviceProperties2, PNext = &subgroup };
        vk.GetPhysicalDeviceProperties2(device, &more);
        const SubgroupFeatureFlags Needed = SubgroupFeatureFlags.BasicBit | SubgroupFeatureFlags.ArithmeticBit
            | SubgroupFeatureFlags.BallotBit | SubgroupFeatureFlags.ShuffleBit;
        if ((subgroup.SupportedOperations & Needed) != Needed)
            throw new GpuUnavailableException($"'{name}' lacks subgroup arithmetic, ballot or shuffle in compute shaders.",
                "Update the graphics driver or choose another device.");
        Check(name, subgroup.SubgroupSize, newer.MinSubgroupSize, properties.Limits);
    }

    /// <summary>Whether a device's sizes are large enough.</summary>
    /// <param name="name">Of the device.</param>
    /// <param name="subgroup">Lanes of a subgroup by default.</param>
    /// <param name="smallest">Lanes of the smallest one that the driver may choose: SPIR-V 1.6 lets it.</param>
    /// <param name="limits">What else the device reports.</param>
    /// <exception cref="GpuUnavailableException">One is too small.</exception>
    internal static void Check(string name, uint subgroup, uint smallest, in PhysicalDeviceLimits limits)
    {
        const string Another = "Choose another device.";
        uint lanes = Math.Min(subgroup, smallest);
        if (lanes < SmallestSubgroup)
            throw new GpuUnavailableException(
                $"'{name}' may run shaders in subgroups of {lanes} lanes; NpcMind needs {SmallestSubgroup}.", Another);
        if (limits.MaxTexelBufferElements < SmallestTexelBuffer)
            throw new GpuUnavailableException(
                $"'{name}' binds at most {limits.MaxTexelBufferElements} texels at once; NpcMind needs {SmallestTexelBuffer}.", Another);
        uint buffers = Math.Min(limits.MaxPerStageDescriptorStorageBuffers, limits.MaxDescriptorSetStorageBuffers);
        if (buffers < StorageBuffers)
            throw new GpuUnavailableException($"'{name}' binds at most {buffers} storage buffers to a shader; NpcMind needs " +
                $"{StorageBuffers}.", Another);
    }

    public static Device CreateDevice(Vk vk, PhysicalDevice physical, uint family, bool keepsStatistics, bool multipliesMatrices)
    {
        float priority = 1;
        (bool hasFull, bool hasSize) = SubgroupControl(vk, physical);
        DeviceQueueCreateInfo queue = new()
        { SType = StructureType.DeviceQueueCreateInfo, QueueFamilyIndex = family, QueueCount = 1, PQueuePriorities = &priority };
        PhysicalDeviceVulkan12Features features12 = new()
        {
            SType = StructureType.PhysicalDeviceVulkan12Features,
            TimelineSemaphore = true,
            ShaderInt8 = multipliesMatrices,
            VulkanMemoryModel = multipliesMatrices,
        };
        PhysicalDeviceVulkan13Features features13 = new()
        {
            SType = StructureType.PhysicalDeviceVulkan13Features,
            Synchronization2 = true,
            Maintenance4 = true,
            ShaderIntegerDotProduct = true,
            ComputeFullSubgroups = hasFull,
            SubgroupSizeControl = hasSize,
            PNext = &features12,
        };
        DeviceCreateInfo info = new()
        { SType = StructureType.DeviceCreateInfo, QueueCreateInfoCount = 1, PQueueCreateInfos = &queue, PNext = &features13 };
        DeviceQueueGlobalPriorityCreateInfoKHR low = new()
        { SType = StructureType.DeviceQueueGlobalPriorityCreateInfoKhr, GlobalPriority = QueueGlobalPriority.Low };
        PhysicalDevicePipelineExecutablePropertiesFeaturesKHR statistics = new()
        {
            SType = StructureType.PhysicalDevicePipelineExecutablePropertiesFeaturesKhr,
            PipelineExecutableInfo = true,
            PNext = info.PNext,
        };
        if (keepsStatistics) info.PNext = &statistics;
        PhysicalDeviceCooperativeMatrixFeaturesKHR matrices = new()
        { SType = StructureType.PhysicalDeviceCooperativeMatrixFeaturesKhr, CooperativeMatrix = true, PNext = info.PNext };
        if (multipliesMatrices) info.PNext = &matrices;
        using Utf8Strings strings = new();
        HashSet<string> offered = Extensions(vk, physical);
        byte** extensions = stackalloc byte*[5];
        info.PpEnabledExtensionNames = extensions;
        if (offered.Contains("VK_EXT_memory_budget")) extensions[info.EnabledExtensionCount++] = strings["VK_EXT_memory_budget"];
        if (offered.Contains(Subset)) extensions[info.EnabledExtensionCount++] = strings[Subset]; // must be, where it is offered
        if (keepsStatistics) extensions[info.EnabledExtensionCount++] = strings["VK_KHR_pipeline_executable_properties"];
        if (multipliesMatrices) extensions[info.EnabledExtensionCount++] = strings[MatrixShape.Extension];
        string? priorities = offered.Contains(Priority) ? Priority : offered.Contains(OldPriority) ? OldPriority : null;
        if (priorities is not null)
        {
            // Minds yield to whatever draws. A driver may refuse; it is no reason not to run.
            extensions[info.EnabledExtensionCount] = strings[priorities];
            queue.PNext = &low;
            DeviceCreateInfo yielding = info;
            yielding.EnabledExtensionCount++;
            if (vk.CreateDevice(physical, in yielding, null, out Device patient) == Result.Success) return patient;
            queue.PNext = null;
        }

        vk.CreateDevice(physical, in info, null, out Device device).ThrowOnError("vkCreateDevice");
        return device;
    }

    /// <summary>Whether pipelines may ask for subgroups without idle lanes, and for a size of subgroups.</summary>
    public static (bool Full, bool Size) SubgroupControl(Vk vk, PhysicalDevice physical)
    {
        PhysicalDeviceVulkan13Features newer = new() { SType = StructureType.PhysicalDeviceVulkan13Features };
        PhysicalDeviceFeatures2 features = new() { SType = StructureType.PhysicalDeviceFeatures2, PNext = &newer };
        vk.GetPhysicalDeviceFeatures2(physical, &features);
        return (newer.ComputeFullSubgroups, newer.SubgroupSizeControl);
    }

    /// <summary><see cref="GpuDevice.NarrowSubgroups"/>.</summary>
    /// <param name="vk">API.</param>
    /// <param name="physical">Device.</param>
    /// <param name="canAsk">Whether subgroupSizeControl is enabled.</param>
    public static uint? NarrowSubgroups(Vk vk, PhysicalDevice physical, bool canAsk)
    {
        PhysicalDeviceVulkan13Properties sizes = new() { SType = StructureType.PhysicalDeviceVulkan13Properties };
        PhysicalDeviceProperties2 properties = new() { SType = StructureType.PhysicalDeviceProperties2, PNext = &sizes };
        vk.GetPhysicalDeviceProperties2(physical, &properties);
        return NarrowSubgroups(sizes, canAsk);
    }

    internal static uint? NarrowSubgroups(in PhysicalDeviceVulkan13Properties sizes, bool canAsk)
    {
        const uint Narrow = 32;
        if (sizes.MaxSubgroupSize <= Narrow) return 0;
        canAsk &= sizes.MinSubgroupSize <= Narrow && sizes.RequiredSubgroupSizeStages.HasFlag(ShaderStageFlags.ComputeBit);
        return canAsk ? Narrow : null;
    }

    public static bool HasExtension(Vk vk, PhysicalDevice physical, string name) => Extensions(vk, physical).Contains(name);

    private static HashSet<string> Extensions(Vk vk, PhysicalDevice physical)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        uint count = 0;
        vk.EnumerateDeviceExtensionProperties(physical, (byte*)null, &count, null).ThrowOnError("vkEnumerateDeviceExtensionProperties");
        ExtensionProperties[] extensions = new ExtensionProperties[count];
        fixed (ExtensionProperties* p = extensions)
        {
            vk.EnumerateDeviceExtensionProperties(physical, (byte*)null, &count, p).ThrowOnError("vkEnumerateDeviceExtensionProperties");
            for (int i = 0; i < count; i++) names.Add(Marshal.PtrToStringUTF8((nint)p[i].ExtensionName) ?? "");
        }

        return names;
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
