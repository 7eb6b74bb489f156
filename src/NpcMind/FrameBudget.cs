namespace NpcMind;

/// <summary>GPU time that the minds may take of one frame.</summary>
/// <param name="GpuMilliseconds">Milliseconds, finite, 0 or more; with 0 nothing is put on the frame.</param>
public readonly record struct FrameBudget(double GpuMilliseconds)
{
    /// <summary>Returns a budget of so many GPU milliseconds.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Negative, infinite or not a number.</exception>
    public static FrameBudget FromMilliseconds(double milliseconds)
    {
        FrameBudget budget = new(milliseconds);
        budget.Check();
        return budget;
    }

    internal void Check()
    {
        if (!double.IsFinite(GpuMilliseconds) || GpuMilliseconds < 0)
            throw new ArgumentOutOfRangeException("milliseconds", GpuMilliseconds,
                "A budget is 0 or more milliseconds, and finite. To think as fast as possible, behind a loading screen, call " +
                "ThinkUntilIdle.");
    }
}

/// <summary>A command buffer of the game that a tick records into, instead of submitting its own.</summary>
/// <param name="CommandBuffer">Primary VkCommandBuffer in the recording state, outside a render pass and with no query active, for the
/// queue family of <see cref="VulkanHost.UseExisting"/>.</param>
/// <param name="TimelineSemaphore">VkSemaphore of type timeline that the game's submission signals.</param>
/// <param name="SignalValue">Value it is signalled with; rises from frame to frame.</param>
public readonly record struct FrameCommands(nint CommandBuffer, nint TimelineSemaphore, ulong SignalValue);
