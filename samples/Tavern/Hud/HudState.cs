using System.Numerics;
using Tavern.Overlay;

namespace Tavern.Hud;

/// <summary>What stands over the scene, as plain data. The game keeps one and changes it.</summary>
public sealed class HudState
{
    /// <summary>Those first in the list get their place first.</summary>
    public List<HudBubble> Bubbles { get; } = [];

    public bool ShowsCrosshair { get; set; } = true;

    /// <summary>Name under the crosshair.</summary>
    public string? Faced { get; set; }

    /// <summary>What can be done with the one faced, below the name.</summary>
    public string? FacedHint { get; set; }

    /// <summary>To whom the entry line speaks.</summary>
    public string EntryPrompt { get; set; } = "Say";

    /// <summary>What has been typed; null while nothing is being typed.</summary>
    public string? Entry { get; set; }

    /// <summary>The player's own words, until they are answered; null for none.</summary>
    public string? Said { get; set; }

    /// <summary>A page over the scene; null for none.</summary>
    public HudPage? Page { get; set; }

    /// <summary>Keys (at the right end) and what they do, for a player who is new.</summary>
    public List<HudRow> KeyHints { get; set; } = [];

    /// <summary>Size of all text, of the usual.</summary>
    public double TextSize { get; set; } = 1;

    /// <summary>A line for the player.</summary>
    public string? Message { get; set; }

    /// <summary>The figures of F1; null while they are off.</summary>
    public HudFigures? Figures { get; set; }
}

/// <summary>What somebody says.</summary>
/// <param name="Name">Who.</param>
/// <param name="Text">All of it that is known.</param>
/// <param name="Shown">Characters of it that have been spoken; 0 shows that somebody is about to speak.</param>
/// <param name="Head">Top of the speaker's head, in metres.</param>
/// <param name="Accent">Colour of the name.</param>
public readonly record struct HudBubble(string Name, string Text, int Shown, Vector3 Head, Ink Accent);

/// <summary>A line about a character.</summary>
public readonly record struct HudNpc(string Name, string State, Ink Accent);

/// <summary>Figures of the running game.</summary>
public sealed class HudFigures
{
    public string Device { get; set; } = "";

    public string Model { get; set; } = "";

    public FrameHistory Frames { get; } = new();

    /// <summary>Milliseconds of a frame that the minds may take.</summary>
    public double BudgetMs { get; set; }

    public double TokensPerSecond { get; set; }

    public int KvBlocks { get; set; }

    public int KvBlocksInAll { get; set; }

    public List<HudNpc> Npcs { get; } = [];
}

/// <summary>Milliseconds of a frame: in all, and on the device.</summary>
public readonly record struct FrameFigures(float WholeMs, float RenderMs, float MindsMs);

/// <summary>The newest frames.</summary>
public sealed class FrameHistory
{
    public const int Length = 120;
    private readonly FrameFigures[] _frames = new FrameFigures[Length];
    private readonly float[] _sorted = new float[Length];
    private int _next;

    public int Count { get; private set; }

    /// <summary>From the oldest to the newest.</summary>
    public FrameFigures this[int index] => _frames[(_next - Count + index + Length) % Length];

    public void Add(FrameFigures frame)
    {
        _frames[_next] = frame;
        _next = (_next + 1) % Length;
        Count = Math.Min(Count + 1, Length);
    }

    public float Mean(Func<FrameFigures, float> figure)
    {
        float sum = 0;
        for (int i = 0; i < Count; i++) sum += figure(this[i]);
        return Count == 0 ? 0 : sum / Count;
    }

    /// <summary>What a share of the frames does not exceed.</summary>
    public float Quantile(Func<FrameFigures, float> figure, double share)
    {
        if (Count == 0) return 0;
        Span<float> sorted = _sorted.AsSpan(0, Count);
        for (int i = 0; i < Count; i++) sorted[i] = figure(this[i]);
        sorted.Sort();
        return sorted[Math.Min(Count - 1, (int)(share * Count))];
    }
}
