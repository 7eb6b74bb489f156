using NpcMind.Gpu;
using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>Sizes of a frame's share of work.</summary>
internal sealed record FrameRunnerOptions
{
    /// <summary>Longest predicted milliseconds of one dispatch: larger ones are cut.</summary>
    public double QuantumMilliseconds { get; init; } = 0.5;

    /// <summary>Frames whose work may be on its way.</summary>
    public int FramesInFlight { get; init; } = 3;

    /// <summary>
    /// One of so many dispatches is timed by itself, besides whole frames. Timestamps cost time: a software driver stops for each.
    /// </summary>
    public int DispatchesPerTimed { get; init; } = 40;

    /// <summary>Whether dispatches are recorded in runs that are kept, where a whole run fits (<see cref="StepRuns"/>).</summary>
    public bool RecordsRuns { get; init; } = true;
}

/// <summary>What a finished frame cost.</summary>
/// <param name="Milliseconds">GPU time, from timestamps.</param>
/// <param name="Predicted">What it was predicted to take.</param>
internal readonly record struct FrameTime(double Milliseconds, double Predicted);

/// <summary>
/// Puts work into frames: so much of the step under way as is predicted to fit, in parts of dispatches no longer than a quantum. The place
/// in the dispatch list is state, so a step goes on where the last frame stopped. Costs are learned from timestamps. A frame whose
/// submission failed, or that the game threw away, is recorded once more (<see cref="Discard"/>, <see cref="IsSpoiled"/>). Nothing here
/// waits or allocates. Used by the engine's thread.
/// </summary>
internal sealed partial class FrameRunner : IDisposable
{
    private const int MaxTimedSlices = 2;
    private readonly InferenceEngine _engine;
    private readonly FrameRunnerOptions _options;
    private readonly WorkPlan _steps;
    private readonly WorkCursor _step = new();
    private readonly WorkCursor _view = new();
    private readonly int _copyClass;
    private readonly FrameSlot[] _slots;
    private readonly StepTicket[] _ended;
    private FrameSlot? _current;
    private int _next;
    private int _oldest;
    private int _endedCount;
    private IFramePass? _pass;
    private bool _forced;
    private int _untimed;

    /// <summary>Makes a runner for an engine.</summary>
    public FrameRunner(InferenceEngine engine, CostModel costs, FrameRunnerOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(engine);
        ArgumentNullException.ThrowIfNull(costs);
        _engine = engine;
        _options = options ?? new FrameRunnerOptions();
        Costs = costs;
        _steps = new WorkPlan(engine.Nodes, costs);
        _copyClass = costs.Class("kv copy");
        _ended = new StepTicket[InferenceEngine.ResultSlots];
        _markers = engine.Device.Memory.Allocate(_options.FramesInFlight * MarkerBytes, MemoryKind.Readback, "frame numbers");
        _slots = new FrameSlot[_options.FramesInFlight];
        try
        {
            for (int i = 0; i < _slots.Length; i++) _slots[i] = new FrameSlot(engine.Device, i, MaxTimedSlices);
            if (_options.RecordsRuns) _runs = new StepRuns(engine.Device, engine.Nodes);
        }
        catch
        {
            Dispose();
            throw;
        }

        engine.BeforeRecording = BeforeRecording;
    }

    /// <summary>What dispatches cost.</summary>
    public CostModel Costs { get; }

    /// <summary>Whether a step is under way.</summary>
    public bool StepIsActive => _step.IsActive;

    /// <summary>Whether a pass is under way.</summary>
    public bool ViewIsActive => _view.IsActive;

    /// <summary>Milliseconds that may still be predicted in this frame.</summary>
    public double Remaining { get; private set; }

    /// <summary>Milliseconds predicted in this frame so far.</summary>
    public double Predicted => _current?.Predicted ?? 0;

    /// <summary>Milliseconds predicted in the last frame that was ended, at the rate that frames really take.</summary>
    public double LastPredicted { get; private set; }

