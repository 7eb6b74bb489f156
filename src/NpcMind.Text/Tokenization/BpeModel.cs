using System.Text;
using NpcMind.Gguf;
using NpcMind.Text.Normalization;
using NpcMind.Text.PreTokenization;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// Byte-level byte pair encoding: inside each piece of the pre-tokenizer, merge the pair that stands first in the file's list.
/// Source: Sennrich et al. 2016 (BPE); Radford et al. 2019 (over bytes).
/// </summary>
internal sealed class BpeModel : TokenModel
{
    private const int MaxMergeBytes = 2 * Vocabulary.MaxWrittenBytes + 1; // a byte takes up to two in the byte alphabet
    private const string MergesKey = "tokenizer.ggml.merges";
    private readonly PreTokenizer _preTokenizer;
    private readonly Dictionary<ulong, Merge> _merges;
    private readonly int[] _byteSymbols = new int[256];
    private readonly int? _unknownId;

    private BpeModel(Vocabulary vocabulary, PreTokenizer preTokenizer, int mergeCount, int? unknownId)
        : base(vocabulary)
    {
        _preTokenizer = preTokenizer;
        _merges = new Dictionary<ulong, Merge>(mergeCount);
        _unknownId = unknownId;
    }

    /// <summary>Reads the merges. Entries that are not two texts of the byte alphabet can never apply and are skipped.</summary>
    /// <exception cref="GgufFormatException">The file has no list of merges.</exception>
    public static BpeModel Read(GgufMetadata metadata, Vocabulary vocabulary, PreTokenizer preTokenizer, int? unknownId)
    {
        GgufValue merges = metadata.Strings(MergesKey) ?? throw metadata.Wrong(MergesKey, "the merges of a byte-level vocabulary");
        BpeModel model = new(vocabulary, preTokenizer, merges.Count, unknownId);
        // Control tokens are left out: no text may merge into one. Added tokens come last, they are matched as text before.
        model.AddTokens(TokenType.Normal, TokenType.Undefined);
        model.AddTokens(TokenType.Byte, TokenType.UserDefined);
        int next = vocabulary.Count;
        for (int value = 0; value < 256; value++) model._byteSymbols[value] = model.Intern([(byte)value], ref next);
        byte[] buffer = new byte[256];
        for (int rank = 0; rank < merges.Count; rank++)
        {
            ReadOnlySpan<byte> entry = merges.Utf8(rank);
            int space = entry.Length is < 3 or > MaxMergeBytes ? -1 : entry[1..].IndexOf((byte)' ') + 1;
            if (space <= 0) continue;
            if (buffer.Length < entry.Length) buffer = new byte[entry.Length];
            if (!ByteAlphabet.TryDecode(entry[..space], buffer, out int left)
                || !ByteAlphabet.TryDecode(entry[(space + 1)..], buffer.AsSpan(left), out int right) || right == 0
                || left + right > Vocabulary.MaxWrittenBytes) continue;
            ulong pair = Pair(model.Intern(buffer.AsSpan(0, left), ref next), model.Intern(buffer.AsSpan(left, right), ref next));
            model._merges.TryAdd(pair, new Merge((uint)rank, model.Intern(buffer.AsSpan(0, left + right), ref next)));
        }

        return model;
    }

    public override void Encode(ReadOnlySpan<char> text, EncodeScratch scratch, List<int> ids)
    {
        if (_preTokenizer.Composes) text = Nfc.Normalize(text);
        scratch.ReservePoints(text.Length);
        scratch.ReserveUtf8(checked(text.Length * 3));
        int count = 0, length = 0;
        foreach (Rune rune in text.EnumerateRunes()) // ill-formed: U+FFFD
        {
            scratch.Points[count] = CodePoint.Of(rune.Value);
            scratch.Offsets[count++] = length;
            length += rune.EncodeToUtf8(scratch.Utf8.AsSpan(length));
        }

        scratch.Offsets[count] = length;
        _preTokenizer.Split(scratch.Points.AsSpan(0, count), scratch.Ends, scratch.SpareEnds);
        int start = 0;
        foreach (int end in scratch.Ends)
        {
            int stop = scratch.Offsets[end];
            EncodePiece(scratch.Utf8.AsSpan(start, stop - start), scratch, ids, _preTokenizer.TakesWholePieces);
            start = stop;
        }
    }

    protected override void MergeSymbols(ReadOnlySpan<byte> piece, MergeList symbols)
    {
        for (int i = 0; i < piece.Length; i++) symbols.Add(_byteSymbols[piece[i]], i);
        symbols.Merge(piece, new ByRank(_merges));
    }

    /// <summary>Byte by byte; a byte without a token is the unknown token, or nothing where there is none.</summary>
    protected override void AddUnknown(ReadOnlySpan<byte> bytes, List<int> ids)
    {
        foreach (byte value in bytes)
        {
            if (_byteSymbols[value] < Vocabulary.Count) ids.Add(_byteSymbols[value]);
            else if (_unknownId is { } unknown) ids.Add(unknown);
        }
    }

    /// <summary>
    /// One number for a pair. Multiplied by an odd constant, which loses nothing: the dictionary folds a ulong to left ^ right, which is 0
    /// for every doubled symbol.
    /// </summary>
    private static ulong Pair(int left, int right) => unchecked((((ulong)(uint)left << 32) | (uint)right) * 0x9E3779B97F4A7C15);

    private void AddTokens(TokenType first, TokenType second)
    {
        long bytes = 0;
        for (int id = 0; id < Vocabulary.Count; id++) bytes += IsAdded(id) ? Vocabulary.Bytes(id).Length : 0;
        Table.Reserve(bytes);
        for (int id = 0; id < Vocabulary.Count; id++)
            if (IsAdded(id)) Table.TryAdd(Vocabulary.Bytes(id), id);

        bool IsAdded(int id) =>
            (Vocabulary.Type(id) == first || Vocabulary.Type(id) == second)
            && Vocabulary.Bytes(id).Length is > 0 and <= Vocabulary.MaxWrittenBytes;
    }

    private int Intern(ReadOnlySpan<byte> bytes, ref int next)
    {
        int id = Table.Find(bytes);
        if (id >= 0) return id;
        Table.TryAdd(bytes, next);
        return next++;
    }

    private readonly record struct Merge(uint Rank, int Product);

    private readonly struct ByRank(Dictionary<ulong, Merge> merges) : IMergeRule
    {
        public bool TryMerge(int left, int right, ReadOnlySpan<byte> bytes, out uint priority, out int product)
        {
            bool found = merges.TryGetValue(Pair(left, right), out Merge merge);
            (priority, product) = (merge.Rank, merge.Product);
            return found;
        }
    }
}
