using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// Lines that a character overheard since it was last spoken to. They have a budget of tokens of their own: the oldest give way, and a line
/// longer than the budget keeps its beginning.
/// </summary>
internal sealed class OverheardLines(Tokenizer tokenizer, int budget)
{
    private const int CharactersPerToken = 8;
    private readonly List<(string Text, int Tokens)> _lines = [];

    /// <summary>The lines, oldest first.</summary>
    public IEnumerable<string> Lines => _lines.Select(line => line.Text);

    /// <summary>Tokens they take, a line end for each.</summary>
    public int Tokens { get; private set; }

    /// <summary>Adds a line and forgets the oldest ones that the budget has no room for any more.</summary>
    public void Add(string line)
    {
        line = Start(line, CharactersPerToken * budget);
        int tokens = Count(line);
        while (tokens > budget)
        {
            line = Start(line, (int)Math.Min(line.Length - 1, (long)line.Length * budget / tokens));
            tokens = Count(line);
        }

        _lines.Add((line, tokens));
        Tokens += tokens;
        int old = 0;
        for (; Tokens > budget; old++) Tokens -= _lines[old].Tokens;
        _lines.RemoveRange(0, old);
    }

    /// <summary>The latest lines that together take at most <paramref name="most"/> tokens, oldest first, and what they take.</summary>
    public (List<string> Lines, int Tokens) Latest(int most)
    {
        int first = _lines.Count, tokens = 0;
        while (first > 0 && tokens + _lines[first - 1].Tokens <= most) tokens += _lines[--first].Tokens;
        return ([.. _lines.Skip(first).Select(line => line.Text)], tokens);
    }

    public void Clear()
    {
        _lines.Clear();
        Tokens = 0;
    }

    private int Count(string line) => tokenizer.Encode(line).Length + 1;

    /// <summary>At most so many characters from the start, without half a surrogate pair at the end.</summary>
    private static string Start(string line, int most)
    {
        if (line.Length <= most) return line;
        return most > 0 && char.IsHighSurrogate(line[most - 1]) ? line[..(most - 1)] : line[..most];
    }
}
