using System.Diagnostics;
using Silk.NET.Vulkan;

namespace NpcMind.Gpu;

/// <summary>Runs of dispatches that are recorded once and executed often; recordings that run in parts.</summary>
internal sealed unsafe partial class CommandRecorder
{
    /// <summary>
    /// Starts recording a run anew, which no frame under way may hold. Opens with a full barrier, so a run may follow anything.
    /// </summary>
    public void BeginRun(RecordedRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        CommandBufferInheritanceInfo inherited = new() { SType = StructureType.CommandBufferInheritanceInfo };
        CommandBufferBeginInfo info = new()
        {
            SType = StructureType.CommandBufferBeginInfo,
            Flags = CommandBufferUsageFlags.SimultaneousUseBit, // several frames on their way may hold it
            PInheritanceInfo = &inherited
        };
        _device.Api.BeginCommandBuffer(run.Handle, in info).ThrowOnError("vkBeginCommandBuffer");
        Start(run.Handle);
        Barrier(Stages | PipelineStageFlags2.DrawIndirectBit, Accesses | AccessFlags2.IndirectCommandReadBit);
    }

    /// <summary>Ends the recording of a run.</summary>
    public void EndRun(RecordedRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _device.Api.EndCommandBuffer(run.Handle).ThrowOnError("vkEndCommandBuffer");
        run.Dispatches = Dispatches;
        run.Barriers = Barriers;
    }

    /// <summary>
    /// Executes a run. In a game's command buffer everything that was bound before is undefined afterwards, as after any secondary command
    /// buffer.
    /// </summary>
    public void Execute(RecordedRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Journal?.AddRun(run);
        CommandBuffer commands = run.Handle;
        _device.Api.CmdExecuteCommands(Handle, 1, in commands);
        Dispatches += run.Dispatches;
        Barriers += run.Barriers;
        _bound = default;
        _hazards.Clear();
        _awaitsRun = true;
        Follow(PipelineStageFlags2.ComputeShaderBit);
    }

    /// <summary>Records a dispatch whose grid is read when it runs: three u32 from byte <paramref name="offset"/> of a tensor.</summary>
    public void DispatchIndirect(DispatchNode node, Tensor grids, long offset)
    {
        ArgumentNullException.ThrowIfNull(node);
        ArgumentNullException.ThrowIfNull(grids);
        Order(node.Ranges);
        Bind(node);
        // Lavapipe's indirect dispatches begin at the workgroup where the last direct one began: an empty one sets that to 0.
        if (Dispatches == 0) _device.Api.CmdDispatchBase(Handle, 0, 0, 0, 0, 0, 0);
        _device.Api.CmdDispatchIndirect(Handle, grids.Buffer.Handle, (ulong)(grids.Offset + offset));
        Dispatches++;
    }

    /// <summary>
    /// Submits what was recorded so far, waits for it and goes on recording; returns how many milliseconds that took. For loading, in a
    /// command buffer of our own.
    /// </summary>
    internal double RunSoFar(Timeline timeline)
    {
        (int dispatches, int barriers) = (Dispatches, Barriers);
        End(goesOn: true);
        long started = Stopwatch.GetTimestamp();
        timeline.Wait(timeline.Submit(this));
        double milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        Begin(_timestamps, goesOn: true);
        (Dispatches, Barriers) = (dispatches, barriers);
        return milliseconds;
    }
}
