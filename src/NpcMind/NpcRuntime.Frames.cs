using System.Diagnostics;
using NpcMind.Gpu;

namespace NpcMind;

/// <content>The frames of a game: ticks, command buffers that are thrown away, the end.</content>
public sealed partial class NpcRuntime
{
    private const int FlushTries = 3;
    private readonly List<Reply> _awaited = [];
    private int _failures;

    /// <summary>
    /// Lets the minds think for a frame, in a submission of the runtime's own. Call it once a frame. Never waits, never allocates once
    /// warm.
    /// </summary>
    /// <param name="budget">GPU time they may take.</param>
    /// <remarks>
    /// Throws only for misuse. What a file, a save, a player, a full disk or the driver did ends the reply it belongs to as <see
    /// cref="ReplyEnd.Failed"/>, or fails the tick
    /// (<see cref="TickStatus.Failed"/>, <see cref="TickReport.Error"/>): then everything that was not computed is computed in a later
    /// tick, and words are the same as if nothing had been.
    /// </remarks>
    /// <exception cref="ObjectDisposedException">The runtime was disposed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative, infinite or not a number.</exception>
    public TickReport Tick(FrameBudget budget) => Tick(budget, null);

    /// <summary>Lets the minds think for a frame, as <see cref="Tick(FrameBudget)"/>, recording into the game's command buffer.</summary>
    /// <param name="budget">GPU time they may take.</param>
    /// <param name="commands">
    /// The game's command buffer. Submit it before the next tick, also when the report says that nothing was put on the frame. If it is not
    /// submitted (a swapchain that is out of date), call <see cref="DiscardFrame"/> before the next tick: its work then goes on the next
    /// frame. A buffer that is dropped without that call is noticed when a later frame has signalled a value at least as high. Its work is
    /// then done again, in the worst case by prefilling all minds from their token logs, and for a while more ticks are
    /// <see cref="TickStatus.DeviceBehind"/>. If nothing is signalled any more, all later ticks are. What was bound or set in the buffer
    /// before the tick is undefined afterwards, as after vkCmdExecuteCommands: bind pipelines, descriptor sets and vertex buffers and set
    /// dynamic state anew.
    /// </param>
    /// <exception cref="ObjectDisposedException">The runtime was disposed.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The budget is negative, infinite or not a number.</exception>
    /// <exception cref="ArgumentException">A handle is 0.</exception>
    /// <exception cref="InvalidOperationException">The runtime has a device of its own.</exception>
    public TickReport Tick(FrameBudget budget, FrameCommands commands)
    {
        if (!Options.Host.IsShared)
            throw new InvalidOperationException("A command buffer can be recorded into only on its own device: load the runtime with "
                + "NpcRuntimeOptions.Host = VulkanHost.UseExisting(...), or tick without it.");
        if (commands.CommandBuffer == 0 || commands.TimelineSemaphore == 0)
            throw new ArgumentException("Command buffer and timeline semaphore must be set.", nameof(commands));
        return Tick(budget, new GameCommands(commands.CommandBuffer, commands.TimelineSemaphore, commands.SignalValue));
    }

