using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Runs of a step's dispatches, each recorded once for each choice of variants and executed in every step that makes the same choice: a
/// dispatch of a run costs the host nothing. Grids are read on the device, from a table that is written once a step. Allocates nothing
/// after it is made. Used by the engine's thread.
/// </summary>
internal sealed class StepRuns : IDisposable
{
    /// <summary>Dispatches of a run. The last ones of a frame, up to so many, are recorded one by one.</summary>
    public const int RunNodes = 16;

    /// <summary>Choices of variants that are kept for a run: one row, few, many, and a spare one.</summary>
    public const int Kept = 4;

    private const int GridBytes = 3 * sizeof(uint);
    private readonly IReadOnlyList<GraphNode> _nodes;
    private readonly CommandRecorder _recorder;
    private readonly GpuBuffer _table;
    private readonly RecordedRuns _runs;
    private readonly uint[] _grids;
    private readonly sbyte[] _variants; // of the step under way; -1 for what is left out
    private readonly sbyte[] _recorded; // [runs, Kept, RunNodes]
    private readonly RecordingMoment[] _used;
    private readonly bool[] _isRecorded;
    private StepShape _shape;
    private StepShape _wanted;
    private bool _isWritten;

    /// <summary>Makes room for the runs of a list of dispatches, which live as long as this.</summary>
    public StepRuns(GpuDevice device, IReadOnlyList<GraphNode> nodes)
    {
        _nodes = nodes;
        int kept = (nodes.Count + RunNodes - 1) / RunNodes * Kept;
        _grids = new uint[nodes.Count * 3];
        _variants = new sbyte[nodes.Count];
        _recorded = new sbyte[kept * RunNodes];
        _used = new RecordingMoment[kept];
        _isRecorded = new bool[kept];
        _table = device.Memory.Allocate(_grids.Length * sizeof(uint), MemoryKind.Device, "grids");
        try
        {
            _runs = new RecordedRuns(device, kept);
            _recorder = new CommandRecorder(device, "runs");
        }
        catch
        {
            _runs?.Dispose();
            _table.Dispose();
            throw;
        }
    }

    /// <summary>Begins a step.</summary>
    public void Begin(StepShape shape)
    {
        _wanted = shape with { LastPosition = 0 }; // no grid hangs on it, and all else is often as in the step before
        _isWritten = false;
    }

    /// <summary>Finds the grids of the step under way.</summary>
    public void Prepare()
    {
        if (_wanted == _shape) return;
        for (int i = 0; i < _nodes.Count; i++)
        {
            Grid grid = _nodes[i].Grid(_wanted);
            (_grids[i * 3], _grids[i * 3 + 1], _grids[i * 3 + 2]) = ((uint)grid.X, (uint)grid.Y, (uint)grid.Z);
            _variants[i] = grid.X == 0 || grid.Y == 0 || grid.Z == 0 ? (sbyte)-1 : (sbyte)grid.Variant;
        }

        _shape = _wanted;
    }

    /// <summary>Executes a run of the step under way; its grids are written before its first.</summary>
    public void Execute(CommandRecorder recorder, RecordedRun run)
    {
        if (!_isWritten) StepInputs.Write(recorder, _table.Whole, MemoryMarshal.AsBytes(_grids.AsSpan()));
        _isWritten = true;
        recorder.Execute(run);
    }

    /// <summary>Dispatches of the run that begins at a dispatch; 0 where none does.</summary>
    public int At(int node) => node % RunNodes == 0 ? Math.Min(RunNodes, _nodes.Count - node) : 0;

    /// <summary>Workgroups of a dispatch in the step under way, and its variant; -1 where it is left out.</summary>
    public (long Workgroups, int Variant) Grid(int node) =>
        ((long)_grids[node * 3] * _grids[node * 3 + 1] * _grids[node * 3 + 2], _variants[node]);

    /// <summary>
    /// The run that begins at a dispatch, as the step under way needs it; recorded now where it never was. Null where all that are kept
    /// are in use, or it cannot be recorded.
    /// </summary>
    /// <param name="node">First dispatch.</param>
    /// <param name="frames">Who executes it, in the frame being recorded.</param>
    public RecordedRun? Find(int node, FrameRunner frames)
    {
        RecordingMoment now = frames.Now;
        ReadOnlySpan<sbyte> wanted = _variants.AsSpan(node, At(node));
        int first = node / RunNodes * Kept, oldest = first;
        for (int i = first; i < first + Kept; i++)
        {
            if (_isRecorded[i] && wanted.SequenceEqual(_recorded.AsSpan(i * RunNodes, wanted.Length)))
            {
                _used[i] = now;
                return _runs.All[i];
            }

            if (_isRecorded[oldest] && (!_isRecorded[i] || _used[i].Frame < _used[oldest].Frame)) oldest = i;
        }

        if (_isRecorded[oldest] && (_used[oldest].Frame == now.Frame || !frames.HasFinished(_used[oldest]))) return null;
        _isRecorded[oldest] = false;
        try
        {
            Record(_runs.All[oldest], node, wanted);
        }
        catch (VulkanException)
        {
            return null; // one by one, then; what is wrong with the device, the submission says
        }

        wanted.CopyTo(_recorded.AsSpan(oldest * RunNodes));
        _isRecorded[oldest] = true;
        _used[oldest] = now;
        return _runs.All[oldest];
    }

    /// <summary>Frees the runs; the device must have finished with them.</summary>
    public void Dispose()
    {
        _recorder.Dispose();
        _runs.Dispose();
        _table.Dispose();
    }

    private void Record(RecordedRun run, int node, ReadOnlySpan<sbyte> variants)
    {
        _recorder.BeginRun(run);
        for (int i = 0; i < variants.Length; i++)
            if (variants[i] >= 0)
                _recorder.DispatchIndirect(_nodes[node + i].Variants[variants[i]], _table.Whole, (node + i) * GridBytes);
        _recorder.EndRun(run);
    }
}
