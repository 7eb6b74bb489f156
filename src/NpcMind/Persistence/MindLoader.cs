using System.Runtime.InteropServices;
using NpcMind.Inference;

namespace NpcMind;

/// <summary>Reads minds from saves. All that can fail is done first; only then the living character of that name is replaced.</summary>
internal static class MindLoader
{
    /// <summary>Reads a mind. Waits for the device where the save has keys and values that can be used.</summary>
    public static Npc Load(NpcRuntime runtime, Stream stream, Prefix prefix, LegalActions? legal)
    {
        runtime.Check(prefix);
        return Adopt(runtime, Read(runtime, stream), prefix, legal, null);
    }

    /// <summary>Reads a save, and checks what can be checked without changing anything. Any thread.</summary>
    /// <exception cref="SaveFormatException">The save is damaged, or contradicts itself or the model it was made with.</exception>
    public static SaveContent Read(NpcRuntime runtime, Stream stream)
    {
        string place = SaveCodec.Place(stream);
        long offset = stream.CanSeek ? stream.Position : 0;
        List<byte[]> blocks = [];
        SavedMind saved = SaveCodec.Read(stream, (mind, block, bytes) =>
        {
            if (block == 0 && !HasUsableBlocks(runtime, mind)) return false;
            blocks.Add(bytes.ToArray());
            return true;
        }).Mind;
        SavedMindCheck check = new(saved, place, offset);
        check.Structure();
        bool sameModel = IsOf(runtime, saved);
        if (sameModel) check.Tokens(runtime);
        return new SaveContent(saved, check, sameModel, blocks);
    }

    /// <summary>Makes a character of what was read.</summary>
    /// <param name="runtime">Where it is to live.</param>
    /// <param name="content">What was read.</param>
    /// <param name="prefix">What it begins with.</param>
    /// <param name="legal">What is legal of the action of its reply.</param>
    /// <param name="upload">The blocks in host memory already; null to bring them there now, which waits for the device.</param>
    public static Npc Adopt(NpcRuntime runtime, SaveContent content, Prefix prefix, LegalActions? legal, KvUpload? upload)
    {
        runtime.Check(prefix);
        (SavedMind saved, SavedMindCheck check, bool sameModel, IReadOnlyList<byte[]> blocks) = content;
        // Rows of pictures mean something to this model alone; without an image encoder it could not be shown them again.
        TurnImage[]? turnImages = runtime.ImageQueue is { } imageQueue && sameModel && saved.Pictures.All(p => IsReadable(runtime, p))
            ? [.. saved.Pictures.Select(p => Picture(imageQueue, p))]
            : saved.Pictures.Count == 0 ? [] : null;
        int[] log = turnImages is null ? saved.Tokens : WithRows(saved, turnImages);
        if (sameModel && turnImages is not null) check.PictureRows(log, turnImages);
        List<Turn> history = History(saved, turnImages);
        DatedPrompt system = new(NpcRuntime.SystemPrompt(prefix, saved.Persona), saved.Date);
        runtime.Format.Template.BeginCall(history.Count);
        ReadOnlySpan<int> parent = prefix.Mind.Tokens.Span;
        int[]? begin = sameModel && turnImages is not null ? Begin(runtime, saved, log, history, system) : null;
        List<int> tokens = begin is not null && (long)saved.PrefixTokens + log.Length <= runtime.Options.ContextTokens
            ? [.. begin, .. log] : [];
        bool same = tokens.Count > 0;
        int turns = history.Count;
        if (!same) tokens = Rebuild(runtime, saved.Name, history, system);

        ResumedReply? reply = ResumedReply.Prepare(runtime, saved, legal, same, check);
        Npc? replaced = runtime.Npcs.FirstOrDefault(n => n.Name == saved.Name);
        Npc npc;
        try
        {
            npc = runtime.NewNpc(saved.Name, saved.Persona, prefix, replaced, saved.Date);
        }
        catch
        {
            reply?.Release();
            throw;
        }

        // Nothing fails from here on.
        Mind self = npc.Mind;
        if (replaced is not null) npc.Priority = replaced.Priority;
        npc.RandomSeed = saved.Sampler.Seed;
        npc.History.AddRange(history);
        Remind(runtime, npc, saved, turnImages);
        self.Seen.AddRange(history.SelectMany(t => t.Seen));
        foreach (TurnImage turnImage in self.Seen.Concat(npc.PendingImages)) turnImage.References++;
        runtime.TurnsForgotten += turns - history.Count;
        npc.Conversation.Restore(tokens);
        self.ReadAhead = tokens.Count;
        self.Shared = Math.Min(self.Tokens.Span.CommonPrefixLength(parent), same ? saved.PrefixTokens : int.MaxValue);
        runtime.Put(npc, replaced);
        if (same && saved.Kv is { } kv && blocks.Count > 0) Import(runtime, self, prefix.Mind, kv, blocks, upload);
        reply?.GoOn(runtime, npc);
        return npc;
    }

    private static bool IsOf(NpcRuntime runtime, SavedMind saved) =>
        saved.ModelFingerprint.AsSpan().SequenceEqual(runtime.ModelFingerprint);

