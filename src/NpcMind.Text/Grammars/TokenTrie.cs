using NpcMind.Text.Tokenization;

namespace NpcMind.Text;

/// <summary>
/// The tokens of a vocabulary that write something, as a tree of bytes: grammars walk it, so that tokens that begin alike are tried
/// together. A node stands for
/// all bytes up to where tokens part or end, so the tree takes memory by the number of tokens. Made once for a model and shared by its
/// constraints. Immutable;
/// safe from any thread.
/// </summary>
/// <remarks>Tokens of more than 1,024 bytes are left out: a grammar that can only go on with one of them cannot be followed.</remarks>
internal sealed class TokenTrie
{
    private readonly Tokenizer _tokenizer;
    private readonly int[] _ends;
    private readonly List<byte> _firstBytes = [];
    private readonly List<Node> _nodes = [];
    private readonly int[] _tokens;

    private TokenTrie(Tokenizer tokenizer, int[] ends, int[] tokens)
    {
        _tokenizer = tokenizer;
        _ends = ends;
        _tokens = tokens;
        if (tokens.Length > 0) AddChildren(0, tokens.Length, 0, 0);
        Byte = [.. _firstBytes];
        Nodes = [.. _nodes, new Node { FirstToken = tokens.Length }];
        _firstBytes.Clear();
        _nodes.Clear();
    }

    /// <summary>Number of ids of the vocabulary.</summary>
    public int VocabularySize => _tokenizer.VocabularySize;

    /// <summary>Tokens that end an answer.</summary>
    internal ReadOnlySpan<int> Ends => _ends;

    /// <summary>First byte of each node, in preorder, without the root.</summary>
    internal byte[] Byte { get; }

    /// <summary>The nodes, and one more at the end.</summary>
    internal Node[] Nodes { get; }

    internal int[] Tokens => _tokens;

    /// <summary>Most nodes above one another.</summary>
    internal int Levels { get; private set; }

    /// <summary>Reads a vocabulary. Control tokens, end tokens and tokens without bytes are left out.</summary>
    public static TokenTrie Create(Tokenizer tokenizer)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        List<int> ends = [], writing = [];
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (tokenizer.IsEndOfGeneration(id)) ends.Add(id);
            else if (tokenizer.Bytes(id).Length is > 0 and <= Vocabulary.MaxWrittenBytes) writing.Add(id);
        }

        int[] tokens = [.. writing];
        Array.Sort(tokens, (a, b) => tokenizer.Bytes(a).SequenceCompareTo(tokenizer.Bytes(b)) is var order and not 0
            ? order : a.CompareTo(b));
        return new TokenTrie(tokenizer, [.. ends], tokens);
    }

    /// <summary>The bytes of a node after its first.</summary>
    internal ReadOnlySpan<byte> Rest(in Node node) =>
        node.RestLength == 0 ? [] : _tokenizer.Bytes(node.Token).Slice(node.RestStart, node.RestLength);

    /// <summary>The bytes that a token writes; none for tokens that are not in the tree.</summary>
    internal ReadOnlySpan<byte> Written(int token) =>
        (uint)token >= (uint)VocabularySize || IsEnd(token) || _tokenizer.Bytes(token) is { Length: > Vocabulary.MaxWrittenBytes }
            ? []
            : _tokenizer.Bytes(token);

    /// <summary>The tokens that the vocabulary writes a text with; none where these would write other bytes than the text's.</summary>
    internal int[] Encode(ReadOnlySpan<byte> text)
    {
        if (!System.Text.Unicode.Utf8.IsValid(text)) return [];
        int[] tokens = _tokenizer.Encode(System.Text.Encoding.UTF8.GetString(text));
        int written = 0;
        foreach (int token in tokens)
        {
            ReadOnlySpan<byte> bytes = Written(token);
            if (bytes.IsEmpty || !text[written..].StartsWith(bytes)) return [];
            written += bytes.Length;
        }

        return written == text.Length ? tokens : [];
    }

    internal bool IsEnd(int token) => _tokenizer.IsEndOfGeneration(token);

    /// <summary>Adds the nodes of the tokens first to end, which share their first <paramref name="depth"/> bytes and are longer.</summary>
    private void AddChildren(int first, int end, int depth, int level)
    {
        Levels = Math.Max(Levels, level + 1);
        while (first < end)
        {
            int next = EndOfByte(first, end, depth), index = _nodes.Count;
            ReadOnlySpan<byte> bytes = _tokenizer.Bytes(_tokens[first]);
            int length = bytes.CommonPrefixLength(_tokenizer.Bytes(_tokens[next - 1]));
            _firstBytes.Add(bytes[depth]);
            _nodes.Add(new Node
            {
                Level = level,
                FirstToken = first,
                Token = _tokens[first],
                RestStart = depth + 1,
                RestLength = length - depth - 1
            });
            int longer = first;
            while (longer < next && _tokenizer.Bytes(_tokens[longer]).Length == length) longer++;
            AddChildren(longer, next, length, level + 1);
            _nodes[index] = _nodes[index] with { Skip = _nodes.Count };
            first = next;
        }
    }

    /// <summary>One past the last token whose byte at <paramref name="depth"/> is that of the first.</summary>
    private int EndOfByte(int first, int end, int depth)
    {
        byte value = _tokenizer.Bytes(_tokens[first])[depth];
        int low = first + 1, high = end;
        while (low < high)
        {
            int middle = (low + high) / 2;
            if (_tokenizer.Bytes(_tokens[middle])[depth] == value) low = middle + 1;
            else high = middle;
        }

        return low;
    }

    /// <summary>
    /// A node of the tree. Its own tokens begin at <see cref="FirstToken"/> and end where those of the next node begin; its subtree ends
    /// before <see cref="Skip"/>.
    /// </summary>
    internal record struct Node
    {
        public int Level, Skip, FirstToken, Token, RestStart, RestLength;
    }
}
