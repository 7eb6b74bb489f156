namespace NpcMind.Cli.Needle;

/// <summary>A long text, a question about it, and what a right answer holds.</summary>
/// <param name="Task">Name of the task.</param>
/// <param name="Depth">Where in the text the answer stands, 0 (at its beginning) to 1; null where it stands everywhere.</param>
/// <param name="Text">The haystack.</param>
/// <param name="Question">What is asked after it.</param>
/// <param name="Cue">What the answer begins with.</param>
/// <param name="Answers">Words that a right answer holds, in any order.</param>
/// <param name="AnswerTokens">Tokens that an answer may take.</param>
internal sealed record NeedleCase(
    string Task, double? Depth, string Text, string Question, string Cue, IReadOnlyList<string> Answers, int AnswerTokens)
{
    /// <summary>The whole of what is asked.</summary>
    public string Prompt => $"{Text}\n\n{Question}";

    /// <summary>
    /// Part of the answers that a reply holds as words of their own, whatever their case: 0 to 1. RULER's measure (string match of all).
    /// </summary>
    public double Score(string reply) => (double)Answers.Count(answer => Holds(reply, answer)) / Answers.Count;

    private static bool Holds(string reply, string answer)
    {
        for (int at = reply.IndexOf(answer, StringComparison.OrdinalIgnoreCase); at >= 0;
            at = reply.IndexOf(answer, at + 1, StringComparison.OrdinalIgnoreCase))
        {
            int end = at + answer.Length;
            if ((at == 0 || !char.IsLetterOrDigit(reply[at - 1])) && (end == reply.Length
                || !char.IsLetterOrDigit(reply[end]))) return true;
        }

        return false;
    }
}

/// <summary>Random numbers that are the same on every machine: splitmix64 (Steele et al. 2014).</summary>
internal sealed class NeedleRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        ulong z = _state += 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>0 up to, not including, <paramref name="limit"/>.</summary>
    public int Below(int limit) => (int)(Next() % (ulong)limit);

    /// <summary>Puts a list into a random order.</summary>
    public void Shuffle<T>(IList<T> items)
    {
        for (int i = items.Count - 1; i > 0; i--)
        {
            int other = Below(i + 1);
            (items[i], items[other]) = (items[other], items[i]);
        }
    }

    /// <summary>Different values that <paramref name="make"/> draws.</summary>
    public List<string> Distinct(int count, Func<NeedleRandom, string> make)
    {
        HashSet<string> values = new(StringComparer.Ordinal);
        while (values.Count < count) values.Add(make(this));
        return [.. values];
    }
}
