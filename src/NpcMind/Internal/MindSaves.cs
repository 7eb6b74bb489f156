using System.Runtime.InteropServices;
using NpcMind.Inference;
using NpcMind.Scheduling;
using NpcMind.Text;

namespace NpcMind;

/// <summary>Minds to and from saves.</summary>
internal static class MindSaves
{
    private const byte Heard = 0, Said = 1, Overheard = 2, Seen = 3;
    private const byte Speech = 0; // any other phase is the action, and the ReplyEnd of the speech before it

    public static void Save(NpcRuntime runtime, Npc npc, Stream stream)
    {
        ObjectDisposedException.ThrowIf(npc.IsDisposed, npc);
        Mind mind = npc.Mind;
        List<Sight> sights = [.. mind.Seen.Concat(npc.PendingSights).Distinct()];
        bool alive = runtime.TryFlush();
        if (alive && sights.Exists(s => s.Image is { IsDrawn: false })) throw new InvalidOperationException($"'{npc.Name}' is to see an image that has not been drawn yet: draw it and call NpcImage.Drawn, then save.");
        if (alive && sights.Exists(s => !s.IsReady)) alive = runtime.TryFinishLooking();
        // A lost device cannot finish a picture, nor give back keys and values: the mind is saved as its words, and read again.
        bool seen = sights.All(s => s.IsReady);
        if (!seen) sights.Clear();
        KvTransfer kv = runtime.Engine.Transfer;
        int first = mind.Shared / InferenceEngine.BlockTokens * InferenceEngine.BlockTokens;
        // Chunked layers may have given back what the token after the settled ones sees: then what can be gone on from is saved.
        bool isRead = mind.Slot >= 0 && alive && runtime.Thinking.IsCacheSound;
        int settled = isRead ? kv.Resumable(mind.Slot, Math.Min(runtime.Thinking.Settled(mind), mind.Tokens.Count)) : 0;
        int blocks = settled <= first ? 0 : kv.SavedBlocks(first, settled);
        // With host memory full of waiting minds there is no way to fetch them: the log is read again instead.
        if (blocks > 0 && kv.FreeHostBlocks == 0) blocks = 0;
        ReadOnlySpan<int> tokens = CollectionsMarshal.AsSpan(mind.Tokens);
        Reply? reply = npc.Reply is { IsDone: false } r ? r : null;
        SavedMind saved = new()
        {
            Name = npc.Name,
            Persona = npc.Persona,
            ModelFingerprint = seen ? runtime.ModelFingerprint : new byte[runtime.ModelFingerprint.Length],
            CacheFingerprint = runtime.CacheFingerprint,
            PrefixFingerprint = Fingerprints.Tokens(tokens[..mind.Shared]),
            PrefixTokens = mind.Shared,
            Turns = [.. Turns(npc, mind, sights)],
            Tokens = Plain(runtime, tokens[mind.Shared..]),
            Pictures = [.. sights.Select(s => new SavedPicture(s.Layout, s.Width, MemoryMarshal.AsBytes(s.Features.AsSpan()).ToArray()))],
            Slots = seen ? Slots(mind, tokens[mind.Shared..], sights) : [],
            Sampler = Sampler(npc.Sampler(npc.Reply?.Options ?? runtime.DefaultReply)),
            Reply = reply is null ? null : new SavedReply
            {
                Phase = reply.InAction ? (byte)reply.SpeechEnd : Speech,
                Text = reply.Text,
                GeneratedTokens = reply.Words.Tokens,
                MaximumTokens = reply.Options.MaxTokens,
                ReadCharacters = Math.Min(reply.ReadCharacters, reply.Characters),
                HeardCharacters = Math.Min(reply.ReadCharacters, reply.Characters),
                StopStrings = reply.Options.StopStrings,
                Action = reply.Options.Action?.Name,
                Grammar = reply.Options.Grammar?.Text,
                ConstraintBytes = reply.Constraint is { } constraint ? constraint.Bytes.ToArray() : [],
            },
            Kv = blocks == 0 ? null : new SavedKv(first, settled - first, blocks, checked((int)kv.BlockBytes)),
        };
        if (blocks == 0)
        {
            SaveCodec.Write(stream, saved, null);
            return;
        }

        KvReader reader = new(runtime.Engine, mind.Slot, first, settled, blocks);
        SaveCodec.Write(stream, saved, reader.Read);
    }

