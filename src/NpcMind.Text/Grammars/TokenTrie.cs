namespace NpcMind.Text;

/// <summary>
/// The tokens of a vocabulary that write something, as a tree of bytes: grammars walk it, so that tokens that begin alike are tried together. Made once for a
/// model and shared by its constraints. Immutable; safe from any thread.
/// </summary>
public sealed class TokenTrie
{
    private readonly Tokenizer _tokenizer;
    private readonly int[] _ends;

    private TokenTrie(Tokenizer tokenizer, int[] ends)
    {
        _tokenizer = tokenizer;
        _ends = ends;
    }

    /// <summary>Number of ids of the vocabulary.</summary>
    public int VocabularySize => _tokenizer.VocabularySize;

    /// <summary>Tokens that end an answer.</summary>
    internal ReadOnlySpan<int> Ends => _ends;

    /// <summary>Nodes in preorder, without the root. A node's subtree ends before <see cref="Skip"/>.</summary>
    internal byte[] Byte { get; private init; } = [];

    /// <summary>Bytes above each node.</summary>
    internal int[] Depth { get; private init; } = [];

    internal int[] Skip { get; private init; } = [];

    /// <summary>First of each node's tokens in <see cref="Tokens"/>; one more at the end.</summary>
    internal int[] FirstToken { get; private init; } = [];

    internal int[] Tokens { get; private init; } = [];

    internal int MaxLength { get; private init; }

    /// <summary>Reads a vocabulary. Control tokens, end tokens and tokens without bytes are left out.</summary>
    public static TokenTrie Create(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        List<int> ends = [], writing = [];
        int maxLength = 0;
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (tokenizer.IsEndOfGeneration(id)) ends.Add(id);
            else if (tokenizer.Bytes(id) is { Length: > 0 } bytes)
            {
                writing.Add(id);
                maxLength = Math.Max(maxLength, bytes.Length);
            }
        }

        int[] tokens = [.. writing];
        Array.Sort(tokens, (a, b) => tokenizer.Bytes(a).SequenceCompareTo(tokenizer.Bytes(b)) is var order and not 0 ? order : a.CompareTo(b));
        List<byte> nodes = [];
        List<int> depths = [], skips = [], firstTokens = [];
        int[] path = new int[maxLength];
        int open = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            ReadOnlySpan<byte> bytes = tokenizer.Bytes(tokens[i]);
            int common = i == 0 ? 0 : bytes.CommonPrefixLength(tokenizer.Bytes(tokens[i - 1]));
            while (open > common) skips[path[--open]] = nodes.Count;
            for (; open < bytes.Length; open++)
            {
                path[open] = nodes.Count;
                nodes.Add(bytes[open]);
                depths.Add(open);
                skips.Add(0);
                firstTokens.Add(i);
            }
        }

        while (open > 0) skips[path[--open]] = nodes.Count;
        firstTokens.Add(tokens.Length);
        return new TokenTrie(tokenizer, [.. ends])
        {
            Byte = [.. nodes],
            Depth = [.. depths],
            Skip = [.. skips],
            FirstToken = [.. firstTokens],
            Tokens = tokens,
            MaxLength = maxLength,
        };
    }

    /// <summary>The bytes that a token writes; none for tokens that are not in the tree.</summary>
    internal ReadOnlySpan<byte> Written(int token) =>
        (uint)token >= (uint)VocabularySize || IsEnd(token) ? [] : _tokenizer.Bytes(token);

    internal bool IsEnd(int token) => _tokenizer.IsEndOfGeneration(token);
}
