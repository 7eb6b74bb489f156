using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// Text of a reply as its tokens arrive: whole characters only, and nothing that may turn out to be the start of a stop string. Remembers
/// after which token each character was there, so that a reply can be cut where somebody interrupted it.
/// </summary>
internal sealed class ReplyText
{
    private readonly Utf8TokenDecoder _decoder = new();
    private readonly IReadOnlyList<string> _stops;
    private readonly int[] _ends;
    private char[] _chars;
    private readonly int _lateTokens;
    private readonly ThoughtFilter? _thoughts;
    private readonly int _thoughtRoom;
    private int _tokens;
    private int _sentence;
    private bool _isLate;

    /// <param name="maxTokens">Most tokens.</param>
    /// <param name="stops">Texts to end before.</param>
    /// <param name="endAtSentence">Whether a sentence that may not come to its end within <paramref name="maxTokens"/> is held back until
    /// it has.</param>
    /// <param name="thoughts">Tells thoughts from speech; null where all is speech.</param>
    /// <param name="thoughtTokens">Most tokens of thoughts beside those of speech.</param>
    public ReplyText(
        int maxTokens, IReadOnlyList<string> stops, bool endAtSentence = false, ThoughtFilter? thoughts = null, int thoughtTokens = 0)
    {
        _thoughts = thoughts;
        _thoughtRoom = thoughtTokens;
        _lateTokens = endAtSentence ? maxTokens / 2 : int.MaxValue;
        _stops = stops;
        _ends = new int[maxTokens + thoughtTokens];
        _chars = new char[Math.Max(256, maxTokens * 8)]; // thoughts are kept elsewhere
    }

    /// <summary>Characters so far.</summary>
    public int Length { get; private set; }

    /// <summary>Characters that can be shown.</summary>
    public int Shown { get; private set; }

    /// <summary>Tokens so far.</summary>
    public int Tokens => _tokens;

    /// <summary>Tokens of thoughts, their marks included.</summary>
    public int ThoughtTokens { get; private set; }

    /// <summary>Tokens of speech: all but the thoughts that there was room for.</summary>
    public int SpokenTokens => _tokens - Math.Min(ThoughtTokens, _thoughtRoom);

    /// <summary>Most tokens.</summary>
    public int Capacity => _ends.Length;

    /// <summary>Whether a thought is being written.</summary>
    public bool InThought => _thoughts is { IsOpen: true };

    /// <summary>What was thought.</summary>
    public ReadOnlySpan<char> Thoughts => _thoughts is null ? [] : _thoughts.Thoughts;

    /// <summary>Which of the texts to end before it was; -1 for none.</summary>
    public int StoppedBy { get; private set; } = -1;

    public ReadOnlySpan<char> Chars(int from, int to) => _chars.AsSpan(from, to - from);

    /// <summary>Adds the bytes of a token; true when the text now holds a stop string and was cut before it.</summary>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        int before = Length;
        ReadOnlySpan<char> text = _decoder.Append(bytes);
        if (_thoughts is null) Write(text);
        else
        {
            bool wasOpen = _thoughts.IsOpen;
            _thoughts.Take(text, this);
            if (wasOpen || _thoughts.IsOpen) ThoughtTokens++;
        }

        _ends[_tokens++] = Length + (_thoughts?.Held ?? 0);
        int cut = _stops.Count == 0 ? -1 : FindStop(before);
        if (cut >= 0)
        {
            Length = Shown = Whole(cut);
            _tokens = TokensWithin(Length);
            Drop();
            return true;
        }