    public static Npc Load(NpcRuntime runtime, Stream stream, Prefix prefix, LegalActions? legal)
    {
        List<byte[]> blocks = [];
        LoadedMind loaded = SaveCodec.Read(stream, (mind, _, bytes) =>
        {
            if (!mind.CacheFingerprint.Equals(runtime.CacheFingerprint, StringComparison.Ordinal) || !mind.ModelFingerprint.AsSpan().SequenceEqual(runtime.ModelFingerprint) || bytes.Length != runtime.Engine.Transfer.BlockBytes) return false;
            blocks.Add(bytes.ToArray());
            return true;
        });
        SavedMind saved = loaded.Mind;
        Check(runtime, saved);
        Grammar? grammar = ReadGrammar(saved);
        // Rows of pictures mean something to this model alone; without eyes it could not be shown them again.
        Sight[]? sights = runtime.Looking is { } looking && saved.ModelFingerprint.AsSpan().SequenceEqual(runtime.ModelFingerprint) && saved.Pictures.All(p => p.Width == runtime.Engine.Config.Width)
            ? [.. saved.Pictures.Select(p => Picture(looking, p))]
            : saved.Pictures.Count == 0 ? [] : null;
        int[] log = sights is null ? saved.Tokens : WithRows(saved, sights);
        (List<Turn> history, List<string> pending, List<Sight> pendingSights) = ReadTurns(saved, sights);
        string system = NpcRuntime.SystemPrompt(prefix, saved.Persona);
        ReadOnlySpan<int> parent = CollectionsMarshal.AsSpan(prefix.Mind.Tokens);
        bool same = sights is not null && IsSame(runtime, saved, log, history, system, parent);
        List<int> tokens = same ? [.. parent[..saved.PrefixTokens], .. log] : Rebuild(runtime, history, system);
        int forgotten = 0;
        for (; tokens.Count > runtime.Options.ContextTokens && history.Count > 1; forgotten++)
        {
            history.RemoveAt(0);
            tokens = Rebuild(runtime, history, system);
            same = false;
        }

        if (tokens.Count > runtime.Options.ContextTokens) throw new ArgumentException($"{saved.Name}'s mind takes {tokens.Count} tokens; the context has {runtime.Options.ContextTokens}. Use a larger context.", nameof(stream));

        Npc? replaced = runtime.Npcs.FirstOrDefault(n => n.Name == saved.Name);
        Npc npc = runtime.ReplaceNpc(replaced, saved.Name, saved.Persona, prefix);
        Mind self = npc.Mind;
        if (replaced is not null) npc.Priority = replaced.Priority;
        npc.RandomSeed = saved.Sampler.Seed;
        npc.History.AddRange(history);
        npc.Pending.AddRange(pending);
        npc.PendingSights.AddRange(pendingSights);
        self.Seen.AddRange(history.SelectMany(t => t.Seen));
        foreach (Sight sight in self.Seen.Concat(pendingSights)) sight.Holders++;
        runtime.TurnsForgotten += forgotten;
        self.Tokens.Clear();
        self.Tokens.AddRange(tokens);
        self.ReadAhead = tokens.Count;
        self.Shared = Math.Min(CollectionsMarshal.AsSpan(self.Tokens).CommonPrefixLength(parent), same ? saved.PrefixTokens : int.MaxValue);
        if (same && saved.Kv is { } kv && blocks.Count > 0) Import(runtime, self, prefix.Mind, kv, blocks);
        if (saved.Reply is { } reply) Continue(runtime, npc, saved, reply, grammar, legal, same);
        return npc;
    }

    /// <summary>Tokens as a vocabulary has them: the places of feature rows have the token they are known by.</summary>
    internal static int[] Plain(NpcRuntime runtime, ReadOnlySpan<int> tokens)
    {
        int[] plain = tokens.ToArray();
        for (int i = 0; i < plain.Length; i++)
            if (plain[i] < 0) plain[i] = runtime.Looking!.Format.SlotToken;
        return plain;
    }

    /// <summary>Where feature rows stand in a log.</summary>
    private static List<SavedSlots> Slots(Mind mind, ReadOnlySpan<int> tokens, List<Sight> sights)
    {
        List<SavedSlots> slots = [];
        for (int i = 0; i < tokens.Length; i++)
        {
            if (tokens[i] >= 0) continue;
            int picture = sights.IndexOf(mind.Sight(tokens[i])), row = PictureToken.Row(tokens[i]);
            if (slots.Count > 0 && slots[^1] is var last && last.Picture == picture && last.FirstToken + last.Count == i && last.FirstRow + last.Count == row) slots[^1] = last with { Count = last.Count + 1 };
            else slots.Add(new SavedSlots(i, picture, row, 1));
        }

        return slots;
    }

