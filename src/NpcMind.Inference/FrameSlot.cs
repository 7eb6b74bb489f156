using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>A frame on its way, with what it takes to put its work on another frame. Used by <see cref="FrameRunner"/> alone.</summary>
internal sealed class FrameSlot : IDisposable
{
    public FrameSlot(GpuDevice device, int index, int samples)
    {
        Samples = new (int, int, double)[samples];
        Recorder = new CommandRecorder(device, $"frame {index}");
        try
        {
            Times = TimestampQueries.OnDemand(device, samples * 2);
        }
        catch
        {
            Recorder.Dispose();
            throw;
        }
    }

    public CommandRecorder Recorder { get; }

    public TimestampQueries Times { get; }

    /// <summary>What was recorded, until it is known to have run.</summary>
    public CommandJournal Journal { get; } = new();

    public (int Part, int Class, double Work)[] Samples { get; }

    public int SampleCount { get; set; }

    public double Predicted { get; set; }

    public double Budget { get; set; }

    public int StepsEnded { get; set; }

    public int ViewsEnded { get; set; }

    /// <summary>Passes of the embedding model that ended in it.</summary>
    public int EmbeddingsEnded { get; set; }

    /// <summary>Number of the frame: the device writes it down where the frame ends.</summary>
    public uint Number { get; set; }

    /// <summary>Number of the frame that its oldest work was recorded for: another where that one never ran.</summary>
    public uint FirstNumber { get; set; }

    /// <summary>On its way.</summary>
    public bool IsBusy { get; set; }

    /// <summary>In a command buffer of the game.</summary>
    public bool IsExternal { get; set; }

    /// <summary>Recorded and never run: the journal goes on the next frame.</summary>
    public bool IsPending { get; set; }

    /// <summary>Nobody counts on what it does any more.</summary>
    public bool IsVoid { get; set; }

    /// <summary>Commands outside of frames were submitted after it.</summary>
    public bool IsFollowed { get; set; }

    public void Reset()
    {
        Predicted = 0;
        StepsEnded = 0;
        ViewsEnded = 0;
        EmbeddingsEnded = 0;
        Journal.Clear();
    }

    public void Dispose()
    {
        // The game's semaphore may be gone, and a frame that it never submitted never ends.
        if (IsBusy && !IsExternal) Recorder.WaitBeforeFreeing();
        Recorder.Dispose();
        Times.Dispose();
    }
}