        Show(_stops.Count == 0 ? Length : Whole(Length - HeldBack()));
        return false;
    }

    /// <summary>No more tokens come: everything is shown but the bytes of a character that is not whole.</summary>
    public void Finish()
    {
        _thoughts?.Finish(this);
        Drop();
        Shown = Length;
    }

    /// <summary>
    /// Characters to the end of the last whole sentence, where the text ends inside one; -1 where it does not, or has no whole sentence.
    /// </summary>
    public int UnfinishedSentence()
    {
        ReadOnlySpan<char> text = _chars.AsSpan(0, Length);
        int end = SentenceSplitter.LastEnd(text);
        return end == 0 || end == text.TrimEnd().Length ? -1 : end;
    }

    /// <summary>
    /// Keeps the first <paramref name="characters"/>; the part of a token that they end with is written as <paramref name="rest"/> tokens
    /// more.
    /// </summary>
    public void CutTo(int characters, int rest)
    {
        _tokens = TokensWithin(characters);
        for (; rest > 0 && _tokens < _ends.Length; rest--) _ends[_tokens++] = characters;
        Length = Shown = characters;
        Drop();
    }

    /// <summary>Characters of the first <paramref name="tokens"/>.</summary>
    public int CharactersOf(int tokens) => tokens == 0 ? 0 : Math.Min(Length, _ends[tokens - 1]);

    /// <summary>As many characters as are whole, of so many UTF-16 units.</summary>
    public int Whole(int units) =>
        units > 0 && units < Length && char.IsLowSurrogate(_chars[units]) && char.IsHighSurrogate(_chars[units - 1]) ? units - 1 : units;

    /// <summary>Shows a text that was cut inside a token, for a restored reply whose speech has ended.</summary>
    public void End(string text)
    {
        Length = 0;
        Write(text);
        Shown = Length;
        Drop();
    }

    /// <summary>Most tokens whose characters all lie within the first <paramref name="characters"/>.</summary>
    public int TokensWithin(int characters)
    {
        int keep = 0;
        while (keep < _tokens && _ends[keep] <= characters) keep++;
        return keep;
    }

    /// <summary>Forgets all but <see cref="TokensWithin"/>, which it returns.</summary>
    public int Cut(int characters)
    {
        int keep = _tokens = TokensWithin(characters);
        Length = Shown = Math.Min(Length, keep == 0 ? 0 : _ends[keep - 1]);
        Drop();
        return keep;
    }

    /// <summary>Shows the first characters; of a sentence begun late nothing before its end.</summary>
    private void Show(int characters)
    {
        if (_lateTokens != int.MaxValue)
        {
            while (SentenceSplitter.End(_chars.AsSpan(_sentence, Length - _sentence), isWhole: false) is > 0 and int end)
            {
                _sentence += end;
                _isLate = SpokenTokens > _lateTokens;
            }

            if (_isLate) characters = Math.Min(characters, _sentence);
        }

        Shown = Math.Max(Shown, characters);
    }

    /// <summary>Forgets the bytes of a character, and what may be the start of a mark.</summary>
    private void Drop()
    {
        _decoder.Reset();
        _thoughts?.Drop();
    }

    /// <summary>Adds to what is said.</summary>
    internal void Write(ReadOnlySpan<char> text)
    {
        if (Length + text.Length > _chars.Length) Array.Resize(ref _chars, Math.Max(_chars.Length * 2, Length + text.Length));
        text.CopyTo(_chars.AsSpan(Length));
        Length += text.Length;
    }

    private int FindStop(int before)
    {
        int first = -1;
        for (int i = 0; i < _stops.Count; i++)
        {
            int from = Math.Max(0, before - _stops[i].Length + 1),
            at = _chars.AsSpan(from, Length - from).IndexOf(_stops[i], StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || from + at < first)) (first, StoppedBy) = (from + at, i);
        }

        return first;
    }

    /// <summary>Characters at the end that may begin a stop string.</summary>
    private int HeldBack()
    {
        int most = 0;
        for (int i = 0; i < _stops.Count; i++)
            for (int n = Math.Min(_stops[i].Length - 1, Length); n > most; n--)
                if (_chars.AsSpan(Length - n, n).SequenceEqual(_stops[i].AsSpan(0, n))) most = n;
        return most;
    }
}
