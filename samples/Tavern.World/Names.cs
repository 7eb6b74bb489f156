namespace Tavern.World;

/// <summary>
/// Names of people, made of a first and a last part. One combination in five is held out of training; every part occurs in it, so that a
/// held-out name is new while its letters are not. Two names in five of training end in letters drawn by lot, half of those begin so, too:
/// a model that has only seen the parts there are takes a name for another that falls into other tokens.
/// </summary>
public static class Names
{
    private static readonly string[] First =
    [
        "Al", "Bran", "Cor", "Dar", "Ed", "Fen", "Gar", "Hal", "Ing", "Jor", "Kel", "Lor", "Mar", "Nor", "Os", "Per", "Quin", "Ros", "Sel",
        "Tor", "Ul", "Var", "Wil", "Yor",
    ];

    private static readonly string[] Last =
    [
        "a", "ric", "din", "wen", "bert", "gard", "la", "mund", "na", "o", "ra", "ton", "vin", "ya", "dor", "mir", "lin", "bel", "ken",
        "sa", "fred", "wick",
    ];

    private static readonly HashSet<string> HeldOut = [.. All(Split.Held)];

    /// <summary>Names whose first two letters differ.</summary>
    public static string[] Take(Random random, Split split, int count)
    {
        int[] first = [.. Enumerable.Range(0, First.Length)];
        random.Shuffle(first);
        List<string> names = [];
        foreach (int i in first.Take(count))
        {
            string name;
            do name = Name(random, split, i);
            while (names.Any(n => n[..2] == name[..2]));
            names.Add(name);
        }

        return [.. names];
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
        if (split == Split.Train && random.Next(5) < 2) return Drawn(random, first);
        int[] last = [.. Enumerable.Range(0, Last.Length).Where(j => SplitOf(first, j) == split)];
        return First[first] + Last[last[random.Next(last.Length)]];
    }

    private static string Drawn(Random random, int first)
    {
        const string Consonants = "bcdfghjklmnprstvwyz", Vowels = "aeiou";
        while (true)
        {
            bool parted = random.Next(2) == 0;
            string name = parted ? First[first] : "";
            for (int syllables = (parted ? 1 : 2) + random.Next(parted ? 3 : 2); syllables > 0; syllables--)
            {
                if (random.Next(name.Length == 0 ? 2 : 4) > 0) name += Consonants[random.Next(Consonants.Length)];
                if (name.Length > 0 && random.Next(6) == 0) name += "lr"[random.Next(2)];
                name += Vowels[random.Next(Vowels.Length)];
                if (random.Next(4) == 0) name += Consonants[random.Next(Consonants.Length)];
            }

            name = char.ToUpperInvariant(name[0]) + name[1..];
            if (!HeldOut.Contains(name)) return name;
        }
    }
}
