using NpcMind.Reference;
using NpcMind.Vision;

namespace NpcMind.Tests.Persistence;

/// <summary>
/// Saves that are sound but lie: a field of the mind that is changed, a list with an element more or less, swapped or repeated, a number
/// that another field contradicts. The checksums are made right again by whoever writes them. The same seed gives the same lie.
/// </summary>
internal static class SaveMutations
{
    private static readonly int[] Numbers =
        [0, 1, -1, 2, 7, 8, 16, 63, 127, 128, 255, 256, 1000, 4096, 65_535, 1 << 20, int.MaxValue, int.MinValue, int.MaxValue - 1];

    private static readonly string[] Texts =
    [
        "", " ", "x", "Mira", "\n", "Player: yes", "\uE000\uE001\uE002", "\uE000\uE003\uE002", "<|image|>", "<|patch|>",
        "<|begin_of_text|>", "{{ messages }}", "{% raw %}",
        "\0", "Zw\u00F6lf", "\uD83D\uDC09", "\uFFFD", new string('i', 800), new string('\n', 300),
        string.Concat(Enumerable.Repeat("the miller said ", 60)),
    ];

    private static readonly string[] Grammars =
    [
        "", "root ::= \"a\"", "root ::= \"a", "root ::= root", "root ::= (\"a\"?){10000} (\"b\"?){10000}", "root ::= [a-z]*", "root ::= .*",
        "root ::= \"\uD83D\uDC09\"", "root ::= \"\"",
        "x ::= \"a\"", "root ::= (\"yes\" | \"no\" | [a-z]) (\", \" root)?",
    ];

    /// <summary>The mind with one to three lies.</summary>
    public static SavedMind Mutate(SavedMind mind, TinyRandom random)
    {
        for (int lies = 1 + random.Below(3); lies > 0; lies--) mind = Lie(mind, random);
        return mind;
    }

    private static SavedMind Lie(SavedMind mind, TinyRandom random)
    {
        switch (random.Below(24))
        {
            case 0: return mind with { Name = Text(mind.Name, random) };
            case 1: return mind with { Persona = Text(mind.Persona, random) };
            case 2: return mind with { ModelFingerprint = Bytes(mind.ModelFingerprint, random) };
            case 3: return mind with { CacheFingerprint = Text(mind.CacheFingerprint, random) };
            case 4: return mind with { PrefixFingerprint = Bytes(mind.PrefixFingerprint, random) };
            case 5: return mind with { PrefixTokens = Number(mind.PrefixTokens, random) };
            case 6 or 7 or 8: return mind with { Tokens = Tokens(mind.Tokens, random) };
            case 9: return mind with { DroppedTokens = Number((int)mind.DroppedTokens, random) };
            case 10 or 11: return mind with { Turns = List(mind.Turns, random) };
            case 12 or 13 or 14: return mind with { Turns = Change(mind.Turns, Turn, random) };
            case 15: return mind with { Pictures = List(mind.Pictures, random) };
            case 16: return mind with { Pictures = Change(mind.Pictures, Picture, random) };
            case 17: return mind with { Slots = List(mind.Slots, random) };
            case 18: return mind with { Slots = Change(mind.Slots, Slots, random) };
            case 19: return mind with { Sampler = Sampler(mind.Sampler, random) };
            case 20 or 21: return mind with { Reply = Reply(mind.Reply, random) };
            case 22: return mind with { Kv = Kv(mind.Kv, random) };
            default: return mind with { Turns = [.. mind.Turns, Turn(mind, random)] };
        }
    }

    /// <summary>A turn behind the last one.</summary>
    private static SavedTurn Turn(SavedMind mind, TinyRandom random) =>
        new((byte)random.Below(5), Text("", random), Text("", random), mind.Tokens.Length, 0);

    private static SavedTurn Turn(SavedTurn turn, TinyRandom random) => random.Below(8) switch
    {
        0 => turn with { Role = (byte)random.Below(6) },
        1 => turn with { Speaker = Text(turn.Speaker, random) },
        2 or 3 => turn with { Text = Text(turn.Text, random) },
        4 => turn with { FirstToken = Number(turn.FirstToken, random) },
        5 => turn with { Tokens = Number(turn.Tokens, random) },
        6 => turn with { OverheardCharacters = Number(turn.OverheardCharacters, random) },
        _ => turn with { Pictures = Tokens(turn.Pictures, random) },
    };

    private static SavedPicture Picture(SavedPicture picture, TinyRandom random) => random.Below(5) switch
    {
        0 => picture with { Layout = List(picture.Layout, random) },
        1 or 2 => picture with { Layout = Change(picture.Layout, Piece, random) },
        3 => picture with { Width = Number(picture.Width, random) },
        _ => picture with { Features = Bytes(picture.Features, random) },
    };

    private static ImagePiece Piece(ImagePiece piece, TinyRandom random) => random.Below(4) switch
    {
        0 => piece with { Text = Text(piece.Text, random) },
        1 => piece with { Tile = Number(piece.Tile, random) },
        2 => piece with { FirstFeature = Number(piece.FirstFeature, random) },
        _ => piece with { Count = Number(piece.Count, random) },
    };

    private static SavedSlots Slots(SavedSlots slots, TinyRandom random) => random.Below(4) switch
    {
        0 => slots with { FirstToken = Number(slots.FirstToken, random) },
        1 => slots with { Picture = Number(slots.Picture, random) },
        2 => slots with { FirstRow = Number(slots.FirstRow, random) },
        _ => slots with { Count = Number(slots.Count, random) },
    };

