using System.Text;

namespace Tavern.World;

/// <summary>
/// Reads what people type in haste as what they meant, for a small mind that knows few words: short forms (<see cref="ShortForms"/>),
/// capitals,
/// marks, and slips of the keys in words and names. Other tongues stay as they are: where fewer than half of the words are known, nothing
/// is
/// changed. What the player typed is shown as it was typed.
/// </summary>
public static class TypedText
{
    private const int LeastLetters = 4;
    private static readonly string[] Rows = ["qwertyuiop", "asdfghjkl", "zxcvbnm"];

    /// <summary>Words that the shipped mind was taught, and that are no slips of others. Tavern.Forge writes the file.</summary>
    private static readonly Lazy<HashSet<string>> Known = new(() =>
    {
        using StreamReader reader = new(typeof(TypedText).Assembly.GetManifestResourceStream("Tavern.World.words.txt")!);
        return [.. reader.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)];
    });

    /// <summary>Known words by their first letter.</summary>
    private static readonly Lazy<ILookup<char,
        string>> ByFirst = new(() => Known.Value.Where(w => w.Length >= LeastLetters).ToLookup(w => w[0]));

    /// <summary>What a line means, in the words that it stands for.</summary>
    /// <param name="typed">As it was typed.</param>
    /// <param name="names">Of people, things and places that slips may mean, written as they are.</param>
    /// <returns>The same text where little of it is known.</returns>
    public static string Read(string typed, IEnumerable<string> names)
    {
        ArgumentNullException.ThrowIfNull(typed);
        ArgumentNullException.ThrowIfNull(names);
        string[] proper = [.. names.SelectMany(n => n.Split(' ')).Where(n => n.Length > 2).Distinct(StringComparer.Ordinal)];
        List<string> words = Apart(typed);
        int known = 0, all = 0;
        for (int i = 0; i < words.Count; i++)
        {
            if (!char.IsLetter(words[i][0])) continue;
            bool isName = i > 1 && char.IsUpper(words[i][0]) && words[i].Any(char.IsLower);
            (string read, bool isKnown) = Word(words[i], isName, proper);
            words[i] = read;
            all++;
            if (isKnown) known++;
        }

        if (all == 0 || known * 2 < all) return typed;
        string text = string.Concat(words).Trim();
        return char.IsLetterOrDigit(text[^1]) ? Marked(text) : char.ToUpperInvariant(text[0]) + text[1..];
    }

    /// <summary>The names of a world that slips may mean.</summary>
    public static IEnumerable<string> NamesOf(TavernWorld world)
    {
        ArgumentNullException.ThrowIfNull(world);
        return [.. world.People.Select(p => p.Name), world.Town];
    }

    /// <summary>One word, and whether it is one.</summary>
    private static (string Read, bool IsKnown) Word(string word, bool isName, string[] names)
    {
        string small = word.ToLowerInvariant().Replace('\u2019', '\'');
        foreach (string name in names)
        {
            bool owns = small.EndsWith("'s", StringComparison.Ordinal);
            if (string.Equals(owns ? small[..^2] : small, name, StringComparison.OrdinalIgnoreCase)) return (name + (owns ? "'s" : ""),
                true);
        }

        if (small is "i" or "i'm" or "im" or "i'd" or "i'll" or "i've") return (ShortForms.Of(small) is { } me ? Join(me)
            : "I" + small[1..], true);
        if (ShortForms.Of(small) is { } words) return (Join(words), true);
        bool isShouted = word.Length > 1 && word.All(c => !char.IsLetter(c) || char.IsUpper(c));
        if (Known.Value.Contains(small) || small.EndsWith("'s", StringComparison.Ordinal)) return (isShouted ? small : word, true);
        if (small.Length < LeastLetters) return (isShouted ? small : word, false);
        foreach (string name in names)
            if (name.Length >= LeastLetters && IsSlip(small, name.ToLowerInvariant())) return (name, true);
        if (isName) return (word, false);
        foreach (string meant in ByFirst.Value[small[0]])
            if (IsSlip(small, meant)) return (meant, true);
        return (isShouted ? small : word, false);

        static string Join(IReadOnlyList<string> words) => string.Join(' ', words.Select(w => w == "i" ? "I" : w));
    }

    /// <summary>A letter left out, one too many, two swapped, or a neighbouring key; the first is right.</summary>
    private static bool IsSlip(string word, string meant)
    {
        if (word[0] != meant[0] || Math.Abs(word.Length - meant.Length) > 1) return false;
        int same = word.AsSpan().CommonPrefixLength(meant);
        ReadOnlySpan<char> left = word.AsSpan(same), right = meant.AsSpan(same);
        if (left.Length > right.Length) return left[1..].SequenceEqual(right);
        if (left.Length < right.Length) return right[1..].SequenceEqual(left);
        if (left.Length > 1 && left[0] == right[1] && left[1] == right[0] && left[2..].SequenceEqual(right[2..])) return true;
        return left.Length > 0 && AreNeighbours(left[0], right[0]) && left[1..].SequenceEqual(right[1..]);
    }

    private static bool AreNeighbours(char a, char b)
    {
        foreach (string row in Rows)
            if (row.IndexOf(a, StringComparison.Ordinal) is var at and >= 0
                && row.IndexOf(b, StringComparison.Ordinal) is var other and >= 0)
                return Math.Abs(at - other) == 1;
        return false;
    }

    /// <summary>A mark at the end, after what asks or tells.</summary>
    private static string Marked(string text)
    {
        string[] words = text.ToLowerInvariant().Split([' ', ','], StringSplitOptions.RemoveEmptyEntries);
        string first = Array.Find(words, w => !DeedWords.Openers.Contains(w)) ?? words[0];
        bool asks = DeedWords.Introducing.Contains(first) || first is "is" or "are" or "am" or "do" or "does" or "did" or "can" or "could"
            or "will" or "would" or "was" or "were" or "has" or "have" or "may" or "shall" or "should";
        return char.ToUpperInvariant(text[0]) + text[1..] + (asks ? "?" : ".");
    }

    /// <summary>Words with the signs inside of them, and what is between words.</summary>
    private static List<string> Apart(string text)
    {
        List<string> parts = [];
        StringBuilder part = new();
        bool isWord = false;
        foreach (char c in text)
        {
            bool letter = char.IsLetter(c) || (isWord && c is '\'' or '\u2019');
            if (letter != isWord && part.Length > 0)
            {
                parts.Add(part.ToString());
                part.Clear();
            }

            isWord = letter;
            part.Append(c);
        }

        if (part.Length > 0) parts.Add(part.ToString());
        return parts;
    }
}
