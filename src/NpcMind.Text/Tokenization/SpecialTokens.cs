using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// Finds the tokens that are matched as text before anything else: leftmost first, the longest where several begin. A trie, so that thousands of
/// added tokens cost no more than a few. Immutable; safe from any thread.
/// </summary>
internal sealed class SpecialTokens
{
    private const int MaxBytes = 512; // real ones stay below 100; bounds the trie and the steps at each character
    private readonly Dictionary<(int Node, char Next), int> _edges = [];
    private readonly List<int> _ids = [-1]; // token that ends at each node
    private readonly Vocabulary _vocabulary;
    private readonly Func<int, bool>? _stripsRight;
    private readonly HashSet<int> _ofTemplate = [];
    private readonly SearchValues<char> _firstChars;

    /// <summary>Collects the tokens of types control, unknown and user-defined; of equal texts the first counts.</summary>
    /// <param name="vocabulary">All tokens.</param>
    /// <param name="stripsRight">Which of them swallow the white space after them; null for none.</param>
    /// <param name="template">The file's chat template. Some files call the tokens that open its turns (<c>&lt;|user|></c>) user-defined, and those are found in any text: in prompts only the template may write them.</param>
    public SpecialTokens(Vocabulary vocabulary, Func<int, bool>? stripsRight, string? template)
    {
        _vocabulary = vocabulary;
        _stripsRight = stripsRight;
        HashSet<char> firstChars = [];
        for (int id = 0; id < vocabulary.Count; id++)
        {
            if (vocabulary.Type(id) is not (TokenType.Control or TokenType.Unknown or TokenType.UserDefined)) continue;
            ReadOnlySpan<byte> utf8 = vocabulary.Utf8(id);
            if (utf8.Length is 0 or > MaxBytes || !Utf8.IsValid(utf8)) continue;
            string text = Encoding.UTF8.GetString(utf8);
            bool looksLikeControl = text.StartsWith("<|", StringComparison.Ordinal) && text.EndsWith("|>", StringComparison.Ordinal);
            if (vocabulary.Type(id) == TokenType.UserDefined && looksLikeControl && template?.Contains(text, StringComparison.Ordinal) == true) _ofTemplate.Add(id);
            int node = 0;
            foreach (char next in text)
            {
                if (!_edges.TryGetValue((node, next), out int child))
                {
                    child = _ids.Count;
                    _edges.Add((node, next), child);
                    _ids.Add(-1);
                }

                node = child;
            }

            if (_ids[node] < 0) _ids[node] = id;
            firstChars.Add(text[0]);
        }

        _firstChars = SearchValues.Create([.. firstChars]);
    }

    /// <summary>Finds the next token at or after <paramref name="at"/>.</summary>
    /// <param name="text">The whole text.</param>
    /// <param name="at">Where to begin.</param>
    /// <param name="trust">Where control and unknown tokens may stand.</param>
    /// <param name="id">The token.</param>
    /// <param name="start">Its first character.</param>
    /// <param name="end">One past its last character, and past the white space that it swallows.</param>
    public bool Next(ReadOnlySpan<char> text, int at, ref TrustMap trust, out int id, out int start, out int end)
    {
        for (start = at; start < text.Length; start++)
        {
            int skip = text[start..].IndexOfAny(_firstChars);
            if (skip < 0) break;
            start += skip;
            int trusted = trust.TrustedUntil(start);
            (id, end) = (-1, 0);
            int node = 0;
            for (int i = start; i < text.Length && _edges.TryGetValue((node, text[i]), out node); i++)
            {
                int found = _ids[node];
                if (found >= 0 && (i < trusted || (_vocabulary.Type(found) == TokenType.UserDefined && !(trust.IsPrompt && _ofTemplate.Contains(found))))) (id, end) = (found, i + 1);
            }

            if (id < 0) continue;
            if (_stripsRight is not null && _stripsRight(id))
                while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
            return true;
        }

        (id, start, end) = (-1, text.Length, text.Length);
        return false;
    }
}
