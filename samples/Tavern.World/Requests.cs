using System.Text;

namespace Tavern.World;

/// <summary>
/// Finds the deeds that follow from what somebody says: those whose verb a clause asks for, and whose aim is named or meant. What is
/// asked about, told, forbidden or impossible is none. The words are in
/// <see cref="DeedWords"/>; slips of the pen are read as what they were meant to be. English only: other languages ask for nothing.
/// </summary>
public sealed class Requests
{
    private readonly TavernWorld _world;
    private readonly Person _actor;
    private readonly List<string[]> _clauses;
    private readonly string[] _words;

    private Requests(string words, TavernWorld world, Person actor)
    {
        (_world, _actor) = (world, actor);
        _clauses = Clauses(words);
        _words = [.. _clauses.SelectMany(c => c)];
    }

    /// <summary>Returns the deeds that words ask of somebody and that can be done; empty for most words.</summary>
    /// <param name="words">What the player says.</param>
    /// <param name="world">Who and what is there.</param>
    /// <param name="actor">Who is asked.</param>
    public static List<Deed> Of(string words, TavernWorld world, Person actor)
    {
        ArgumentNullException.ThrowIfNull(words);
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(actor);
        return new Requests(words, world, actor).Find();
    }

    private List<Deed> Find()
    {
        HashSet<DeedVerb> verbs = [.. _clauses.Where(AsksForDeed).SelectMany(VerbsOf)];
        if (verbs.Count == 0) return [];
        HashSet<string> aims = [.. Deed.Aims(_world.People, _actor).Where(IsNamed)];
        bool points = _words.Any(w => DeedWords.Pointing.Contains(w)), hands = NamesWhatIsCarried();
        return [.. Deed.Doable(_world.People, _actor).Where(Follows)];

        bool Follows(Deed deed) =>
            verbs.Contains(deed.Do) && (deed.Do != DeedVerb.Give || hands) && (aims.Contains(deed.To) || (points && MeansIt(deed, aims)));
    }

    /// <summary>"Open it": what can be opened, where nothing of that is named.</summary>
    private bool MeansIt(Deed deed, HashSet<string> aims) =>
        deed.Do is DeedVerb.Open or DeedVerb.Light && !Deed.Doable(_world.People, _actor).Any(d => d.Do == deed.Do && aims.Contains(d.To));

    /// <summary>Whether a clause asks for something to be done, whatever it is.</summary>
    private bool AsksForDeed(string[] clause)
    {
        int first = 0;
        string name = _actor.Name.ToLowerInvariant();
        while (first < clause.Length && (DeedWords.Openers.Contains(clause[first]) || Is(clause[first], name))) first++;
        ReadOnlySpan<string> words = clause.AsSpan(first);
        if (words.IsEmpty) return false;
        foreach (string opening in DeedWords.AskingForDeeds)
            if (Begins(words, opening)) return true;
        foreach (string word in words)
            if (DeedWords.Forbidding.Contains(word)) return false;
        if (DeedWords.Asking.Contains(words[0])) return false;
        bool tells = DeedWords.Telling.Contains(words[0])
            || _world.People.Any(p => string.Equals(p.Name, clause[first], StringComparison.OrdinalIgnoreCase));
        return !tells || clause.Skip(first + 1).Any(w => DeedWords.Wishing.Contains(w));
    }

    private static IEnumerable<DeedVerb> VerbsOf(string[] clause) =>
        DeedWords.Verbs.Where(v => v.Value.Any(words => Has(clause, words)) && !IsAnother(v.Key, clause)).Select(v => v.Key);

    /// <summary>"Turn off the lamp" and "turn me into a frog" ask for no turning, "stand on your head" for no walk.</summary>
    private static bool IsAnother(DeedVerb verb, string[] clause) =>
        DeedWords.Others.TryGetValue(verb, out string[]? others) && others.Any(o => Has(clause, o));

    private bool IsNamed(string aim)
    {
        if (aim == Deed.Player) return DeedWords.Player.Any(w => Has(_words, w));
        if (DeedWords.Furniture.TryGetValue(aim, out string[]? names)) return names.Any(n => Has(_words, n));
        Person person = _world.People.First(p => p.Name == aim);
        return Has(_words, aim.ToLowerInvariant()) || IsOnlyOne(person) || IsRelated(person);
    }

    /// <summary>"the smith", where only one is.</summary>
    private bool IsOnlyOne(Person person) =>
        person.Trade is { } trade && _world.People.Count(p => p.Trade == trade) == 1 && Has(_words, trade.ToLowerInvariant());

