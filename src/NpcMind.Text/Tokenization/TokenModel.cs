namespace NpcMind.Text.Tokenization;

/// <summary>Turns text without special tokens into ids. Immutable but for a memo of bytes; safe from any thread.</summary>
internal abstract class TokenModel(Vocabulary vocabulary)
{
    private const byte Whole = 1, Split = 2;
    // What merging the text of each token gives: not known yet, the token itself, or others.
    private readonly byte[] _memo = new byte[vocabulary.Count];

    protected Vocabulary Vocabulary { get; } = vocabulary;

    /// <summary>
    /// Bytes as the model merges them, to ids; ids from <see cref="Vocabulary.Count"/> on are stations of merges and no tokens.
    /// </summary>
    protected ByteTable Table { get; } = new();

    public abstract void Encode(ReadOnlySpan<char> text, EncodeScratch scratch, List<int> ids);

    /// <summary>Adds the ids of one piece. Most pieces of real text are one token; those cost one look-up after the first time.</summary>
    protected void EncodePiece(ReadOnlySpan<byte> piece, EncodeScratch scratch, List<int> ids, bool takesWhole)
    {
        int whole = Table.Find(piece);
        bool token = (uint)whole < (uint)_memo.Length;
        if (token && (takesWhole || _memo[whole] == Whole))
        {
            ids.Add(whole);
            return;
        }

        MergeList symbols = scratch.Symbols;
        symbols.Clear();
        MergeSymbols(piece, symbols);
        int before = ids.Count;
        for (int at = 0; symbols.Read(ref at, piece.Length, out int id, out Range bytes);)
        {
            if ((uint)id < (uint)_memo.Length) ids.Add(id);
            else AddUnknown(piece[bytes], ids);
        }

        // A race writes the same value.
        if (token && _memo[whole] == 0) _memo[whole] = ids.Count == before + 1 && ids[before] == whole ? Whole : Split;
    }

    /// <summary>Fills <paramref name="symbols"/> with the piece, and merges.</summary>
    protected abstract void MergeSymbols(ReadOnlySpan<byte> piece, MergeList symbols);

    /// <summary>Adds ids for bytes that are no token.</summary>
    protected abstract void AddUnknown(ReadOnlySpan<byte> bytes, List<int> ids);
}
