namespace Tavern.World;

/// <summary>
/// Names of people, made of a first and a last part. One combination in five is held out of training; every part occurs in it, so that a held-out name is new while
/// its letters are not. One name in three of training ends in letters drawn by lot: a model that has only seen the last parts there are takes a name apart that falls into other tokens.
/// </summary>
public static class Names
{
    private static readonly string[] First =
    [
        "Al", "Bran", "Cor", "Dar", "Ed", "Fen", "Gar", "Hal", "Ing", "Jor", "Kel", "Lor", "Mar", "Nor", "Os", "Per", "Quin", "Ros", "Sel", "Tor", "Ul", "Var", "Wil", "Yor",
    ];

    private static readonly string[] Last =
    [
        "a", "ric", "din", "wen", "bert", "gard", "la", "mund", "na", "o", "ra", "ton", "vin", "ya", "dor", "mir", "lin", "bel", "ken", "sa", "fred", "wick",
    ];

    /// <summary>Names with different first parts.</summary>
    public static string[] Take(Random random, Split split, int count)
    {
        int[] first = [.. Enumerable.Range(0, First.Length)];
        random.Shuffle(first);
        return [.. first.Take(count).Select(i => Name(random, split, i))];
    }

    /// <summary>Whether a name is one of a split.</summary>
    public static Split SplitOf(int first, int last) => (first * 7 + last * 3) % 5 == 0 ? Split.Held : Split.Train;

    /// <summary>Every name of a split.</summary>
    public static IEnumerable<string> All(Split split) =>
        from i in Enumerable.Range(0, First.Length)
        from j in Enumerable.Range(0, Last.Length)
        where SplitOf(i, j) == split
        select First[i] + Last[j];

    private static string Name(Random random, Split split, int first)
    {
        if (split == Split.Train && random.Next(3) == 0) return Drawn(random, first);
        int[] last = [.. Enumerable.Range(0, Last.Length).Where(j => SplitOf(first, j) == split)];
        return First[first] + Last[last[random.Next(last.Length)]];
    }

    private static string Drawn(Random random, int first)
    {
        const string Consonants = "bcdfghklmnprstvwz", Vowels = "aeiou";
        while (true)
        {
            string end = "";
            for (int syllables = 1 + random.Next(3); syllables > 0; syllables--)
            {
                if (random.Next(4) > 0) end += Consonants[random.Next(Consonants.Length)];
                end += Vowels[random.Next(Vowels.Length)];
                if (random.Next(4) == 0) end += Consonants[random.Next(Consonants.Length)];
            }

            int known = Array.IndexOf(Last, end);
            if (known < 0 || SplitOf(first, known) == Split.Train) return First[first] + end;
        }
    }
}