    private static bool HasUsableBlocks(NpcRuntime runtime, SavedMind saved) =>
        IsOf(runtime, saved)
        && saved.CacheFingerprint.Equals(runtime.CacheFingerprint, StringComparison.Ordinal)
        && SavedMindCheck.BlockViolation(runtime, saved) is null;

    /// <summary>Whether the model can read a picture's rows; where it sees pictures as a whole, each run of them in one step.</summary>
    private static bool IsReadable(NpcRuntime runtime, SavedPicture picture) =>
        picture.Width == runtime.Engine.Config.Width
        && (!runtime.Engine.Config.SeesWholePictures || picture.Layout.All(piece => piece.Count <= runtime.Engine.Options.MaxRows));

    private static TurnImage Picture(ImageQueue imageQueue, SavedPicture picture)
    {
        TurnImage turnImage = imageQueue.Format.TurnImage(picture.Layout);
        turnImage.Set(MemoryMarshal.Cast<byte, float>(picture.Features).ToArray(), ready: true);
        return turnImage;
    }

    /// <summary>The token log with its feature rows.</summary>
    private static int[] WithRows(SavedMind saved, TurnImage[] turnImages)
    {
        int[] log = [.. saved.Tokens];
        foreach (SavedSlots s in saved.Slots)
            for (int i = 0; i < s.Count; i++) log[s.FirstToken + i] = PictureToken.Of(turnImages[s.Picture].Id, s.FirstRow + i);
        return log;
    }

    /// <summary>
    /// The tokens before the log, where prefix and persona still begin with them and the log goes on from there; else null. The prefix may
    /// have them no more: then they are read again.
    /// </summary>
    private static int[]? Begin(NpcRuntime runtime, SavedMind saved, int[] log, List<Turn> history, DatedPrompt system)
    {
        int[]? begin = history.Count > 0
            ? TryRender(runtime, system, history[0], first: true, isAnswered: history.Count > 1) : runtime.TryOpening(system);
        int shared = saved.PrefixTokens;
        if (begin is null || begin.Length < shared
            || !Fingerprints.Tokens(begin.AsSpan(0, shared)).AsSpan().SequenceEqual(saved.PrefixFingerprint)) return null;
        return log.AsSpan().StartsWith(begin.AsSpan(shared)) ? begin[..shared] : null;
    }

    private static List<Turn> History(SavedMind saved, TurnImage[]? turnImages)
    {
        List<Turn> history = [];
        foreach (SavedTurn turn in saved.Turns)
        {
            if (turn.Role == MindSaves.Heard)
            {
                TurnImage[] seen = turnImages is null ? [] : [.. turn.Pictures.Select(p => turnImages[p])];
                history.Add(new Turn(turn.Text, seen) { HeardTokens = turn.Tokens, OverheardCharacters = turn.OverheardCharacters });
            }
            else if (turn.Role == MindSaves.Said) (history[^1].Said, history[^1].SaidTokens) = (turn.Text, turn.Tokens);
        }

        return history;
    }

    /// <summary>Gives a character what it overheard and saw since it was last spoken to, within the bounds that hold when it
    /// comes.</summary>
    private static void Remind(NpcRuntime runtime, Npc npc, SavedMind saved, TurnImage[]? turnImages)
    {
        foreach (SavedTurn turn in saved.Turns)
        {
            if (turn.Role == MindSaves.Overheard) npc.Conversation.Overheard.Add(turn.Text);
            if (turn.Role != MindSaves.Seen || turnImages is null) continue;
            foreach (int picture in turn.Pictures)
                if (turnImages[picture].Tokens.Length <= runtime.Options.ContextTokens / 2) npc.PendingImages.Add(turnImages[picture]);
        }
    }

    /// <summary>The latest turns that fit into the context, in the tokens of this model and this prefix; the others are taken off the
    /// history. Each turn is rendered once, and only if it can fit.</summary>
    /// <exception cref="ContextOverflowException">Not even the last turn fits.</exception>
    internal static List<int> Rebuild(NpcRuntime runtime, string name, List<Turn> history, DatedPrompt system)
    {
        int context = runtime.Options.ContextTokens, count = history.Count, oldest = count;
        if (count == 0) return [.. runtime.TryOpening(system) ?? throw Unfit(name, runtime)];
        int[][] heard = new int[count][], said = new int[count][];
        int[] after = new int[count + 1];
        for (int i = count - 1; i >= 0; oldest = i--)
        {
            if (Conversation.IsTooLong(history[i].Said, context)) break;
            said[i] = runtime.Tokenizer.Encode(history[i].Said);
            if (after[i + 1] + said[i].Length > context) break;
            heard[i] = i > 0
                ? TryRender(runtime, system, history[i], first: false, isAnswered: i < count - 1 || said[i].Length > 0) ?? [] : [];
            after[i] = after[i + 1] + said[i].Length + heard[i].Length;
            if (i > 0 && heard[i].Length == 0)
            {
                oldest = i; // what cannot be rendered here can at most be tried as the first turn
                break;
            }
        }

        int first = Conversation.FirstThatFits(oldest, count, i =>
            TryRender(runtime, system, history[i], first: true, isAnswered: i < count - 1 || said[i].Length > 0) is { } begin
            && begin.Length + said[i].Length + after[i + 1] <= context);
        if (first == count) throw Unfit(name, runtime);
        heard[first] = TryRender(runtime, system, history[first], first: true, isAnswered: first < count - 1 || said[first].Length > 0)!;
        List<int> tokens = [];
        for (int i = first; i < count; i++)
        {
            (history[i].HeardTokens, history[i].SaidTokens) = (heard[i].Length, said[i].Length);
            tokens.AddRange(heard[i]);
            tokens.AddRange(said[i]);
        }

        history.RemoveRange(0, first);
        return tokens;
    }

