using System.Runtime.InteropServices;
using NpcMind.Inference;

namespace NpcMind;

/// <summary>Writes minds to saves; <see cref="MindLoader"/> reads them.</summary>
internal static class MindSaves
{
    /// <summary>Roles of saved turns.</summary>
    internal const byte Heard = 0, Said = 1, Overheard = 2, Seen = 3;

    /// <summary>Phase of a saved reply: any other is the action, and the <see cref="ReplyEnd"/> of the speech before it.</summary>
    internal const byte Speech = 0;

    public static void Save(NpcRuntime runtime, Npc npc, Stream stream)
    {
        ObjectDisposedException.ThrowIf(npc.IsDisposed, npc);
        Mind mind = npc.Mind;
        List<TurnImage> turnImages = [.. mind.Seen.Concat(npc.PendingImages).Distinct()];
        bool alive = runtime.TryFlush();
        if (alive && turnImages.Exists(s => s.Image is { IsDrawn: false }))
            throw new InvalidOperationException(
                $"'{npc.Name}' is to see an image that has not been drawn yet: draw it and call NpcImage.MarkDrawn, then save.");
        if (alive && turnImages.Exists(s => !s.IsReady)) alive = runtime.TryFinishLooking();
        // A lost device cannot finish a picture, nor give back keys and values: the mind is saved as its words, and read again.
        bool seen = turnImages.All(s => s.IsReady);
        if (!seen) turnImages.Clear();
        KvTransfer kv = runtime.Engine.Transfer;
        int first = mind.Shared / InferenceEngine.BlockTokens * InferenceEngine.BlockTokens;
        // Chunked layers may have given back what the token after the settled ones sees: then what can be gone on from is saved.
        bool isRead = mind.Slot >= 0 && alive && runtime.Scheduler.IsCacheSound;
        int settled = isRead ? kv.Resumable(mind.Slot, Math.Min(runtime.Scheduler.Committed(mind), mind.Tokens.Count)) : 0;
        int blocks = settled <= first ? 0 : kv.SavedBlocks(first, settled);
        // With host memory full of waiting minds there is no way to fetch them: the log is read again instead.
        if (blocks > 0 && kv.FreeHostBlocks == 0) blocks = 0;
        ReadOnlySpan<int> tokens = mind.Tokens.Span;
        Reply? reply = mind.Reply;
        SavedMind saved = new()
        {
            Name = npc.Name,
            Persona = npc.Persona,
            Date = npc.Date,
            ModelFingerprint = seen ? runtime.ModelFingerprint : new byte[runtime.ModelFingerprint.Length],
            CacheFingerprint = runtime.CacheFingerprint,
            PrefixFingerprint = Fingerprints.Tokens(tokens[..mind.Shared]),
            PrefixTokens = mind.Shared,
            Turns = [.. Turns(npc, mind, turnImages)],
            Tokens = Plain(runtime, tokens[mind.Shared..]),
            Pictures = [
                .. turnImages.Select(s => new SavedPicture(s.Layout, s.Width, MemoryMarshal.AsBytes(s.Features.AsSpan()).ToArray()))],
            Slots = seen ? Slots(mind, tokens[mind.Shared..], turnImages) : [],
            Sampler = Sampler(npc.Sampler(npc.Reply?.Options ?? runtime.DefaultReplyOptions)),
            Reply = reply is null ? null : new SavedReply
            {
                Phase = reply.InAction ? (byte)reply.SpeechEnd : Speech,
                Text = reply.Text,
                GeneratedTokens = reply.Words.Tokens,
                MaximumTokens = reply.Options.MaxTokens,
                MaximumThoughtTokens = reply.Options.MaxThoughtTokens,
                ShowsThoughts = reply.Options.ShowThoughts,
                EndsAtSentence = reply.Options.EndAtSentence,
                ReadCharacters = Math.Min(reply.ReadCharacters, reply.Characters),
                HeardCharacters = Math.Min(reply.ReadCharacters, reply.Characters),
                StopStrings = reply.Options.StopStrings,
                Action = reply.Options.Action?.FullName,
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

    /// <summary>Tokens as a vocabulary has them: the places of feature rows have the token they are known by.</summary>
    internal static int[] Plain(NpcRuntime runtime, ReadOnlySpan<int> tokens)
    {
        int[] plain = tokens.ToArray();
        for (int i = 0; i < plain.Length; i++)
            if (plain[i] < 0) plain[i] = runtime.ImageQueue!.Format.SlotToken;
        return plain;
    }

    /// <summary>What each token is in its picture, for models that look at it; else nothing.</summary>
    internal static PictureRow[] Places(Mind mind, ReadOnlySpan<int> tokens)
    {
        if (mind.Seen.Count == 0) return [];
        PictureRow[] places = new PictureRow[tokens.Length];
        for (int i = 0; i < places.Length; i++)
            if (tokens[i] < 0) places[i] = mind.TurnImage(tokens[i]).Place(PictureToken.Row(tokens[i]));
        return places;
    }

    /// <summary>Where feature rows stand in a log.</summary>
    private static List<SavedSlots> Slots(Mind mind, ReadOnlySpan<int> tokens, List<TurnImage> turnImages)
    {
        List<SavedSlots> slots = [];
        for (int i = 0; i < tokens.Length; i++)
        {
            if (tokens[i] >= 0) continue;
            int picture = turnImages.IndexOf(mind.TurnImage(tokens[i])), row = PictureToken.Row(tokens[i]);
            if (slots.Count > 0 && slots[^1] is var last && last.Picture == picture && last.FirstToken + last.Count == i
                && last.FirstRow + last.Count == row) slots[^1] = last with { Count = last.Count + 1 };
            else slots.Add(new SavedSlots(i, picture, row, 1));
        }

        return slots;
    }

    private static List<SavedTurn> Turns(Npc npc, Mind mind, List<TurnImage> turnImages)
    {
        int at = mind.Tokens.Count - mind.Shared;
        List<SavedTurn> turns = [];
        for (int i = npc.History.Count - 1; i >= 0; i--)
        {
            Turn turn = npc.History[i];
            int said = turn.Reply is { IsDone: false } open ? mind.Tokens.Count - open.FirstToken : turn.SaidTokens;
            at -= said;
            turns.Add(new SavedTurn(Said, npc.Name, turn.Said, at, said));
            int heard = i == 0 ? at : turn.HeardTokens; // the first turn's opening is partly shared
            at -= heard;
            turns.Add(new SavedTurn(Heard, "", turn.Heard, at, heard)
            {
                Pictures = [.. turn.Seen.Select(s => turnImages.IndexOf(s)).Where(i => i >= 0)],
                OverheardCharacters = turn.OverheardCharacters,
            });
        }

        turns.Reverse();
        if (npc.PendingImages.Count > 0 && turnImages.Count > 0)
            turns.Add(new SavedTurn(Seen, "", "", mind.Tokens.Count - mind.Shared, 0)
            { Pictures = [.. npc.PendingImages.Select(s => turnImages.IndexOf(s))] });
        foreach (string line in npc.Pending) turns.Add(new SavedTurn(Overheard, "", line, mind.Tokens.Count - mind.Shared, 0));
        return turns;
    }

    private static SavedSampler Sampler(SamplerSettings s) =>
        new(s.Temperature, s.TopK, s.TopP, s.MinP, s.RepetitionPenalty, s.FrequencyPenalty, s.PresencePenalty, s.PenaltyTokens, s.Seed);

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
