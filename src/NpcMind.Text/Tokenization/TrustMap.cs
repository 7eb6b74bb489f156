using System.Runtime.InteropServices;

namespace NpcMind.Text.Tokenization;

/// <summary>Which stretches of a text may hold control tokens. Asked from left to right.</summary>
internal ref struct TrustMap
{
    private readonly ReadOnlySpan<(int Start, int End)> _trusted; // ascending, not touching
    private int _next;

    private TrustMap(ReadOnlySpan<(int Start, int End)> trusted, bool isPrompt)
    {
        _trusted = trusted;
        IsPrompt = isPrompt;
    }

    /// <summary>Whether the text is a prompt, in which words from outside stand beside the template's.</summary>
    public bool IsPrompt { get; }

    /// <summary>One answer for a whole text.</summary>
    public static TrustMap Whole(bool trusted, int length) => new(trusted ? new[] { (0, length) } : [], false);

    /// <summary>The text of all segments, and where it is trusted.</summary>
    public static TrustMap Join(IReadOnlyList<PromptSegment> segments, out string text)
    {
        List<(int Start, int End)> trusted = [];
        System.Text.StringBuilder all = new();
        for (int i = 0; i < segments.Count; i++)
        {
            (string part, bool isTrusted) = segments[i];
            if (string.IsNullOrEmpty(part)) continue;
            int start = all.Length;
            all.Append(part);
            if (!isTrusted) continue;
            if (trusted.Count > 0 && trusted[^1].End == start) trusted[^1] = (trusted[^1].Start, all.Length);
            else trusted.Add((start, all.Length));
        }

        text = all.ToString();
        return new TrustMap(CollectionsMarshal.AsSpan(trusted), true);
    }

    /// <summary>End of the trusted stretch that <paramref name="at"/> is in, or <paramref name="at"/> itself when it is in none.</summary>
    public int TrustedUntil(int at)
    {
        while (_next < _trusted.Length && _trusted[_next].End <= at) _next++;
        return _next < _trusted.Length && _trusted[_next].Start <= at ? _trusted[_next].End : at;
    }
}
