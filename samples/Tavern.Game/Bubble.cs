using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>What somebody says, as it appears over its head: at reading pace, and for a while after.</summary>
public sealed class Bubble
{
    /// <summary>Characters shown in a second: as fast as short lines are read, so that an answer of fifty is there within three.</summary>
    public const double CharactersPerSecond = 22;
    private const string Closing = "\"'\u201c\u201d\u2018\u2019)(*_", Ending = ".!?\u2026\u3002\uff01\uff1f";
    private char[] _text = new char[512];
    private int _length;
    private double _shown, _left;
    private string? _all;

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
    public string All => _all ??= new(_text, 0, _length);

    /// <summary>Characters on the screen: what was heard.</summary>
    public int Shown
    {
        get
        {
            int shown = Math.Min(_length, (int)_shown);
            return shown > 0 && shown < _length && char.IsHighSurrogate(_text[shown - 1]) ? shown - 1 : shown;
        }
    }

    /// <summary>Whether a mind says it: the answer to something.</summary>
    public bool IsAnswer { get; private set; }

    /// <summary>The reply that is spoken; null for what is said without a mind, or was answered before the game was loaded.</summary>
    public Reply? Reply { get; private set; }

    /// <summary>Whether it was said, to its end or to where it was cut.</summary>
    public bool IsReported { get; internal set; }

    /// <summary>Whether it stays open although it was read: the player's words, until they are answered.</summary>
    internal bool IsHeld { get; set; }

    /// <summary>Whether the speaker has begun what it does when it has spoken.</summary>
    internal bool HasActed { get; set; }

    /// <summary>What the speaker does when it has spoken.</summary>
    internal Deed? Deed { get; set; }

    /// <summary>As a save holds it.</summary>
    internal BubbleState State => new(Speaker, Listener, All, _shown, IsAnswer, IsComplete, IsReported, Deed);

    internal void Open(string speaker, string listener, Reply? reply = null)
    {
        (Speaker, Listener, Reply, IsAnswer) = (speaker, listener, reply, reply is not null);
        (_length, _shown, _all, IsOpen, IsComplete, IsReported, Deed) = (0, 0, null, true, false, false, null);
        (IsHeld, HasActed) = (false, false);
    }

    /// <summary>Opens where a save has left it.</summary>
    /// <param name="saved">What it was.</param>
    /// <param name="reply">What goes on in the speaker's mind; null when that had ended.</param>
    internal void Open(BubbleState saved, Reply? reply)
    {
        Open(saved.Speaker, saved.Listener, reply);
        while (reply is not null && reply.TryRead(out _)) continue;
        Append(reply?.Text ?? saved.Text);
        if (reply is null) Complete();
        (_shown, IsAnswer, IsReported, Deed) = (Math.Min(saved.Shown, _length), saved.IsAnswer, saved.IsReported, saved.Deed);
    }

    /// <summary>Takes what has come of the reply, and what the speaker will do.</summary>
    internal void Read()
    {
        if (IsComplete || Reply is not { } reply) return;
        while (reply.TryRead(out ReadOnlySpan<char> text)) Append(text);
        if (!reply.IsDone) return;
        if (reply.End == ReplyEnd.Length) TrailOff();
        Complete();
        if (reply.TryTakeAction(out Deed? deed)) Deed = deed;
    }

    internal void Append(ReadOnlySpan<char> text)
    {
        if (_length + text.Length > _text.Length) Array.Resize(ref _text, Math.Max(2 * _text.Length, _length + text.Length));
        text.CopyTo(_text.AsSpan(_length));
        _length += text.Length;
        _all = null;
    }

    /// <summary>
    /// Marks words that were cut because there were too many: unless they end as a sentence, and without a quote that has just begun.
    /// </summary>
    private void TrailOff()
    {
        ReadOnlySpan<char> text = _text.AsSpan(0, _length).TrimEnd();
        while (text.Length > 1 && Closing.Contains(text[^1]) && char.IsWhiteSpace(text[^2])) text = text[..^1].TrimEnd();
        (_length, _all) = (text.Length, null);
        ReadOnlySpan<char> words = text.TrimEnd(Closing);
        if (words.Length > 0 && !Ending.Contains(words[^1])) Append("\u2026");
    }

    /// <summary>Nothing more will come.</summary>
    internal void Complete()
    {
        IsComplete = true;
        while (_length > 0 && char.IsWhiteSpace(_text[_length - 1])) _length--;
        _all = null;
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
        Read();
        // Words that come late are not caught up with.
        _shown = Math.Min(_length, _shown + (CharactersPerSecond * seconds));
        if (!IsSpoken || IsHeld) return;
        _left -= seconds;
        if (_left <= 0) IsOpen = false;
    }
}
