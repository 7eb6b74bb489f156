using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

internal static class VulkanResults
{
    /// <summary>Every result is checked, in release builds too.</summary>
    public static void ThrowOnError(this Result result, string call)
    {
        if (result < Result.Success) throw new VulkanException(call, result.ToString(), result == Result.ErrorDeviceLost);
    }
}
