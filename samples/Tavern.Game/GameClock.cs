namespace Tavern.Game;

/// <summary>
/// Game time, by which readers read and deadlines pass: it goes on with the frames, so that a play without a display is the same every
/// time.
/// </summary>
public sealed class GameClock : TimeProvider
{
    private long _ticks;

    public double Seconds => TimeSpan.FromTicks(Interlocked.Read(ref _ticks)).TotalSeconds;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    internal void Advance(double seconds) => Interlocked.Add(ref _ticks, (long)(seconds * TimeSpan.TicksPerSecond));
}
