using System.Runtime.InteropServices;
using NpcMind.Inference;

namespace NpcMind;

/// <summary>Holds what a save says against the rest of it and against the model it is to be read with. A save may be crafted: its checksums
/// prove nothing.</summary>
internal readonly struct SavedMindCheck(SavedMind saved, string place, long offset)
{
    private const int MaxStopStrings = 4096;
    private const int MaxStopCharacters = 1 << 16;

    public SaveFormatException Error(FormattableString expected, FormattableString found, Exception? inner = null) =>
        new(place, offset, FormattableString.Invariant(expected), FormattableString.Invariant(found), inner: inner);

    /// <summary>What holds for every model: turns in order, pictures that a turn names, a reply that belongs to the last turn.</summary>
    public void Structure()
    {
        if (saved.Name.Length == 0) throw Error($"a name", $"none");
        TurnOrder();
        bool[] named = new bool[saved.Pictures.Count];
        foreach (int picture in saved.Turns.SelectMany(t => t.Pictures)) named[picture] = true;
        if (Array.IndexOf(named, false) is >= 0 and int ghost) throw Error($"a turn that picture {ghost} belongs to", $"none");
        foreach (SavedPicture picture in saved.Pictures)
            foreach (float value in MemoryMarshal.Cast<byte, float>(picture.Features))
                if (!float.IsFinite(value)) throw Error($"finite numbers in a picture's features", $"{value}");
        if (saved.Reply is { } reply) Reply(reply);
    }

    /// <summary>What holds for the model that the save was made with: tokens that it has, turns that make up the log, blocks of the right
    /// number and size.</summary>
    public void Tokens(NpcRuntime runtime)
    {
        int vocabulary = Math.Min(runtime.Tokenizer.VocabularySize, runtime.Engine.Config.Vocabulary);
        int at = Array.FindIndex(saved.Tokens, t => t >= vocabulary);
        if (at >= 0) throw Error($"token {at} to be an id below {vocabulary}", $"{saved.Tokens[at]}");
        int end = 0;
        for (int i = 0; i < saved.Turns.Count; i++)
        {
            SavedTurn turn = saved.Turns[i];
            bool talk = turn.Role is MindSaves.Heard or MindSaves.Said;
            int first = talk ? end : saved.Tokens.Length;
            if (turn.FirstToken != first || (!talk && turn.Tokens > 0))
                throw Error(
                    $"turn {i} to begin at token {first}{(talk ? "" : " and to have none")}",
                    $"{turn.Tokens} tokens from {turn.FirstToken}");
            if (talk) end += turn.Tokens;
            bool last = talk && (i + 1 == saved.Turns.Count || saved.Turns[i + 1].Role is not (MindSaves.Heard or MindSaves.Said));
            if (last && end != saved.Tokens.Length) throw Error($"turns of {saved.Tokens.Length} tokens in all", $"{end}");
            if (last && saved.Reply is { } reply) ReplyTokens(runtime, reply, turn);
        }

        if (saved.CacheFingerprint.Equals(runtime.CacheFingerprint, StringComparison.Ordinal)
            && BlockViolation(runtime, saved) is (string expected, string found)) throw Error($"{expected}", $"{found}");
    }

    /// <summary>What the KV blocks of a save, made where this runtime runs, have wrong; null for nothing.</summary>
    public static (string Expected, string Found)? BlockViolation(NpcRuntime runtime, SavedMind saved)
    {
        if (saved.Kv is not { } kv) return null;
        KvTransfer transfer = runtime.Engine.Transfer;
        int first = saved.PrefixTokens / InferenceEngine.BlockTokens * InferenceEngine.BlockTokens;
        if (kv.FirstToken != first) return ($"KV blocks from token {first} on", $"{kv.FirstToken}");
        if (kv.BytesPerBlock != transfer.BlockBytes) return ($"KV blocks of {transfer.BlockBytes} bytes", $"{kv.BytesPerBlock}");
        int blocks = kv.Tokens == 0 ? 0 : transfer.SavedBlocks(first, first + kv.Tokens);
        return kv.Blocks == blocks ? null : ($"{blocks} KV blocks for {kv.Tokens} tokens", $"{kv.Blocks}");
    }

    /// <summary>Every feature row of the log belongs to a picture of the turn it stands in, and every picture of a turn stands there, whole
    /// and in order.</summary>
    /// <param name="log">Token log with feature rows.</param>
    /// <param name="turnImages">The pictures.</param>
    public void PictureRows(int[] log, TurnImage[] turnImages)
    {
        for (int i = 0; i < saved.Turns.Count; i++)
        {
            SavedTurn turn = saved.Turns[i];
            if (turn.Role is not (MindSaves.Heard or MindSaves.Said)) continue;
            ReadOnlySpan<int> tokens = log.AsSpan(turn.FirstToken, turn.Tokens);
            foreach (int picture in turn.Pictures)
            {
                ReadOnlySpan<int> whole = turnImages[picture].Tokens;
                int at = FirstRow(tokens) - FirstRow(whole);
                if (at < 0 || FirstRow(tokens) == tokens.Length || !tokens[at..].StartsWith(whole))
                    throw Error($"picture {picture}, whole, in the tokens of turn {i}", $"other tokens");
                tokens = tokens[(at + whole.Length)..];
            }

            if (FirstRow(tokens) < tokens.Length) throw Error($"rows of the pictures of turn {i} alone in its tokens", $"rows of others");
        }
    }

    /// <summary>What is heard and what is said take turns; then at most one look, then what was overheard.</summary>
    private void TurnOrder()
    {
        byte before = MindSaves.Said;
        for (int i = 0; i < saved.Turns.Count; i++)
        {
            SavedTurn turn = saved.Turns[i];
            bool follows = turn.Role switch
            {
                MindSaves.Heard => before == MindSaves.Said,
                MindSaves.Said => before == MindSaves.Heard,
                MindSaves.Seen => before == MindSaves.Said,
                MindSaves.Overheard => before != MindSaves.Heard,
                _ => false,
            };
            if (!follows) throw Error($"turn {i} to be one that can follow a turn of role {before}", $"role {turn.Role}");
            int most = turn.Role switch { MindSaves.Heard or MindSaves.Seen => Conversation.MaxPendingImages, _ => 0 };
            if (turn.Pictures.Length > most) throw Error($"at most {most} pictures with turn {i}", $"{turn.Pictures.Length}");
            if (turn.OverheardCharacters > 0 && turn.Role != MindSaves.Heard)
                throw Error($"overheard text in what is heard alone", $"some in turn {i}");
            before = turn.Role;
        }

        if (before == MindSaves.Heard) throw Error($"an answer, be it empty, to the last turn", $"the end of the turns");
    }

    private void Reply(SavedReply reply)
    {
        if (!saved.Turns.Any(t => t.Role == MindSaves.Said)) throw Error($"a turn that the reply belongs to", $"none");
        if (!Enum.IsDefined((ReplyEnd)reply.Phase)) throw Error($"a phase of a reply", $"{reply.Phase}");
        if (reply.Phase != MindSaves.Speech && reply.Action is null) throw Error($"an action that the reply goes on with", $"none");
        if (reply.MaximumTokens < Math.Max(1, reply.GeneratedTokens))
            throw Error($"at least {Math.Max(1, reply.GeneratedTokens)} tokens allowed to the reply", $"{reply.MaximumTokens}");
        if (reply.StopStrings.Count > MaxStopStrings) throw Error($"at most {MaxStopStrings} stop strings", $"{reply.StopStrings.Count}");
        long characters = reply.StopStrings.Sum(t => (long)t.Length);
        if (characters > MaxStopCharacters) throw Error($"stop strings of at most {MaxStopCharacters} characters in all", $"{characters}");
        if (reply.StopStrings.Any(t => t.Length == 0)) throw Error($"stop strings with text", $"an empty one");
    }

    private void ReplyTokens(NpcRuntime runtime, SavedReply reply, SavedTurn said)
    {
        if (reply.GeneratedTokens > said.Tokens) throw Error($"a reply of at most {said.Tokens} tokens", $"{reply.GeneratedTokens}");
        long bytes = 0;
        foreach (int token in saved.Tokens.AsSpan(said.FirstToken)) bytes += runtime.Tokenizer.Bytes(token).Length;
        if (reply.ConstraintBytes.Length > bytes)
            throw Error($"at most the {bytes} bytes of the reply's tokens under its grammar", $"{reply.ConstraintBytes.Length}");
    }

    private static int FirstRow(ReadOnlySpan<int> tokens)
    {
        int at = tokens.IndexOfAnyInRange(int.MinValue, -1);
        return at < 0 ? tokens.Length : at;
    }
}
