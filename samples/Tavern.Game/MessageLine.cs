namespace Tavern.Game;

/// <summary>What the game has to say, for a while.</summary>
public sealed class MessageLine
{
    private double _left;

    /// <summary>"" for nothing.</summary>
    public string Text { get; private set; } = "";

    /// <summary>The last one, also when it is no longer shown.</summary>
    public string Last { get; private set; } = "";

    internal void Show(string text)
    {
        Text = Last = text;
        _left = 4 + (text.Length * 0.06);
    }

    internal void Update(double seconds)
    {
        _left -= seconds;
        if (_left <= 0) Text = "";
    }
}
