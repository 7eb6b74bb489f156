namespace Tavern.World;

/// <summary>What somebody accuses of, and by which words: "took" or "stole" the "horse".</summary>
/// <param name="Verbs">What the culprit did, as statements say it.</param>
/// <param name="Objects">To what.</param>
public sealed record Crime(IReadOnlyList<string> Verbs, IReadOnlyList<string> Objects);

/// <summary>
/// Finds whom words accuse: "I accuse Garlin", "You took the horse!", "The thief is the hunter." Questions, guesses, reports of what
/// others say and denials accuse nobody. Slips of the pen are read as what they were meant to be. English only.
/// </summary>
public static class Accusations
{
    private const int MostSlips = 2;
    private static readonly string[] Accusing = ["accuse", "denounce", "arrest", "blame"];
    private static readonly string[] Culprits = ["thief", "culprit", "guilty", "criminal", "robber"];

    /// <summary>A clause with one of these is no accusation: it guesses, denies, plans, or tells what others say.</summary>
    private static readonly string[] Guessing =
    [
        "not", "never", "nobody", "if", "maybe", "perhaps", "think", "believe", "guess", "suspect", "wonder", "say", "says", "said", "told",
        "tells", "heard", "hear", "might", "could", "would", "should", "may", "can", "will", "cannot", "want", "whether", "suppose",
        "unless",
    ];

    /// <summary>Returns the names of those whom words accuse, each once; empty for most words.</summary>
    /// <param name="words">What the player says.</param>
    /// <param name="world">Who is there.</param>
    /// <param name="listener">Whom "you" means; null for nobody.</param>
    /// <param name="crime">What it is about.</param>
    public static IReadOnlyList<string> Of(string words, TavernWorld world, Person? listener, Crime crime)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(crime);
        List<string> accused = [];
        foreach (string sentence in Sentences(words))
        {
            bool goesOn = false;
            foreach (string[] clause in Requests.Clauses(sentence))
            {
                // "I accuse Garlin and Osbert": the second clause is a name and nothing else.
                string[] named = [.. Named(clause, world, listener)];
                bool isBare = goesOn && clause.All(w => DeedWords.Openers.Contains(w) || world.People.Any(p => IsName(w, p)));
                goesOn = isBare || Accuses(clause, named, crime);
                if (goesOn) accused.AddRange(named);
            }
        }

        return [.. accused.Distinct(StringComparer.Ordinal)];
    }

    /// <summary>Sentences that are no questions.</summary>
    private static IEnumerable<string> Sentences(string words)
    {
        int start = 0;
        for (int i = 0; i <= words.Length; i++)
        {
            if (i < words.Length && words[i] is not ('.' or '!' or '?' or '\n' or ';')) continue;
            if (i == words.Length || words[i] != '?') yield return words[start..i];
            start = i + 1;
        }
    }

    private static bool Accuses(string[] clause, string[] named, Crime crime)
    {
        string? first = clause.FirstOrDefault(w => !DeedWords.Openers.Contains(w));
        if (named.Length == 0 || first is null || DeedWords.Asking.Contains(first)) return false;
        if (clause.Any(w => Guessing.Contains(w))) return false;
        if (clause.Any(w => Accusing.Any(a => IsAlmost(w, a)))) return true;
        bool isDone = clause.Contains("did") && (clause.Contains("it") || clause.Contains("this"));
        bool tellsWho = clause.Contains("it") && (clause.Contains("was") || clause.Contains("is")) && clause.Length <= 4 + named.Length;
        bool tellsWhat = crime.Verbs.Any(v => Has(clause, v)) && crime.Objects.Any(o => Has(clause, o));
        bool names = clause.Any(w => Culprits.Any(c => Requests.Is(w, c))) && clause.Any(w => w is "is" or "are" or "the");
        return isDone || tellsWho || tellsWhat || names;
    }

    private static IEnumerable<string> Named(string[] clause, TavernWorld world, Person? listener)
    {
        foreach (Person person in world.People)
        {
            bool isNamed = clause.Any(w => IsName(w, person)) || IsOnlyOne(clause, world, person) || WearsIt(clause, world, person);
            if (isNamed || (person == listener && clause.Any(w => w is "you" or "u"))) yield return person.Name;
        }
    }

    private static bool IsName(string word, Person person) =>
        person.Name.ToLowerInvariant().Split(' ', '-', '\'').Any(part => part.Length > 2 ? Requests.Is(word, part) : word == part);

    private static bool IsOnlyOne(string[] clause, TavernWorld world, Person person) =>
        person.Trade is { } trade && world.People.Count(p => p.Trade == trade) == 1 && Has(clause, trade.ToLowerInvariant());

    /// <summary>"The one in the blue cloak."</summary>
    private static bool WearsIt(string[] clause, TavernWorld world, Person person) =>
        person.Cloak is { } cloak && world.People.Count(p => p.Cloak == cloak) == 1 && clause.Any(w => Requests.Is(w, "cloak"))
        && Has(clause, Lexicon.Colours[(int)cloak]);

    /// <summary>Whether a clause holds all of some words.</summary>
    private static bool Has(string[] clause, string words) => words.Split(' ').All(word => clause.Any(w => Requests.Is(w, word)));

    /// <summary>Whether a word is another with at most two letters wrong, missing or too many; the first is right.</summary>
    private static bool IsAlmost(string word, string meant)
    {
        if (word.Length == 0 || word[0] != meant[0] || Math.Abs(word.Length - meant.Length) > MostSlips) return false;
        int[] above = [.. Enumerable.Range(0, meant.Length + 1)];
        for (int i = 1; i <= word.Length; i++)
        {
            int[] row = new int[meant.Length + 1];
            row[0] = i;
            for (int j = 1; j <= meant.Length; j++)
                row[j] = Math.Min(Math.Min(row[j - 1], above[j]) + 1, above[j - 1] + (word[i - 1] == meant[j - 1] ? 0 : 1));
            above = row;
        }

        return above[^1] <= (meant.Length > 5 ? MostSlips : 1);
    }
}
