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
        bool alive = runtime.TryFlush();
        if (alive) CheckDrawn(npc);
        if (alive && Images(npc).Exists(s => !s.IsReady)) alive = runtime.TryFinishLooking();
        MindSnapshot snapshot = new(runtime, npc);
        // With host memory full of waiting minds there is no way to fetch them: the log is read again instead.
        KvTransfer kv = runtime.Engine.Transfer;
        bool isRead = alive && runtime.Scheduler.IsCacheSound && kv.FreeHostBlocks > 0;
        SavedKv? shape = isRead ? KeysAndValues(runtime, npc.Mind) : null;
        KvReader? reader = shape is null
            ? null : new KvReader(runtime.Engine, npc.Mind.Slot, shape.FirstToken, shape.FirstToken + shape.Tokens, shape.Blocks);
        SaveCodec.Write(stream, snapshot.Mind(snapshot.IsSeen, shape), reader is null ? null : reader.Read);
    }

    /// <summary>What a mind is to be saved with.</summary>
    public static List<TurnImage> Images(Npc npc) => [.. npc.Mind.Seen.Concat(npc.PendingImages).Distinct()];

    /// <exception cref="InvalidOperationException">An image has not been drawn.</exception>
    public static void CheckDrawn(Npc npc)
    {
        if (Images(npc).Exists(s => s.Image is { IsDrawn: false }))
            throw new InvalidOperationException(
                $"'{npc.Name}' is to see an image that has not been drawn yet: draw it and call NpcImage.MarkDrawn, then save.");
    }

    /// <summary>The keys and values that the cache holds of a mind after what it shares; null for none.</summary>
    public static SavedKv? KeysAndValues(NpcRuntime runtime, Mind mind)
    {
        if (mind.Slot < 0) return null;
        KvTransfer kv = runtime.Engine.Transfer;
        int first = mind.Shared / InferenceEngine.BlockTokens * InferenceEngine.BlockTokens;
        // Chunked layers may have given back what the token after the settled ones sees: then what can be gone on from is saved.
        int settled = kv.Resumable(mind.Slot, Math.Min(runtime.Scheduler.Committed(mind), mind.Tokens.Count));
        int blocks = settled <= first ? 0 : kv.SavedBlocks(first, settled);
        return blocks == 0 ? null : new SavedKv(first, settled - first, blocks, checked((int)kv.BlockBytes));
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
