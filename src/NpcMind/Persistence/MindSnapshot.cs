using System.Runtime.InteropServices;
using NpcMind.Inference;

namespace NpcMind;

/// <summary>
/// What a save holds of a character, as it is when the snapshot is taken; what becomes of it later changes nothing. Feature rows of images
/// that are being encoded may come until <see cref="Mind"/> is called.
/// </summary>
internal sealed class MindSnapshot
{
    private readonly SavedMind _mind;
    private readonly List<TurnImage> _images;

    /// <summary>Takes it. Game's thread; does not wait.</summary>
    public MindSnapshot(NpcRuntime runtime, Npc npc)
    {
        Mind mind = npc.Mind;
        _images = MindSaves.Images(npc);
        ReadOnlySpan<int> tokens = mind.Tokens.Span;
        Reply? reply = mind.Reply;
        _mind = new SavedMind
        {
            Name = npc.Name,
            Persona = npc.Persona,
            Date = npc.Date,
            ModelFingerprint = runtime.ModelFingerprint,
            CacheFingerprint = runtime.CacheFingerprint,
            PrefixFingerprint = Fingerprints.Tokens(tokens[..mind.Shared]),
            PrefixTokens = mind.Shared,
            Turns = Turns(npc, mind, _images),
            Tokens = MindSaves.Plain(runtime, tokens[mind.Shared..]),
            Slots = Slots(mind, tokens[mind.Shared..], _images),
            Sampler = Sampler(npc.Sampler(npc.Reply?.Options ?? runtime.DefaultReplyOptions)),
            Reply = reply is null ? null : new SavedReply
            {
                Phase = reply.InAction ? (byte)reply.SpeechEnd : MindSaves.Speech,
                Text = reply.Text,
                GeneratedTokens = reply.Words.Tokens,
                MaximumTokens = reply.Options.MaxTokens,
                MaximumThoughtTokens = reply.Options.MaxThoughtTokens,
                ShowsThoughts = reply.Options.ShowThoughts,
                EndsAtSentence = reply.Options.EndAtSentence,
                ReadCharacters = Math.Min(reply.ReadCharacters, reply.Characters),
                HeardCharacters = Math.Min(reply.ReadCharacters, reply.Characters),
                StopStrings = [.. reply.Options.StopStrings],
                Action = reply.Options.Action?.FullName,
                Grammar = reply.Options.Grammar?.Text,
                ConstraintBytes = reply.Constraint is { } constraint ? constraint.Bytes.ToArray() : [],
            },
        };
    }

    /// <summary>Images of its turns, and those that it has not been spoken to about.</summary>
    public IReadOnlyList<TurnImage> Images => _images;

    /// <summary>Whether all images are encoded.</summary>
    public bool IsSeen => _images.TrueForAll(i => i.IsReady);

    /// <summary>What is to be written. Any thread.</summary>
    /// <param name="isSeen">Whether all images are encoded. Where one never was, the save is words alone, to be read again.</param>
    /// <param name="kv">Keys and values that go with it; null for none.</param>
    public SavedMind Mind(bool isSeen, SavedKv? kv) => isSeen
        ? _mind with
        {
            Pictures = [
                .. _images.Select(s => new SavedPicture(s.Layout, s.Width, MemoryMarshal.AsBytes(s.Features.AsSpan()).ToArray()))],
            Kv = kv,
        }
        : _mind with
        {
            ModelFingerprint = new byte[_mind.ModelFingerprint.Length],
            Turns = [.. _mind.Turns.Where(t => t.Role != MindSaves.Seen).Select(t => t with { Pictures = [] })],
            Slots = [],
        };

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
            turns.Add(new SavedTurn(MindSaves.Said, npc.Name, turn.Said, at, said));
            int heard = i == 0 ? at : turn.HeardTokens; // the first turn's opening is partly shared
            at -= heard;
            turns.Add(new SavedTurn(MindSaves.Heard, "", turn.Heard, at, heard)
            {
                Pictures = [.. turn.Seen.Select(s => turnImages.IndexOf(s)).Where(i => i >= 0)],
                OverheardCharacters = turn.OverheardCharacters,
            });
        }

        turns.Reverse();
        if (npc.PendingImages.Count > 0 && turnImages.Count > 0)
            turns.Add(new SavedTurn(MindSaves.Seen, "", "", mind.Tokens.Count - mind.Shared, 0)
            { Pictures = [.. npc.PendingImages.Select(s => turnImages.IndexOf(s))] });
        foreach (string line in npc.Pending) turns.Add(new SavedTurn(MindSaves.Overheard, "", line, mind.Tokens.Count - mind.Shared, 0));
        return turns;
    }

    private static SavedSampler Sampler(SamplerSettings s) =>
        new(s.Temperature, s.TopK, s.TopP, s.MinP, s.RepetitionPenalty, s.FrequencyPenalty, s.PresencePenalty, s.PenaltyTokens, s.Seed);
}
