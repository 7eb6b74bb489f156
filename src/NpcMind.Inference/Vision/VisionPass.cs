using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>A pass of an image encoder as frames work it off.</summary>
internal sealed class VisionPass(VisionJob job, int pass) : IFramePass
{
    public StepShape Shape => job.Shape(pass);

    public void RecordInputs(CommandRecorder recorder) => job.Encoder.RecordInputs(recorder, job, pass);

    public void RecordResults(CommandRecorder recorder) => job.Encoder.RecordResults(recorder, job, pass);
}
