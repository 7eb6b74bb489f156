namespace NpcMind;

/// <summary>
/// A Vulkan call failed. After <see cref="IsDeviceLost"/> nothing on the device can be used any more; other data is unharmed.
/// </summary>
public sealed class VulkanException : NpcMindException
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
