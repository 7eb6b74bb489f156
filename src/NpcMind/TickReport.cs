namespace NpcMind;

/// <summary>How a tick went.</summary>
public enum TickStatus
{
    /// <summary>Work was put on the frame.</summary>
    Worked,

    /// <summary>There was nothing to do, the budget was 0, or everybody waits for the device or for the reader of a reply.</summary>
    Idle,

    /// <summary>The device has not finished the frames before; nothing was added.</summary>
    DeviceBehind,

    /// <summary>
    /// The device was lost. The runtime does nothing any more, and replies under way never end: save the minds (their token logs are
    /// intact) and load a new runtime.
    /// </summary>
    DeviceLost,

    /// <summary>
    /// Something failed, e.g. a Vulkan call: <see cref="TickReport.Error"/> says what. Nothing counts as thought that was not, and the
    /// next tick tries again. When 30 ticks in a row fail, the replies under way end as <see cref="ReplyEnd.Failed"/>.
    /// </summary>
    Failed,
}

/// <summary>Why a character with something to think was not part of what a tick did.</summary>
public enum NpcWait
{
    /// <summary>It is being thought about, or has nothing to do.</summary>
    None,

    /// <summary>What it begins with is still being read.</summary>
    Prefix,

    /// <summary>Its text is ahead of its reader.</summary>
    Reader,

    /// <summary>More urgent characters took the step.</summary>
    Others,

    /// <summary>No memory for its keys and values is free.</summary>
    Memory,

    /// <summary>What it sees is still being worked out.</summary>
    Image,
}

/// <summary>What a tick did. A value: nothing of it changes afterwards.</summary>
public readonly record struct TickReport
{
    /// <summary>How it went.</summary>
    public TickStatus Status { get; init; }

    /// <summary>What failed; null unless the status is <see cref="TickStatus.Failed"/>.</summary>
    public string? Error { get; init; }

    /// <summary>GPU time predicted for what this tick put on the frame.</summary>
    public TimeSpan PredictedGpuTime { get; init; }

    /// <summary>
    /// GPU time, from timestamps, of the frame that was found finished, the longest where there were several; null when there was none.
    /// </summary>
    public TimeSpan? GpuTime { get; init; }

    internal double PredictedMilliseconds => PredictedGpuTime.TotalMilliseconds;

    /// <summary>Not a number when no frame was found finished.</summary>
    internal double GpuMilliseconds => GpuTime?.TotalMilliseconds ?? double.NaN;

    /// <summary>Frames found finished, with the tokens and figures below.</summary>
    public int FramesFinished { get; init; }

    /// <summary>Dispatches put on the frame.</summary>
    public int Dispatches { get; init; }

    /// <summary>Tokens that characters generated.</summary>
    public int TokensGenerated { get; init; }

    /// <summary>Tokens whose computation ended on this frame, of prompts and replies.</summary>
    public int TokensProcessed { get; init; }

    /// <summary>Characters with something to think that were not part of it; <see cref="Npc.Waiting"/> says why.</summary>
    public int Deferred { get; init; }

    /// <summary>Minds sent to host memory to make room.</summary>
    public int Spilled { get; init; }

    /// <summary>Minds brought back from there.</summary>
    public int Restored { get; init; }

    /// <summary>Minds whose keys and values were dropped to be read again from their token logs.</summary>
    public int Dropped { get; init; }

    /// <summary>Conversation turns forgotten because a context was full.</summary>
    public int TurnsForgotten { get; init; }

    /// <summary>Images encoded and waiting.</summary>
    public ImageCounts Images { get; init; }

    /// <summary>Blocks of keys and values on the device.</summary>
    public KvBlockCounts KvBlocks { get; init; }
}

/// <summary>What a tick did with images.</summary>
/// <param name="Encoded">Images whose encoding was found finished.</param>
/// <param name="Reused">Images that turned out to show what was encoded before.</param>
/// <param name="Pending">Images that wait or are being encoded.</param>
public readonly record struct ImageCounts(int Encoded, int Reused, int Pending);

/// <summary>Blocks of keys and values on the device, eight tokens each.</summary>
/// <param name="Free">Blocks that nobody uses.</param>
/// <param name="Total">All blocks.</param>
public readonly record struct KvBlockCounts(int Free, int Total);
