using System.Globalization;
using NpcMind.Gpu;
using NpcMind.GpuTests;

namespace NpcMind.Benchmarks;

/// <summary>Times kernel cases by GPU timestamps: the median of several runs, after one that is not counted. Caches are not flushed between runs.</summary>
internal static class KernelTimes
{
    private const int Runs = 7;

    public static void Run(string[] filter)
    {
        using GpuDevice device = GpuDevice.Create();
        using KernelRig rig = new(device);
        using TimestampQueries times = new(device, 0);
        Console.WriteLine($"{device.Limits.Name}, {device.Limits.Driver}");
        foreach (KernelCase kernel in KernelCases.All.Where(c => filter.All(f => c.ToString().Contains(f, StringComparison.OrdinalIgnoreCase))))
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
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{kernel,-64} {median,9:F4} ms {kernel.Bytes / median / 1e6,8:F2} GB/s {kernel.Flops / median / 1e6,8:F2} GFLOPS"));
        }
    }
}
