using System.Text;
using NpcMind.Gguf;
using NpcMind.Text.Normalization;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// WordPiece: each word is cut into the longest pieces of the vocabulary, from its beginning; a word that cannot be cut is the unknown
/// token (Wu et al. 2016, Devlin et al. 2019). In GGUF files the pieces that begin a word have U+2581 before them, and the others have
/// lost the "##" of the published vocabularies.
/// </summary>
internal sealed class WordPieceModel : TokenModel
{
    /// <summary>Longer words are the unknown token, as published; it also bounds the work of a word.</summary>
    private const int MaxWordPoints = 100;

    private readonly BertText _text;
    private readonly int _unknown;

    private WordPieceModel(Vocabulary vocabulary, BertText text, int unknown)
        : base(vocabulary)
    {
        _text = text;
        _unknown = unknown;
        for (int id = 0; id < vocabulary.Count; id++)
            if (vocabulary.Type(id) is TokenType.Normal or TokenType.Undefined or TokenType.UserDefined
                && vocabulary.Utf8(id).Length is > 0 and <= Vocabulary.MaxWrittenBytes) Table.TryAdd(vocabulary.Utf8(id), id);
    }

    /// <summary>Reads how text is prepared. Files that do not say have vocabularies in lower case without accents.</summary>
    /// <exception cref="GgufFormatException">A key is of the wrong kind.</exception>
    public static WordPieceModel Read(GgufMetadata metadata, Vocabulary vocabulary, int unknown)
    {
        bool lowercase = metadata.Boolean("tokenizer.ggml.normalizer.lowercase") ?? true;
        bool stripAccents = metadata.Boolean("tokenizer.ggml.normalizer.strip_accents") ?? lowercase;
        return new WordPieceModel(vocabulary, new BertText(lowercase, stripAccents), unknown);
    }

    public override void Encode(ReadOnlySpan<char> text, EncodeScratch scratch, List<int> ids) => _text.Split(text, word =>
    {
        if (word.Length > MaxWordPoints)
        {
            ids.Add(_unknown);
            return;
        }

        scratch.ReserveUtf8(SpmModel.Space.Length + (word.Length * 4));
        Span<byte> utf8 = scratch.Utf8;
        SpmModel.Space.CopyTo(utf8);
        int length = SpmModel.Space.Length;
        foreach (int point in word) length += new Rune(point).EncodeToUtf8(utf8[length..]);
        EncodePiece(utf8[..length], scratch, ids, takesWhole: true);
    });

    /// <summary>The longest pieces, or one symbol that is no token.</summary>
    protected override void MergeSymbols(ReadOnlySpan<byte> piece, MergeList symbols)
    {
        for (int at = 0; at < piece.Length;)
        {
            int end = Longest(piece, at, out int id);
            if (id < 0)
            {
                symbols.Clear();
                symbols.Add(int.MaxValue, 0);
                return;
            }

            symbols.Add(id, at);
            at = end;
        }
    }

    protected override void AddUnknown(ReadOnlySpan<byte> bytes, List<int> ids) => ids.Add(_unknown);

    /// <summary>The longest token at <paramref name="at"/>: one that begins words at 0, one that continues them elsewhere.</summary>
    private int Longest(ReadOnlySpan<byte> word, int at, out int id)
    {
        id = -1;
        int most = Math.Min(word.Length, at + Table.MaxKeyLength);
        if (at > 0 && word[at..].StartsWith(SpmModel.Space)) most = at + SpmModel.Space.Length; // U+2581 of the text's own begins no word
        for (int end = most; end > at; end--)
        {
            if (end < word.Length && (word[end] & 0xC0) == 0x80) continue; // within a character
            id = Table.Find(word[at..end]);
            if (id >= 0) return end;
        }

        return at;
    }
}
