using NpcMind.Gguf;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// Which special tokens swallow the white space after them. Phi-3's published definition says so of all but three; no GGUF key does. A file
/// counts as Phi-3 when it has a SentencePiece vocabulary and its architecture is phi3 or phimoe, or its name says Phi-3 (copies converted
/// to the llama architecture). Phi-4 has the architecture too, but a byte-level vocabulary.
/// </summary>
internal static class SpacePolicy
{
    public static Func<int, bool>? For(GgufMetadata metadata, Vocabulary vocabulary)
    {
        if (metadata.Find("general.architecture") is not { Type: GgufValueType.String } architecture) return null;
        string name = metadata.Find("general.name") is { Type: GgufValueType.String } value ? value.Text() : "";
        bool named = name.Contains("phi-3", StringComparison.OrdinalIgnoreCase) || name.Contains("phi3", StringComparison.OrdinalIgnoreCase)
            || name.Contains("phi 3", StringComparison.OrdinalIgnoreCase);
        if (!named && architecture.Text() is not ("phi3" or "phimoe")) return null;
        return id => vocabulary.Type(id) is TokenType.Control or TokenType.UserDefined && !IsException(vocabulary.Utf8(id));
    }

    private static bool IsException(ReadOnlySpan<byte> text) => text.SequenceEqual("<unk>"u8) || text.SequenceEqual("<s>"u8)
        || text.SequenceEqual("<|endoftext|>"u8);
}
