using System.Text;
using NpcMind.Gguf;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// The tokens with a part to play: begin, end, unknown, and the set that ends an answer. That set is the ids the file names (end of
/// sequence, of turn, of message, padding of infill) and the control tokens whose text is known to end one; of infill tokens for file and
/// repository names none. Immutable; safe from any thread.
/// </summary>
internal sealed class TokenRoles
{
    /// <summary>
    /// Texts that can be nothing else: files that call them ordinary tokens are mistaken, and a player could end or forge a turn with them.
    /// </summary>
    private static readonly string[] Unmistakable =
    [
        "<|eot_id|>", "<|im_end|>", "<|end|>", "<|return|>", "<|call|>", "<|flush|>", "<|calls|>", "<end_of_turn>", "<|endoftext|>",
        "<|eom_id|>", "<|eot|>",
        "<|end_of_text|>", "<end_of_utterance>", "<turn|>", "<|tool_response>", "<\uFF5Cend\u2581of\u2581sentence\uFF5C>", "<|fim_pad|>",
    ];

    /// <summary>Texts that people write too (an HTML end tag among them): they count where the file says control.</summary>
    private static readonly string[] Plain = ["</s>", "<EOT>", "_<EOT>", "[EOT]", "[EOS]", "<eos>", "[e~["];

    private static readonly ByteTable Texts = KnownTexts();
    private readonly HashSet<int> _ends = [];

    private TokenRoles()
    {
    }

    public int? Bos { get; private init; }

    public int? Eos { get; private init; }

    /// <summary>
    /// What stands for bytes that no token has. None where the file gives that role to a control token: text would turn into it.
    /// </summary>
    public int? Unknown { get; private set; }

    /// <summary>Reads the roles, and retypes to control the tokens that must be. Ids outside the vocabulary count as absent.</summary>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="vocabulary">Its tokens; types may change.</param>
    /// <param name="spm">True for SentencePiece vocabularies, which have default ids.</param>
    public static TokenRoles Read(GgufMetadata metadata, Vocabulary vocabulary, bool spm)
    {
        int? Id(string name, int? fallback = null) =>
            (metadata.Integer($"tokenizer.ggml.{name}_token_id") ?? fallback) is { } id && id >= 0 && id < vocabulary.Count
            ? (int)id : null;

        TokenRoles roles = new() { Bos = Id("bos", spm ? 1 : null), Eos = Id("eos", spm ? 2 : null) };
        foreach (int? id in (ReadOnlySpan<int?>)[roles.Eos, Id("eot"), Id("eom"), Id("fim_pad")])
            if (id is { } end) roles._ends.Add(end);
        foreach (int id in roles._ends)
            if (LooksSpecial(vocabulary.Utf8(id))) MakeControl(vocabulary, id);
        if (roles.Bos is { } bos && LooksSpecial(vocabulary.Utf8(bos))) MakeControl(vocabulary, bos);

        Dictionary<int, int> found = []; // index of text -> id
        for (int id = 0; id < vocabulary.Count; id++)
        {
            int text = Texts.Find(vocabulary.Utf8(id));
            if (text < 0 || !found.TryAdd(text, id)) continue;
            if (text < Unmistakable.Length) MakeControl(vocabulary, id);
            if (vocabulary.Type(id) == TokenType.Control) roles._ends.Add(id);
        }

        // Harmony (gpt-oss): <|end|> closes one channel and the answer goes on in the next.
        if (found.TryGetValue(Array.IndexOf(Unmistakable, "<|end|>"), out int channelEnd)
            && found.ContainsKey(Array.IndexOf(Unmistakable, "<|return|>")) && found.ContainsKey(Array.IndexOf(Unmistakable, "<|call|>")))
            roles._ends.Remove(channelEnd);
        if (Id("unknown", spm ? 0 : null) is { } unknown && vocabulary.Type(unknown) != TokenType.Control) roles.Unknown = unknown;
        return roles;
    }

    /// <summary>
    /// Reads the roles of a WordPiece vocabulary: [CLS] begins, [SEP] ends, [UNK] stands for a word without pieces. A key names the
    /// token, else its text does.
    /// </summary>
    /// <param name="metadata">The file's metadata.</param>
    /// <param name="vocabulary">Its tokens; types may change.</param>
    /// <exception cref="GgufFormatException">There is no unknown token.</exception>
    public static TokenRoles ReadWordPiece(GgufMetadata metadata, Vocabulary vocabulary)
    {
        int? Id(ReadOnlySpan<byte> text, params ReadOnlySpan<string> names)
        {
            foreach (string name in names)
                if (metadata.Integer($"tokenizer.ggml.{name}_token_id") is { } named && named >= 0 && named < vocabulary.Count)
                    return (int)named;
            for (int id = 0; id < vocabulary.Count; id++)
                if (vocabulary.Utf8(id).SequenceEqual(text)) return id;
            return null;
        }

        // "seperator" is how the specification spells it.
        TokenRoles roles = new()
        {
            Bos = Id("[CLS]"u8, "cls", "bos"),
            Eos = Id("[SEP]"u8, "seperator", "separator", "eos"),
            Unknown = Id("[UNK]"u8, "unknown")
                ?? throw metadata.Wrong("tokenizer.ggml.unknown_token_id", "the token for words without pieces"),
        };
        foreach (int? id in (ReadOnlySpan<int?>)[roles.Bos, roles.Eos, roles.Unknown, Id("[PAD]"u8, "padding"), Id("[MASK]"u8, "mask")])
            if (id is { } special && LooksSpecial(vocabulary.Utf8(special))) MakeControl(vocabulary, special);
        return roles;
    }

    public bool IsEnd(int id) => _ends.Contains(id);

    private static void MakeControl(Vocabulary vocabulary, int id)
    {
        if (vocabulary.Type(id) is TokenType.Normal or TokenType.Undefined or TokenType.UserDefined)
            vocabulary.Retype(id, TokenType.Control);
    }

    private static bool LooksSpecial(ReadOnlySpan<byte> text) => text.Length >= 3 && text[0] is (byte)'<' or (byte)'['
        && text[^1] is (byte)'>' or (byte)']';

    private static ByteTable KnownTexts()
    {
        ByteTable texts = new();
        foreach (string text in (string[])[.. Unmistakable, .. Plain]) texts.TryAdd(Encoding.UTF8.GetBytes(text), texts.Count);
        return texts;
    }
}
