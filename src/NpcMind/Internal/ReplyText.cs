using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// Text of a reply as its tokens arrive: whole characters only, and nothing that may turn out to be the start of a stop string. Remembers after which token
/// each character was there, so that a reply can be cut where somebody interrupted it.
/// </summary>
internal sealed class ReplyText
{
    private readonly Utf8TokenDecoder _decoder = new();
    private readonly IReadOnlyList<string> _stops;
    private readonly int[] _ends;
    private char[] _chars;
    private int _tokens;

    public ReplyText(int maxTokens, IReadOnlyList<string> stops)
    {
        _stops = stops;
        _ends = new int[maxTokens];
        _chars = new char[Math.Max(256, maxTokens * 8)];
    }

    /// <summary>Characters so far.</summary>
    public int Length { get; private set; }

    /// <summary>Characters that can be shown.</summary>
    public int Shown { get; private set; }

    /// <summary>Tokens so far.</summary>
    public int Tokens => _tokens;

    public ReadOnlySpan<char> Chars(int from, int to) => _chars.AsSpan(from, to - from);

    /// <summary>Adds the bytes of a token; true when the text now holds a stop string and was cut before it.</summary>
    public bool Append(ReadOnlySpan<byte> bytes)
    {
        int before = Length;
        Write(_decoder.Append(bytes));
        _ends[_tokens++] = Length;
        if (_stops.Count == 0)
        {
            Shown = Length;
            return false;
        }

        int cut = FindStop(before);
        if (cut >= 0)
        {
            Length = Shown = cut;
            _tokens = TokensWithin(cut);
            return true;
        }

        Shown = Math.Max(Shown, Length - HeldBack());
        return false;
    }

    /// <summary>No more tokens come: everything is shown.</summary>
    public void Finish()
    {
        Write(_decoder.Flush());
        Shown = Length;
    }

    /// <summary>Shows a text that was cut inside a token, for a restored reply whose speech has ended.</summary>
    public void End(string text)
    {
        Length = 0;
        Write(text);
        Shown = Length;
        _decoder.Reset();
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
        _decoder.Reset();
        return keep;
    }

    private void Write(ReadOnlySpan<char> text)
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
            int from = Math.Max(0, before - _stops[i].Length + 1), at = _chars.AsSpan(from, Length - from).IndexOf(_stops[i], StringComparison.Ordinal);
            if (at >= 0 && (first < 0 || from + at < first)) first = from + at;
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
