using System.Diagnostics;

namespace NpcMind.Gpu;

/// <summary>What a device's memory gives: what kernels can be held against.</summary>
internal static class CopyBandwidth
{
    private const int Copies = 8, MostBytes = 256 << 20, SoftwareBytes = 64 << 20;

    /// <summary>
    /// Gigabytes read and written per second by copies from one buffer to another of 256 MiB (of 64 on a software device). Waits.
    /// </summary>
    public static double Measure(GpuDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        long bytes = device.Limits.IsSoftware ? SoftwareBytes : MostBytes;
        using GpuBuffer source = device.Memory.Allocate(bytes, MemoryKind.Device, "probe"),
            target = device.Memory.Allocate(bytes, MemoryKind.Device, "probe");
        using CommandRecorder recorder = new(device, "probe");
        using Timeline timeline = new(device, "probe");
        double seconds = 0;
        for (int run = 0; run < 2; run++) // the first touches the memory
        {
            recorder.WaitUntilFree();
            recorder.Begin();
            for (int i = 0; i < Copies; i++) recorder.Copy(source.Whole, target.Whole, bytes);
            recorder.End();
            long started = Stopwatch.GetTimestamp();
            timeline.Wait(timeline.Submit(recorder));
            seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
        }

        return 2.0 * bytes * Copies / seconds / 1e9;
    }
}
