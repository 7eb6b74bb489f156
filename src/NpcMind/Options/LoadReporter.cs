using NpcMind.Inference;

namespace NpcMind;

/// <summary>Tells a game how far its runtime is loaded. What the game's code throws must not end the loading.</summary>
internal sealed class LoadReporter(IProgress<LoadProgress>? progress)
{
    public void Weights(UploadProgress upload) =>
        Report(LoadStage.Weights, upload.Total == 0 ? 0 : Math.Min(1, (double)upload.Done / upload.Total));

    public void Report(LoadStage stage, double fraction)
    {
        try
        {
            progress?.Report(new LoadProgress(stage, fraction));
        }
        catch (Exception)
        {
            // The listener's fault; loading goes on.
        }
    }
}
