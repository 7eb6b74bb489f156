using System.Globalization;
using System.Text.Json;
using NpcMind.Gpu;
using NpcMind.GpuTests;

namespace NpcMind.Benchmarks;

/// <summary>
/// Times kernel cases by GPU timestamps: the median of several runs, after one that is not counted. Caches are not flushed between runs.
/// </summary>
internal static class KernelTimes
{
    private const int Runs = 7;

    /// <summary>Prints them; writes them to <paramref name="json"/>, too, with the bandwidth of copies, where that is a path.</summary>
    public static void Run(string[] filter, string? json = null)
    {
        using GpuDevice device = GpuDevice.Create();
        Console.WriteLine($"{device.Limits.Name}, {device.Limits.Driver}");
        using MemoryStream written = new();
        using (Utf8JsonWriter w = new(written, new JsonWriterOptions { Indented = true }))
        {
            w.WriteStartObject();
            w.WriteString("device", device.Limits.Name);
            w.WriteString("driver", device.Limits.Driver);
            if (json is not null) w.WriteNumber("copy_gb_per_s", Math.Round(CopyBandwidth.Measure(device), 2));
            w.WriteStartArray("kernels");
            Measure(device, filter, w);
            w.WriteEndArray();
            w.WriteEndObject();
        }

        if (json is not null) File.WriteAllBytes(json, written.ToArray());
    }

    private static void Measure(GpuDevice device, string[] filter, Utf8JsonWriter w)
    {
        using KernelRig rig = new(device);
        using TimestampQueries times = new(device, 0);
        foreach (KernelCase kernel in KernelCases.All.Where(
            c => filter.All(f => c.ToString().Contains(f, StringComparison.OrdinalIgnoreCase))))
        {
            KernelRun run = kernel.Make(rig);
            List<double> milliseconds = [];
            for (int i = 0; i <= Runs; i++)
            {
                rig.Run(run.Nodes, run.Shape, times);
                if (i > 0) milliseconds.Add(times.Read());
            }

            rig.Reset();
            milliseconds.Sort();
            double median = Math.Max(1e-6, milliseconds[Runs / 2]);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{kernel,-64} {median,9:F4} ms {kernel.Bytes / median / 1e6,8:F2} GB/s {kernel.Flops / median / 1e6,8:F2} GFLOPS"));
            w.WriteStartObject();
            w.WriteString("kernel", kernel.ToString());
            w.WriteNumber("ms", Math.Round(median, 5));
            w.WriteNumber("gb_per_s", Math.Round(kernel.Bytes / median / 1e6, 3));
            w.WriteNumber("gflops", Math.Round(kernel.Flops / median / 1e6, 3));
            w.WriteEndObject();
        }
    }
}
