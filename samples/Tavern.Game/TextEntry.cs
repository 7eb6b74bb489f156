namespace Tavern.Game;

/// <summary>The line in which the player writes.</summary>
public sealed class TextEntry
{
    private const int Most = 160;
    private readonly System.Text.StringBuilder _text = new();
    private string? _cached = "";

    public bool IsOpen { get; private set; }

    public string Text => _cached ??= _text.ToString();

    internal void Open()
    {
        Clear();
        IsOpen = true;
    }

    internal void Close()
    {
        Clear();
        IsOpen = false;
    }

    internal void Type(string text)
    {
        foreach (System.Text.Rune rune in text.EnumerateRunes())
            if (!System.Text.Rune.IsControl(rune) && _text.Length + rune.Utf16SequenceLength <= Most) _text.Append(rune);
        _cached = null;
    }

    internal void Erase()
    {
        if (_text.Length == 0) return;
        bool isPair = _text.Length > 1 && char.IsLowSurrogate(_text[^1]) && char.IsHighSurrogate(_text[^2]);
        _text.Length -= isPair ? 2 : 1;
        _cached = null;
    }

    private void Clear()
    {
        _text.Clear();
        _cached = "";
    }
}
