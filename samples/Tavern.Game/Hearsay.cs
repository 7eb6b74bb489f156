namespace Tavern.Game;

/// <summary>
/// What somebody noticed since it was last spoken to: the last word about each matter, and the last few things said near it. Kept short on
/// purpose: a small model reads it all again with the next question.
/// </summary>
public sealed class Hearsay
{
    private const int MostSaid = 4;
    private readonly List<Line> _lines = [];

    /// <param name="Matter">Newer lines about the same matter replace it; "" for what was said.</param>
    /// <param name="Speaker">"" for what is simply so.</param>
    /// <param name="Text">What was said.</param>
    public readonly record struct Line(string Matter, string Speaker, string Text);

    public IReadOnlyList<Line> Lines => _lines;

    /// <summary>Something is so now: "Osbert is now at the bar."</summary>
    public void Notice(string sentence)
    {
        // Who and what: "Osbert is now", "Osbert now carries".
        int now = sentence.IndexOf(" now ", StringComparison.Ordinal);
        string matter = now < 0 ? sentence : sentence[..(now + 4)];
        _lines.RemoveAll(l => l.Matter == matter);
        _lines.Add(new Line(matter, "", sentence));
    }

    public void Overhear(string speaker, string text)
    {
        _lines.Add(new Line("", speaker, text));
        if (_lines.Count(l => l.Matter.Length == 0) > MostSaid) _lines.RemoveAt(_lines.FindIndex(l => l.Matter.Length == 0));
    }

    public void Set(IEnumerable<Line> lines)
    {
        _lines.Clear();
        _lines.AddRange(lines);
    }

    public void Clear() => _lines.Clear();
}
