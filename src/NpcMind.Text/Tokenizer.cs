using System.Text;
using NpcMind.Gguf;
using NpcMind.Text.PreTokenization;
using NpcMind.Text.Tokenization;

namespace NpcMind.Text;

/// <summary>
/// Text to token ids and back, built from the vocabulary in a GGUF file: SentencePiece ("llama"), byte-level BPE ("gpt2") and WordPiece
/// ("bert"). Ids are exactly those of the published tokenizer definitions (golden cases: tests/golden/tokenizers). Immutable after
/// <see cref="Create"/>; safe from any thread.
/// </summary>
internal sealed class Tokenizer
{
    private const string ModelKey = "tokenizer.ggml.model", PreKey = "tokenizer.ggml.pre";
    private readonly Vocabulary _vocabulary;
    private readonly TokenRoles _roles;
    private readonly TokenModel _model;
    private readonly SpecialTokens _special;
    private EncodeScratch? _scratch;

    private Tokenizer(Vocabulary vocabulary, TokenRoles roles, TokenModel model, SpecialTokens special)
    {
        _vocabulary = vocabulary;
        _roles = roles;
        _model = model;
        _special = special;
    }

    /// <summary>Number of ids; valid ids are below it.</summary>
    public int VocabularySize => _vocabulary.Count;

    /// <summary>The token that begins a sequence; null when the file names none.</summary>
    public int? BosId => _roles.Bos;

    /// <summary>
    /// The token that ends a sequence; null when the file names none. To end an answer ask <see cref="IsEndOfGeneration"/>.
    /// </summary>
    public int? EosId => _roles.Eos;

    /// <summary>
    /// Whether <c>addSpecial</c> puts <see cref="BosId"/> first. A chat template that writes BOS itself must be encoded without.
    /// </summary>
    public bool AddsBos { get; private init; }

    /// <summary>Whether <c>addSpecial</c> puts <see cref="EosId"/> last.</summary>
    public bool AddsEos { get; private init; }

    /// <summary>
    /// Whether a space is put before text at the start and after each special token (SentencePiece); decoding gives it back.
    /// </summary>
    public bool AddsSpacePrefix { get; private init; }

    /// <summary>Builds the tokenizer that a file describes. Reads the arrays once; the metadata stays referenced for token texts.</summary>
    /// <remarks>
    /// Tolerated: ids of roles outside the vocabulary (absent), tokens without text or with the text of an earlier one (never produced),
    /// more types or scores than tokens, unknown types (normal), merges that cannot apply (skipped), scores that are not numbers (lowest),
    /// special tokens of more than 512 bytes or of ill-formed text (never matched), other tokens of more than 1,024 bytes (never produced).
    /// </remarks>
    /// <exception cref="UnsupportedTokenizerException">The file has no tokenizer, or one of another kind, or an unknown
    /// pre-tokenizer.</exception>
    /// <exception cref="GgufFormatException">A key is of the wrong kind; tokens, merges or scores are missing; types or scores are fewer
    /// than tokens.</exception>
    public static Tokenizer Create(GgufMetadata metadata)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        string? name = metadata.String(ModelKey);
        if (name == "bert") return CreateWordPiece(metadata);
        if (name is not ("llama" or "gpt2"))
            throw new UnsupportedTokenizerException(name is null
                ? $"a tokenizer, but the file has no '{ModelKey}'"
                : $"a tokenizer of kind '{name}'", ["llama", "gpt2", "bert"], metadata.Path);
        bool spm = name == "llama";
        PreTokenizer? preTokenizer = null;
        if (!spm)
        {
            string pre = metadata.String(PreKey) ?? "default";
            preTokenizer = PreTokenizer.Find(pre)
                ?? throw new UnsupportedTokenizerException($"the pre-tokenizer '{pre}'", PreTokenizer.Names, metadata.Path);
        }

