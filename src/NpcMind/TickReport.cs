namespace NpcMind;

/// <summary>How a tick went.</summary>
public enum TickStatus
{
    /// <summary>Work was put on the frame.</summary>
    Worked,

    /// <summary>There was nothing to do, or the budget was 0.</summary>
    Idle,

    /// <summary>The device has not finished the frames before; nothing was added.</summary>
    DeviceBehind,

    /// <summary>The device was lost. The runtime does nothing any more: save the minds (their token logs are intact) and load a new one.</summary>
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

    /// <summary>GPU milliseconds predicted for what this tick put on the frame.</summary>
    public double PredictedMilliseconds { get; init; }

    /// <summary>GPU milliseconds, from timestamps, of the frame that was found finished, the longest where there were several; not a number when there was none.</summary>
    public double GpuMilliseconds { get; init; }

    /// <summary>Frames found finished, with the tokens and figures below.</summary>
    public int FramesFinished { get; init; }

    /// <summary>Dispatches put on the frame.</summary>
    public int Dispatches { get; init; }

    /// <summary>Tokens that characters said.</summary>
    public int TokensGenerated { get; init; }

    /// <summary>Tokens whose reading ended on this frame, prompts and replies.</summary>
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

    /// <summary>Images that were worked out, images that turned out to show what was seen before, and images that wait or are on their way.</summary>
    public (int Seen, int Known, int Waiting) Images { get; init; }

    /// <summary>Free blocks of keys and values, and all blocks.</summary>
    public (int Free, int All) KvBlocks { get; init; }
}
