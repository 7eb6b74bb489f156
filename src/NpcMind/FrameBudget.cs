namespace NpcMind;

/// <summary>GPU time that the minds may take of one frame.</summary>
/// <param name="GpuMilliseconds">Milliseconds, 0 or more; with 0 nothing is put on the frame.</param>
public readonly record struct FrameBudget(double GpuMilliseconds)
{
    /// <summary>So many milliseconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative or not a number.</exception>
    public static FrameBudget Milliseconds(double milliseconds) =>
        milliseconds >= 0 ? new FrameBudget(milliseconds) : throw new ArgumentOutOfRangeException(nameof(milliseconds), milliseconds, "A budget is 0 or more milliseconds.");
}

/// <summary>A command buffer of the game that a tick records into, instead of submitting its own.</summary>
/// <param name="CommandBuffer">VkCommandBuffer in the recording state, outside a render pass, for the queue family of <see cref="VulkanHost.Share"/>.</param>
/// <param name="TimelineSemaphore">VkSemaphore of type timeline that the game's submission signals.</param>
/// <param name="SignalValue">Value it is signalled with; rises from frame to frame.</param>
public readonly record struct FrameCommands(nint CommandBuffer, nint TimelineSemaphore, ulong SignalValue);
