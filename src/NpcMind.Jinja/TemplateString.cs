namespace NpcMind.Jinja;

/// <summary>
/// An immutable text value. It remembers which of its characters come from outside the template; every operation passes that on.
/// Lengths and offsets here are UTF-16; templates count code points, see <see cref="CodePoints"/>.
/// </summary>
internal sealed class TemplateString
{
    public static readonly TemplateString Empty = new("", false, null, false);

    // Trust flips at each cut, ascending. Most texts have none.
    private readonly int[]? _cuts;
    private readonly bool _startsUntrusted;
    private int _count = -1;

    private TemplateString(string value, bool startsUntrusted, int[]? cuts, bool isMarkup)
    {
        Value = value;
        _startsUntrusted = startsUntrusted;
        _cuts = cuts is { Length: 0 } ? null : cuts;
        IsMarkup = isMarkup;
    }

    public string Value { get; }

    /// <summary>Marked as escaped HTML (filters <c>e</c> and <c>safe</c>).</summary>
    public bool IsMarkup { get; }

    public int Length => Value.Length;

    public bool HasUntrusted => Length > 0 && (_startsUntrusted || _cuts is not null);

    /// <summary>Length in code points.</summary>
    public int Count => _count >= 0 ? _count : _count = CodePoints.Count(Value);

    /// <summary>True when every code point is one UTF-16 unit, so that offsets need no conversion.</summary>
    public bool IsFlat => Count == Length;

    public static TemplateString Trusted(string value) => value.Length == 0 ? Empty : new(value, false, null, false);

    public static TemplateString Untrusted(string value) => new(value, true, null, false);

    public static TemplateString Of(string value, bool untrusted) => untrusted ? Untrusted(value) : Trusted(value);

    public static TemplateString Create(string value, bool startsUntrusted, int[]? cuts, bool isMarkup) =>
        new(value, startsUntrusted, cuts, isMarkup);

    public TemplateString WithMarkup(bool isMarkup) => isMarkup == IsMarkup ? this : new(Value, _startsUntrusted, _cuts, isMarkup);

    public bool IsUntrustedAt(int index)
    {
        if (_cuts is null) return _startsUntrusted;
        int at = Array.BinarySearch(_cuts, index);
        int passed = at >= 0 ? at + 1 : ~at;
        return _startsUntrusted ^ (passed & 1) == 1;
    }

    public TemplateString Slice(int start, int length)
    {
        if (length <= 0) return IsMarkup ? Empty.WithMarkup(true) : Empty;
        if (length == Length) return this;
        string value = Value.Substring(start, length);
        if (_cuts is null) return new(value, _startsUntrusted, null, IsMarkup);
        int from = FirstCutAfter(start), to = from;
        while (to < _cuts.Length && _cuts[to] < start + length) to++;
        int[] cuts = new int[to - from];
        for (int i = from; i < to; i++) cuts[i - from] = _cuts[i] - start;
        return new(value, _startsUntrusted ^ (from & 1) == 1, cuts, IsMarkup);
    }

    public TemplateString From(int start) => Slice(start, Length - start);

    /// <summary>The runs of equal trust, in order; none for the empty text.</summary>
    public IEnumerable<(int Start, int Length, bool Untrusted)> Runs(int start, int length)
    {
        bool untrusted = length > 0 && IsUntrustedAt(start);
        int next = _cuts is null ? 0 : FirstCutAfter(start), end = start + length;
        while (start < end)
        {
            int stop = _cuts is not null && next < _cuts.Length ? Math.Min(_cuts[next], end) : end;
            yield return (start, stop - start, untrusted);
            (start, untrusted, next) = (stop, !untrusted, next + 1);
        }
    }

    public bool IsUniform => _cuts is null;

    private int FirstCutAfter(int index)
    {
        int at = Array.BinarySearch(_cuts!, index);
        return at >= 0 ? at + 1 : ~at;
    }

    public override string ToString() => Value;
}
