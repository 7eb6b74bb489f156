using System.Text.RegularExpressions;
using Tavern.World;

namespace Tavern.Game;

/// <summary>What the player says of itself: its name, and what it promises. Found by rules, in English.</summary>
public static partial class PlayerWords
{
    private const int MostName = 24, MostPromise = 80;
    private const string Word = @"\p{L}[\p{L}'-]*";

    /// <summary>Returns the name that the player gives itself; null for none.</summary>
    /// <param name="words">What it says.</param>
    /// <param name="world">Whose names are taken.</param>
    public static string? NameIn(string words, TavernWorld world)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(world);
        Match named = Named().Match(words);
        // "I am tired": what is no name begins with a small letter, or goes on.
        if (!named.Success && Introduced().Match(words) is { Success: true } introduced && IsName(introduced.Groups["name"].Value))
            named = introduced;
        if (!named.Success) return null;
        string name = named.Groups["name"].Value.TrimEnd('.', '!', ',');
        if (name.Length is < 2 or > MostName || NoNames().IsMatch(name) || name.Equals(Deed.Player, StringComparison.OrdinalIgnoreCase))
            return null;
        if (world.People.Any(p => p.Name.Equals(name, StringComparison.OrdinalIgnoreCase))) return null;
        return char.ToUpperInvariant(name[0]) + name[1..];
    }

    /// <summary>Returns what a line means; the name that the player gives itself is no slip of a word.</summary>
    /// <param name="typed">As it was typed.</param>
    /// <param name="world">Whose names slips may mean.</param>
    public static string Read(string typed, TavernWorld world)
    {
        IEnumerable<string> names = TypedText.NamesOf(world);
        return TypedText.Read(typed, NameIn(typed, world) is { } name ? names.Append(name) : names);
    }

    /// <summary>Returns what the player promises, as it goes on after "promised me to"; null for nothing.</summary>
    /// <param name="words">What it says.</param>
    public static string? PromiseIn(string words)
    {
        ArgumentNullException.ThrowIfNull(words);
        Match promised = Promised().Match(words);
        if (!promised.Success || words.Contains("not promise", StringComparison.OrdinalIgnoreCase) || words.Contains("n't promise",
            StringComparison.OrdinalIgnoreCase)) return null;
        string promise = promised.Groups["what"].Value.Trim().TrimEnd('.', '!', ',', ' ');
        if (promise.Length < 3 || promise.Contains('?', StringComparison.Ordinal)) return null;
        // Said by the player of itself and of who hears it; told by that one.
        promise = You().Replace(promise, m => m.Value.EndsWith('r') ? "my" : "me");
        return promise.Length <= MostPromise ? promise : promise[..MostPromise].TrimEnd();
    }

    /// <summary>Returns whether the player asks for help.</summary>
    /// <param name="words">What it says.</param>
    public static bool IsLost(string words) => Lost().IsMatch(words);

    private static bool IsName(string word) => char.IsUpper(word[0]) || GivenNames.Contains(word);

    [GeneratedRegex(@"\b(?:my name is|my name's|my names|call me|they call me|people call me|i am called|i'm called)\s+"
        + "(?<name>" + Word + ")", RegexOptions.IgnoreCase)]
    private static partial Regex Named();

    [GeneratedRegex(@"(?:^|[.!,]\s*)(?:hello|hi|hey|good evening|greetings)?[,.!]?\s*(?:i am|i'm|im)\s+"
        + "(?<name>" + Word + @")\s*(?:[.!,]|$)", RegexOptions.IgnoreCase)]
    private static partial Regex Introduced();

    [GeneratedRegex("^(?:not|a|an|the|here|there|lost|nobody|no|what|who|so|very|your|my|later|when|if)$", RegexOptions.IgnoreCase)]
    private static partial Regex NoNames();

    [GeneratedRegex(@"\bi(?: do)? promise(?: (?:you|thee))?(?:,? that)?(?:,? (?:i will|i'll|ill|i shall|to|i am going to))\s+"
        + @"(?<what>[^.!?\n]+)"
        + @"|\b(?:i will|i'll|i shall)\s+(?<what>[^.!?\n]+?),?\s+i promise\b", RegexOptions.IgnoreCase)]
    private static partial Regex Promised();

    [GeneratedRegex(@"\b(?:i am|i'm|im) (?:lost|stuck)\b|\bhelp me\b|\b(?:a|any|another) (?:hint|help)\b"
        + @"|\bwhat (?:now|should i (?:do|ask))\b", RegexOptions.IgnoreCase)]
    private static partial Regex Lost();

    [GeneratedRegex(@"\b(?:your|you)\b", RegexOptions.IgnoreCase)]
    private static partial Regex You();
}
