using System.Diagnostics;
using NpcMind;
using Tavern.Game;
using Tavern.Renderer;

namespace Tavern.Play;

/// <summary>
/// Lets minds think in frames that are drawn slowly: after the picture, in several steps. A character's next token needs the one
/// before, so a single step a frame would say no more
/// tokens than there are frames.
/// </summary>
internal sealed class SlowFrames(RenderDevice device) : IDisposable
{
    /// <summary>Milliseconds that are not worth another step.</summary>
    private const double Least = 1;
    private readonly CommandRing _commands = new(device, 1);

    /// <summary>Draws for eyes and thinks until the budget is used up, or nobody has anything to think. Waits for the device.</summary>
    /// <param name="game">Whose minds.</param>
    /// <param name="eyes">Pictures that wait to be drawn.</param>
    /// <param name="eyesMilliseconds">What drawing for eyes was expected to take.</param>
    public TickReport Think(GameLoop game, EyePictures eyes, out double eyesMilliseconds)
    {
        double budget = game.Budget;
        long started = Stopwatch.GetTimestamp();
        eyesMilliseconds = 0;
        TickReport whole = new() { Status = TickStatus.Idle };
        // Of a picture so many pieces as fit into half of the budget, and at least one; their costs are unknown at first.
        while (eyes.IsWaiting && eyesMilliseconds <= budget / 2 && Elapsed() <= budget / 2) eyesMilliseconds += eyes.Advance();
        for (double left = budget - Elapsed(); left > Least || whole.Status == TickStatus.Idle; left = budget - Elapsed())
        {
            nint commands = _commands.Begin().Handle;
            TickReport report = game.Think(Math.Max(left, Least), new FrameCommands(commands, (nint)_commands.Timeline.Handle,
                _commands.SignalValue));
            _commands.Submit();
            _commands.Finish();
            whole = Sum(whole, report);
            if (report.Status != TickStatus.Worked) break;
        }

        return whole;

        double Elapsed() => Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }

    /// <summary>The device must be idle.</summary>
    public void Dispose() => _commands.Dispose();

    private static TickReport Sum(in TickReport before, in TickReport last) => last with
    {
        Status = last.Status == TickStatus.Idle ? before.Status : last.Status,
        PredictedGpuTime = before.PredictedGpuTime + last.PredictedGpuTime,
        GpuTime = before.GpuTime is { } time ? time + (last.GpuTime ?? TimeSpan.Zero) : last.GpuTime,
        FramesFinished = before.FramesFinished + last.FramesFinished,
        Dispatches = before.Dispatches + last.Dispatches,
        TokensGenerated = before.TokensGenerated + last.TokensGenerated,
        TokensProcessed = before.TokensProcessed + last.TokensProcessed,
        Spilled = before.Spilled + last.Spilled,
        Restored = before.Restored + last.Restored,
        Dropped = before.Dropped + last.Dropped,
        TurnsForgotten = before.TurnsForgotten + last.TurnsForgotten,
        Images = new ImageCounts(before.Images.Encoded + last.Images.Encoded, before.Images.Reused + last.Images.Reused,
            last.Images.Pending),
    };
}
