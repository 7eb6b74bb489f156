using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Work that frames take on beside the step: a list of dispatches (<see cref="WorkPlan"/>), with what goes before the first and after the
/// last.
/// </summary>
internal interface IFramePass
{
    /// <summary>What decides the grids of the dispatches.</summary>
    StepShape Shape { get; }

    /// <summary>Records what the dispatches need. Must not allocate.</summary>
    void RecordInputs(CommandRecorder recorder);

    /// <summary>Records what brings the result to the host. Must not allocate.</summary>
    void RecordResults(CommandRecorder recorder);
}