    private static ContextOverflowException Unfit(string name, NpcRuntime runtime) =>
        new($"{(name.Length > 40 ? name[..40] + "..." : name)}: the system prompt and the last turn do not fit into a context of "
            + $"{runtime.Options.ContextTokens} tokens. Use a larger context.");

    /// <summary>What a turn heard, in tokens; null where it can never fit or the template cannot render it.</summary>
    private static int[]? TryRender(NpcRuntime runtime, DatedPrompt system, Turn turn, bool first, bool isAnswered)
    {
        if (Conversation.IsTooLong(turn.Heard, runtime.Options.ContextTokens)
            || Conversation.IsTooLong(system.Text, runtime.Options.ContextTokens)) return null;
        try
        {
            return first
                ? runtime.Format.FirstTurn(system, turn.Heard, turn.Seen, isAnswered)
                : runtime.Format.NextTurn(system, turn.Heard, turn.Seen, isAnswered);
        }
        catch (ChatTemplateException)
        {
            return null;
        }
    }

    /// <summary>Puts saved blocks into host memory, from where a later frame brings them to the device. Where that is not possible the log
    /// is read again instead.</summary>
    private static void Import(NpcRuntime runtime, Mind mind, Mind parent, SavedKv kv, IReadOnlyList<byte[]> blocks, KvUpload? upload)
    {
        KvTransfer transfer = runtime.Engine.Transfer;
        if (kv.FirstToken > mind.Shared || kv.FirstToken + kv.Tokens > mind.Tokens.Count || runtime.IsLost) return;
        if (kv.FirstToken > 0 && (parent.Slot < 0 || runtime.Scheduler.Committed(parent) < kv.FirstToken)) return;
        int held = Held(transfer, kv, blocks.Count);
        if (held == 0) return;
        try
        {
            mind.Slot = kv.FirstToken > 0
                ? runtime.Engine.Fork(parent.Slot, kv.FirstToken, new SamplerSettings())
                : runtime.Engine.Open(new SamplerSettings());
            if (runtime.Engine.Length(mind.Slot) == kv.FirstToken
                && TryAppend(transfer, mind.Slot, kv.FirstToken, kv.FirstToken + held, blocks, upload))
            {
                ReadOnlySpan<int> tokens = mind.Tokens.Span[..(kv.FirstToken + held)];
                transfer.SetTokens(mind.Slot, 0, MindSaves.Plain(runtime, tokens), MindSaves.Places(mind, tokens));
                return;
            }
        }
        catch (VulkanException e)
        {
            runtime.IsLost |= e.IsDeviceLost;
        }

        if (mind.Slot >= 0) runtime.Engine.Close(mind.Slot);
        mind.Slot = -1;
    }

    private static bool TryAppend(KvTransfer transfer, int slot, int first, int end, IReadOnlyList<byte[]> blocks, KvUpload? upload)
    {
        int count = transfer.SavedBlocks(first, end);
        if (upload is not null)
        {
            transfer.Append(slot, end, upload.Taken[..count]);
            upload.HandOver(count);
            return true;
        }

        if (!transfer.Import(slot, end)) return false;
        for (int i = 0; i < count; i++) blocks[i].CopyTo(transfer.ImportBlock(slot, first, end, i));
        return true;
    }

    /// <summary>
    /// Tokens that the sound blocks hold. Of a model whose layers all see everything each block counts; where some see less, blocks stand
    /// group by group, and only all of them together are of use.
    /// </summary>
    private static int Held(KvTransfer transfer, SavedKv kv, int blocks)
    {
        if (blocks == kv.Blocks) return kv.Tokens;
        return transfer.Groups == 1 ? Math.Min(kv.Tokens, blocks * InferenceEngine.BlockTokens) : 0;
    }
}

/// <summary>A save as it was read.</summary>
/// <param name="Mind">What it says.</param>
/// <param name="Check">Makes errors of it.</param>
/// <param name="IsOfThisModel">Whether the runtime has the model that it was made with.</param>
/// <param name="Blocks">Its keys and values, where they can be used.</param>
internal sealed record SaveContent(SavedMind Mind, SavedMindCheck Check, bool IsOfThisModel, IReadOnlyList<byte[]> Blocks);
