namespace Tavern.World;

/// <summary>
/// Makes worlds from a seed. Within one world nobody shares trade, cloak, place or item with another, so that every question has one
/// answer.
/// </summary>
public static class WorldGenerator
{
    /// <summary>A world of some people. The same arguments give the same world.</summary>
    /// <param name="random">Its seed decides.</param>
    /// <param name="split">Whose names.</param>
    /// <param name="people">1 to 6.</param>
    /// <param name="complete">How many of the facts about people are known, 0 to 1.</param>
    public static TavernWorld Create(Random random, Split split, int people, double complete = 0.85)
    {
        TavernWorld world = new()
        {
            Tavern = $"{Pick(random, Lexicon.TavernFirst)} {Pick(random, Lexicon.TavernLast)}",
            Town = Pick(random, Lexicon.TownFirst) + Pick(random, Lexicon.TownLast),
        };
        string[] names = Names.Take(random, split, people);
        string[] trades = Some(random, Lexicon.Trades, people), places = Some(random, Lexicon.Places, people),
            items = Some(random, Lexicon.Items, people), secrets = Some(random, Lexicon.Secrets, people);
        Colour[] cloaks = Some(random, Enum.GetValues<Colour>(), people);
        for (int i = 0; i < people; i++)
        {
            world.People.Add(new Person
            {
                Name = names[i],
                Trade = Known() ? trades[i] : null,
                Cloak = Known() ? cloaks[i] : null,
                Place = Known() ? places[i] : null,
                Item = Known() ? items[i] : null,
                Trait = Pick(random, Lexicon.Traits),
                Wish = Known() ? Pick(random, Lexicon.Wishes) : null,
                Secret = random.NextDouble() < 0.5 ? secrets[i] : null,
            });
        }

        string[] spots = Some(random, Lexicon.Spots, 4);
        (ThingKind, Colour)[] things = Some(random,
            [.. from k in Enumerable.Range(0, Lexicon.Things.Length) from c in Enum.GetValues<Colour>() select ((ThingKind)k, c)], 4);
        // Training sees more things and nights than there are in a world that is played or asked about: they are asked about less often
        // than people.
        int more = split == Split.Train ? 1 : 0;
        int count = random.Next(Math.Min(4 + more, people + 1 + more));
        for (int i = 0; i < count; i++) world.Things.Add(new Thing(things[i].Item1, things[i].Item2, spots[i]));

        if (people > 1)
        {
            int[] order = Some(random, [.. Enumerable.Range(0, people)], people);
            string[] kinds = Some(random, Lexicon.Relations, 2), events = Some(random, Lexicon.Events, 2 + more);
            if (random.NextDouble() < 0.6) world.Relations.Add(new Relation(names[order[0]], kinds[0], names[order[1]]));
            if (people > 3 && random.NextDouble() < 0.5) world.Relations.Add(new Relation(names[order[2]], kinds[1], names[order[3]]));
            for (int i = Math.Min(random.Next(3 + more), people); i > 0; i--) world.Events.Add(new Event(names[order[^i]], events[i - 1]));
            foreach (Person person in world.People)
            {
                string[] others = Some(random, [.. names.Where(n => n != person.Name)], people - 1);
                if (people > 2 && random.NextDouble() < 0.5)
                    person.Heard.Add(new Rumour(others[0], others[1], Pick(random, Lexicon.Rumours)));
            }
        }

        return world;

        bool Known() => random.NextDouble() < complete;
    }

    private static T Pick<T>(Random random, T[] all) => all[random.Next(all.Length)];

    private static T[] Some<T>(Random random, T[] all, int count)
    {
        T[] copy = [.. all];
        random.Shuffle(copy);
        return copy[..Math.Min(count, copy.Length)];
    }
}
