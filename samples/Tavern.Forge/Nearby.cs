using Tavern.World;

namespace Tavern.Forge;

/// <summary>
/// A room in which others talk and do things, too: what a character hears and notices between the questions that it is asked, and who asks
/// them.
/// </summary>
internal sealed class Nearby(Random random, Split split, TavernWorld world, Person self)
{
    private readonly Person[] _others = [.. world.People.Where(p => p != self)];

    /// <summary>Puts talk that it is not about before some of the questions.</summary>
    public void Surround(List<Exchange> all, double share)
    {
        if (_others.Length == 0) return;
        for (int i = 0; i < all.Count; i++)
            if (all[i].Before.Length == 0 && random.NextDouble() < share)
                all[i] = all[i] with { Before = string.Concat(Enumerable.Range(0, 1 + random.Next(2)).Select(_ => Talk())) };
    }

    /// <summary>Lets others than the player ask some of the questions: whoever is not asked about.</summary>
    public void LetOthersAsk(List<Exchange> all, double share)
    {
        for (int i = 0; i < all.Count; i++)
        {
            if (all[i].Asker is not null || random.NextDouble() >= share) continue;
            string[] askers = [.. _others.Select(p => p.Name).Where(n => !Mentions(all[i], n))];
            if (askers.Length > 0) all[i] = all[i] with { Asker = Pick(askers) };
        }
    }

    /// <summary>
    /// Somebody goes elsewhere, gives something away or gets something; from then on that is asked about, if at all, and what was so before
    /// is not.
    /// </summary>
    public void Notice(List<Exchange> all)
    {
        if (all.Count == 0) return;
        Person person = Pick(world.People);
        bool isPlace = random.Next(2) == 0;
        string? old = isPlace ? person.Place : person.Item;
        string now = isPlace ? Pick([.. Lexicon.Places.Except(world.People.Select(p => p.Place))])!
            : old is not null && random.Next(2) == 0 ? "nothing" : Pick([.. Lexicon.Items.Except(world.People.Select(p => p.Item))])!;
        string notice = $"{person.Name} {(isPlace ? "is now" : "now carries")} {now}.\n";
        // Who gives something away gives it to somebody.
        if (now == "nothing" && random.Next(2) == 0) notice = $"{Deed.Player} now carries {old}.\n{notice}";
        int at = random.Next(all.Count);
        bool Tells(string text) => text.Contains(now, StringComparison.Ordinal)
            || (old is not null && text.Contains(old, StringComparison.Ordinal))
            || (person != self && text.Contains(person.Name, StringComparison.Ordinal));
        // What was so is neither asked nor said any more.
        for (int i = all.Count - 1; i >= at; i--)
        {
            if (Tells(all[i].Before) && all[i].Kind != "other") all[i] = all[i] with { Before = "" };
            if (Tells(Text(all[i]))) all.RemoveAt(i);
        }

        if (at < all.Count) all[at] = all[at] with { Before = notice + all[at].Before };
        bool isHeard = at < all.Count;
        if (isHeard && random.Next(2) == 0) return;
        Exchange asked = Asked(person, isPlace, now) with { Before = isHeard ? "" : notice };
        all.Insert(isHeard ? at + 1 + random.Next(all.Count - at) : all.Count, asked);
    }

    private Exchange Asked(Person person, bool isPlace, string now)
    {
        Wording wording = person == self ? isPlace ? Wordings.MyPlace : Wordings.MyItem : isPlace ? Wordings.PlaceOf : Wordings.ItemOf;
        string who = person == self ? "I" : $"[{person.Name}]", does = isPlace ? person == self ? "am" : "is" : person == self
            ? "carry" : "carries";
        return new Exchange(person == self ? "persona" : "world", person == self
            ? wording.Ask(random, split) : wording.Ask(random, split, person.Name), $"{who} {does} [{now}].", [now], ["do not know"]);
    }

    /// <summary>A question to somebody else, and the answer, or as much of it as is said before somebody interrupts.</summary>
    private string Talk()
    {
        Person other = Pick(_others);
        string[] askers = [Deed.Player, Deed.Player, self.Name, .. _others.Where(p => p != other).Select(p => p.Name)];
        string asker = Pick(askers);
        Exchange exchange = random.Next(5) == 0 ? Looking() : Ask(other, asker);
        string answer = Exchange.Unmark(exchange.Marked).Text;
        if (random.Next(8) == 0) answer = answer[..random.Next(4, Math.Max(5, answer.Length))].TrimEnd();
        return $"{asker}: {exchange.Question}\n{other.Name}: {answer}\n";
    }

    private Exchange Ask(Person other, string asker)
    {
        Questions questions = new(random, split, world, other);
        List<Exchange> all = [.. questions.AboutSelf(), .. questions.AboutOthers(), new SmallTalk(random, split, world, other).Feeling()];
        Exchange[] some = [.. all.Where(e => e.Before.Length == 0 && !Mentions(e, asker))];
        return some.Length > 0 ? Pick(some) : Pick(all);
    }

    /// <summary>What somebody else sees, which this character does not.</summary>
    private Exchange Looking()
    {
        Seen[] things = [.. Enumerable.Range(0, 1 + random.Next(4))
            .Select(i => new Seen((ThingKind)random.Next(Lexicon.Things.Length), (Colour)random.Next(Lexicon.Colours.Length), 0, 0, 1, 1, 1,
                20 * i))];
        return new PictureQuestions(random, split, world, self, 0, things).All()[0];
    }

    private static string Text(Exchange exchange) => exchange.Before + exchange.Question + "\n" + Exchange.Unmark(exchange.Marked).Text;

    private static bool Mentions(Exchange exchange, string name) => Text(exchange).Contains(name, StringComparison.Ordinal);

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];

    private T Pick<T>(IReadOnlyList<T> all) => all[random.Next(all.Count)];
}
