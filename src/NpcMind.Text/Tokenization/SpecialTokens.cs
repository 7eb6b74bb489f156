using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace NpcMind.Text.Tokenization;

/// <summary>
/// Finds the tokens that are matched as text before anything else: leftmost first, the longest where several begin. Their texts lie
/// sorted, so that the tokens that
/// begin a text are one of its neighbours in order and that one's own beginnings: a few comparisons at each character, however long and
/// many the tokens are, and
/// memory in proportion to their text. Immutable; safe from any thread.
/// </summary>
internal sealed class SpecialTokens
{
    private const int MaxBytes = 512; // real ones stay below 100; bounds what a comparison looks at

    // Entry 0 is the empty text, which begins every other; the rest is sorted by UTF-16 unit.
    private readonly char[] _chars;
    private readonly Entry[] _entries;
    private readonly Func<int, bool>? _stripsRight;
    private readonly SearchValues<char> _firstChars;

    /// <summary>Collects the tokens of types control, unknown and user-defined; of equal texts the first counts.</summary>
    /// <param name="vocabulary">All tokens.</param>
    /// <param name="stripsRight">Which of them swallow the white space after them; null for none.</param>
    /// <param name="template">The file's chat template. Some files call the tokens that open its turns (<c>&lt;|user|></c>) user-defined,
    /// and those are found in any text: in prompts only the template may write them.</param>
    public SpecialTokens(Vocabulary vocabulary, Func<int, bool>? stripsRight, string? template)
    {
        _stripsRight = stripsRight;
        List<Entry> found = [];
        int total = 0;
        for (int id = 0; id < vocabulary.Count; id++)
        {
            ReadOnlySpan<byte> utf8 = vocabulary.Utf8(id);
            if (vocabulary.Type(id) is not (TokenType.Control or TokenType.Unknown or TokenType.UserDefined)
                || utf8.Length is 0 or > MaxBytes || !Utf8.IsValid(utf8)) continue;
            int length = Encoding.UTF8.GetCharCount(utf8);
            found.Add(new Entry { Id = id, Start = total, Length = length, IsUserDefined = vocabulary.Type(id) == TokenType.UserDefined });
            total = checked(total + length);
        }

        _chars = new char[total];
        HashSet<char> firstChars = [];
        foreach (Entry entry in found)
        {
            Encoding.UTF8.GetChars(vocabulary.Utf8(entry.Id), _chars.AsSpan(entry.Start));
            firstChars.Add(_chars[entry.Start]);
        }

        _firstChars = SearchValues.Create([.. firstChars]);
        found.Sort((a, b) => Text(a).SequenceCompareTo(Text(b)) is var order and not 0 ? order : a.Id.CompareTo(b.Id));
        _entries = new Entry[found.Count + 1];
        int count = 1;
        foreach (Entry entry in found)
            if (count == 1 || !Text(entry).SequenceEqual(Text(_entries[count - 1]))) _entries[count++] = entry;
        Array.Resize(ref _entries, count);
        LinkBeginnings();
        bool[] inTemplate = FindIn(template);
        for (int i = 1; i < count; i++)
        {
            ref Entry entry = ref _entries[i];
            bool ofTemplate = inTemplate[i] && entry.IsUserDefined && Text(entry).EndsWith("|>");
            entry.UserDefined = entry.IsUserDefined ? i : _entries[entry.Parent].UserDefined;
            entry.Free = entry.IsUserDefined && !ofTemplate ? i : _entries[entry.Parent].Free;
        }
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
            int longest = Longest(text[start..], out _), trusted = trust.TrustedUntil(start);
            int control = Shorten(longest, trusted - start);
            int anywhere = trust.IsPrompt ? _entries[longest].Free : _entries[longest].UserDefined;
            Entry token = _entries[_entries[control].Length > _entries[anywhere].Length ? control : anywhere];
            if (token.Length == 0) continue;
            (id, end) = (token.Id, start + token.Length);
            if (_stripsRight is not null && _stripsRight(id))
                while (end < text.Length && char.IsWhiteSpace(text[end])) end++;
            return true;
        }

        (id, start, end) = (-1, text.Length, text.Length);
        return false;
    }

    /// <summary>The entry of the longest token that <paramref name="text"/> begins with; 0 for none.</summary>
    /// <param name="text">A text.</param>
    /// <param name="comparisons">Texts compared.</param>
    internal int Longest(ReadOnlySpan<char> text, out int comparisons)
    {
        int low = 1, high = _entries.Length;
        for (comparisons = 1; low < high; comparisons++)
        {
            int middle = (low + high) / 2;
            if (Text(_entries[middle]).SequenceCompareTo(text) <= 0) low = middle + 1;
            else high = middle;
        }

        // What begins the text comes before it in order, and all between the two begin with it, too.
        return Shorten(low - 1, Text(_entries[low - 1]).CommonPrefixLength(text));
    }

    /// <summary>The longest beginning of an entry, itself included, of at most <paramref name="length"/> characters.</summary>
    private int Shorten(int entry, int length)
    {
        while (_entries[entry].Length > length)
        {
            int jump = _entries[entry].Jump;
            entry = _entries[jump].Length > length ? jump : _entries[entry].Parent;
        }

        return entry;
    }

    /// <summary>
    /// Finds for each entry the longest other that it begins with, and a jump over many of those: any is reached in a logarithm of steps
    /// (Myers 1983).
    /// </summary>
    private void LinkBeginnings()
    {
        for (int i = 1; i < _entries.Length; i++)
        {
            ref Entry entry = ref _entries[i];
            int parent = i - 1;
            while (!Text(entry).StartsWith(Text(_entries[parent]))) parent = _entries[parent].Parent;
            ref Entry above = ref _entries[parent];
            int jump = above.Jump;
            entry.Parent = parent;
            entry.Depth = above.Depth + 1;
            entry.Jump = above.Depth - _entries[jump].Depth == _entries[jump].Depth - _entries[_entries[jump].Jump].Depth
                ? _entries[jump].Jump
                : parent;
        }
    }

    /// <summary>Which entries that begin with &lt;| stand in a chat template.</summary>
    private bool[] FindIn(string? template)
    {
        bool[] found = new bool[_entries.Length];
        if (template is null) return found;
        for (int at = template.IndexOf("<|", StringComparison.Ordinal); at >= 0;
            at = template.IndexOf("<|", at + 1, StringComparison.Ordinal))
        {
            int entry = Longest(template.AsSpan(at), out _);
            for (; entry > 0 && !found[entry]; entry = _entries[entry].Parent) found[entry] = true;
        }

        return found;
    }

    private ReadOnlySpan<char> Text(Entry entry) => _chars.AsSpan(entry.Start, entry.Length);

    private struct Entry
    {
        public int Id, Start, Length, Parent, Jump, Depth;

        /// <summary>
        /// The longest beginning, itself included, that is user-defined; and one that in prompts not only the template may write.
        /// </summary>
        public int UserDefined, Free;

        public bool IsUserDefined;
    }
}
