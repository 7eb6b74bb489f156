using System.Numerics;

namespace Tavern.Game;

/// <summary>Tells a new player which keys there are: each hint goes away once it was followed, and all in time.</summary>
public sealed class KeyHints
{
    private const double Patience = 90;

    private static readonly (string Keys, string Does)[] All =
    [
        ("Mouse", "look around (click first)"), ("W A S D", "walk"), ("Enter", "talk to whom you face"), ("Tab", "your notebook"),
        ("F2", "options"),
    ];

    private readonly bool[] _used = new bool[All.Length];
    private double _left = Patience;

    /// <summary>Whether there are any.</summary>
    public bool IsOn { get; init; }

    /// <summary>Goes up when other ones are shown.</summary>
    public int Version { get; private set; }

    /// <summary>Those to show: keys, and what they do.</summary>
    public IEnumerable<(string Keys, string Does)> Shown => IsOn && _left > 0 ? All.Where((_, i) => !_used[i]) : [];

    /// <summary>Learns what the player has found out.</summary>
    internal void Update(double seconds, in PlayerInput input)
    {
        if (!IsOn || _left <= 0) return;
        _left -= seconds;
        if (_left <= 0) Version++;
        Use(0, input.Look != default);
        Use(1, input.Move != Vector2.Zero);
        Learn(input.Keys);
    }

    /// <summary>Learns from keys that come one by one.</summary>
    internal void Learn(GameKeys keys)
    {
        Use(2, keys.HasFlag(GameKeys.Enter));
        Use(3, keys.HasFlag(GameKeys.Notebook));
        Use(4, keys.HasFlag(GameKeys.Options));
    }

    private void Use(int hint, bool isUsed)
    {
        if (!isUsed || _used[hint]) return;
        _used[hint] = true;
        Version++;
    }
}