    private static Sight Picture(Looking looking, SavedPicture picture)
    {
        Sight sight = looking.Format.Sight(picture.Layout);
        sight.Set(MemoryMarshal.Cast<byte, float>(picture.Features).ToArray(), ready: true);
        return sight;
    }

    /// <summary>The token log with its feature rows.</summary>
    private static int[] WithRows(SavedMind saved, Sight[] sights)
    {
        int[] log = [.. saved.Tokens];
        foreach (SavedSlots s in saved.Slots)
            for (int i = 0; i < s.Count; i++) log[s.FirstToken + i] = PictureToken.Of(sights[s.Picture].Id, s.FirstRow + i);
        return log;
    }

    /// <summary>Whether the token log still says what the mind is: the same model, and a prefix and persona that begin with these tokens.</summary>
    private static bool IsSame(NpcRuntime runtime, SavedMind saved, int[] log, List<Turn> history, string system, ReadOnlySpan<int> parent)
    {
        if (!saved.ModelFingerprint.AsSpan().SequenceEqual(runtime.ModelFingerprint)) return false;
        if (saved.PrefixTokens > parent.Length || !Fingerprints.Tokens(parent[..saved.PrefixTokens]).AsSpan().SequenceEqual(saved.PrefixFingerprint)) return false;
        int[] begin = history.Count == 0 ? runtime.Format.Opening(system) : runtime.Format.FirstTurn(system, history[0].Heard, history[0].Seen);
        int shared = Math.Min(saved.PrefixTokens, begin.Length);
        return begin.AsSpan(0, shared).SequenceEqual(parent[..shared]) && shared == saved.PrefixTokens && log.AsSpan().StartsWith(begin.AsSpan(shared));
    }

    private static (List<Turn> History, List<string> Pending, List<Sight> PendingSights) ReadTurns(SavedMind saved, Sight[]? sights)
    {
        List<Turn> history = [];
        List<string> pending = [];
        List<Sight> pendingSights = [];
        foreach (SavedTurn turn in saved.Turns)
        {
            Sight[] seen = sights is null ? [] : [.. turn.Pictures.Select(p => sights[p])];
            if (turn.Role == Overheard) pending.Add(turn.Text);
            else if (turn.Role == Seen) pendingSights.AddRange(seen);
            else if (turn.Role == Heard) history.Add(new Turn(turn.Text, seen) { HeardTokens = turn.Tokens });
            else if (history.Count > 0) (history[^1].Said, history[^1].SaidTokens) = (turn.Text, turn.Tokens);
        }

        return (history, pending, pendingSights);
    }

    private static Grammar? ReadGrammar(SavedMind saved)
    {
        if (saved.Reply?.Grammar is not { } text) return null;
        try
        {
            return Grammar.Parse(text, saved.Name);
        }
        catch (GrammarException e)
        {
            throw new SaveFormatException("grammar", 0, "a grammar", e.Message);
        }
    }

    private static List<SavedTurn> Turns(Npc npc, Mind mind, List<Sight> sights)
    {
        int at = mind.Tokens.Count - mind.Shared;
        Reply? open = npc.Reply is { IsDone: false } r ? r : null;
        List<SavedTurn> turns = [];
        for (int i = npc.History.Count - 1; i >= 0; i--)
        {
            Turn turn = npc.History[i];
            int said = turn.Reply == open && open is not null ? mind.Tokens.Count - open.FirstToken : turn.SaidTokens;
            at -= said;
            turns.Add(new SavedTurn(Said, npc.Name, turn.Said, at, said));
            int heard = i == 0 ? at : turn.HeardTokens; // the first turn's opening is partly shared
            at -= heard;
            turns.Add(new SavedTurn(Heard, "", turn.Heard, at, i == 0 ? heard : turn.HeardTokens) { Pictures = [.. turn.Seen.Select(s => sights.IndexOf(s)).Where(i => i >= 0)] });
        }

        turns.Reverse();
        if (npc.PendingSights.Count > 0 && sights.Count > 0) turns.Add(new SavedTurn(Seen, "", "", mind.Tokens.Count - mind.Shared, 0) { Pictures = [.. npc.PendingSights.Select(s => sights.IndexOf(s))] });
        foreach (string line in npc.Pending) turns.Add(new SavedTurn(Overheard, "", line, mind.Tokens.Count - mind.Shared, 0));
        return turns;
    }

