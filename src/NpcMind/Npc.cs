using NpcMind.Core;
using NpcMind.Inference;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>
/// A character with a mind: it hears, it answers, and it remembers what it heard and said, and nothing else. Made by
/// <see cref="Prefix.CreateNpc"/>. Owned by its runtime; used on the game's thread. Only <see cref="Save(Stream)"/> waits
/// for the device; <see cref="SaveAsync(Stream)"/> saves without waiting.
/// </summary>
public sealed partial class Npc : IDisposable
{
    private readonly NpcRuntime _runtime;
    private string _persona;

    internal Npc(NpcRuntime runtime, Prefix prefix, string name, string persona, Mind mind, DateTime date)
    {
        Date = date;
        _runtime = runtime;
        Prefix = prefix;
        Name = name;
        _persona = persona;
        Mind = mind;
        Conversation = new Conversation(runtime, mind, name, SystemPrompt);
        mind.Priority = (int)NpcPriority.Normal;
        RandomSeed = Seed.Of(runtime.Options.Seed, name);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>
    /// Who it is. When it changes, the conversation stays and is read again after it within the budgets of the coming ticks; a reply under
    /// way is interrupted, and keeps what <see cref="NpcMind.Reply.TryRead"/> gave of it.
    /// </summary>
    /// <exception cref="ContextOverflowException">It does not fit into the context. Nothing has changed.</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public string Persona
    {
        get => _persona;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            if (value != _persona) ChangePersona(value);
        }
    }

    /// <summary>What it begins with.</summary>
    public Prefix Prefix { get; }

    /// <summary>How urgent its thoughts are.</summary>
    /// <exception cref="ArgumentOutOfRangeException">No such priority.</exception>
    public NpcPriority Priority
    {
        get => (NpcPriority)Mind.Priority;
        set
        {
            if (!Enum.IsDefined(value)) throw new ArgumentOutOfRangeException(nameof(value), value, "There is no such priority.");
            _runtime.CheckThread();
            Mind.Priority = (int)value;
        }
    }

    /// <summary>What it waits for, if it has something to think.</summary>
    public NpcWait Waiting => Mind.Waiting;

    /// <summary>The reply it is giving, or gave last; null before the first.</summary>
    public Reply? Reply => Mind.LastReply;

    /// <summary>Tokens of its mind, with what it shares.</summary>
    public int Tokens => Mind.Tokens.Count;

    /// <summary>Of these, the tokens it shares with its prefix.</summary>
    public int SharedTokens => Mind.Shared;

    /// <summary>Turns of conversation it remembers word for word.</summary>
    public int TurnCount => History.Count;

    /// <summary>Whether the character was removed from its runtime.</summary>
    public bool IsDisposed => Mind.Closing;

    internal Mind Mind { get; }

    internal Conversation Conversation { get; }

    internal List<Turn> History => Conversation.Turns;

    internal IEnumerable<string> Pending => Conversation.Overheard.Lines;

    internal List<TurnImage> PendingImages => Conversation.PendingImages;

    /// <summary>Seed of its random choices; a save keeps it.</summary>
    internal ulong RandomSeed { get; set; }

    /// <summary>The date that its system prompt was begun with; a save keeps it.</summary>
    internal DateTime Date { get; }

    internal DatedPrompt SystemPrompt => new(NpcRuntime.SystemPrompt(Prefix, Persona), Date);

    /// <summary>
    /// Says something to the character. The reply arrives over the next ticks. A reply it is giving is cut to what
    /// <see cref="Reply.TryRead"/> has handed out (<see cref="Reply.Text"/> and <see cref="Reply.TryReadSentence"/> do not count): where
    /// the game shows it otherwise, call <see cref="Interrupt(int)"/> first.
    /// </summary>
    /// <param name="speaker">Who speaks; colons and line ends become blanks. "" to put the text as it is: for the game's own words, never a
    /// player's.</param>
    /// <param name="text">What is said. Whatever it holds, it stays words of the speaker: line ends become blanks.</param>
    /// <param name="options">How to answer; null for the defaults.</param>
    /// <exception cref="ContextOverflowException">
    /// The text and the longest reply allowed do not fit into the context, even with the conversation, overheard lines and pictures
    /// forgotten. Nothing has changed.
    /// </exception>
    /// <exception cref="ChatTemplateException">The model's chat template cannot render the text. Nothing has changed.</exception>
    /// <exception cref="ArgumentException">Options are out of their range or do not go together. Nothing has changed.</exception>
    /// <exception cref="GrammarException">The grammar is too ambiguous to be followed, or the vocabulary cannot write it.</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public Reply Hear(string speaker, string text, ReplyOptions? options = null)
    {
        options ??= _runtime.DefaultReplyOptions;
        return Hear(speaker, text, options, (pace, speech, action) => new Reply(this, options, pace, _runtime.Seconds)
        {
            SpeechConstraint = speech,
            ActionConstraint = action,
            FirstToken = Mind.Tokens.Count,
            ActionStart = Mind.Tokens.Count,
        });
    }

