namespace NpcMind.Inference;

/// <summary>A step's dispatches in runs that were recorded before, where a whole run fits into the frame.</summary>
internal sealed partial class FrameRunner
{
    /// <summary>
    /// Nothing inside a run can be timed. So after this many times <see cref="FrameRunnerOptions.DispatchesPerTimed"/> dispatches, a run
    /// that fits is recorded one by one all the same, and one of its dispatches is timed.
    /// </summary>
    private const int RunsPerTimed = 16;

    private readonly StepRuns? _runs;
    private int _timedInRun;

    /// <summary>Dispatches of this frame, or of the last, that were recorded before.</summary>
    public int RecordedBefore { get; private set; }

    /// <summary>
    /// Executes the run that begins where the step stands; false when none does, when it does not fit, leaving <paramref name="reserve"/>
    /// milliseconds, or when one of its dispatches is never measured, longer than a quantum, or to be measured now.
    /// </summary>
    private bool TryRun(WorkCursor work, double reserve, double quantum)
    {
        if (_runs is null || !ReferenceEquals(work, _step) || work.Position > 0) return false;
        int count = _runs.At(work.Node);
        if (count == 0 || IsTimed(count)) return false;
        double total = 0;
        _runs.Prepare();
        for (int node = work.Node; node < work.Node + count; node++)
        {
            (long workgroups, int variant) = _runs.Grid(node);
            if (variant < 0) continue;
            int costClass = _steps.Class(node, variant);
            double cost = Costs.Predict(costClass, workgroups * (work.Nodes[node].Work?.Invoke(work.Shape) ?? 1));
            if (cost > quantum || !Costs.Known(costClass)) return false;
            total += cost;
        }

        if (total > Remaining - reserve || _runs.Find(work.Node, this) is not { } run) return false;
        _forced = false;
        Remaining -= total;
        _current!.Predicted += total;
        _runs.Execute(_current.Recorder, run);
        _untimed += run.Dispatches;
        RecordedBefore += run.Dispatches;
        work.Node += count;
        return true;
    }

    /// <summary>Whether a run of so many dispatches is recorded one by one, for one of them to be timed: each time another one.</summary>
    private bool IsTimed(int count)
    {
        if (_untimed < RunsPerTimed * _options.DispatchesPerTimed) return false;
        _timedInRun = (_timedInRun + 1) % count;
        _untimed = _options.DispatchesPerTimed - 1 - _timedInRun;
        return true;
    }
}
