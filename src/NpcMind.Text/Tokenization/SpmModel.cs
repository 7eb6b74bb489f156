using System.Globalization;
using System.Text;
using NpcMind.Gguf;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// SentencePiece's byte pair encoding: merge the pair whose concatenation is the token of highest score; characters that are no token
/// become byte tokens. Source: Kudo and Richardson 2018.
/// </summary>
internal sealed class SpmModel : TokenModel
{
    private const string ScoresKey = "tokenizer.ggml.scores";
    private const char SpaceChar = '\u2581';
    private readonly uint[] _priorities;
    private readonly int[] _byteTokens = new int[256];
    private readonly bool _addsSpace;
    private readonly bool _spacesLeadWords;
    private readonly int? _unknownId;

    private SpmModel(Vocabulary vocabulary, uint[] priorities, bool addsSpace, int? unknownId)
        : base(vocabulary)
    {
        _priorities = priorities;
        _addsSpace = addsSpace;
        _unknownId = unknownId;
        _spacesLeadWords = true;
        Array.Fill(_byteTokens, -1);
        for (int id = vocabulary.Count - 1; id >= 0; id--)
        {
            if (vocabulary.Type(id) == TokenType.Byte && vocabulary.Bytes(id).Length == 1) _byteTokens[vocabulary.Bytes(id)[0]] = id;
        }

        long bytes = 0;
        for (int id = 0; id < vocabulary.Count; id++) bytes += Merges(vocabulary, id) ? vocabulary.Utf8(id).Length : 0;
        Table.Reserve(bytes);
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (!Merges(vocabulary, id)) continue;
            Table.TryAdd(vocabulary.Utf8(id), id);
            _spacesLeadWords &= !HasSpaceInside(vocabulary.Utf8(id));
        }
    }

    /// <summary>U+2581, which stands for a space in token texts.</summary>
    public static ReadOnlySpan<byte> Space => "\u2581"u8;

    /// <summary>Reads the scores, of which there may be too many, not too few. A score that is not a number is the lowest.</summary>
    /// <exception cref="GgufFormatException">Scores are missing or fewer than tokens.</exception>
    public static SpmModel Read(GgufMetadata metadata, Vocabulary vocabulary, bool addsSpace, int? unknownId)
    {
        GgufValue? scores = metadata.Numbers(ScoresKey);
        if (scores is null || scores.Count < vocabulary.Count)
            throw metadata.Wrong(ScoresKey, string.Create(CultureInfo.InvariantCulture, $"a score for each of {vocabulary.Count} tokens"));
        uint[] priorities = new uint[vocabulary.Count];
        for (int id = 0; id < priorities.Length; id++) priorities[id] = Priority((float)scores.Number(id));
        return new SpmModel(vocabulary, priorities, addsSpace, unknownId);
    }

    public override void Encode(ReadOnlySpan<char> text, EncodeScratch scratch, List<int> ids)
    {
        if (text.IsEmpty) return;
        int prefix = _addsSpace ? 1 : 0;
        int count = checked(text.Length + prefix);
        scratch.ReserveChars(count);
        scratch.ReserveUtf8(checked(count * 3));
        scratch.Chars[0] = SpaceChar;
        text.Replace(scratch.Chars.AsSpan(prefix), ' ', SpaceChar);
        int length = Encoding.UTF8.GetBytes(scratch.Chars.AsSpan(0, count), scratch.Utf8); // ill-formed: U+FFFD
        ReadOnlySpan<byte> rest = scratch.Utf8.AsSpan(0, length);
        while (!rest.IsEmpty)
        {
            int word = _spacesLeadWords ? WordLength(rest) : rest.Length;
            EncodePiece(rest[..word], scratch, ids, takesWhole: false);
            rest = rest[word..];
        }
    }

    protected override void MergeSymbols(ReadOnlySpan<byte> piece, MergeList symbols)
    {
        for (int at = 0; at < piece.Length;)
        {
            int length = piece[at] switch { < 0x80 => 1, < 0xE0 => 2, < 0xF0 => 3, _ => 4 };
            int id = Table.Find(piece.Slice(at, length));
            symbols.Add(id < 0 ? int.MaxValue : id, at);
            at += length;
        }

        symbols.Merge(piece, new ByScore(Table, _priorities));
    }

    /// <summary>Byte tokens; the unknown token where one is missing, once for the character.</summary>
    protected override void AddUnknown(ReadOnlySpan<byte> bytes, List<int> ids)
    {
        int before = ids.Count;
        foreach (byte value in bytes)
        {
            if (_byteTokens[value] >= 0)
            {
                ids.Add(_byteTokens[value]);
                continue;
            }

            ids.RemoveRange(before, ids.Count - before);
            if (_unknownId is { } unknown) ids.Add(unknown);
            return;
        }
    }

    /// <summary>Whether text may merge into a token. Control tokens are left out.</summary>
    private static bool Merges(Vocabulary vocabulary, int id) =>
        vocabulary.Type(id) is TokenType.Normal or TokenType.Undefined or TokenType.UserDefined
            && vocabulary.Utf8(id).Length is > 0 and <= Vocabulary.MaxWrittenBytes;

    /// <summary>
    /// Length of the first word with the spaces before it. Where no token has a space after something else, no merge crosses its end.
    /// </summary>
    private static int WordLength(ReadOnlySpan<byte> text)
    {
        int at = 0;
        while (text[at..].StartsWith(Space)) at += Space.Length;
        int space = text[at..].IndexOf(Space);
        return space < 0 ? text.Length : at + space;
    }

    private static bool HasSpaceInside(ReadOnlySpan<byte> text) => WordLength(text) < text.Length;

    /// <summary>Order-preserving: the higher the score the lower the number; all numbers below <see cref="uint.MaxValue"/>.</summary>
    private static uint Priority(float score)
    {
        if (float.IsNaN(score)) score = float.NegativeInfinity;
        uint bits = BitConverter.SingleToUInt32Bits(score + 0f); // -0 and 0 are one score
        uint ascending = (bits & 0x80000000) != 0 ? ~bits : bits | 0x80000000;
        return ~ascending;
    }

    private readonly struct ByScore(ByteTable table, uint[] priorities) : IMergeRule
    {
        public bool TryMerge(int left, int right, ReadOnlySpan<byte> bytes, out uint priority, out int product)
        {
            product = table.Find(bytes);
            priority = product < 0 ? uint.MaxValue : priorities[product];
            return product >= 0;
        }
    }
}
