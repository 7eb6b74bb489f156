using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text;
using NpcMind.Inference;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>
/// A character with a mind: it hears, it answers, and it remembers what it heard and said, and nothing else. Made by <see cref="Prefix.CreateNpc"/>. Owned by its
/// runtime; used on the game's thread. Nothing here waits for the device but <see cref="Save(Stream)"/>.
/// </summary>
public sealed class Npc : IDisposable
{
    private const int MostSeen = 4;
    private readonly List<string> _overheard = [];
    private readonly List<Sight> _seen = [];
    private readonly NpcRuntime _runtime;

    internal Npc(NpcRuntime runtime, Prefix prefix, string name, string persona, Mind mind)
    {
        _runtime = runtime;
        Prefix = prefix;
        Name = name;
        Persona = persona;
        Mind = mind;
        mind.Priority = 1;
        RandomSeed = Seed.Of(runtime.Options.Seed, name);
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>Who it is.</summary>
    public string Persona { get; }

    /// <summary>What it begins with.</summary>
    public Prefix Prefix { get; }

    /// <summary>How urgent its thoughts are: 0 speaks to the player, higher numbers think when there is time. 1 at first.</summary>
    public int Priority
    {
        get => Mind.Priority;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Mind.Priority = value;
        }
    }

    /// <summary>What it waits for, if it has something to think.</summary>
    public NpcWait Waiting => Mind.Waiting;

    /// <summary>The reply it is giving, or gave last; null before the first.</summary>
    public Reply? Reply { get; internal set; }

    /// <summary>Tokens of its mind, with what it shares.</summary>
    public int Tokens => Mind.Tokens.Count;

    /// <summary>Of these, the tokens it shares with its prefix.</summary>
    public int SharedTokens => Mind.Shared;

    /// <summary>Turns of conversation it remembers word for word.</summary>
    public int Turns => History.Count;

    /// <summary>Whether the character was removed from its runtime.</summary>
    public bool IsDisposed => Mind.Closing;

    internal Mind Mind { get; }

    internal List<Turn> History { get; } = [];

    internal List<string> Pending => _overheard;

    /// <summary>Pictures before its eyes that it has not been spoken to about.</summary>
    internal List<Sight> PendingSights => _seen;

    /// <summary>Seed of its random choices; a save keeps it.</summary>
    internal ulong RandomSeed { get; set; }

    internal string SystemPrompt => NpcRuntime.SystemPrompt(Prefix, Persona);

