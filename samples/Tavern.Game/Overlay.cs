using NpcMind;

namespace Tavern.Game;

/// <summary>Figures of one character.</summary>
public readonly record struct MindFigures(string Name, NpcWait Waiting, bool IsAnswering, int Tokens, int SharedTokens, int Turns, int Priority);

/// <summary>Figures for F1. Filled in place, so that filling them costs no memory; words are made of them only when they change.</summary>
public sealed class Overlay
{
    /// <summary>Frames that the graph shows.</summary>
    public const int Frames = 240;
    private const double Window = 1;
    private readonly float[] _minds = new float[Frames], _game = new float[Frames];
    private readonly MindFigures[] _figures = new MindFigures[TavernFile.MostPeople];
    private double _since;
    private int _said, _read, _at;

    public bool IsShown { get; set; }

    /// <summary>Milliseconds of the GPU that minds took, of the last frames, oldest at <see cref="Start"/>.</summary>
    public ReadOnlySpan<float> MindMilliseconds => _minds;

    /// <summary>Milliseconds of the GPU that the picture took, as the game told with <see cref="Frame"/>.</summary>
    public ReadOnlySpan<float> GameMilliseconds => _game;

    /// <summary>Index of the oldest frame in both.</summary>
    public int Start => _at;

    /// <summary>The last tick.</summary>
    public TickReport Last { get; private set; }

    /// <summary>GPU milliseconds of the minds' last finished frame.</summary>
    public double LastMilliseconds { get; private set; }

    public double TokensSaidPerSecond { get; private set; }

    public double TokensReadPerSecond { get; private set; }

    public ReadOnlySpan<MindFigures> Minds => _figures.AsSpan(0, Count);

    private int Count { get; set; }

    /// <summary>GPU milliseconds of the picture in this frame: for the graph.</summary>
    public void Frame(double milliseconds) => _game[(_at + Frames - 1) % Frames] = (float)milliseconds;

    internal void Add(in TickReport report, Minds minds, int people, double now)
    {
        Last = report;
        if (!double.IsNaN(report.GpuMilliseconds)) LastMilliseconds = report.GpuMilliseconds;
        _minds[_at] = double.IsNaN(report.GpuMilliseconds) ? 0 : (float)report.GpuMilliseconds;
        _game[_at] = 0;
        _at = (_at + 1) % Frames;
        _said += report.TokensSaid;
        _read += report.TokensRead;
        if (now - _since >= Window)
        {
            (TokensSaidPerSecond, TokensReadPerSecond) = (_said / (now - _since), _read / (now - _since));
            (_since, _said, _read) = (now, 0, 0);
        }

        Count = 0;
        for (int i = 0; i < people && i < _figures.Length; i++)
            if (minds.Of(i) is { } npc) _figures[Count++] = new MindFigures(npc.Name, npc.Waiting, npc.Reply is { IsDone: false }, npc.Tokens, npc.SharedTokens, npc.Turns, npc.Priority);
    }
}
