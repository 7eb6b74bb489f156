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
    Completed,

    /// <summary>It reached the most tokens allowed, or the context was full.</summary>
    Length,

    /// <summary>A stop string of the game's came.</summary>
    StopString,

    /// <summary>Somebody interrupted it, or the character was removed.</summary>
    Interrupted,

    /// <summary>
    /// Its grammar, or what is legal of its action, turned out to be too ambiguous to be followed, the model's logits were no numbers, or
    /// ticks failed again and again: <see cref="Reply.Error"/> says which and why.
    /// </summary>
    Failed,
}

/// <summary>
/// What a character says, as it comes. Filled in by <see cref="NpcRuntime.Tick(FrameBudget)"/> and read on the same thread, at any pace:
/// polled (<see cref="TryRead"/>), awaited (<c>await reply</c>) or streamed (<c>await foreach</c>). Once ended it stays readable.
/// </summary>
public partial class Reply : IAsyncEnumerable<string>
{
    private int _read;
    private int _sentence;

    internal Reply(Npc npc, ReplyOptions options, ReadingPace pace, double started, bool hasThought = false)
    {
        Npc = npc;
        Options = options;
        Pace = pace;
        Started = started;
        ChatFormat format = npc.Prefix.Runtime.Format;
        IReadOnlyList<string> own = format.Template.StopStrings;
        ThoughtFilter? thoughts = format.Template.Thoughts is { } marks
            ? new ThoughtFilter(marks, format.Template.OpensThought && !hasThought, options.ShowThoughts) : null;
        MaxThoughtTokens = format.MaxThoughtTokens(options);
        GrammarHoldsThoughts = format.Template.Thoughts is { } end
            && options.Grammar?.Text.Contains(end.Close, StringComparison.Ordinal) == true;
        Words = new ReplyText(options.MaxTokens, own.Count == 0 ? options.StopStrings : [.. options.StopStrings, .. own],
            options.EndAtSentence, thoughts, format.ThoughtRoom(options));
    }

    /// <summary>Who speaks.</summary>
    public Npc Npc { get; }

    /// <summary>Whether nothing more will come.</summary>
    public bool IsDone => End != ReplyEnd.None;

    /// <summary>How it ended.</summary>
    public ReplyEnd End { get; private set; }

    /// <summary>Why it <see cref="ReplyEnd.Failed"/>; null otherwise.</summary>
    public string? Error { get; internal set; }

    /// <summary>All of it that can be shown so far.</summary>
    public string Text => new(Words.Chars(0, Words.Shown));

    /// <summary>
    /// What the model thought before and between the words, so far; empty for a model that does not think
    /// (<see cref="NpcRuntimeOptions.ThoughtMarks"/>).
    /// </summary>
    public string Thoughts => new(Words.Thoughts);

    /// <summary>Characters that can be shown so far.</summary>
    public int Characters => Words.Shown;

    /// <summary>Time from <see cref="Npc.Hear(string, string, ReplyOptions)"/> to the first word; null before it.</summary>
    public TimeSpan? TimeToFirstWord => double.IsNaN(SecondsToFirstWord) ? null : TimeSpan.FromSeconds(SecondsToFirstWord);

    /// <summary>Not a number before the first word.</summary>
    internal double SecondsToFirstWord { get; private set; } = double.NaN;

    internal ReplyOptions Options { get; }

    internal ReadingPace Pace { get; }

    internal double Started { get; }

    internal double FirstShown => Started + SecondsToFirstWord;

    internal ReplyText Words { get; }

    /// <summary>Grammar of the speech; null where it is free.</summary>
    internal Constraint? SpeechConstraint { get; init; }

    /// <summary>Grammar of the action; null where none was asked for.</summary>
    internal Constraint? ActionConstraint
    {
        get;
        init
        {
            field = value;
            value?.BeginUse();
        }
    }

    /// <summary>What the next token has to follow. Thoughts are free, unless the grammar writes their end.</summary>
    internal Constraint? Constraint => InAction ? ActionConstraint : Words.InThought && !GrammarHoldsThoughts ? null : SpeechConstraint;

    /// <summary>Tokens after which a thought is ended for the model.</summary>
    internal int MaxThoughtTokens { get; }

    internal bool GrammarHoldsThoughts { get; }

    /// <summary>A thought was ended for the model.</summary>
    internal bool ThoughtWasEnded { get; set; }

    /// <summary>The text without the thoughts that it may show.</summary>
    internal string Said => WithoutThoughts(Text);

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

    /// <summary>
    /// Takes the next whole sentence, for text-to-speech; false while there is none. Reads independently of <see cref="TryRead"/>.
    /// </summary>
    /// <param name="sentence">The sentence with the quotes and brackets that close after it, without the blanks around it.</param>
    /// <remarks>
    /// Titles, initials, abbreviations and ordinals of European languages end no sentence, nor does anything before a word in lower case.
    /// Where the next word has to tell, the sentence comes when that word has begun; the last one comes when the speech has ended.
    /// </remarks>
    public bool TryReadSentence([NotNullWhen(true)] out string? sentence)
    {
        sentence = null;
        bool isWhole = IsDone || InAction;
        ReadOnlySpan<char> rest = Words.Chars(Math.Min(_sentence, Words.Shown), Words.Shown);
        int end = SentenceSplitter.End(rest, isWhole);
        if (end < 0 && isWhole) end = rest.Length;
        if (end <= 0 || rest[..end].Trim() is not { Length: > 0 } text) return false;
        sentence = text.ToString();
        _sentence += end;
        return true;
    }

    /// <summary>
    /// Takes the action, once, when it is complete; false until then, while it is not legal any more, and for good when none was asked for,
    /// it is of another type, or the reply failed, was interrupted or ran out of context before it.
    /// </summary>
    /// <typeparam name="T">The type of <see cref="ReplyOptions.Action"/>.</typeparam>
    public bool TryTakeAction<T>([MaybeNullWhen(false)] out T action)
    {
        action = default;
        if (!ActionIsReady || Options.Action is not ActionType<T> type) return false;
        if (!type.TryParse(Encoding.UTF8.GetString(ActionConstraint!.Bytes), out action, Options.LegalActions)) return false;
        ActionIsReady = false;
        return true;
    }

    internal void NoteFirstWord(double now)
    {
        if (double.IsNaN(SecondsToFirstWord) && Words.Shown > 0) SecondsToFirstWord = now - Started;
    }

    internal void Finish(ReplyEnd end)
    {
        if (IsDone) return;
        Words.Finish();
        End = end;
        SpeechConstraint?.Release();
        ActionConstraint?.Release();
    }

    /// <summary>Returns what <see cref="Said"/> is after <see cref="NpcMind.Npc.Interrupt"/>.</summary>
    /// <param name="heardCharacters">Characters that were heard.</param>
    internal string SaidWithin(int heardCharacters) =>
        WithoutThoughts(new(Words.Chars(0, Words.CharactersOf(Words.TokensWithin(heardCharacters)))));

    private string WithoutThoughts(string text) =>
        Options.ShowThoughts && Npc.Prefix.Runtime.Format.Template is { Thoughts: { } marks } template
            ? ThoughtFilter.Said(text, marks, template.OpensThought) : text;

    /// <summary>Characters the game has taken.</summary>
    internal int ReadCharacters
    {
        get => _read;
        set => _read = _sentence = Words.Whole(Math.Min(value, Words.Shown));
    }
}