    /// <summary>"your sister".</summary>
    private bool IsRelated(Person person) =>
        _world.Relations.Any(r => r.Of == person.Name && r.To == _actor.Name && Has(_words, "your " + r.Kind.ToLowerInvariant()));

    /// <summary>Somebody can give only what it carries: that is named, or meant by "it" or "what you have".</summary>
    private bool NamesWhatIsCarried()
    {
        if (_actor.Item is not { } item) return false;
        string[] names = [.. Clauses(item).SelectMany(c => c).Where(w => w.Length > 2 && w != "the")];
        return _words.Any(w => DeedWords.Carried.Contains(w) || names.Any(n => Is(w, n))) || Has(_words, "what you have")
            || Has(_words, "what you got");
    }

    /// <summary>Whether words follow each other in a clause. One alone, or the last after "the" and the like, stand at once.</summary>
    private static bool Has(string[] clause, string words)
    {
        string[] wanted = words.Split(' ');
        bool isClose = wanted[0] is "the" or "some" or "more" or "a" or "your" or "what";
        for (int start = 0; start < clause.Length; start++)
        {
            if (!Is(clause[start], wanted[0])) continue;
            int at = start + 1, found = 1;
            for (; found < wanted.Length && at < clause.Length; at++)
            {
                if (Is(clause[at], wanted[found])) found++;
                else if (isClose) break;
            }

            if (found == wanted.Length) return true;
        }

        return false;
    }

    private static bool Begins(ReadOnlySpan<string> clause, string words)
    {
        string[] wanted = words.Split(' ');
        return clause.Length >= wanted.Length && clause[..wanted.Length].SequenceEqual(wanted);
    }

    /// <summary>
    /// Whether a word is another, or a slip of it: one letter too many or too few, two in the wrong order, or, in longer ones, a
    /// wrong one; the first is right.
    /// </summary>
    internal static bool Is(string word, string meant)
    {
        if (word == meant) return true;
        if (meant.Length < 4 || word.Length < 3 || word[0] != meant[0] || Math.Abs(word.Length - meant.Length) > 1) return false;
        if (DeedWords.NoSlips.Contains(word)) return false;
        int same = word.AsSpan().CommonPrefixLength(meant);
        ReadOnlySpan<char> left = word.AsSpan(same), right = meant.AsSpan(same);
        if (left.Length > right.Length) return left[1..].SequenceEqual(right);
        if (left.Length < right.Length) return right[1..].SequenceEqual(left);
        if (left.Length > 1 && left[0] == right[1] && left[1] == right[0] && left[2..].SequenceEqual(right[2..])) return true;
        return meant.Length > 4 && left[1..].SequenceEqual(right[1..]);
    }

    /// <summary>
    /// The words of each clause, in lower case: parts between signs, between "and" and the like, and before words that ask.
    /// </summary>
    internal static List<string[]> Clauses(string text)
    {
        List<string[]> clauses = [];
        List<string> clause = [];
        StringBuilder word = new();
        foreach (char c in text.ToLowerInvariant())
        {
            if (char.IsLetter(c)) word.Append(c);
            else if (c is '\'' or '\u2019' or '-' && word.Length > 0) word.Append('\'');
            else
            {
                EndWord();
                if (!char.IsWhiteSpace(c) && c is not ('"' or '*' or '(' or ')')) EndClause();
            }
        }

        EndWord();
        EndClause();
        return clauses;

        void EndWord()
        {
            if (word.Length == 0) return;
            string whole = word.ToString().TrimEnd('\'');
            word.Clear();
            foreach (string part in Apart(whole))
            {
                if (part is "and" or "then" or "but" or "or" || DeedWords.Introducing.Contains(part)) EndClause();
                clause.Add(part);
            }
        }

        void EndClause()
        {
            if (clause.Count > 0) clauses.Add([.. clause]);
            clause.Clear();
        }
    }

    /// <summary>Short forms as the words they stand for.</summary>
    private static string[] Apart(string word) => word switch
    {
        "don't" or "dont" => ["do", "not"],
        "can't" or "cannot" or "cant" => ["can", "not"],
        "won't" => ["will", "not"],
        "let's" => ["let", "us"],
        "i'd" => ["i", "would"],
        "im" or "i'm" => ["i", "am"],
        _ when ShortForms.Of(word) is { } words => [.. words],
        _ when word.EndsWith("n't", StringComparison.Ordinal) => [word[..^3], "not"],
        _ => word.Split('\'', StringSplitOptions.RemoveEmptyEntries),
    };
}