    /// <summary>Dispatches of this frame, or of the last.</summary>
    public int Dispatches { get; private set; }

    /// <summary>Whether another step may end before results are collected.</summary>
    public bool HasResultSlot => _endedCount < _ended.Length;

    /// <summary>
    /// Starts a frame, with the work of the last one where that never ran. False when as many as allowed are still on their way.
    /// </summary>
    /// <param name="milliseconds">GPU time to keep within.</param>
    /// <param name="game">The game's command buffer to record into; null for our own submission.</param>
    /// <exception cref="VulkanException">Nothing was begun, and nothing has changed.</exception>
    public bool TryBegin(double milliseconds, GameCommands? game = null)
    {
        if (_current is not null) throw new InvalidOperationException("The last frame was not ended.");
        FrameSlot slot = _slots[_next];
        if (slot.IsBusy || (game is not null && _careful > 0 && _busy > 0)) return false;
        Begin(slot, game);
        slot.Budget = milliseconds;
        Remaining = Costs.PlannableMilliseconds(milliseconds) - slot.Predicted;
        _forced = milliseconds > 0 && slot.Journal.IsEmpty;
        return true;
    }

    /// <summary>Records pending copies of blocks while they fit; true when none is left.</summary>
    public bool RecordCopies()
    {
        KvCopyQueue copies = _engine.Blocks.Copies;
        while (copies.Count > 0)
        {
            double megabytes = copies.LayerBytes / 1e6; // changes from one group of neighbours to the next
            if (!Admit(Costs.Predict(_copyClass, megabytes))) return false;
            bool timed = BeginTiming(_copyClass);
            copies.RecordLayer(_current!.Recorder);
            EndTiming(timed, _copyClass, megabytes);
        }

        return true;
    }

    /// <summary>Makes the engine's batch the step under way.</summary>
    public void BeginStep()
    {
        if (_step.IsActive) throw new InvalidOperationException("A step is under way.");
        if (!HasResultSlot) throw new InvalidOperationException("The results of earlier steps have not been collected.");
        if (_engine.Blocks.Copies.Count > 0) throw new InvalidOperationException("Copies of blocks come before a step.");
        _step.Begin(_steps, _engine.Batch.Finish());
        _engine.RecordInputs(_current!.Recorder, _step.Shape);
        _runs?.Begin(_step.Shape);
    }

    /// <summary>Records as much of the step as fits; true when it ended.</summary>
    public bool RecordStep()
    {
        if (!Record(_step, 0)) return false;
        _ended[_endedCount++] = _engine.RecordResults(_current!.Recorder, _step.Shape);
        _current.StepsEnded++;
        return true;
    }

    /// <summary>Makes a pass the one under way, beside the step: they share nothing but the frame.</summary>
    /// <param name="pass">What to record.</param>
    /// <param name="plan">Its dispatches.</param>
    public void BeginView(IFramePass pass, WorkPlan plan)
    {
        ArgumentNullException.ThrowIfNull(pass);
        if (_view.IsActive) throw new InvalidOperationException("A pass is under way.");
        _view.Begin(plan, pass.Shape);
        _pass = pass;
        pass.RecordInputs(_current!.Recorder);
    }

    /// <summary>
    /// Records as much of the pass as fits into <paramref name="most"/> of the milliseconds that are left; true when it ended.
    /// </summary>
    public bool RecordView(double most)
    {
        if (!Record(_view, Math.Max(0, Remaining - most))) return false;
        _pass!.RecordResults(_current!.Recorder);
        _current.ViewsEnded++;
        return true;
    }

