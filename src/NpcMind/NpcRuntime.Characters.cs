using NpcMind.Core;

namespace NpcMind;

/// <content>Characters made and loaded.</content>
public sealed partial class NpcRuntime
{
    /// <summary>Reads a mind saved by <see cref="Npc.Save(Stream)"/>. A character of that name which lives is replaced: what it heard since
    /// is gone. Waits for the device: within a frame use <see cref="LoadNpcAsync(Stream, Prefix)"/>.</summary>
    /// <param name="stream">Where the save begins; left behind its end.</param>
    /// <param name="prefix">What the character begins with. Another text than when it was saved, or another model, means that its mind is
    /// read again, within the budgets of the coming ticks; so does a prefix that is not ready.</param>
    /// <remarks>
    /// Everything that the save says is checked before anything is replaced: after an exception nothing has changed. Of a mind that is
    /// longer than the context the oldest turns are forgotten; so are pictures not spoken about yet that take more than half of the
    /// context, and overheard lines beyond their quarter. Besides the exceptions below only those of the stream itself come through.
    /// </remarks>
    /// <exception cref="SaveFormatException">The save is damaged, contradicts itself or the model it was made with, or its reply has a
    /// grammar that cannot be followed.</exception>
    /// <exception cref="ContextOverflowException">What the mind begins with and its last turn do not fit into the context.</exception>
    /// <exception cref="ArgumentException">The prefix belongs to another runtime.</exception>
    /// <exception cref="GrammarException">What is legal of the action of its reply cannot be followed, or the vocabulary cannot write
    /// it.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="NpcRuntimeOptions.MaxNpcs"/> already, or as many that were removed
    /// in this frame: tick first.</exception>
    /// <exception cref="ObjectDisposedException">The runtime or the prefix was disposed.</exception>
    public Npc LoadNpc(Stream stream, Prefix prefix) => LoadNpc(stream, prefix, null);

