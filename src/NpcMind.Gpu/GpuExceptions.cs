using System.Globalization;
using NpcMind.Core;

namespace NpcMind.Gpu;

/// <summary>No usable Vulkan device: loader or driver missing, no device of the wanted name, or one that lacks what NpcMind needs.</summary>
public sealed class GpuUnavailableException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="problem">What is missing.</param>
    /// <param name="advice">What to do.</param>
    /// <param name="inner">Underlying error, if any.</param>
    public GpuUnavailableException(string problem, string advice, Exception? inner = null)
        : base($"{problem} {advice}", inner)
    {
    }
}

/// <summary>A Vulkan call failed. After <see cref="IsDeviceLost"/> nothing on the device can be used any more; other data is unharmed.</summary>
public sealed class VulkanException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="call">Name of the Vulkan function.</param>
    /// <param name="result">Its result code, by name.</param>
    /// <param name="isDeviceLost">Whether the code is VK_ERROR_DEVICE_LOST.</param>
    public VulkanException(string call, string result, bool isDeviceLost)
        : base($"{call} failed with {result}." + (isDeviceLost ? " The GPU was reset or removed; create a new runtime." : ""))
    {
        Call = call;
        IsDeviceLost = isDeviceLost;
    }

    /// <summary>Name of the Vulkan function.</summary>
    public string Call { get; }

    /// <summary>Whether the device is lost.</summary>
    public bool IsDeviceLost { get; }
}

/// <summary>A request was larger than what a memory heap still has. Thrown before anything is allocated.</summary>
public sealed class InsufficientGpuMemoryException : Exception
{
    /// <summary>Creates the error.</summary>
    /// <param name="what">What the memory is for.</param>
    /// <param name="needed">Bytes needed.</param>
    /// <param name="available">Bytes the heap still has.</param>
    /// <param name="advice">What to do.</param>
    public InsufficientGpuMemoryException(string what, long needed, long available, string advice)
        : base(PrintableText.Escape(string.Create(CultureInfo.InvariantCulture,
            $"{what} needs {needed / 1048576.0:F1} MiB of device memory, {available / 1048576.0:F1} MiB are available. {advice}")))
    {
        Needed = needed;
        Available = available;
    }

    /// <summary>Bytes needed.</summary>
    public long Needed { get; }

    /// <summary>Bytes available.</summary>
    public long Available { get; }
}