    private static SavedSampler Sampler(SavedSampler s, TinyRandom random) => random.Below(9) switch
    {
        0 => s with { Temperature = Float(random) },
        1 => s with { TopK = Number(s.TopK, random) },
        2 => s with { TopP = Float(random) },
        3 => s with { MinP = Float(random) },
        4 => s with { RepetitionPenalty = Float(random) },
        5 => s with { FrequencyPenalty = Float(random) },
        6 => s with { PresencePenalty = Float(random) },
        7 => s with { PenaltyTokens = Number(s.PenaltyTokens, random) },
        _ => s with { Seed = random.Next() },
    };

    private static SavedReply? Reply(SavedReply? reply, TinyRandom random)
    {
        if (reply is null)
        {
            return new SavedReply
            {
                Phase = (byte)random.Below(8),
                Text = Text("", random),
                GeneratedTokens = Number(0, random),
                HeardCharacters = 0,
                MaximumTokens = Number(9, random),
            };
        }

        return random.Below(13) switch
        {
            0 => null,
            1 => reply with { Phase = (byte)random.Below(9) },
            2 => reply with { Text = Text(reply.Text, random) },
            3 => reply with { GeneratedTokens = Number(reply.GeneratedTokens, random) },
            4 => reply with { MaximumTokens = Number(reply.MaximumTokens, random) },
            5 => reply with { ReadCharacters = Number(reply.ReadCharacters, random) },
            6 => reply with { HeardCharacters = Number(reply.HeardCharacters, random) },
            7 => reply with { UndecodedBytes = Bytes(reply.UndecodedBytes, random) },
            8 => reply with { StopStrings = StopStrings(reply.StopStrings, random) },
            9 => reply with { Action = random.Below(3) == 0 ? null : random.Below(2) == 0 ? "Gesture" : Text(reply.Action ?? "", random) },
            10 => reply with { Grammar = random.Below(4) == 0 ? null : Grammars[random.Below(Grammars.Length)] },
            11 => reply with { ConstraintBytes = Bytes(reply.ConstraintBytes, random) },
            _ => reply with { PendingTokens = Tokens(reply.PendingTokens, random) },
        };
    }

    private static List<string> StopStrings(IReadOnlyList<string> stops, TinyRandom random) =>
        random.Below(3) == 0 ? [.. Enumerable.Repeat("the", 5000)] : [.. stops, Text("e", random)];

    private static SavedKv? Kv(SavedKv? kv, TinyRandom random)
    {
        if (kv is null) return new SavedKv(Number(0, random), Number(8, random), random.Below(4), 16 * random.Below(9));
        return random.Below(5) switch
        {
            0 => null,
            1 => kv with { FirstToken = Number(kv.FirstToken, random) },
            2 => kv with { Tokens = Number(kv.Tokens, random) },
            3 => kv with { Blocks = Number(kv.Blocks, random) },
            _ => kv with { BytesPerBlock = Number(kv.BytesPerBlock, random) },
        };
    }

    private static int[] Tokens(int[] tokens, TinyRandom random)
    {
        if (random.Below(2) == 0) return [.. List(tokens, random)];
        return [.. Change(tokens, Number, random)];
    }

    private static int Number(int number, TinyRandom random) => random.Below(4) switch
    {
        0 => unchecked(number + 1),
        1 => unchecked(number - 1),
        2 => random.Below(600),
        _ => Numbers[random.Below(Numbers.Length)],
    };

    private static float Float(TinyRandom random)
    {
        float[] floats = [0, 1, -1, 0.5f, 2, 1e30f, 1e-30f, float.NaN, float.PositiveInfinity, float.MaxValue, -0f];
        return floats[random.Below(floats.Length)];
    }

    private static string Text(string text, TinyRandom random)
    {
        if (random.Below(2) == 0 || text.Length == 0) return Texts[random.Below(Texts.Length)];
        int at = random.Below(text.Length);
        return random.Below(3) switch
        {
            0 => text[..at],
            1 => text[..at] + Texts[random.Below(Texts.Length)] + text[at..],
            _ => text + text,
        };
    }

    private static byte[] Bytes(byte[] bytes, TinyRandom random)
    {
        if (bytes.Length == 0) return [(byte)random.Next(), (byte)'"', (byte)'a'];
        byte[] other = [.. bytes];
        other[random.Below(other.Length)] ^= (byte)(1 << random.Below(8));
        return random.Below(4) switch { 0 => other[..random.Below(other.Length)], 1 => [.. other, 0, 255], _ => other };
    }

    /// <summary>One element changed.</summary>
    private static List<T> Change<T>(IReadOnlyList<T> list, Func<T, TinyRandom, T> change, TinyRandom random)
    {
        List<T> other = [.. list];
        if (other.Count == 0) return other;
        int at = random.Below(other.Count);
        other[at] = change(other[at], random);
        return other;
    }

    /// <summary>One element gone, twice, elsewhere, or many times; or a part of the list.</summary>
    private static List<T> List<T>(IReadOnlyList<T> list, TinyRandom random)
    {
        List<T> other = [.. list];
        if (other.Count == 0) return other;
        int at = random.Below(other.Count), to = random.Below(other.Count);
        switch (random.Below(6))
        {
            case 0: other.RemoveAt(at); break;
            case 1: other.Insert(to, other[at]); break;
            case 2: (other[at], other[to]) = (other[to], other[at]); break;
            case 3: other.InsertRange(to, Enumerable.Repeat(other[at], random.Below(20) == 0 ? 400 : 3)); break;
            case 4: other.RemoveRange(at, other.Count - at); break;
            default: other.AddRange(list); break;
        }

        return other;
    }
}