    /// <summary>As <see cref="LoadNpc(Stream, Prefix)"/>, with what is legal now. A reply that was under way goes on as
    /// <see cref="Npc.Reply"/>, without its reading pace.</summary>
    /// <param name="stream">Where the save begins; left behind its end.</param>
    /// <param name="prefix">What the character begins with.</param>
    /// <param name="legal">What the action of such a reply may be, if it is of this type: what was legal when it was asked for is not
    /// saved. Null for whatever its type can say.</param>
    public Npc LoadNpc(Stream stream, Prefix prefix, LegalActions? legal)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(prefix);
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckThread();
        FinishSaves(stream, loads: true);
        return MindLoader.Load(this, stream, prefix, legal);
    }

    /// <summary>As <see cref="LoadNpc(Stream, Prefix)"/>, from a file.</summary>
    /// <exception cref="SaveFileException">The file cannot be read.</exception>
    public Npc LoadNpc(string path, Prefix prefix) => LoadNpc(path, prefix, null);

    /// <summary>As <see cref="LoadNpc(Stream, Prefix, LegalActions)"/>, from a file.</summary>
    /// <exception cref="SaveFileException">The file cannot be read.</exception>
    public Npc LoadNpc(string path, Prefix prefix, LegalActions? legal)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckThread();
        FinishSaves(Path.GetFullPath(path), loads: true);
        return SaveFile.Read(path, stream => LoadNpc(stream, prefix, legal));
    }

    /// <summary>
    /// Reads a mind as <see cref="LoadNpc(Stream, Prefix)"/> does, without waiting: another thread reads and checks the save, and the ticks
    /// that follow bring its keys and values to the device. Game's thread.
    /// </summary>
    /// <param name="stream">Where the save begins; left behind its end. Nobody else may use it until the task has ended; several calls read
    /// several minds, in the order of the calls.</param>
    /// <param name="prefix">What the character begins with.</param>
    /// <returns>
    /// A task that completes at the end of a tick, on the thread that ticks: it needs somebody who ticks, so nobody may block on it there.
    /// In that tick the character is made, and one of that name which lives is replaced; nothing changes before. It fails with the
    /// exceptions of <see cref="LoadNpc(Stream, Prefix)"/>; nothing has changed then.
    /// </returns>
    /// <remarks>Where memory is short the mind is read again instead, within the budgets of the coming ticks.</remarks>
    /// <exception cref="ArgumentException">The prefix belongs to another runtime.</exception>
    /// <exception cref="ObjectDisposedException">The runtime or the prefix was disposed.</exception>
    public Task<Npc> LoadNpcAsync(Stream stream, Prefix prefix) => LoadNpcAsync(stream, prefix, null, default);

    /// <summary>As <see cref="LoadNpcAsync(Stream, Prefix)"/>, with what is legal when the mind is there; the load can be
    /// stopped.</summary>
    /// <param name="stream">Where the save begins; left behind its end.</param>
    /// <param name="prefix">What the character begins with.</param>
    /// <param name="legal">As in <see cref="LoadNpc(Stream, Prefix, LegalActions)"/>; null for whatever its type can say.</param>
    /// <param name="cancellationToken">Stops the load in one of the next ticks; nothing has changed then.</param>
    public Task<Npc> LoadNpcAsync(Stream stream, Prefix prefix, LegalActions? legal, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return LoadNpcAsync(stream, prefix, legal, read => read(stream), cancellationToken);
    }

    /// <summary>As <see cref="LoadNpcAsync(Stream, Prefix)"/>, from a file. The task fails with <see cref="SaveFileException"/> where the
    /// file cannot be read.</summary>
    /// <param name="path">The file. A save to it that is under way is waited for.</param>
    /// <param name="prefix">What the character begins with.</param>
    public Task<Npc> LoadNpcAsync(string path, Prefix prefix) => LoadNpcAsync(path, prefix, null, default);

    /// <summary>As <see cref="LoadNpcAsync(Stream, Prefix, LegalActions, CancellationToken)"/>, from a file.</summary>
    /// <param name="path">The file. A save to it that is under way is waited for.</param>
    /// <param name="prefix">What the character begins with.</param>
    /// <param name="legal">As in <see cref="LoadNpc(Stream, Prefix, LegalActions)"/>; null for whatever its type can say.</param>
    /// <param name="cancellationToken">Stops the load in one of the next ticks; nothing has changed then.</param>
    public Task<Npc> LoadNpcAsync(string path, Prefix prefix, LegalActions? legal, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        path = Path.GetFullPath(path);
        return LoadNpcAsync(path, prefix, legal, read => SaveFile.Read(path, read), cancellationToken);
    }

    private Task<Npc> LoadNpcAsync(object target, Prefix prefix, LegalActions? legal, Func<Func<Stream, SaveContent>, SaveContent> open,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        Check(prefix);
        if (cancellation.IsCancellationRequested) return Task.FromCanceled<Npc>(cancellation);
        PendingLoad load = new(this, prefix, legal, target, open, cancellation);
        Saves.Add(load);
        return load.Completion;
    }

    internal Npc CreateNpc(string name, string persona, Prefix prefix)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(persona);
        Check(prefix);
        Npc npc = NewNpc(name, persona, prefix, null);
        Put(npc, null);
        return npc;
    }

    /// <summary>Checks that characters can begin with a prefix.</summary>
    internal void Check(Prefix prefix)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckThread();
        if (prefix.Runtime != this) throw new ArgumentException("The prefix belongs to another runtime.", nameof(prefix));
        ObjectDisposedException.ThrowIf(prefix.Mind.Closing, prefix);
    }

    /// <summary>Makes a character that is to take the place of another, if one is given; <see cref="Put"/> gives it the place.</summary>
    internal Npc NewNpc(string name, string persona, Prefix prefix, Npc? replaced, DateTime? begun = null)
    {
        DateTime date = begun ?? Format.Date;
        if (replaced is null && _npcs.Count == Options.MaxNpcs)
            throw new InvalidOperationException(
                $"There are {_npcs.Count} characters already: dispose one, or raise NpcRuntimeOptions.MaxNpcs.");
        if (_npcs.Exists(n => n != replaced && n.Name == name))
            throw new ArgumentException($"A living character is called '{PrintableText.Escape(name)}' already: "
                + "a save would be loaded in its place. Use another name, or dispose it first.", nameof(name));
        return new Npc(this, prefix, name, persona,
            NewMind(name, prefix.Mind, new DatedPrompt(SystemPrompt(prefix, persona), date), pinned: false), date);
    }

    /// <summary>Takes a new character among the living, for another that is removed.</summary>
    internal void Put(Npc npc, Npc? replaced)
    {
        replaced?.Dispose();
        _npcs.Add(npc);
    }

    /// <summary>
    /// What a mind with this system prompt begins with; null where the text can never fit or the template cannot render it.
    /// </summary>
    internal int[]? TryOpening(DatedPrompt system)
    {
        if (Conversation.IsTooLong(system.Text, Options.ContextTokens)) return null;
        try
        {
            return Format.Opening(system);
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    /// <summary>Returns what a mind with this system prompt begins with.</summary>
    /// <exception cref="ContextOverflowException">It leaves no room for talk.</exception>
    internal int[] CheckOpening(string name, DatedPrompt system)
    {
        int[]? opening = TryOpening(system);
        int most = Options.ContextTokens - Conversation.Reserve(Options.ContextTokens);
        if (opening is not null && opening.Length <= most) return opening;
        string takes = opening is null ? $"has {system.Text.Length} characters" : $"takes {opening.Length} tokens";
        throw new ContextOverflowException(
            $"'{PrintableText.Escape(name.Length > 40 ? name[..40] + "..." : name)}' {takes}; the context has {Options.ContextTokens} "
            + $"tokens, of which the system prompt may take {most}. Use a shorter text or a larger context.");
    }

    private Mind NewMind(string name, Mind? parent, DatedPrompt system, bool pinned)
    {
        Format.Template.BeginCall();
        int[] opening = CheckOpening(name, system);
        int id = Array.IndexOf(_minds, null);
        if (id < 0)
            throw new InvalidOperationException(
                "Characters that were removed are still part of the step under way: call Tick before making new ones, or raise "
                + "NpcRuntimeOptions.MaxNpcs.");
        Mind mind = new(id, name, parent, Options.ContextTokens) { Pinned = pinned, ReadAhead = opening.Length };
        mind.Tokens.Append(opening);
        if (parent is not null)
            mind.Shared = opening.AsSpan().CommonPrefixLength(parent.Tokens.Span);
        return _minds[id] = mind;
    }
}
