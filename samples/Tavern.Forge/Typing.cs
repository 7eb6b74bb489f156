using System.Text;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// Words as people type them: short forms and slang, neighbouring keys, letters left out, doubled or swapped, no capitals or nothing but,
/// marks left out or too many of them, fillers before and after.
/// </summary>
internal static class Typing
{
    private static readonly string[] Rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];
    private static readonly string[] Before = ["so ", "uh ", "um ", "hey ", "ok ", "well ", "umm ", "oh ", "yo ", "hmm ", "and ", "oi ",
        "ey "];
    private static readonly string[] After = [" pls", " plz", " mate", " bro", " lol", " man", " then", "...", " friend", " huh",
        " please", " dude", " thx"];
    private static readonly HashSet<string> HeldNames = [.. Names.All(Split.Held)];

    private static readonly Lazy<(string Word, string[] Ways)[]> Slang = new(() => [.. Phrases.Lines("slang").Select(l => l.Split(": "))
        .Select(p => (p[0], p[1].Split(' ', StringSplitOptions.RemoveEmptyEntries))).OrderByDescending(p => p.Item1.Length)]);

    /// <summary>A text typed in haste. Its meaning stays; held-out names do not come of it.</summary>
    public static string Sloppy(Random random, string text)
    {
        string typed = text;
        if (random.Next(10) < 7) typed = Shorten(random, typed);
        for (int slips = random.Next(10) switch { < 5 => 0, < 8 => 1, _ => 2 }; slips > 0; slips--) typed = Slip(random, typed);
        int marks = random.Next(10);
        if (marks < 6) typed = typed.TrimEnd('.', '?', '!');
        else if (marks == 6) typed += typed.EndsWith('?') ? "??" : typed.EndsWith('!') ? "!!" : "...";
        if (random.Next(2) == 0) typed = typed.Replace("'", "", StringComparison.Ordinal).Replace(",", "", StringComparison.Ordinal);
        if (random.Next(8) == 0) typed = Before[random.Next(Before.Length)] + typed;
        if (random.Next(8) == 0) typed = typed.TrimEnd('.', '?', '!') + After[random.Next(After.Length)];
        int letters = random.Next(20);
        typed = letters < 13 ? typed.ToLowerInvariant() : letters == 13 ? typed.ToUpperInvariant() : typed;
        typed = typed.Trim();
        return typed.Length == 0 || typed.Split([' ', '.', ',', '?', '!', '\'', ':']).Any(HeldNames.Contains) ? text : typed;
    }

    private static string Shorten(Random random, string text)
    {
        string padded = $" {text} ";
        foreach ((string word, string[] ways) in Slang.Value)
        {
            if (random.Next(2) == 0) continue;
            int at = padded.IndexOf(word, StringComparison.OrdinalIgnoreCase);
            if (at < 1 || char.IsLetter(padded[at - 1]) || char.IsLetter(padded[at + word.Length])
                || padded[at + word.Length] == '\'') continue;
            string way = random.Next(2) == 0 ? ways[0] : ways[random.Next(ways.Length)];
            padded = padded[..at] + way + padded[(at + word.Length)..];
        }

        return padded.Trim();
    }

    private static string Slip(Random random, string text)
    {
        int at = random.Next(text.Length);
        for (int tries = 0; tries < 8 && !IsInside(text, at); tries++) at = random.Next(text.Length);
        if (!IsInside(text, at)) return text;
        StringBuilder typed = new(text);
        switch (random.Next(6))
        {
            case 0 or 1:
                typed.Remove(at, 1);
                break;
            case 2:
                typed.Insert(at, text[at]);
                break;
            case 3 or 4 when char.IsLetter(text[at - 1]):
                (typed[at - 1], typed[at]) = (typed[at], typed[at - 1]);
                break;
            default:
                typed[at] = Neighbour(random, text[at]);
                break;
        }

        return typed.ToString();
    }

    /// <summary>Inside a word of four letters or more.</summary>
    private static bool IsInside(string text, int at)
    {
        if (at < 1 || !char.IsAsciiLetter(text[at]) || !char.IsAsciiLetter(text[at - 1])) return false;
        int first = at, last = at;
        while (first > 0 && char.IsAsciiLetter(text[first - 1])) first--;
        while (last < text.Length - 1 && char.IsAsciiLetter(text[last + 1])) last++;
        return last - first >= 3;
    }

    private static char Neighbour(Random random, char letter)
    {
        foreach (string row in Rows)
        {
            int at = row.IndexOf(char.ToLowerInvariant(letter), StringComparison.Ordinal);
            if (at < 0) continue;
            return row[Math.Clamp(at + (random.Next(2) == 0 ? 1 : -1), 0, row.Length - 1)];
        }

        return letter;
    }
}
