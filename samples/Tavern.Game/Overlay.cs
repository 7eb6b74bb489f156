using NpcMind;

namespace Tavern.Game;

/// <summary>Figures of one character.</summary>
public readonly record struct MindFigures(string Name, NpcWait Waiting, bool IsAnswering, int Tokens, int SharedTokens, int Turns,
    NpcPriority Priority);

/// <summary>Figures for F1. Filled in place, so that filling them costs no memory; words are made of them only when they change.</summary>
public sealed class Overlay
{
    private const double Window = 1;
    private readonly MindFigures[] _figures = new MindFigures[TavernFile.MostPeople];
    private double _since;
    private int _said, _read;

    public bool IsShown { get; set; }

    /// <summary>The last tick.</summary>
    public TickReport Last { get; private set; }

    /// <summary>GPU milliseconds of the minds' last finished frame.</summary>
    public double LastMilliseconds { get; private set; }

    public double TokensSaidPerSecond { get; private set; }

    public double TokensReadPerSecond { get; private set; }

    public ReadOnlySpan<MindFigures> Minds => _figures.AsSpan(0, Count);

    private int Count { get; set; }

    internal void Add(in TickReport report, Minds minds, int people, double now)
    {
        Last = report;
        if (report.GpuTime is { } time) LastMilliseconds = time.TotalMilliseconds;
        _said += report.TokensGenerated;
        _read += report.TokensProcessed;
        if (now - _since >= Window)
        {
            (TokensSaidPerSecond, TokensReadPerSecond) = (_said / (now - _since), _read / (now - _since));
            (_since, _said, _read) = (now, 0, 0);
        }

        Count = 0;
        for (int i = 0; i < people && i < _figures.Length; i++)
            if (minds.Of(i) is { } npc)
                _figures[Count++] = new MindFigures(npc.Name, npc.Waiting, npc.Reply is { IsDone: false }, npc.Tokens, npc.SharedTokens,
                    npc.TurnCount, npc.Priority);
    }
}
