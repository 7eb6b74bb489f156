using System.Text.Json;
using CsCheck;
using NpcMind.Vision;

namespace NpcMind.Tests.Persistence;

/// <summary>Random minds that obey the rules, and what tests do with them.</summary>
internal static class SavedMinds
{
    private static readonly Gen<string> Text = Gen.OneOf(
        Gen.String[Gen.Char[' ', '\u024F'], 0, 300],
        Gen.OneOfConst("", "Hälló, wörld", "日本語テキスト", "\0\n\t", "🐉 breathes 🔥", new string('x', 70_000)));

    private static readonly Gen<byte[]> Fingerprint = Gen.Byte.Array[SavedMind.FingerprintBytes];
    private static readonly Gen<int[]> Tokens = Gen.OneOf(Gen.Int[0, 150_000], Gen.Int[0, int.MaxValue]).Array[0, 400];

    private static readonly Gen<SavedSampler> Sampler =
        from shape in Gen.Select(Gen.Float[0, 5], Gen.Int[0, int.MaxValue], Gen.Float[0, 1], Gen.Float[0, 1])
        from penalty in Gen.Select(Gen.Float[0.01f, 3], Gen.Float[-2, 2], Gen.Float[-2, 2], Gen.Int[0, 4096])
        from seed in Gen.ULong
        select new SavedSampler(shape.Item1, shape.Item2, shape.Item3, shape.Item4, penalty.Item1, penalty.Item2, penalty.Item3,
            penalty.Item4, seed);

    private static readonly Gen<SavedReply> Reply =
        from text in Text
        from heard in Gen.Int[0, text.Length]
        from read in Gen.Int[0, text.Length]
        from numbers in Gen.Select(Gen.Byte, Gen.Int[0, int.MaxValue], Gen.Int[0, int.MaxValue])
        from bytes in Gen.Select(Gen.Byte.Array[0, 3], Gen.Byte.Array[0, 500])
        from asked in Gen.Select(Text.Null(), Text.Null(), Text.List[0, 3])
        from pending in Tokens
        select new SavedReply
        {
            Phase = numbers.Item1,
            Text = text,
            GeneratedTokens = numbers.Item2,
            MaximumTokens = numbers.Item3,
            ReadCharacters = read,
            HeardCharacters = heard,
            UndecodedBytes = bytes.Item1,
            ConstraintBytes = bytes.Item2,
            Action = asked.Item1,
            Grammar = asked.Item2,
            StopStrings = asked.Item3,
            PendingTokens = pending,
        };

    public static Gen<SavedMind> Any { get; } =
        from texts in Gen.Select(Text, Text, Text)
        from fingerprints in Gen.Select(Fingerprint, Fingerprint)
        from prefix in Gen.Int[0, 1_000_000]
        from tokens in Tokens
        from pictures in Picture.List[0, 2]
        from turns in Turns(tokens.Length, pictures.Count)
        from slots in Slots(tokens.Length, pictures)
        from dropped in Gen.Long[0, long.MaxValue]
        from sampler in Sampler
        from reply in Reply.Null()
        from kv in Kv(prefix + tokens.Length).Null()
        select new SavedMind
        {
            Name = texts.Item1,
            ModelFingerprint = fingerprints.Item1,
            CacheFingerprint = texts.Item2,
            PrefixFingerprint = fingerprints.Item2,
            PrefixTokens = prefix,
            Persona = texts.Item3,
            Turns = turns,
            Tokens = tokens,
            Pictures = pictures,
            Slots = slots,
            DroppedTokens = dropped,
            Sampler = sampler,
            Reply = reply,
            Kv = kv,
        };

    public static byte[] Bytes(SavedMind mind)
    {
        using MemoryStream stream = new();
        SaveCodec.Write(stream, mind, WriteBlock);
        return stream.ToArray();
    }

    /// <summary>Every public member of every part, also of members added later: what a codec forgets shows here.</summary>
    public static string Describe(SavedMind mind) => JsonSerializer.Serialize(mind);

    public static void WriteBlock(int block, Span<byte> bytes)
    {
        for (int i = 0; i < bytes.Length; i++) bytes[i] = (byte)((block * 37) + (i * 7) + (i >> 8));
    }

    public static bool IsBlock(int block, ReadOnlySpan<byte> bytes)
    {
        byte[] expected = new byte[bytes.Length];
        WriteBlock(block, expected);
        return bytes.SequenceEqual(expected);
    }

    private static Gen<SavedPicture> Picture =>
        from counts in Gen.Int[1, 5].Array[1, 3]
        from width in Gen.Int[1, 8]
        from features in Gen.Byte.Array[counts.Sum() * width * 4]
        from text in Text
        select new SavedPicture(
            [new ImagePiece(text, -1, 0, 0), .. counts.Select((c, i) => new ImagePiece("<|patch|>", i, counts[..i].Sum(), c))], width,
            features);

    private static Gen<List<SavedTurn>> Turns(int tokens, int pictures) =>
        from cuts in Gen.Int[0, tokens].Array[0, 12].Select(c => c.Order().ToArray())
        from said in Gen.Select(Gen.Byte, Text, Text).Array[cuts.Length / 2]
        from seen in Gen.Int[0, Math.Max(0, pictures - 1)].Array[0, Math.Min(pictures, 3)]
        select said.Select((s, i) => new SavedTurn(s.Item1, s.Item2, s.Item3, cuts[2 * i], cuts[(2 * i) + 1] - cuts[2 * i])
        { Pictures = seen }).ToList();

    private static Gen<List<SavedSlots>> Slots(int tokens, List<SavedPicture> pictures) =>
        from firsts in Gen.Int[0, Math.Max(0, tokens - 1)].Array[0, 4]
        from picture in Gen.Int[0, Math.Max(0, pictures.Count - 1)]
        select pictures.Count == 0 || tokens == 0 ? [] : firsts.Distinct().Order().Select(f => new SavedSlots(f, picture, 0, 1)).ToList();

    private static Gen<SavedKv> Kv(int sequence) =>
        from first in Gen.Int[0, sequence]
        from tokens in Gen.Int[0, sequence - first]
        from blocks in Gen.Int[0, 5]
        from bytes in Gen.Int[0, 12_000]
        select new SavedKv(first, tokens, blocks, bytes);
}
