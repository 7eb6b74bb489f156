using System.Diagnostics.CodeAnalysis;
using System.Text;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>How a reply ended.</summary>
public enum ReplyEnd
{
    /// <summary>It has not.</summary>
    None,

    /// <summary>The character had said everything.</summary>
    Said,

    /// <summary>It reached the most tokens allowed, or the context was full.</summary>
    Length,

    /// <summary>A stop string came.</summary>
    StopString,

    /// <summary>Somebody interrupted it, or the character was removed.</summary>
    Interrupted,

    /// <summary>
    /// Its grammar, or what is legal of its action, turned out to be too ambiguous to be followed, or ticks failed again and again: <see
    /// cref="Reply.Trouble"/> says why.
    /// </summary>
    Failed,
}

/// <summary>
/// What a character says, as it comes. Filled in by <see cref="NpcRuntime.Tick(FrameBudget)"/> and read on the same thread, at any pace. Once ended it stays readable.
/// </summary>
public sealed class Reply
{
    private int _read;
    private int _sentence;

    internal Reply(Npc npc, ReplyOptions options, ReadingPace pace, double started)
    {
        Npc = npc;
        Options = options;
        Pace = pace;
        Started = started;
        Words = new ReplyText(options.MaxTokens, options.StopStrings);
    }

    /// <summary>Who speaks.</summary>
    public Npc Npc { get; }

    /// <summary>Whether nothing more will come.</summary>
    public bool IsDone => End != ReplyEnd.None;

    /// <summary>How it ended.</summary>
    public ReplyEnd End { get; private set; }

    /// <summary>Why it <see cref="ReplyEnd.Failed"/>; null otherwise.</summary>
    public string? Trouble { get; internal set; }

    /// <summary>All of it that can be shown so far.</summary>
    public string Text => new(Words.Chars(0, Words.Shown));

    /// <summary>Characters that can be shown so far.</summary>
    public int Characters => Words.Shown;

    /// <summary>Seconds from <see cref="Npc.Hear"/> to the first word; not a number before it.</summary>
    public double SecondsToFirstWord { get; private set; } = double.NaN;

    internal ReplyOptions Options { get; }

    internal ReadingPace Pace { get; }

    internal double Started { get; }

    internal double FirstShown => Started + SecondsToFirstWord;

    internal ReplyText Words { get; }

    /// <summary>Grammar of the speech; null where it is free.</summary>
    internal Constraint? SpeechConstraint { get; init; }

    /// <summary>Grammar of the action; null where none was asked for.</summary>
    internal Constraint? ActionConstraint { get; init; }

    internal Constraint? Constraint => InAction ? ActionConstraint : SpeechConstraint;

    /// <summary>Whether the action is being written now.</summary>
    internal bool InAction { get; set; }

    /// <summary>End that awaits the action.</summary>
    internal ReplyEnd SpeechEnd { get; set; }

    /// <summary>Tokens of the mind before the reply's first.</summary>
    internal int FirstToken { get; set; }

    /// <summary>Tokens of the mind before the action's first.</summary>
    internal int ActionStart { get; set; }

    /// <summary>The action is complete and was not taken.</summary>
    internal bool ActionIsReady { get; set; }

    /// <summary>Takes the characters that came since the last call; false when there are none.</summary>
    /// <param name="text">Valid until the next tick.</param>
    public bool TryRead(out ReadOnlySpan<char> text)
    {
        text = Words.Chars(_read, Math.Max(_read, Words.Shown));
        _read += text.Length;
        return text.Length > 0;
    }

    /// <summary>Takes the next whole sentence, for text-to-speech; false while there is none. Reads independently of <see cref="TryRead"/>.</summary>
    public bool TryReadSentence([NotNullWhen(true)] out string? sentence)
    {
        ReadOnlySpan<char> rest = Words.Chars(Math.Min(_sentence, Words.Shown), Words.Shown);
        int end = SentenceEnd(rest);
        if (end < 0 && IsDone) end = rest.Length;
        sentence = end > 0 ? rest[..end].Trim().ToString() : null;
        if (end > 0) _sentence += end;
        if (sentence is not { Length: 0 }) return sentence is not null;
        sentence = null;
        return false;
    }

    /// <summary>Takes the action, once, when it is complete; false until then, and for good when none was asked for, it is of another type, or the reply was interrupted or ran out of context before it.</summary>
    /// <typeparam name="T">The type of <see cref="ReplyOptions.Action"/>.</typeparam>
    public bool TryTakeAction<T>([MaybeNullWhen(false)] out T action)
    {
        action = default;
        if (!ActionIsReady || Options.Action is not ActionType<T> type) return false;
        ActionIsReady = false;
        return type.TryParse(Encoding.UTF8.GetString(ActionConstraint!.Bytes), out action);
    }

    internal void NoteFirstWord(double now)
    {
        if (double.IsNaN(SecondsToFirstWord) && Words.Shown > 0) SecondsToFirstWord = now - Started;
    }

    internal void Finish(ReplyEnd end)
    {
        if (IsDone) return;
        if (end != ReplyEnd.StopString) Words.Finish();
        End = end;
        SpeechConstraint?.Release();
        ActionConstraint?.Release();
    }

    /// <summary>Characters the game has taken.</summary>
    internal int ReadCharacters
    {
        get => _read;
        set => _read = _sentence = Math.Min(value, Words.Shown);
    }

    /// <summary>Characters up to the end of the first sentence: terminators with what closes them, and a space after it; or a line end. -1 for none.</summary>
    private static int SentenceEnd(ReadOnlySpan<char> text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (text[i] == '\n' && !text[..i].IsWhiteSpace()) return i + 1;
            if (text[i] is not ('.' or '!' or '?' or '\u2026' or '\u3002' or '\uFF01' or '\uFF1F')) continue;
            int end = i + 1;
            while (end < text.Length && text[end] is '.' or '!' or '?' or '"' or '\'' or ')' or '\u2026' or '\u201D' or '\u2019') end++;
            if (text[i] > '\u3000' || (end < text.Length && char.IsWhiteSpace(text[end]))) return end;
        }

        return -1;
    }
}