    private static SavedSampler Sampler(SamplerSettings s) => new(s.Temperature, s.TopK, s.TopP, s.MinP, s.RepetitionPenalty, s.FrequencyPenalty, s.PresencePenalty, s.PenaltyTokens, s.Seed);

    /// <summary>What a sound save can still have wrong: ids beyond the vocabulary of the model it was made with.</summary>
    private static void Check(NpcRuntime runtime, SavedMind saved)
    {
        if (saved.Name.Length == 0) throw new SaveFormatException("name", 0, "a name", "none");
        if (!saved.ModelFingerprint.AsSpan().SequenceEqual(runtime.ModelFingerprint)) return;
        int at = Array.FindIndex(saved.Tokens, t => t >= runtime.Engine.Config.Vocabulary);
        if (at >= 0) throw new SaveFormatException($"token {at}", 0, $"an id below {runtime.Engine.Config.Vocabulary}", $"{saved.Tokens[at]}");
        long total = 0;
        foreach (SavedTurn turn in saved.Turns) total += turn.Tokens;
        if (total > saved.Tokens.Length) throw new SaveFormatException("turns", 0, $"at most {saved.Tokens.Length} tokens", $"{total}");
    }

    /// <summary>The conversation in the tokens of this model and this prefix.</summary>
    private static List<int> Rebuild(NpcRuntime runtime, List<Turn> history, string system)
    {
        List<int> tokens = [];
        for (int i = 0; i < history.Count; i++)
        {
            Turn turn = history[i];
            int[] heard = i == 0 ? runtime.Format.FirstTurn(system, turn.Heard, turn.Seen) : runtime.Format.NextTurn(system, turn.Heard, turn.Seen), said = runtime.Tokenizer.Encode(turn.Said);
            (turn.HeardTokens, turn.SaidTokens) = (heard.Length, said.Length);
            tokens.AddRange(heard);
            tokens.AddRange(said);
        }

        if (history.Count == 0) tokens.AddRange(runtime.Format.Opening(system));
        return tokens;
    }

    /// <summary>Puts saved blocks into host memory, from where a later frame brings them to the device. Where there is no room, or the prefix is not read yet, the log is read again instead.</summary>
    private static void Import(NpcRuntime runtime, Mind mind, Mind parent, SavedKv kv, List<byte[]> blocks)
    {
        KvTransfer transfer = runtime.Engine.Transfer;
        bool aligned = kv.FirstToken % InferenceEngine.BlockTokens == 0 && kv.FirstToken <= mind.Shared && kv.FirstToken + kv.Tokens <= mind.Tokens.Count;
        if (!aligned || (kv.FirstToken > 0 && (parent.Slot < 0 || runtime.Thinking.Settled(parent) < kv.FirstToken))) return;
        int held = Held(transfer, kv, blocks.Count);
        if (held == 0) return;
        mind.Slot = kv.FirstToken > 0 ? runtime.Engine.Fork(parent.Slot, kv.FirstToken, new SamplerSettings()) : runtime.Engine.Open(new SamplerSettings());
        if (runtime.Engine.Length(mind.Slot) < kv.FirstToken || !transfer.Import(mind.Slot, kv.FirstToken + held))
        {
            runtime.Engine.Close(mind.Slot);
            mind.Slot = -1;
            return;
        }

        int count = transfer.SavedBlocks(kv.FirstToken, kv.FirstToken + held);
        for (int i = 0; i < count; i++) blocks[i].CopyTo(transfer.ImportBlock(mind.Slot, kv.FirstToken, kv.FirstToken + held, i));
        transfer.SetTokens(mind.Slot, 0, Plain(runtime, CollectionsMarshal.AsSpan(mind.Tokens)[..(kv.FirstToken + held)]));
    }

    /// <summary>
    /// Tokens that the sound blocks hold. Of a model whose layers all see everything each block counts; where some see less, blocks stand group by group, and only all
    /// of them together are of use.
    /// </summary>
    private static int Held(KvTransfer transfer, SavedKv kv, int blocks)
    {
        int whole = kv.FirstToken + kv.Tokens;
        if (blocks == transfer.SavedBlocks(kv.FirstToken, whole)) return kv.Tokens;
        int held = Math.Min(kv.Tokens, blocks * InferenceEngine.BlockTokens);
        return transfer.Groups == 1 && blocks < kv.Blocks ? held : 0;
    }