    /// <summary>
    /// Says something to the character, as <see cref="Hear(string, string, ReplyOptions)"/> does, and asks for an action with the answer.
    /// </summary>
    /// <typeparam name="TAction">An enum or record with <see cref="NpcActionAttribute"/>.</typeparam>
    /// <param name="speaker">Who speaks.</param>
    /// <param name="text">What is said.</param>
    /// <param name="options">How to answer, their <see cref="ReplyOptions.Action"/> being null or of this type; null for the
    /// defaults.</param>
    /// <exception cref="ArgumentException">The options ask for another action.</exception>
    public Reply<TAction> Hear<TAction>(string speaker, string text, ReplyOptions? options = null)
    {
        ActionType<TAction> type = ActionType.Of<TAction>();
        options ??= _runtime.DefaultReplyOptions;
        if (options.Action is { } other && other != type)
            throw new ArgumentException($"The options ask for the action {other.Name}, not for {type.Name}.", nameof(options));
        ReplyOptions typed = options with { Action = type };
        return (Reply<TAction>)Hear(speaker, text, typed, (pace, speech, action) => new Reply<TAction>(this, typed, pace, _runtime.Seconds)
        {
            SpeechConstraint = speech,
            ActionConstraint = action,
            FirstToken = Mind.Tokens.Count,
            ActionStart = Mind.Tokens.Count,
        });
    }

    private Reply Hear(string speaker, string text, ReplyOptions options, Func<ReadingPace, Constraint?, Constraint?, Reply> create)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        ArgumentNullException.ThrowIfNull(text);
        CheckUse();
        OptionChecks.Check(options, _runtime.Options.ContextTokens);
        _runtime.Format.Template.BeginCall();
        ReadingPace pace = new(options.CharactersPerSecond, options.LeadTokens);
        Constraint? speech = options.Grammar is null ? null : new Constraint(_runtime.Constraints, options.Grammar, null, null);
        Constraint? action = options.Action is null
            ? null : new Constraint(_runtime.Constraints, null, options.Action, options.LegalActions);
        NewTurn next;
        try
        {
            speech?.Begin();
            action?.Begin();
            int room = options.MaxTokens + _runtime.Format.ThoughtRoom(options)
                + (action is null ? 0 : _runtime.ActionOpening.Length + action.MaxBytes);
            next = Conversation.Plan(SpokenLine.Of(speaker, text), room);
        }
        catch
        {
            speech?.Release();
            action?.Release();
            throw;
        }