    /// <summary>Says something to the character. The reply arrives over the next ticks. A reply it is giving is cut to what <see cref="Reply.TryRead"/> has handed out (<see cref="Reply.Text"/> and <see cref="Reply.TryReadSentence"/> do not count): where the game shows it otherwise, call <see cref="Interrupt(int)"/> first.</summary>
    /// <param name="speaker">Who speaks; "" to say the text as it is.</param>
    /// <param name="text">What is said. Whatever it holds, it stays words.</param>
    /// <param name="options">How to answer; null for the defaults.</param>
    /// <exception cref="ArgumentException">The text and the longest reply allowed do not fit into the context, even with the conversation forgotten; or options do not go together.</exception>
    /// <exception cref="NpcMind.Text.GrammarException">The grammar is too ambiguous to be followed, or the vocabulary cannot write it.</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public Reply Hear(string speaker, string text, ReplyOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        options ??= _runtime.DefaultReply;
        Sampler(options).Check();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxTokens, 1, nameof(options));
        if (options.StopStrings.Any(string.IsNullOrEmpty)) throw new ArgumentException("A stop string is empty.", nameof(options));
        ReadingPace pace = new(options.CharactersPerSecond, options.LeadTokens);
        Constraint? speech = options.Grammar is null ? null : new Constraint(_runtime.Constraints, options.Grammar, null, null);
        Constraint? action = options.Action is null ? null : new Constraint(_runtime.Constraints, null, options.Action, options.Legal);
        speech?.Begin();
        action?.Begin();
        int room = options.MaxTokens + (action is null ? 0 : _runtime.ActionOpening.Length + action.MaxBytes);
        (string heard, List<Sight> seen) = Fitting([.. _overheard, Line(speaker, text)], [.. _seen], room);
        if (Reply is { IsDone: false } before) Interrupt(before.ReadCharacters);
        Append(heard, seen, room);
        _overheard.Clear();
        _seen.Clear();
        Reply reply = new(this, options, pace, _runtime.Seconds) { SpeechConstraint = speech, ActionConstraint = action, FirstToken = Mind.Tokens.Count, ActionStart = Mind.Tokens.Count };
        History[^1].Reply = reply;
        Mind.Reply = Reply = reply;
        if (Mind.Slot >= 0) _runtime.Engine.SetSampler(Mind.Slot, Sampler(options));
        return reply;
    }

    /// <summary>
    /// Lets the character know what was said near it. It does not answer, and thinks of it when it next hears something said to it. Of more than its context could hold
    /// (eight characters a token), the latest is kept.
    /// </summary>
    public void Overhear(string speaker, string text)
    {
        ArgumentNullException.ThrowIfNull(speaker);
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        _overheard.Add(Line(speaker, text));
        long most = 8L * _runtime.Options.ContextTokens, characters = 0;
        foreach (string line in _overheard) characters += line.Length + 1;
        for (; characters > most && _overheard.Count > 1; _overheard.RemoveAt(0)) characters -= _overheard[0].Length + 1;
    }

    /// <summary>
    /// Shows the character something: its own view, or what the player sees. It is worked out over the next ticks, within their budgets, and once for all who are shown the
    /// same. The character has it before its eyes when it next hears something, and remembers it with that turn. Of more than four that it has not been spoken to about, the
    /// latest count.
    /// </summary>
    /// <param name="image">What is to be seen.</param>
    /// <exception cref="InvalidOperationException">
    /// The model has no eyes (<see cref="NpcRuntimeOptions.EyesPath"/>), or a VkImage is shown to a runtime with a device of its own.
    /// </exception>
    /// <exception cref="NpcMind.Gpu.InsufficientGpuMemoryException">Its pixels do not fit. Nothing has changed.</exception>
    /// <exception cref="NpcMind.Gpu.VulkanException">A Vulkan call failed. Nothing has changed.</exception>
    /// <exception cref="ArgumentException">The image takes more than half of the context, or its format cannot be read.</exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void See(NpcImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        if (image.External is not null && !_runtime.Options.Host.IsShared)
            throw new InvalidOperationException("A VkImage can be seen only by minds on its own device: load the runtime with "
                + "NpcRuntimeOptions.Host = VulkanHost.Share(...), or give the pixels (NpcImage.FromRgba).");
        if (_runtime.Looking is not { } looking) throw new InvalidOperationException($"'{_runtime.ModelName}' has no eyes: set NpcRuntimeOptions.EyesPath to the image encoder (mmproj) file that belongs to the model.");
        Sight sight = looking.See(image, _runtime.Options.ContextTokens / 2);
        sight.Holders++;
        _seen.Add(sight);
        if (_seen.Count <= MostSeen) return;
        _seen[0].Holders--;
        _seen.RemoveAt(0);
    }

    /// <summary>
    /// Stops the reply, anywhere. The character remembers having said what was heard of it, to the end of the last whole token, and nothing more. After a reply
    /// has ended it can still be cut to what was heard, until the character hears something else.
    /// </summary>
    /// <param name="heardCharacters">Characters of <see cref="NpcMind.Reply.Text"/> that were heard.</param>
    public void Interrupt(int heardCharacters)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(heardCharacters);
        if (Reply is not { } reply || History.Count == 0 || History[^1].Reply != reply) return;
        if (reply.IsDone && heardCharacters >= reply.Characters) return;
        int keep = reply.Words.Cut(heardCharacters);
        _runtime.Thinking.Truncate(Mind, reply.FirstToken + keep);
        reply.ActionIsReady = false;
        Speech.EndReply(Mind, reply, ReplyEnd.Interrupted);
    }

    /// <summary>Writes the mind: what it heard and said, a reply under way, and its keys and values. Waits for the device: not within a frame.</summary>
    /// <param name="stream">Where to; several minds may follow one another.</param>
    /// <remarks>After the device was lost a mind is saved as its words, and read again when it is loaded; a picture that was not worked out yet is lost.</remarks>
    /// <exception cref="InvalidOperationException">A picture cannot be worked out: it has not been drawn (<see cref="NpcImage.IsDrawn"/>), or the command buffer of the last tick was not submitted.</exception>
    /// <exception cref="NpcMind.Gpu.VulkanException">
    /// A call failed while keys and values were fetched. The mind is as it was; save again.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The character was removed.</exception>
    public void Save(Stream stream) => MindSaves.Save(_runtime, this, stream);

    /// <summary>As <see cref="Save(Stream)"/>, to a file, atomically: whatever happens, the file holds the old save or the new one.</summary>
    /// <exception cref="SaveFileException">The file cannot be written.</exception>
    public void Save(string path) => SaveFile.WriteAtomically(path, Save);

    /// <summary>Removes the character. A reply under way ends.</summary>
    public void Dispose()
    {
        if (IsDisposed) return;
        if (Reply is { IsDone: false } reply) Speech.EndReply(Mind, reply, ReplyEnd.Interrupted);
        foreach (Sight sight in _seen) sight.Holders--;
        foreach (Sight sight in Mind.Seen) sight.Holders--;
        _runtime.Remove(this);
    }

    internal SamplerSettings Sampler(ReplyOptions options) => new()
    {
        Temperature = options.Temperature,
        TopK = options.TopK,
        TopP = options.TopP,
        MinP = options.MinP,
        RepetitionPenalty = options.RepetitionPenalty,
        Seed = RandomSeed,
    };

    private static string Line(string speaker, string text) => speaker.Length == 0 ? text : speaker + ": " + text;

    /// <summary>The lines in one text, and the pictures: all of them, or without the oldest where they do not fit into the context even with the conversation forgotten.</summary>
    private (string Heard, List<Sight> Seen) Fitting(List<string> lines, List<Sight> seen, int room)
    {
        int limit = _runtime.Options.ContextTokens - room;
        while (true)
        {
            string heard = string.Join('\n', lines);
            if (History.Count > 0 && Mind.Tokens.Count + _runtime.Format.NextTurn(SystemPrompt, heard, seen).Length <= limit) return (heard, seen);
            int alone = _runtime.Format.FirstTurn(SystemPrompt, heard, seen).Length;
            if (alone <= limit) return (heard, seen);
            if (seen.Count > 1) seen.RemoveAt(0);
            else if (lines.Count > 1)
            {
                // No text has more tokens than bytes: so many lines at once are never too many.
                for (int excess = alone - limit; excess > 0 && lines.Count > 1; lines.RemoveAt(0)) excess -= Encoding.UTF8.GetByteCount(lines[0]) + 1;
            }
            else throw new ArgumentException($"{Name}: what it begins with{(seen.Count > 0 ? ", sees" : "")} and what was said take {alone} tokens, and the reply up to {room}; the context has {_runtime.Options.ContextTokens}. Say less, allow a shorter reply or use a larger context.");
        }
    }

    /// <summary>Adds what was seen and heard to the mind, forgetting the oldest turns where the context is too small for it and for <paramref name="room"/> tokens.</summary>
    private void Append(string heard, List<Sight> seen, int room)
    {
        foreach (Sight sight in _seen)
            if (!seen.Contains(sight)) sight.Holders--;
        int limit = _runtime.Options.ContextTokens;
        int[] added = History.Count == 0 ? _runtime.Format.FirstTurn(SystemPrompt, heard, seen) : _runtime.Format.NextTurn(SystemPrompt, heard, seen);
        int before = History.Count == 0 ? 0 : Mind.Tokens.Count;
        Mind.Seen.AddRange(seen);
        if (before + added.Length + room <= limit)
        {
            if (History.Count == 0) Rewrite(added);
            else Mind.Tokens.AddRange(added);
            History.Add(new Turn(heard, seen) { HeardTokens = added.Length });
            return;
        }

        // A quarter is freed at once: reading what is left again is dear, and is needed only then.
        int aim = limit - room - (limit - Mind.Shared) / 4;
        for (int first = 1; first <= History.Count; first++)
        {
            List<int> tokens = Conversation(first, heard, seen, out int[] lengths);
            if (tokens.Count > (first == History.Count ? limit - room : aim)) continue;
            Forget(first, lengths);
            Rewrite(CollectionsMarshal.AsSpan(tokens));
            History.Add(new Turn(heard, seen) { HeardTokens = lengths[^1] });
            return;
        }

        throw new UnreachableException("Fitting saw that it fits alone.");
    }

    /// <summary>The conversation from turn <paramref name="first"/> on, with what is seen and heard now as its last; and what each turn's hearing takes.</summary>
    private List<int> Conversation(int first, string heard, List<Sight> seen, out int[] lengths)
    {
        List<int> tokens = [];
        lengths = new int[History.Count - first + 1];
        int at = Mind.Tokens.Count;
        for (int i = History.Count - 1; i >= first; i--) at -= History[i].HeardTokens + History[i].SaidTokens;
        for (int i = first; i <= History.Count; i++)
        {
            (string words, IReadOnlyList<Sight> pictures) = i < History.Count ? (History[i].Heard, History[i].Seen) : (heard, seen);
            int[] hearing = i == first ? _runtime.Format.FirstTurn(SystemPrompt, words, pictures) : _runtime.Format.NextTurn(SystemPrompt, words, pictures);
            lengths[i - first] = hearing.Length;
            tokens.AddRange(hearing);
            if (i == History.Count) break;
            tokens.AddRange(Mind.Tokens.GetRange(at + History[i].HeardTokens, History[i].SaidTokens));
            at += History[i].HeardTokens + History[i].SaidTokens;
        }

        return tokens;
    }

    private void Forget(int turns, int[] lengths)
    {
        foreach (Sight sight in History.Take(turns).SelectMany(t => t.Seen))
        {
            sight.Holders--;
            Mind.Seen.Remove(sight);
        }

        History.RemoveRange(0, turns);
        for (int i = 0; i < History.Count; i++) History[i].HeardTokens = lengths[i];
        _runtime.TurnsForgotten += turns;
    }

    /// <summary>Gives the mind other tokens; what they begin with alike stays in the cache.</summary>
    private void Rewrite(ReadOnlySpan<int> tokens)
    {
        int same = CollectionsMarshal.AsSpan(Mind.Tokens).CommonPrefixLength(tokens);
        _runtime.Thinking.Truncate(Mind, same);
        Mind.Shared = Math.Min(Mind.Shared, same); // the words after a prefix can change its last tokens
        Mind.Tokens.AddRange(tokens[same..]);
    }
}