    /// <summary>
    /// Takes note that the command buffer given to the last tick is not submitted. What the tick put there goes on the next frame. An
    /// image that was drawn in it is to be drawn again
    /// before the next tick. Nothing happens when that tick put nothing there, or was given no command buffer.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The runtime was disposed.</exception>
    public void DiscardFrame()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckThread();
        _frames.Discard();
        if (_frames.IsSpoiled) Scheduler.ForgetCache();
    }

    /// <summary>
    /// Ticks and waits until nobody has anything to think, for loading screens and tools; false when that takes longer than
    /// <paramref name="limit"/>, the device is lost, ticks fail again and again, or somebody who awaited a reply disposes the runtime.
    /// Saves and loads under way are waited for, too; a reply that waits for its reader (<see cref="ReplyOptions.CharactersPerSecond"/>)
    /// is not. Submits to the queue itself.
    /// </summary>
    public bool ThinkUntilIdle(TimeSpan limit)
    {
        long started = Stopwatch.GetTimestamp();
        int failed = 0;
        // A tick has nothing to do, too, while the device computes what somebody waits for.
        bool isFlushed = false;
        while (Tick(FrameBudget.FromMilliseconds(50)) is var report
            && (report.Status != TickStatus.Idle || Saves.IsBusy || !isFlushed) && !_disposed)
        {
#pragma warning disable RS0030 // Waits by its contract; streams are read and written elsewhere.
            if (report.Status == TickStatus.Idle) Thread.Sleep(1);
#pragma warning restore RS0030
            failed = report.Status == TickStatus.Failed ? failed + 1 : 0;
            if (report.Status == TickStatus.DeviceLost || failed > MindScheduler.MostFailures || Stopwatch.GetElapsedTime(started) > limit)
                return false;
            isFlushed = TryFlush();
            if (IsLost) return false;
        }

        return !_disposed;
    }

    /// <summary>
    /// Frees everything. Waits for the device, as far as that works. Never throws. Saves under way are still written, on other threads:
    /// await them before the process ends. Loads under way fail with <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        if (_disposed) return;
        _disposed = true;
        foreach (Npc npc in _npcs.ToArray()) Try(npc.Dispose);
        AnnounceAll();
        AbandonAll("the runtime was disposed.");
        Try(Saves.Dispose);
        if (!TryFlush()) Try(_device.WaitIdle); // frames in the game's command buffers, too
        if (!IsLost) Try(_costs.Save);
        if (!IsLost) Try(_device.SavePipelineCache);
        Try(_frames.Dispose);
        Try(() => ImageQueue?.Dispose());
        Try(() => Embeddings?.Dispose());
        Try(Engine.Dispose);
        if (_ownsDevice) Try(_device.Dispose);
    }

    /// <summary>Waits until the device has finished everything; false when it is lost or does not answer.</summary>
    internal bool TryFlush()
    {
        for (int i = 0; i < FlushTries && !IsLost; i++)
        {
            if (Engine.IsSpoiled) Scheduler.ForgetCache();
            try
            {
                Engine.Transfer.Flush();
                return true;
            }
            catch (VulkanException e)
            {
                IsLost |= e.IsDeviceLost;
            }
        }

        return false;
    }

    /// <summary>Works out all pictures that wait; false when the device is lost or does not answer.</summary>
    /// <exception cref="InvalidOperationException">A frame that was recorded into the game's command buffer does not finish.</exception>
    internal bool TryFinishLooking()
    {
        try
        {
            Scheduler.FinishLooking();
            return true;
        }
        catch (VulkanException e)
        {
            IsLost |= e.IsDeviceLost;
            return false;
        }
    }

    /// <summary>Lets those who wait for a reply go on when there is more of it.</summary>
    internal void Announce(Reply reply)
    {
        if (IsLost) reply.Abandon("the device was lost.");
        else if (!_awaited.Contains(reply)) _awaited.Add(reply);
    }

    /// <summary>Lets code go on that awaited a reply. What it throws is logged, and keeps nobody else waiting.</summary>
    internal void Call(Action next, string name)
    {
        try
        {
            next();
        }
        catch (Exception e)
        {
            NpcMindLog.WaiterFailed(_log, name, e.Message);
        }
    }

    /// <summary>
    /// Ends saves and loads under way that use a stream or file, before somebody else uses it; with <paramref name="loads"/> all loads, so
    /// that what is loaded last lives. Waits for the device.
    /// </summary>
    internal void FinishSaves(object target, bool loads)
    {
        if (!Saves.Uses(target, loads)) return;
        if (TryFlush()) TryFinishLooking();
        Saves.Finish(target, loads);
    }

    private static void Try(Action free)
    {
        try
        {
            free();
        }
        catch (Exception)
        {
            // The rest is to be freed all the same, and nobody is left to be told.
        }
    }

    private TickReport Tick(FrameBudget budget, GameCommands? commands)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        budget.Check();
        CheckThread();
        if (IsLost) return ReportLost();
        long started = Stopwatch.GetTimestamp();
        Replies.Said = 0;
        bool? worked = false;
        string? error = null;
        try
        {
            worked = Scheduler.Tick(budget.GpuMilliseconds, commands);
            if (worked == true) _failures = 0;
        }
        catch (VulkanException e) when (e.IsDeviceLost)
        {
            IsLost = true;
            NpcMindLog.DeviceLost(_log, e.Message);
            return ReportLost();
        }
        catch (Exception e)
        {
            error = e.Message;
            NpcMindLog.TickFailed(_log, error);
            if (++_failures >= MindScheduler.MostFailures)
            {
                Scheduler.GiveUpAll(error);
                Saves.GiveUp();
            }
        }

        Saves.Step(budget.GpuMilliseconds);
        TickReport report = Report(worked, error);
        TurnsForgotten = 0;
        Tell(report, started);
        AnnounceAll();
        Embeddings?.Complete();
        Saves.Complete();
        return report;
    }

    /// <summary>Saves are written and loads read also without a device.</summary>
    private TickReport ReportLost()
    {
        AbandonAll("the device was lost.");
        Embeddings?.GiveUp("The device was lost before the embedding was there.");
        Embeddings?.Complete();
        Saves.Step(0);
        Saves.Complete();
        return new TickReport { Status = TickStatus.DeviceLost };
    }

    /// <summary>Lets those go on who wait for replies. They may call anything but a tick: the tick is over, and its report made.</summary>
    private void AnnounceAll()
    {
        for (int i = 0; i < _awaited.Count;)
        {
            Reply reply = _awaited[i];
            if (reply.Announce()) i++;
            else _awaited.Remove(reply);
        }
    }

    private void AbandonAll(string reason)
    {
        foreach (Reply reply in _awaited.ToArray()) reply.Abandon(reason);
        _awaited.Clear();
    }

    private TickReport Report(bool? worked, string? error)
    {
        (int seen, int known) = ImageQueue?.TakeCounts() ?? default;
        return new TickReport
        {
            Status = error is not null ? TickStatus.Failed
                : worked switch { true => TickStatus.Worked, false => TickStatus.Idle, null => TickStatus.DeviceBehind },
            Error = error,
            PredictedGpuTime = worked == true ? TimeSpan.FromMilliseconds(_frames.LastPredicted) : TimeSpan.Zero,
            GpuTime = double.IsNaN(Scheduler.GpuMilliseconds) ? null : TimeSpan.FromMilliseconds(Scheduler.GpuMilliseconds),
            FramesFinished = Scheduler.FramesFinished,
            Dispatches = worked == true ? _frames.Dispatches : 0,
            TokensGenerated = Replies.Said,
            TokensProcessed = Scheduler.TokensProcessed,
            Deferred = Scheduler.Deferred,
            Spilled = Scheduler.Claims.Spilled,
            Restored = Scheduler.Restored,
            Dropped = Scheduler.Claims.Dropped,
            TurnsForgotten = TurnsForgotten,
            Images = new ImageCounts(seen, known, ImageQueue?.Pictures ?? 0),
            KvBlocks = new KvBlockCounts(Engine.Transfer.FreeBlocks, Engine.Transfer.Blocks),
        };
    }

    private void Tell(in TickReport report, long started)
    {
        try
        {
            Telemetry.Report(report, started);
        }
        catch (Exception)
        {
            // Listeners are others' code; what they throw is no fault of a mind.
        }

        if (Trace is not { Error: null } trace) return;
        trace.Add(report, started, _npcs);
        if (trace.Error is { } error) NpcMindLog.TraceEnded(_log, error);
    }
}