    /// <summary>
    /// Ends the frame: submits it, or leaves it in the game's command buffer. An empty frame of our own is not submitted.
    /// </summary>
    /// <exception cref="VulkanException">It was not submitted: what is in it goes on the next frame.</exception>
    public void End()
    {
        FrameSlot slot = _current ?? throw new InvalidOperationException("No frame was begun.");
        _current = null;
        slot.Recorder.Journal = null;
        slot.IsPending = !slot.Journal.IsEmpty;
        Dispatches = slot.Recorder.Dispatches;
        LastPredicted = slot.Predicted * Costs.Ratio;
        if (slot.IsExternal) RecordMarker(slot);
        slot.Recorder.End();
        if (!slot.IsPending && !slot.IsExternal) return;
        if (!slot.IsExternal) _engine.Timeline.Submit(slot.Recorder);
        slot.IsPending = false;
        if (slot.IsExternal) (_discardable, _discardableNumber) = (slot, slot.Number);
        Depart(slot);
    }

    /// <summary>Takes the oldest frame off the list if the device has finished it, and learns from it.</summary>
    /// <param name="time">What it cost.</param>
    /// <param name="stepsEnded">Steps that ended in it: their tokens are read by <see cref="TakeResults"/>, in order.</param>
    /// <param name="viewsEnded">Passes that ended in it.</param>
    public bool TryCollect(out FrameTime time, out int stepsEnded, out int viewsEnded)
    {
        (time, stepsEnded, viewsEnded) = (default, 0, 0);
        while (_slots[_oldest] is { IsBusy: true } slot && slot.Recorder.IsFree)
        {
            bool counts = !slot.IsVoid;
            if (counts && slot.IsExternal && !HasRun(slot))
            {
                if (!Lose(slot)) return false;
                counts = false;
            }

            if (counts)
            {
                time = Learn(slot);
                (stepsEnded, viewsEnded) = (slot.StepsEnded, slot.ViewsEnded);
                EmbeddingsEnded = slot.EmbeddingsEnded;
                _careful = Math.Max(0, _careful - 1);
            }

            slot.IsBusy = false;
            _busy--;
            _oldest = (_oldest + 1) % _slots.Length;
            if (counts) return true;
        }

        return false;
    }

    /// <summary>The tokens of the oldest step that ended in a collected frame, one per output; valid until the next step ends.</summary>
    public ReadOnlySpan<int> TakeResults()
    {
        StepTicket ticket = _ended[0];
        _endedCount--;
        for (int i = 0; i < _endedCount; i++) _ended[i] = _ended[i + 1];
        return _engine.Results(ticket);
    }

    /// <summary>Milliseconds that a step of this shape is predicted to take in all.</summary>
    public double PredictStep(StepShape shape)
    {
        double total = 0;
        for (int i = 0; i < _steps.Nodes.Count; i++)
        {
            GraphNode node = _steps.Nodes[i];
            Grid grid = node.Grid(shape);
            long all = (long)grid.X * grid.Y * grid.Z;
            if (all > 0) total += Costs.Predict(_steps.Class(i, grid.Variant), all * (node.Work?.Invoke(shape) ?? 1));
        }

        return total * Costs.Ratio;
    }

    /// <summary>
    /// Frees the recorders; waits for frames of our own, as far as that works. Those of the game must have finished. Never throws.
    /// </summary>
    public void Dispose()
    {
        foreach (FrameSlot? slot in _slots) slot?.Dispose();
        _runs?.Dispose();
        _markers.Dispose();
    }

    private void Begin(FrameSlot slot, GameCommands? game)
    {
        if (game is { } commands) slot.Recorder.BeginWithin(commands, slot.Times);
        else slot.Recorder.Begin(slot.Times);
        if (slot.IsPending) slot.Recorder.Repeat(slot.Journal);
        else slot.Reset();
        slot.Recorder.Journal = slot.Journal;
        slot.IsExternal = game is not null;
        slot.IsVoid = slot.IsFollowed = false;
        slot.SampleCount = 0;
        slot.Budget = 0;
        slot.Number = ++_number;
        if (!slot.IsPending) slot.FirstNumber = slot.Number;
        _current = slot;
        Dispatches = RecordedBefore = 0;
    }

