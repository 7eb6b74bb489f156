namespace NpcMind.Gpu;

/// <summary>How to make a device of our own.</summary>
internal sealed record GpuOptions
{
    /// <summary>Index or part of the name of the device to use; null picks a discrete GPU first, then integrated, then software.</summary>
    public string? Device { get; init; }

    /// <summary>
    /// Turns on the Khronos validation layer with synchronization validation; messages are collected in
    /// <see cref="GpuDevice.ValidationMessages"/>.
    /// </summary>
    public bool Validate { get; init; }

    /// <summary>Folder for compiled pipelines; null keeps none between runs.</summary>
    public string? CacheFolder { get; init; }

    /// <summary>
    /// Lets drivers keep what they made of each pipeline (VK_KHR_pipeline_executable_properties), for measurements. The device must offer
    /// it.
    /// </summary>
    public bool KeepsStatistics { get; init; }
}

/// <summary>
/// A game's own Vulkan objects, as raw handles, so that minds run on the device that renders. They stay the game's: nothing here destroys
/// them. The device must be Vulkan 1.3 with the features synchronization2, timelineSemaphore and maintenance4 enabled.
/// </summary>
/// <param name="Instance">VkInstance.</param>
/// <param name="PhysicalDevice">VkPhysicalDevice.</param>
/// <param name="Device">VkDevice.</param>
/// <param name="Queue">VkQueue with compute capability.</param>
/// <param name="QueueFamily">Index of the queue's family.</param>
/// <param name="QueueLock">Held during each submission, because vkQueueSubmit needs external synchronization; null when no other thread
/// uses the queue.</param>
/// <param name="Enabled">Features known to be enabled (<see cref="SharedDevice.EnabledFeatures"/>); null where nobody told.</param>
internal sealed record GpuHandles(nint Instance, nint PhysicalDevice, nint Device, nint Queue, uint QueueFamily, object? QueueLock = null,
    DeviceFeatures? Enabled = null);

/// <summary>One Vulkan device of the machine, as listed by <see cref="GpuDevice.List"/>.</summary>
/// <param name="Index">Index to choose it by.</param>
/// <param name="Name">Name the driver gives.</param>
/// <param name="Kind">Discrete, integrated, virtual or software.</param>
/// <param name="Driver">Driver and its version.</param>
internal sealed record GpuInfo(int Index, string Name, string Kind, string Driver);