    /// <summary>Goes on with a reply that was under way. An action asked for by a type that is no longer known ends the reply after its speech.</summary>
    private static void Continue(NpcRuntime runtime, Npc npc, SavedMind saved, SavedReply reply, Grammar? grammar, LegalActions? legal, bool same)
    {
        if (npc.History.Count == 0) return;
        Turn turn = npc.History[^1];
        SavedSampler s = saved.Sampler;
        ActionType? type = reply.Action is null ? null : ActionType.Find(reply.Action);
        if (legal?.Type != type) legal = null;
        ReplyOptions options = new()
        {
            Temperature = s.Temperature,
            TopK = s.TopK,
            TopP = s.TopP,
            MinP = s.MinP,
            RepetitionPenalty = s.RepetitionPenalty,
            MaxTokens = Math.Clamp(reply.MaximumTokens, Math.Clamp(reply.GeneratedTokens, 1, runtime.Options.ContextTokens), runtime.Options.ContextTokens),
            StopStrings = [.. reply.StopStrings.Where(t => t.Length > 0)],
            Action = type,
            Legal = legal,
            Grammar = grammar,
        };
        int first = npc.Mind.Tokens.Count - turn.SaidTokens, spoken = same ? Math.Min(reply.GeneratedTokens, turn.SaidTokens) : turn.SaidTokens;
        Reply going = new(npc, options, new ReadingPace(double.PositiveInfinity, options.LeadTokens), runtime.Seconds)
        {
            SpeechConstraint = grammar is null ? null : new Constraint(runtime.Constraints, grammar, null, null),
            ActionConstraint = type is null ? null : new Constraint(runtime.Constraints, null, type, legal),
            FirstToken = first,
            ActionStart = first,
        };
        for (int i = 0; i < spoken && i < options.MaxTokens; i++) going.Words.Append(runtime.Tokenizer.Bytes(npc.Mind.Tokens[first + i]));
        going.ReadCharacters = reply.ReadCharacters;
        turn.Reply = npc.Reply = npc.Mind.Reply = going;
        turn.Said = null; // from now on what the reply says
        if (npc.Mind.Slot >= 0) runtime.Engine.SetSampler(npc.Mind.Slot, npc.Sampler(options));
        if (reply.Phase == Speech)
        {
            bool follows = going.SpeechConstraint?.TryReplay(same ? reply.ConstraintBytes : System.Text.Encoding.UTF8.GetBytes(reply.Text)) ?? true;
            if (!follows || going.Words.Tokens >= options.MaxTokens || npc.Mind.Tokens.Count >= runtime.Options.ContextTokens - 1) runtime.Speech.EndSpeech(npc.Mind, going, ReplyEnd.Length);
            return;
        }

        going.Words.End(reply.Text);
        ReplyEnd end = Enum.IsDefined((ReplyEnd)reply.Phase) ? (ReplyEnd)reply.Phase : ReplyEnd.Said;
        int written = turn.SaidTokens - spoken - runtime.ActionOpening.Length;
        if (same && written >= 0 && going.ActionConstraint is { } action && action.TryReplay(reply.ConstraintBytes) && !action.MustEnd && npc.Mind.Tokens.Count < runtime.Options.ContextTokens)
        {
            going.InAction = true;
            going.SpeechEnd = end;
            going.ActionStart = npc.Mind.Tokens.Count - written;
            return;
        }

        runtime.Thinking.Truncate(npc.Mind, first + spoken);
        runtime.Speech.EndSpeech(npc.Mind, going, end); // the action is written anew
    }

    /// <summary>Hands out blocks one by one, fetched from the device several at a time.</summary>
    private sealed class KvReader(InferenceEngine engine, int slot, int first, int tokens, int blocks)
    {
        private const int Ahead = 32;
        private readonly byte[]?[] _fetched = new byte[Ahead][];

        public void Read(int block, Span<byte> destination)
        {
            if (block % Ahead == 0) engine.Transfer.Export(slot, first, tokens, block, Math.Min(Ahead, blocks - block), Keep);
            _fetched[block % Ahead].CopyTo(destination);
        }

        private void Keep(int index, ReadOnlySpan<byte> bytes) => bytes.CopyTo(_fetched[index % Ahead] ??= new byte[bytes.Length]);
    }
}
