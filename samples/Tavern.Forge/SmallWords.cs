using System.Globalization;
using System.Text;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>Words that are no English, and long stories.</summary>
internal static class SmallWords
{
    private static readonly string[] Smashes = ["asdf", "jkl", "qwer", "sdfg", "hjkl", "zxcv", "aaaa", "ghgh", "lkj", "dfgh", "wasd",
        "xxx", "uiop", "fjfj"];
    private static readonly string[] Marks = ["???", "...", "!!!", "12345", "?", "!", "@#%", "0", "42", ":)", ":-(", "-", "/help", "<3",
        "1 2 3", "x", "\ud83d\ude00", "***"];

    /// <summary>A sentence in another tongue, or one put together from two.</summary>
    public static string Foreign(Random random, Split split)
    {
        string[] lines = split == Split.Train ? Phrases.Foreign.Value.Train : Phrases.Foreign.Value.Held;
        int at = random.Next(lines.Length);
        string text = lines[at];
        if (split == Split.Train && random.Next(3) == 0)
        {
            // Neighbours in the file are mostly of one tongue.
            string[] words = text.Split(' '), others = lines[Math.Clamp(at + 1 - (2 * random.Next(2)), 0, lines.Length - 1)].Split(' ');
            text = string.Join(' ', words[..Math.Max(1, words.Length / 2)].Concat(others[(others.Length / 2)..]));
        }

        if (random.Next(4) == 0) text = Plain(text);
        if (random.Next(4) == 0) text = text.ToLowerInvariant().TrimEnd('?', '.', '!');
        return text;
    }

    /// <summary>What is no word of any tongue.</summary>
    public static string Gibberish(Random random)
    {
        if (random.Next(5) == 0) return Marks[random.Next(Marks.Length)];
        const string Letters = "bcdfghjklmnpqrstvwxzaeiou";
        List<string> words = [];
        for (int i = 1 + random.Next(4); i > 0; i--)
        {
            StringBuilder word = new();
            if (random.Next(2) == 0) for (int j = 1 + random.Next(3); j > 0; j--) word.Append(Smashes[random.Next(Smashes.Length)]);
            else for (int j = 3 + random.Next(7); j > 0; j--) word.Append(Letters[random.Next(Letters.Length)]);
            words.Add(word.ToString());
        }

        return string.Join(' ', words);
    }

    /// <summary>Two to four things that befell somebody.</summary>
    public static string Story(Random random, Split split)
    {
        HashSet<string> told = [];
        int count = split == Split.Train ? 2 + random.Next(3) : 2;
        for (int tries = 0; told.Count < count && tries < 12; tries++)
        {
            // Every clause begins small but for "I".
            string clause = Phrases.Make(random, split, "story");
            told.Add(clause.StartsWith("I ", StringComparison.Ordinal) ? clause : char.ToLowerInvariant(clause[0]) + clause[1..]);
        }

        string text = string.Join(", ", told.SkipLast(1)) + (random.Next(2) == 0 ? ", and " : " and ") + told.Last() + ".";
        return char.ToUpperInvariant(text[0]) + text[1..];
    }

    private static string Plain(string text) =>
        string.Concat(text.Normalize(NormalizationForm.FormD).Where(c =>
            CharUnicodeInfo.GetUnicodeCategory(c) != UnicodeCategory.NonSpacingMark));
}
