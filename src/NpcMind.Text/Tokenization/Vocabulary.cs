using System.Globalization;
using NpcMind.Gguf;

namespace NpcMind.Text.Tokenization;

/// <summary>What a token is for, as in <c>tokenizer.ggml.token_type</c>.</summary>
internal enum TokenType : byte
{
    Undefined = 0,
    Normal = 1,
    Unknown = 2,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
    Byte = 6,
}

/// <summary>
/// The tokens of a file: text, type and the bytes each stands for. Immutable once <see cref="Retype"/> is done; safe from any thread.
/// </summary>
internal sealed class Vocabulary
{
    /// <summary>
    /// Longest token that is written or merged, in bytes. Published ones stay below 400; every step of merging looks at the whole of a
    /// token.
    /// </summary>
    public const int MaxWrittenBytes = 1024;

    private const string TokensKey = "tokenizer.ggml.tokens", TypesKey = "tokenizer.ggml.token_type";
    private readonly GgufValue _tokens;
    private readonly TokenType[] _types;
    private readonly byte[] _bytes;
    private readonly int[] _starts;

    private Vocabulary(GgufValue tokens, TokenType[] types, byte[] bytes, int[] starts)
    {
        _tokens = tokens;
        _types = types;
        _bytes = bytes;
        _starts = starts;
    }

    public int Count => _types.Length;

    /// <summary>Reads tokens and types. Types may be absent (all normal) or too many, not too few.</summary>
    /// <exception cref="GgufFormatException">Tokens are missing, none, or more than their types.</exception>
    public static Vocabulary Read(GgufMetadata metadata, bool byteLevel)
    {
        GgufValue tokens = metadata.Strings(TokensKey) is { Count: > 0 } strings
            ? strings : throw metadata.Wrong(TokensKey, "at least one token");
        GgufValue? typeValues = metadata.Numbers(TypesKey);
        if (typeValues is not null && (!typeValues.IsInteger || typeValues.Count < tokens.Count))
            throw metadata.Wrong(TypesKey, string.Create(CultureInfo.InvariantCulture, $"integers, one for each of {tokens.Count} tokens"));

        TokenType[] types = new TokenType[tokens.Count];
        int[] starts = new int[tokens.Count + 1];
        long total = 0;
        for (int id = 0; id < types.Length; id++)
        {
            long type = typeValues?.ElementType == GgufValueType.UInt64
                ? (long)Math.Min(typeValues.Number(id), long.MaxValue / 2) : typeValues?.Integer(id) ?? 1;
            types[id] = type is >= 0 and <= (long)TokenType.Byte ? (TokenType)type : TokenType.Normal;
            total += tokens.Utf8(id).Length;
        }

        if (total > Array.MaxLength) throw metadata.Wrong(TokensKey, "less than 2 GiB of tokens");
        byte[] bytes = new byte[total];
        int at = 0;
        for (int id = 0; id < types.Length; id++)
        {
            at += Decode(tokens.Utf8(id), types[id], byteLevel, bytes.AsSpan(at));
            starts[id + 1] = at;
        }

        return new Vocabulary(tokens, types, bytes, starts);
    }

    public TokenType Type(int id) => _types[id];

    /// <summary>Changes what a token is for, during construction. Its bytes stay, so only between types that show their text.</summary>
    public void Retype(int id, TokenType type) => _types[id] = type;

    /// <summary>Text of a token as in the file.</summary>
    public ReadOnlySpan<byte> Utf8(int id) => _tokens.Utf8(id);

    /// <summary>Text of a token; a token without text has the substitute that llama.cpp gives it.</summary>
    public string Text(int id) => _tokens.Utf8(id).IsEmpty
        ? string.Create(CultureInfo.InvariantCulture, $"[EMPTY_{id}]") : _tokens.Text(id);

    /// <summary>The bytes a token stands for when everything is shown.</summary>
    public ReadOnlySpan<byte> Bytes(int id) => _bytes.AsSpan(_starts[id].._starts[id + 1]);

    /// <summary>Writes what a token stands for; never more bytes than its text has.</summary>
    private static int Decode(ReadOnlySpan<byte> text, TokenType type, bool byteLevel, Span<byte> bytes)
    {
        if (type == TokenType.Unused) return 0;
        if (type == TokenType.Byte && TryByte(text, out byte value))
        {
            bytes[0] = value;
            return 1;
        }

        if (byteLevel && type is TokenType.Normal or TokenType.Undefined && ByteAlphabet.TryDecode(text, bytes, out int count))
            return count;
        if (byteLevel)
        {
            text.CopyTo(bytes);
            return text.Length;
        }

        int written = 0;
        while (text.IndexOf(SpmModel.Space) is var space and >= 0)
        {
            text[..space].CopyTo(bytes[written..]);
            written += space;
            bytes[written++] = (byte)' ';
            text = text[(space + SpmModel.Space.Length)..];
        }

        text.CopyTo(bytes[written..]);
        return written + text.Length;
    }

    private static bool TryByte(ReadOnlySpan<byte> text, out byte value)
    {
        value = 0;
        return text.Length == 6 && text.StartsWith("<0x"u8) && text[5] == '>'
            && byte.TryParse(text[3..5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
