using System.Buffers;
using MessagePack;
using NpcMind.Vision;

namespace NpcMind;

/// <summary>
/// Body of a saved mind: MessagePack arrays, one element per field in the order written here. A later minor version appends fields; it
/// never moves or removes one. Unpaired surrogates in strings become U+FFFD, as they did when the text was tokenized.
/// </summary>
internal static class SavedMindWriter
{
    public static void Write(IBufferWriter<byte> output, SavedMind mind)
    {
        MessagePackWriter writer = new(output);
        writer.WriteArrayHeader(15);
        writer.Write(mind.Name);
        writer.Write(mind.ModelFingerprint);
        writer.Write(mind.CacheFingerprint);
        writer.Write(mind.PrefixFingerprint);
        writer.Write(mind.PrefixTokens);
        writer.Write(mind.Persona);
        writer.WriteArrayHeader(mind.Turns.Count);
        foreach (SavedTurn turn in mind.Turns) Turn(ref writer, turn);
        Tokens(ref writer, mind.Tokens);
        writer.Write(mind.DroppedTokens);
        Sampler(ref writer, mind.Sampler);
        Reply(ref writer, mind.Reply);
        Kv(ref writer, mind.Kv);
        writer.WriteArrayHeader(mind.Pictures.Count);
        foreach (SavedPicture picture in mind.Pictures) Picture(ref writer, picture);
        writer.WriteArrayHeader(mind.Slots.Count);
        foreach (SavedSlots slots in mind.Slots) Tokens(ref writer, [slots.FirstToken, slots.Picture, slots.FirstRow, slots.Count]);
        writer.Write(mind.Date?.Ticks ?? -1);
        writer.Flush();
    }

    private static void Turn(ref MessagePackWriter writer, SavedTurn turn)
    {
        writer.WriteArrayHeader(7);
        writer.Write(turn.Role);
        writer.Write(turn.Speaker);
        writer.Write(turn.Text);
        writer.Write(turn.FirstToken);
        writer.Write(turn.Tokens);
        Tokens(ref writer, turn.Pictures);
        writer.Write(turn.OverheardCharacters);
    }

    private static void Picture(ref MessagePackWriter writer, SavedPicture picture)
    {
        writer.WriteArrayHeader(3);
        writer.WriteArrayHeader(picture.Layout.Count);
        foreach (ImagePiece piece in picture.Layout)
        {
            writer.WriteArrayHeader(5);
            writer.Write(piece.Text);
            writer.Write(piece.Tile);
            writer.Write(piece.FirstFeature);
            writer.Write(piece.Count);
            writer.Write(piece.Columns);
        }

        writer.Write(picture.Width);
        writer.Write(picture.Features);
    }

    private static void Tokens(ref MessagePackWriter writer, int[] tokens)
    {
        writer.WriteArrayHeader(tokens.Length);
        foreach (int token in tokens) writer.Write(token);
    }

    private static void Sampler(ref MessagePackWriter writer, SavedSampler sampler)
    {
        writer.WriteArrayHeader(9);
        writer.Write(sampler.Temperature);
        writer.Write(sampler.TopK);
        writer.Write(sampler.TopP);
        writer.Write(sampler.MinP);
        writer.Write(sampler.RepetitionPenalty);
        writer.Write(sampler.FrequencyPenalty);
        writer.Write(sampler.PresencePenalty);
        writer.Write(sampler.PenaltyTokens);
        writer.Write(sampler.Seed);
    }

    private static void Reply(ref MessagePackWriter writer, SavedReply? reply)
    {
        if (reply is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(15);
        writer.Write(reply.Phase);
        writer.Write(reply.Text);
        writer.Write(reply.GeneratedTokens);
        writer.Write(reply.MaximumTokens);
        writer.Write(reply.ReadCharacters);
        writer.Write(reply.HeardCharacters);
        writer.Write(reply.UndecodedBytes);
        writer.WriteArrayHeader(reply.StopStrings.Count);
        foreach (string stop in reply.StopStrings) writer.Write(stop);
        writer.Write(reply.Action);
        writer.Write(reply.Grammar);
        writer.Write(reply.ConstraintBytes);
        Tokens(ref writer, reply.PendingTokens);
        writer.Write(reply.MaximumThoughtTokens);
        writer.Write(reply.ShowsThoughts);
        writer.Write(reply.EndsAtSentence);
    }

    private static void Kv(ref MessagePackWriter writer, SavedKv? kv)
    {
        if (kv is null)
        {
            writer.WriteNil();
            return;
        }

        writer.WriteArrayHeader(4);
        writer.Write(kv.FirstToken);
        writer.Write(kv.Tokens);
        writer.Write(kv.Blocks);
        writer.Write(kv.BytesPerBlock);
    }
}
