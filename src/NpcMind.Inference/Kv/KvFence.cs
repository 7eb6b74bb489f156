namespace NpcMind.Inference;

/// <summary>
/// Tells when the device is done with blocks of host memory: once all copies that were queued when it was set are recorded, and all that
/// was recorded until then has finished. Asks; never waits. Used by the engine's thread, between frames.
/// </summary>
internal sealed class KvFence(InferenceEngine engine, FrameRunner frames)
{
    private long _copies;
    private RecordingMoment? _recorded;

    /// <summary>Sets it behind all copies that are queued now.</summary>
    public void Set()
    {
        _copies = engine.Blocks.Copies.Added;
        _recorded = null;
    }

    /// <summary>Whether the device has passed it.</summary>
    /// <exception cref="VulkanException">The device does not answer.</exception>
    public bool HasPassed()
    {
        if (engine.Blocks.Copies.Settled < _copies) return false;
        _recorded ??= frames.Now;
        return frames.HasFinished(_recorded.Value);
    }
}
