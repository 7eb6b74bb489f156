using System.Diagnostics;
using System.Runtime.InteropServices;

namespace NpcMind.Cli;

/// <summary>Starts frames at a steady rate, as a game with vertical sync does; and the CPU time of the calling thread.</summary>
internal sealed partial class FrameClock(int framesPerSecond)
{
    private const int ThreadCpuClock = 3; // CLOCK_THREAD_CPUTIME_ID of Linux
    private const double SpinMilliseconds = 0.5;
    private readonly double _period = Stopwatch.Frequency / (double)framesPerSecond;
    private double _due = Stopwatch.GetTimestamp();

    /// <summary>Waits for the next frame; false when it begins more than a millisecond late. A frame missed is not made up for.</summary>
    public bool WaitForFrame()
    {
        _due += _period;
        double left;
        while ((left = MillisecondsLeft()) > 0)
        {
            // A software driver needs the processor: the little that is not slept is yielded.
#pragma warning disable RS0030 // Stands in for the vertical sync that a game waits for.
            if (left > 1 + SpinMilliseconds) Thread.Sleep((int)(left - SpinMilliseconds));
#pragma warning restore RS0030
            else Thread.Yield();
        }

        if (left > -1) return true;
        _due = Stopwatch.GetTimestamp();
        return false;
    }

    /// <summary>Milliseconds that this thread has run; not a number on systems that do not tell.</summary>
    public static double ThreadMilliseconds() =>
        OperatingSystem.IsLinux() && ClockGetTime(ThreadCpuClock, out TimeSpec time) == 0
        ? time.Seconds * 1e3 + time.Nanoseconds / 1e6 : double.NaN;

    private double MillisecondsLeft() => (_due - Stopwatch.GetTimestamp()) * 1e3 / Stopwatch.Frequency;

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static partial int ClockGetTime(int clock, out TimeSpec time);

    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpec
    {
        public nint Seconds;
        public nint Nanoseconds;
    }
}
