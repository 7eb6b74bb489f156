using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>What somebody says, as it appears over its head: at reading pace, and for a while after.</summary>
public sealed class Bubble
{
    /// <summary>Characters shown in a second.</summary>
    public const double CharactersPerSecond = 18;
    private char[] _text = new char[512];
    private int _length;
    private double _shown, _left;

    /// <summary>The name of who speaks.</summary>
    public string Speaker { get; private set; } = "";

    /// <summary>Who is spoken to.</summary>
    public string Listener { get; private set; } = "";

    /// <summary>Whether there is something to draw.</summary>
    public bool IsOpen { get; private set; }

    /// <summary>Whether all of it that will be said is known.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>Whether everything is shown and nothing more will come.</summary>
    public bool IsSpoken => IsComplete && Shown == _length;

    /// <summary>Whether no word has come yet: an ellipsis.</summary>
    public bool IsThinking => IsOpen && Shown == 0 && !IsComplete;

    /// <summary>What is shown now.</summary>
    public ReadOnlySpan<char> Text => _text.AsSpan(0, Shown);

    /// <summary>What is known of it so far, shown or not.</summary>
    public string All => new(_text, 0, _length);

    /// <summary>Characters on the screen: what was heard.</summary>
    public int Shown
    {
        get
        {
            int shown = Math.Min(_length, (int)_shown);
            return shown > 0 && shown < _length && char.IsHighSurrogate(_text[shown - 1]) ? shown - 1 : shown;
        }
    }

    /// <summary>The reply that is spoken; null for what is said without a mind.</summary>
    public Reply? Reply { get; private set; }

    internal bool IsReported { get; set; }

    /// <summary>What the speaker does when it has spoken.</summary>
    internal Deed? Deed { get; set; }

    internal void Open(string speaker, string listener, Reply? reply = null)
    {
        (Speaker, Listener, Reply) = (speaker, listener, reply);
        (_length, _shown, IsOpen, IsComplete, IsReported, Deed) = (0, 0, true, false, false, null);
    }

    internal void Append(ReadOnlySpan<char> text)
    {
        if (_length + text.Length > _text.Length) Array.Resize(ref _text, Math.Max(2 * _text.Length, _length + text.Length));
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
    }

    /// <summary>Nothing more will come.</summary>
    internal void Complete()
    {
        IsComplete = true;
        while (_length > 0 && char.IsWhiteSpace(_text[_length - 1])) _length--;
        _left = 2 + (_length * 0.06);
    }

    /// <summary>All of it at once: the player reads its own words as it writes them.</summary>
    internal void ShowAll() => _shown = _length;

    /// <summary>Ends with what is shown.</summary>
    internal void Cut()
    {
        _length = Shown;
        Complete();
        (_left, Deed) = (1.5, null);
    }

    internal void Close() => IsOpen = false;

    internal void Update(double seconds)
    {
        if (!IsOpen) return;
        if (Reply is { } reply && !IsComplete)
        {
            while (reply.TryRead(out ReadOnlySpan<char> text)) Append(text);
            if (reply.IsDone) Complete();
        }

        // Words that come late are not caught up with.
        _shown = Math.Min(_length, _shown + (CharactersPerSecond * seconds));
        if (!IsSpoken) return;
        _left -= seconds;
        if (_left <= 0) IsOpen = false;
    }
}
