using NpcMind.Text;

namespace NpcMind;

/// <content>How prefixes and characters come and go.</content>
public sealed partial class NpcRuntime
{
    internal Prefix CreatePrefix(string text, Prefix? parent)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (parent is not null) ObjectDisposedException.ThrowIf(parent.Mind.Closing, parent);
        if (_prefixes.Count == Options.MaxPrefixes) throw new InvalidOperationException($"There are {_prefixes.Count} prefixes already: dispose one, or raise NpcRuntimeOptions.MaxPrefixes.");
        string whole = parent is null || parent.Text.Length == 0 ? text : parent.Text + "\n\n" + text;
        Mind mind = NewMind(whole.Length == 0 ? "no prefix" : whole, parent?.Mind, whole, pinned: true);
        mind.Priority = 2;
        Prefix prefix = new(this, parent, whole, mind);
        _prefixes.Add(prefix);
        return prefix;
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
        if (prefix.Runtime != this) throw new ArgumentException("The prefix belongs to another runtime.", nameof(prefix));
        ObjectDisposedException.ThrowIf(prefix.Mind.Closing, prefix);
    }

    /// <summary>Makes a character that is to take the place of another, if one is given; <see cref="Put"/> gives it the place.</summary>
    internal Npc NewNpc(string name, string persona, Prefix prefix, Npc? replaced, DateTime? begun = null)
    {
        DateTime date = begun ?? Format.Date;
        if (replaced is null && _npcs.Count == Options.MaxNpcs) throw new InvalidOperationException($"There are {_npcs.Count} characters already: dispose one, or raise NpcRuntimeOptions.MaxNpcs.");
        return new Npc(this, prefix, name, persona, NewMind(name, prefix.Mind, new DatedPrompt(SystemPrompt(prefix, persona), date), pinned: false), date);
    }

    /// <summary>Takes a new character among the living, for another that is removed.</summary>
    internal void Put(Npc npc, Npc? replaced)
    {
        replaced?.Dispose();
        _npcs.Add(npc);
    }

    internal static string SystemPrompt(Prefix prefix, string persona) => prefix.Text.Length == 0 ? persona : persona.Length == 0 ? prefix.Text : prefix.Text + "\n\n" + persona;

    internal void Remove(Npc npc)
    {
        _npcs.Remove(npc);
        Thinking.Close(npc.Mind);
    }

    internal void Remove(Prefix prefix)
    {
        if (!_prefixes.Remove(prefix)) return;
        foreach (Mind? mind in _minds)
        {
            if (mind?.Parent != prefix.Mind) continue;
            mind.Parent = null;
            if (mind.Slot < 0) mind.Shared = 0; // reads it by itself
        }

        Thinking.Close(prefix.Mind);
    }

    /// <summary>Minds that were removed live until the step under way ends: as many again can wait for that.</summary>
    private static int Minds(NpcRuntimeOptions options) => 2 * (options.MaxNpcs + options.MaxPrefixes);

    /// <summary>What a mind with this system prompt begins with; null where the text can never fit or the template cannot render it.</summary>
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

    private Mind NewMind(string name, Mind? parent, DatedPrompt system, bool pinned)
    {
        Format.Template.BeginCall();
        int[]? opening = TryOpening(system);
        int most = Options.ContextTokens - Conversation.Reserve(Options.ContextTokens);
        if (opening is null || opening.Length > most)
        {
            string takes = opening is null ? $"has {system.Text.Length} characters" : $"takes {opening.Length} tokens";
            throw new ArgumentException($"'{(name.Length > 40 ? name[..40] + "..." : name)}' {takes}; the context has {Options.ContextTokens} tokens, of which {most} can be begun with. Use a shorter text or a larger context.", nameof(system));
        }

        int id = Array.IndexOf(_minds, null);
        if (id < 0) throw new InvalidOperationException("Characters that were removed are still in the step under way: tick before making new ones, or raise NpcRuntimeOptions.MaxNpcs.");
        Mind mind = new(id, name, parent, Options.ContextTokens) { Pinned = pinned, ReadAhead = opening.Length };
        mind.Tokens.AddRange(opening);
        if (parent is not null) mind.Shared = opening.AsSpan().CommonPrefixLength(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(parent.Tokens));
        return _minds[id] = mind;
    }
}