    /// <summary>What a finished frame cost. Times that cannot be had are not learned from.</summary>
    private FrameTime Learn(FrameSlot slot)
    {
        double milliseconds;
        try
        {
            milliseconds = slot.Times.Read();
        }
        catch (VulkanException e) when (!e.IsDeviceLost)
        {
            return new FrameTime(double.NaN, slot.Predicted);
        }

        if (double.IsNaN(milliseconds)) return new FrameTime(double.NaN, slot.Predicted);
        for (int i = 0; i < slot.SampleCount; i++)
            Costs.Learn(slot.Samples[i].Class, slot.Samples[i].Work, slot.Times.Milliseconds(slot.Samples[i].Part));
        if (slot is { Predicted: > 0, Budget: > 0 }) Costs.LearnFrame(slot.Predicted, milliseconds, slot.Budget);
        return new FrameTime(milliseconds, slot.Predicted);
    }

    /// <summary>
    /// Records dispatches in parts no longer than a quantum while they fit, leaving <paramref name="reserve"/> milliseconds; true when none
    /// is left.
    /// </summary>
    private bool Record(WorkCursor work, double reserve)
    {
        CommandRecorder recorder = _current!.Recorder;
        double quantum = _options.QuantumMilliseconds / Costs.Ratio; // predictions of single dispatches err on the long side
        while (work.Node < work.Nodes.Count)
        {
            if (TryRun(work, reserve, quantum)) continue;
            GraphNode node = work.Nodes[work.Node];
            Grid grid = node.Grid(work.Shape);
            long all = (long)grid.X * grid.Y * grid.Z;
            int costClass = work.Class(grid.Variant);
            double perWorkgroup = node.Work?.Invoke(work.Shape) ?? 1;
            for (bool continues = false; work.Position < all; continues = true)
            {
                double most = Math.Min(quantum, Remaining - reserve);
                // A dispatch cannot be smaller than a workgroup; whether the frame has room for it is decided below.
                long left = all - work.Position, fits = most <= 0 ? 1
                    : Costs.Predict(costClass, left * perWorkgroup) <= most ? left : Costs.WorkWithin(costClass, perWorkgroup, most);
                GridPiece piece = GridSlicer.Next(grid.X, grid.Y, grid.Z, work.Position, Math.Clamp(fits, 1, left));
                double pieceWork = piece.Workgroups * perWorkgroup;
                if (!Admit(Costs.Predict(costClass, pieceWork), reserve)) return false;
                bool timed = BeginTiming(costClass);
                recorder.Dispatch(node.Variants[grid.Variant],
                    new Workgroups((uint)piece.X, (uint)piece.Y, (uint)piece.Z, (uint)piece.CountX, (uint)piece.CountY, (uint)piece.CountZ),
                    continues);
                EndTiming(timed, costClass, pieceWork);
                work.Position += piece.Workgroups;
            }

            (work.Node, work.Position) = (work.Node + 1, 0);
        }

        work.IsActive = false;
        return true;
    }

    /// <summary>
    /// Takes a prediction off the frame. A frame's first piece is let in even if it alone is too long: else nothing would ever go on.
    /// </summary>
    private bool Admit(double predicted, double reserve = 0)
    {
        if (predicted > Remaining - reserve && !_forced) return false;
        _forced = false;
        Remaining -= predicted;
        _current!.Predicted += predicted;
        return true;
    }

    private bool BeginTiming(int costClass)
    {
        bool wanted = ++_untimed >= _options.DispatchesPerTimed || !Costs.Known(costClass);
        if (!wanted || _current!.SampleCount == _current.Samples.Length) return false;
        _untimed = 0;
        return _current.Recorder.Mark() >= 0;
    }

    private void EndTiming(bool timed, int costClass, double work)
    {
        if (!timed) return;
        int part = _current!.Recorder.Mark();
        if (part >= 0) _current.Samples[_current.SampleCount++] = (part, costClass, work);
    }
}