        Vocabulary vocabulary = Vocabulary.Read(metadata, byteLevel: !spm);
        TokenRoles roles = TokenRoles.Read(metadata, vocabulary, spm);
        bool addsSpace = spm && (metadata.Boolean("tokenizer.ggml.add_space_prefix") ?? true);
        TokenModel model = preTokenizer is null
            ? SpmModel.Read(metadata, vocabulary, addsSpace, roles.Unknown)
            : BpeModel.Read(metadata, vocabulary, preTokenizer, roles.Unknown);
        bool addsBos = metadata.Boolean("tokenizer.ggml.add_bos_token") ?? preTokenizer?.AddsBos ?? true;
        bool addsEos = metadata.Boolean("tokenizer.ggml.add_eos_token") ?? false;
        return new Tokenizer(vocabulary, roles, model,
            new SpecialTokens(vocabulary, spm ? SpacePolicy.For(metadata, vocabulary) : null, BuiltInTemplates.Find(metadata)))
        {
            AddsBos = addsBos && roles.Bos is not null,
            AddsEos = addsEos && roles.Eos is not null,
            AddsSpacePrefix = addsSpace,
        };
    }

    private static Tokenizer CreateWordPiece(GgufMetadata metadata)
    {
        Vocabulary vocabulary = Vocabulary.Read(metadata, byteLevel: false);
        TokenRoles roles = TokenRoles.ReadWordPiece(metadata, vocabulary);
        return new Tokenizer(
            vocabulary, roles, WordPieceModel.Read(metadata, vocabulary, roles.Unknown!.Value), new SpecialTokens(vocabulary, null, null))
        {
            AddsBos = roles.Bos is not null && (metadata.Boolean("tokenizer.ggml.add_bos_token") ?? true),
            AddsEos = roles.Eos is not null && (metadata.Boolean("tokenizer.ggml.add_sep_token") ?? true),
            AddsSpacePrefix = true,
        };
    }

    /// <summary>The ids of a text.</summary>
    /// <param name="text">Any length; ill-formed UTF-16 becomes U+FFFD.</param>
    /// <param name="addSpecial">Whether to add BOS and EOS as the model wants them.</param>
    /// <param name="parseSpecial">Whether control tokens in the text are recognised: never for words from outside.</param>
    public int[] Encode(string text, bool addSpecial = false, bool parseSpecial = false)
    {
        List<int> ids = [];
        Encode(text, ids, addSpecial, parseSpecial);
        return [.. ids];
    }

    /// <summary>Appends the ids of a text to <paramref name="ids"/>; otherwise as <see cref="Encode(string, bool, bool)"/>.</summary>
    public void Encode(string text, List<int> ids, bool addSpecial = false, bool parseSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(ids);
        Encode(text, TrustMap.Whole(parseSpecial, text.Length), ids, addSpecial);
    }

    /// <summary>
    /// The ids of a prompt made of segments: those of the joined text, control tokens recognised only where it is trusted throughout.
    /// </summary>
    public int[] Encode(IReadOnlyList<PromptSegment> segments, bool addSpecial = false)
    {
        List<int> ids = [];
        Encode(segments, ids, addSpecial);
        return [.. ids];
    }

    /// <summary>
    /// Appends the ids of a prompt to <paramref name="ids"/>; otherwise as <see cref="Encode(IReadOnlyList{PromptSegment}, bool)"/>.
    /// </summary>
    public void Encode(IReadOnlyList<PromptSegment> segments, List<int> ids, bool addSpecial = false)
    {
        ArgumentNullException.ThrowIfNull(segments);
        ArgumentNullException.ThrowIfNull(ids);
        TrustMap trust = TrustMap.Join(segments, out string text);
        Encode(text, trust, ids, addSpecial);
    }

    /// <summary>
    /// The bytes that a token stands for: part of a UTF-8 text, not always whole characters. Valid for the life of the tokenizer.
    /// </summary>
    /// <param name="id">Token id.</param>
    /// <param name="showControl">Whether control and unknown tokens give their text instead of nothing.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="id"/> is no token.</exception>
    public ReadOnlySpan<byte> Bytes(int id, bool showControl = false)
    {
        Check(id);
        return !showControl && IsControl(id) ? [] : _vocabulary.Bytes(id);
    }

    /// <summary>Text of a token as the file writes it, for people and logs; "[EMPTY_id]" where it has none.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="id"/> is no token.</exception>
    public string Piece(int id)
    {
        Check(id);
        return _vocabulary.Text(id);
    }

    /// <summary>Whether an answer ends with this token. False for ids that are no tokens.</summary>
    public bool IsEndOfGeneration(int id) => _roles.IsEnd(id);

    /// <summary>
    /// Whether the token structures prompts and has no text of its own (types control and unknown). False for ids that are no tokens.
    /// </summary>
    public bool IsControl(int id) => (uint)id < (uint)_vocabulary.Count && _vocabulary.Type(id) is TokenType.Control or TokenType.Unknown;

    /// <summary>
    /// The text of tokens, each maximal ill-formed part as one U+FFFD. Nothing is stripped: see <see cref="AddsSpacePrefix"/>.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is no token.</exception>
    public string Decode(ReadOnlySpan<int> ids, bool showControl = false) => Encoding.UTF8.GetString(DecodeBytes(ids, showControl));

    /// <summary>Returns the text of tokens as <see cref="Decode"/> does, without a character at its end that is not complete.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is no token.</exception>
    public string DecodeWhole(ReadOnlySpan<int> ids) => new Utf8TokenDecoder().Append(DecodeBytes(ids)).ToString();

    /// <summary>The bytes of tokens, one after the other.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is no token.</exception>
    public byte[] DecodeBytes(ReadOnlySpan<int> ids, bool showControl = false)
    {
        int length = 0;
        foreach (int id in ids) length = checked(length + Bytes(id, showControl).Length);
        byte[] bytes = new byte[length];
        length = 0;
        foreach (int id in ids)
        {
            ReadOnlySpan<byte> piece = Bytes(id, showControl);
            piece.CopyTo(bytes.AsSpan(length));
            length += piece.Length;
        }

        return bytes;
    }

    private void Encode(ReadOnlySpan<char> text, TrustMap trust, List<int> ids, bool addSpecial)
    {
        EncodeScratch scratch = Interlocked.Exchange(ref _scratch, null) ?? new EncodeScratch();
        if (addSpecial && AddsBos) ids.Add(_roles.Bos!.Value);
        int at = 0;
        while (_special.Next(text, at, ref trust, out int id, out int start, out int end))
        {
            _model.Encode(text[at..start], scratch, ids);
            ids.Add(id);
            at = end;
        }

        _model.Encode(text[at..], scratch, ids);
        if (addSpecial && AddsEos) ids.Add(_roles.Eos!.Value);
        if (scratch.WorthKeeping) Interlocked.Exchange(ref _scratch, scratch);
    }

    private void Check(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, _vocabulary.Count);
    }
}
