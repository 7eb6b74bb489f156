using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Diagnostics.Tracing;

namespace NpcMind;

/// <summary>
/// What ticks did, for <c>dotnet-counters</c> and the like: meter <c>NpcMind</c>, event source <c>NpcMind</c>. Costs nothing while nobody
/// listens.
/// </summary>
internal static class Telemetry
{
    private static readonly Meter Meter = new("NpcMind");
    private static readonly Histogram<double> Gpu = Meter.CreateHistogram<double>("npcmind.gpu", "ms", "GPU time of a frame's thinking.");
    private static readonly Histogram<double> Cpu = Meter.CreateHistogram<double>("npcmind.tick", "ms", "CPU time of a tick.");
    private static readonly Counter<long> Said = Meter.CreateCounter<long>("npcmind.tokens_said", "{token}",
        "Tokens that characters said.");
    private static readonly Counter<long> Read = Meter.CreateCounter<long>("npcmind.tokens_read", "{token}",
        "Tokens read, prompts and replies.");
    private static readonly Counter<long> Spilled = Meter.CreateCounter<long>("npcmind.spilled", "{mind}", "Minds sent to host memory.");
    private static readonly Counter<long> Dropped = Meter.CreateCounter<long>("npcmind.dropped", "{mind}",
        "Minds whose keys and values were dropped.");
    private static readonly Histogram<int> Deferred = Meter.CreateHistogram<int>("npcmind.deferred", "{npc}",
        "Characters that had to wait.");

    public static void Report(in TickReport report, long started)
    {
        double milliseconds = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        if (report.FramesFinished > 0 && double.IsFinite(report.GpuMilliseconds)) Gpu.Record(report.GpuMilliseconds);
        Cpu.Record(milliseconds);
        if (report.TokensGenerated > 0) Said.Add(report.TokensGenerated);
        if (report.TokensProcessed > 0) Read.Add(report.TokensProcessed);
        if (report.Spilled > 0) Spilled.Add(report.Spilled);
        if (report.Dropped > 0) Dropped.Add(report.Dropped);
        Deferred.Record(report.Deferred);
        NpcMindEvents.Log.Tick(report, milliseconds);
    }

    [EventSource(Name = "NpcMind")]
    private sealed class NpcMindEvents : EventSource
    {
        public static readonly NpcMindEvents Log = new();

        [NonEvent]
        public void Tick(in TickReport report, double cpuMilliseconds)
        {
            if (IsEnabled())
                Tick((int)report.Status, report.PredictedMilliseconds, report.GpuMilliseconds, cpuMilliseconds, report.Dispatches,
                    report.TokensGenerated, report.TokensProcessed, report.Deferred);
        }

        [Event(1, Message = "Tick")]
        [System.Diagnostics.CodeAnalysis.UnconditionalSuppressMessage("Trimming", "IL2026",
            Justification = "Only primitive values are passed.")]
        private void Tick(int status, double predictedMilliseconds, double gpuMilliseconds, double cpuMilliseconds, int dispatches,
            int tokensSaid, int tokensRead, int deferred) =>
            WriteEvent(1, status, predictedMilliseconds, gpuMilliseconds, cpuMilliseconds, dispatches, tokensSaid, tokensRead, deferred);
    }
}
