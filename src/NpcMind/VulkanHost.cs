using NpcMind.Gpu;

namespace NpcMind;

/// <summary>Which Vulkan device the minds run on: one of their own, or the game's. Immutable.</summary>
public sealed class VulkanHost
{
    private readonly GpuHandles? _handles;
    private readonly string? _device;
    private readonly bool _validate;
    private readonly GpuDevice? _lent;

    private VulkanHost(GpuHandles? handles, string? device, bool validate)
    {
        _handles = handles;
        _device = device;
        _validate = validate;
    }

    private VulkanHost(GpuDevice lent) => _lent = lent;

    /// <summary>A device of the runtime's own, freed with it.</summary>
    /// <param name="device">Index or part of the name; null takes a discrete card first, then an integrated one, then software.</param>
    /// <param name="validate">Whether to turn on the Khronos validation layer, with synchronization validation.</param>
    public static VulkanHost CreateOwn(string? device = null, bool validate = false) => new(null, device, validate);

    /// <summary>
    /// The game's device, with the features synchronization2, timelineSemaphore and maintenance4 of Vulkan 1.3 enabled, of an instance made
    /// for version 1.3. The handles stay the game's and must outlive the runtime; wrong ones are not noticed. The queue may be the one that
    /// renders, or a separate compute queue. <see cref="NpcRuntime.Load"/> reports what is unsuitable. It knows
    /// whether features were enabled only from <paramref name="enabledFeatures"/>.
    /// </summary>
    /// <param name="instance">VkInstance.</param>
    /// <param name="physicalDevice">VkPhysicalDevice.</param>
    /// <param name="device">VkDevice.</param>
    /// <param name="queue">VkQueue that can compute.</param>
    /// <param name="queueFamily">Its family.</param>
    /// <param name="queueLock">An object that the game locks (<c>lock</c>) around every use of the queue: submit, present, wait. The
    /// runtime locks it for its submissions, also while it is loaded on another thread. Null when no other thread uses the queue.</param>
    /// <param name="enabledFeatures">
    /// The pNext chain of the VkDeviceCreateInfo that made the device: its structures say which features are enabled. Read during this
    /// call only. 0 when it is not at hand. With shaderIntegerDotProduct enabled and told here, <see cref="Precision.Int8"/> and
    /// <see cref="Precision.Int16"/> are faster; with cooperativeMatrix, shaderInt8, vulkanMemoryModel and subgroupSizeControl, prompts
    /// are read much faster so. With computeFullSubgroups told, drivers that may leave lanes of a subgroup idle are asked
    /// not to.
    /// </param>
    public static VulkanHost UseExisting(nint instance, nint physicalDevice, nint device, nint queue, uint queueFamily,
        object? queueLock = null, nint enabledFeatures = 0) =>
        new(new GpuHandles(instance, physicalDevice, device, queue, queueFamily, queueLock,
            enabledFeatures == 0 ? null : SharedDevice.EnabledFeatures(enabledFeatures)), null, false);

    /// <summary>A device that several runtimes use, one at a time, with its pipelines; it outlives them.</summary>
    internal static VulkanHost Lend(GpuDevice device) => new(device);

    internal bool IsShared => _handles is not null;

    /// <summary>Whether the device is freed with the runtime.</summary>
    internal bool OwnsDevice => _lent is null;

    internal GpuDevice Open(string? cacheFolder) => _lent ?? (_handles is { } handles
        ? GpuDevice.Share(handles, cacheFolder)
        : GpuDevice.Create(new GpuOptions { Device = _device, Validate = _validate, CacheFolder = cacheFolder }));
}
