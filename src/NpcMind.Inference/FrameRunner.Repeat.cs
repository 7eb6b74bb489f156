using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>A moment in the order of recordings.</summary>
/// <param name="Frame">The latest frame.</param>
/// <param name="Submission">The latest submission of our own.</param>
internal readonly record struct RecordingMoment(uint Frame, ulong Submission);

/// <summary>What becomes of frames whose commands never ran: their submission failed, or the game threw its command buffer away.</summary>
internal sealed partial class FrameRunner
{
    /// <summary>
    /// Frames that follow one that was lost unannounced and that wait for each other, so that the next such loss costs nothing but
    /// itself.
    /// </summary>
    private const int CarefulFrames = 256;

    private const int MarkerBytes = 16;
    private readonly GpuBuffer _markers;
    private readonly uint[] _marker = new uint[1];
    private uint _number;
    private int _careful;
    private int _busy;
    private FrameSlot? _discardable;
    private uint _discardableNumber;

    /// <summary>
    /// Whether work was done after a frame that never ran: nothing in the cache can be relied on until <see cref="Forget"/>.
    /// </summary>
    public bool IsSpoiled { get; private set; }

    /// <summary>Whether a frame waits to be recorded once more.</summary>
    public bool HasRepeat => _current is null && _slots[_next].IsPending;

    /// <summary>The present moment, between frames.</summary>
    public RecordingMoment Now => new(_number, _engine.Timeline.Submitted);

    /// <summary>
    /// Whether everything recorded before a moment was found finished, also what had to be recorded once more. Asks the device; does not
    /// wait.
    /// </summary>
    /// <exception cref="VulkanException">The device does not answer.</exception>
    public bool HasFinished(RecordingMoment moment)
    {
        foreach (FrameSlot slot in _slots)
            if ((slot.IsBusy || slot.IsPending) && slot.FirstNumber <= moment.Frame) return false;
        return _engine.Timeline.Completed >= moment.Submission;
    }

    /// <summary>
    /// Whether all frames of the game have run, and nothing waits to be repeated: then the cache holds what it should. Asks the device;
    /// does not wait.
    /// </summary>
    /// <exception cref="VulkanException">The device does not answer.</exception>
    public bool AllHaveRun()
    {
        if (IsSpoiled || HasRepeat) return false;
        foreach (FrameSlot slot in _slots)
            if (slot is { IsBusy: true, IsExternal: true, IsVoid: false } && !(slot.Recorder.IsFree && HasRun(slot))) return false;
        return true;
    }

    /// <summary>
    /// Says that the game does not submit the command buffer of the frame ended last: what is in it goes on the next frame. Nothing
    /// happens when it holds nothing.
    /// </summary>
    public void Discard()
    {
        if (_current is not null || _discardable is not { IsBusy: true } slot || slot.Number != _discardableNumber) return;
        _discardable = null;
        bool isNewest = ReferenceEquals(slot, _slots[(_next + _slots.Length - 1) % _slots.Length]);
        IsSpoiled |= !isNewest || slot.IsFollowed || _slots[_next].IsPending; // what came after it counts on it
        if (isNewest) TakeBack(slot);
    }

    /// <summary>Takes the frame ended last as submitted: it can no longer be discarded.</summary>
    public void AssumeSubmitted() => _discardable = null;

    /// <summary>Drops the frame being recorded, after an error amid it. What it holds is lost: <see cref="Forget"/> follows.</summary>
    public void Abandon()
    {
        if (_current is not { } slot) return;
        _current = null;
        slot.Recorder.Journal = null;
        slot.IsPending = false;
        IsSpoiled = true;
        if (!slot.IsExternal) return;
        slot.Recorder.End(); // the game submits what is in its command buffer
        slot.IsVoid = true;
        Depart(slot);
    }

    /// <summary>Forgets the step and the pass under way and all results on their way. Frames on their way end unheeded.</summary>
    public void Forget()
    {
        foreach (FrameSlot slot in _slots)
        {
            slot.IsVoid = slot.IsBusy;
            slot.IsPending = false;
        }

        _step.IsActive = _view.IsActive = _embedding.IsActive = false;
        _pass = null;
        _endedCount = 0;
        IsSpoiled = false;
    }

    private bool HasRun(FrameSlot slot) =>
        MemoryMarshal.Read<uint>(_markers.Mapped[(Array.IndexOf(_slots, slot) * MarkerBytes)..]) == slot.Number;

    /// <summary>Writes the frame's number where the host finds it once the frame has run.</summary>
    private void RecordMarker(FrameSlot slot)
    {
        _marker[0] = slot.Number;
        slot.Recorder.Update(_markers.Whole, MemoryMarshal.AsBytes(_marker.AsSpan()), Array.IndexOf(_slots, slot) * (long)MarkerBytes);
    }

    /// <summary>The game's oldest frame is over and did not run. True when that matters to nobody.</summary>
    private bool Lose(FrameSlot slot)
    {
        _careful = CarefulFrames;
        if (slot.Journal.IsEmpty) return true;
        if (_busy == 1 && !slot.IsFollowed && !_slots[_next].IsPending) TakeBack(slot);
        else IsSpoiled = true;
        return false;
    }

    /// <summary>Makes the newest frame the one that is recorded next.</summary>
    private void TakeBack(FrameSlot slot)
    {
        slot.IsBusy = false;
        slot.IsPending = !slot.IsVoid && !slot.Journal.IsEmpty;
        _busy--;
        _next = Array.IndexOf(_slots, slot);
    }

    private void Depart(FrameSlot slot)
    {
        slot.IsBusy = true;
        _busy++;
        _next = (_next + 1) % _slots.Length;
    }

    /// <summary>Before commands outside of frames: what waits to be repeated was recorded before them.</summary>
    private void BeforeRecording(bool copies)
    {
        if (HasRepeat)
        {
            Begin(_slots[_next], null);
            End();
        }

        foreach (FrameSlot slot in _slots) slot.IsFollowed |= copies && slot.IsBusy;
    }
}