        if (Mind.Reply is { } before) Interrupt(before.ReadCharacters);
        Turn turn = Conversation.Add(next);
        Reply reply = create(pace, speech, action);
        turn.Reply = Mind.LastReply = reply;
        _runtime.Replies.Begin(Mind, reply);
        if (Mind.Slot >= 0) _runtime.Engine.SetSampler(Mind.Slot, Sampler(options));
        return reply;
    }

    /// <summary>
    /// Lets the character know what was said near it. It does not answer, and thinks of it when it next hears something said to it.
    /// Overheard lines may take a quarter of the context: of more the latest are kept, and a longer line keeps its beginning. They never
    /// cost a turn of talk: what has no room beside the talk is forgotten when the character next hears something, the oldest lines first.
    /// </summary>
    /// <param name="speaker">Who speaks; colons and line ends become blanks. "" to put the text as it is: for the game's own words, never a
    /// player's.</param>
    /// <param name="text">What was said.</param>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void Overhear(string speaker, string text)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        ArgumentNullException.ThrowIfNull(text);
        CheckUse();
        Conversation.Overheard.Add(SpokenLine.Of(speaker, text));
    }

    /// <summary>
    /// Shows the character an image: its own view, or what the player sees. The image is encoded over the next ticks, within their budgets,
    /// and once for all who are shown the same. The character sees it when it next hears something, and remembers it with that turn. Of
    /// the images shown since it last heard something only the latest four count; those that do not fit beside what is then said are
    /// forgotten, the oldest first.
    /// </summary>
    /// <param name="image">What is to be seen.</param>
    /// <exception cref="InvalidOperationException">
    /// There is no image encoder (<see cref="NpcRuntimeOptions.ImageEncoderPath"/>), or 1,024 images wait to be encoded, or a VkImage is
    /// shown to a runtime with a device of its own.
    /// </exception>
    /// <exception cref="InsufficientGpuMemoryException">Its pixels do not fit. Nothing has changed.</exception>
    /// <exception cref="VulkanException">A Vulkan call failed. Nothing has changed.</exception>
    /// <exception cref="ContextOverflowException">The image takes more than half of the context.</exception>
    /// <exception cref="ArgumentException">The format of a VkImage cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void See(NpcImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        CheckUse();
        if (image.External is not null && !_runtime.Options.Host.IsShared)
            throw new InvalidOperationException("A VkImage can be seen only by minds on its own device: load the runtime with "
                + "NpcRuntimeOptions.Host = VulkanHost.UseExisting(...), or give the pixels (NpcImage.FromRgba).");
        if (_runtime.ImageQueue is not { } imageQueue)
            throw new InvalidOperationException($"'{PrintableText.Escape(_runtime.ModelName)}' was loaded without an image encoder: "
                + "set NpcRuntimeOptions.ImageEncoderPath to the image encoder (mmproj) file that belongs to the model.");
        TurnImage turnImage = imageQueue.See(image, _runtime.Options.ContextTokens / 2);
        turnImage.References++;
        PendingImages.Add(turnImage);
        if (PendingImages.Count <= Conversation.MaxPendingImages) return;
        PendingImages[0].References--;
        PendingImages.RemoveAt(0);
    }

    /// <summary>
    /// Stops the reply, anywhere. The character remembers having said what was heard of it, to the end of the last whole token, and nothing
    /// more. After a reply has ended it can still be cut to what was heard, until the character hears something else.
    /// </summary>
    /// <param name="heardCharacters">Characters of <see cref="NpcMind.Reply.Text"/> that were heard.</param>
    /// <exception cref="ArgumentOutOfRangeException">Below 0.</exception>
    public void Interrupt(int heardCharacters)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(heardCharacters);
        _runtime.CheckThread();
        if (History is not [.., { Reply: { } reply } turn]) return;
        if (reply.IsDone && heardCharacters >= reply.Characters) return;
        int keep = reply.Words.Cut(heardCharacters);
        reply.ActionIsReady = false;
        if (turn.IsRewritten)
        {
            Rewrite([.. History], SystemPrompt); // its tokens are those of its text: they are made anew
            return;
        }

        Conversation.TakeBack(reply.FirstToken + keep);
        ReplyWriter.EndReply(Mind, reply, ReplyEnd.Interrupted);
    }

    /// <summary>Removes the character. A reply under way ends.</summary>
    public void Dispose()
    {
        if (IsDisposed) return;
        _runtime.CheckThread();
        if (Mind.Reply is { } reply) ReplyWriter.EndReply(Mind, reply, ReplyEnd.Interrupted);
        foreach (TurnImage turnImage in PendingImages) turnImage.References--;
        foreach (TurnImage turnImage in Mind.Seen) turnImage.References--;
        _runtime.Remove(this);
    }

    internal SamplerSettings Sampler(ReplyOptions options) => new()
    {
        Temperature = options.Temperature,
        TopK = options.TopK,
        TopP = options.TopP,
        MinP = options.MinP,
        RepetitionPenalty = options.RepetitionPenalty,
        PresencePenalty = options.PresencePenalty,
        FrequencyPenalty = options.FrequencyPenalty,
        PenaltyTokens = options.PenaltyTokens,
        Seed = RandomSeed,
    };
}
