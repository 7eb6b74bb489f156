using Tavern.World;
using static Tavern.World.Lexicon;

namespace Tavern.Forge;

/// <summary>
/// Questions about a world as one character of it hears them, with the right answers: repetitions of the facts in its own words.
/// </summary>
internal sealed class Questions(Random random, Split split, TavernWorld world, Person self)
{
    private static readonly string[] RejectUnknown = ["do not know"];

    /// <summary>How often training asks what is hardest.</summary>
    private int Again => split == Split.Train ? 2 : 1;

    /// <summary>Every question that has an answer, one wording each; in training, what is hardest twice.</summary>
    public List<Exchange> AboutOthers()
    {
        List<Exchange> all = [];
        foreach (Person p in world.People.Where(p => p != self))
        {
            string[] others = [.. world.People.Where(o => o != p && o != self).Select(o => o.Name)];
            if (p.Trade is { } trade)
            {
                string fact = $"[{p.Name}] is the [{trade}].";
                all.Add(World(Wordings.TradeOf, fact, [trade], Others(Trades, trade), p.Name));
                all.Add(World(Wordings.WhoTrade, fact, [p.Name], others, trade));
            }

            if (p.Cloak is { } cloak)
            {
                string colour = Colours[(int)cloak], fact = $"[{p.Name}] wears a [{colour}] cloak.";
                all.Add(World(Wordings.CloakOf, fact, [colour], Others(Colours, colour), p.Name));
                all.Add(World(Wordings.WhoCloak, fact, [p.Name], others, colour));
            }

            if (p.Place is { } place)
            {
                string fact = $"[{p.Name}] is [{place}].";
                all.Add(World(Wordings.PlaceOf, fact, [place], Others(Places, place), p.Name));
                all.Add(World(Wordings.WhoPlace, fact, [p.Name], others, place));
            }

            if (p.Item is { } item)
            {
                string fact = $"[{p.Name}] carries [{item}].";
                all.Add(World(Wordings.ItemOf, fact, [item], Others(Items, item), p.Name));
                all.Add(World(Wordings.WhoItem, fact, [p.Name], others, random.Next(2) == 0
                    ? item : "the " + item[(item.IndexOf(' ', StringComparison.Ordinal) + 1)..]));
            }
        }

        foreach (Thing thing in world.Things)
        {
            string fact = $"The [{thing.Name}] is [{thing.Spot}].";
            all.Add(World(Wordings.SpotOf, fact, [thing.Spot], Others(Spots, thing.Spot), thing.Name));
            if (world.People.Any(p => p.Place == thing.Spot)) continue;
            for (int i = Again; i > 0; i--)
                all.Add(World(Wordings.ThingAt, fact, [thing.Name], [.. world.Things.Where(t => t != thing).Select(t => t.Name)],
                    thing.Spot));
        }

        foreach (Relation r in world.Relations.Where(r => r.Of != self.Name && r.To != self.Name))
            all.Add(World(Wordings.RelationTo, $"[{r.Of}] is the [{r.Kind}] of [{r.To}].", [r.Of], [], r.To, r.Kind));
        foreach (Event e in world.Events.Where(e => e.Who != self.Name))
        {
            string fact = $"Last night [{e.Who}] [{e.What}].";
            for (int i = Again; i > 0; i--)
            {
                all.Add(World(Wordings.EventOf, fact, [e.What], Others(Events, e.What), e.Who));
                all.Add(World(Wordings.WhoEvent, fact, [e.Who], [.. world.People.Where(o => o.Name != e.Who).Select(o => o.Name)], e.What));
            }
        }

        all.Add(World(Wordings.Tavern, $"This tavern is the [{world.Tavern}].", [world.Tavern], []));
        all.Add(World(Wordings.Town, $"This town is [{world.Town}].", [world.Town], []));
        foreach (Rumour r in self.Heard)
        {
            string fact = $"[{r.Teller} told] me that [{r.About}] [{r.What}].";
            all.Add(World(Wordings.Rumour, fact, [r.About, r.What], []));
            all.Add(World(Wordings.RumourAbout, fact, [r.What], [], r.About));
        }

        return all;
    }

    /// <summary>Every question about the character itself.</summary>
    public List<Exchange> AboutSelf()
    {
        List<Exchange> all = [Persona(Wordings.MyName, $"I am [{self.Name}].", [self.Name], []),
            Persona(Wordings.MyTrait, $"I am [{self.Trait}].", [self.Trait], Others(Traits, self.Trait))];
        if (self.Trade is { } trade) all.Add(Persona(Wordings.MyTrade, $"I am the [{trade}].", [trade], Others(Trades, trade)));
        if (self.Cloak is { } cloak)
            all.Add(Persona(Wordings.MyCloak, $"I wear a [{Colours[(int)cloak]}] cloak.", [Colours[(int)cloak]],
                Others(Colours, Colours[(int)cloak])));
        if (self.Place is { } place) all.Add(Persona(Wordings.MyPlace, $"I am [{place}].", [place], Others(Places, place)));
        if (self.Item is { } item) all.Add(Persona(Wordings.MyItem, $"I carry [{item}].", [item], Others(Items, item)));
        if (self.Wish is { } wish) all.Add(Persona(Wordings.MyWish, $"I want [{wish}].", [wish], Others(Wishes, wish)));
        if (self.Secret is { } secret)
            all.Add(Persona(Wordings.MySecret, "[That] is my secret. I will not tell.", ["I will not tell"], [secret[4..]]));
        return all;
    }

    /// <summary>Questions whose answer nobody was told.</summary>
    public List<Exchange> Unanswerable()
    {
        List<Exchange> all = [];
        string stranger = Names.Take(random, split, 12).First(n => world.People.All(p => p.Name[..2] != n[..2]));
        Wording[] aboutPeople = [Wordings.TradeOf, Wordings.CloakOf, Wordings.PlaceOf, Wordings.ItemOf, Wordings.EventOf];
        for (int i = 0; i < 2; i++) all.Add(NotKnown(Pick(aboutPeople).Ask(random, split, stranger)));
        foreach (Person p in world.People.Where(p => p != self))
        {
            if (p.Trade is null) all.Add(NotKnown(Wordings.TradeOf.Ask(random, split, p.Name)));
            if (p.Cloak is null) all.Add(NotKnown(Wordings.CloakOf.Ask(random, split, p.Name)));
            if (p.Place is null) all.Add(NotKnown(Wordings.PlaceOf.Ask(random, split, p.Name)));
            if (p.Item is null) all.Add(NotKnown(Wordings.ItemOf.Ask(random, split, p.Name)));
            if (world.Events.All(e => e.Who != p.Name) && random.Next(3) == 0)
                all.Add(NotKnown(Wordings.EventOf.Ask(random, split, p.Name)));
        }

        all.Add(NotKnown(Wordings.WhoTrade.Ask(random, split, Missing(Trades, world.People.Select(p => p.Trade)))));
        if (random.Next(2) == 0)
            all.Add(NotKnown(
                Wordings.WhoCloak.Ask(random, split,
                    Missing(Colours, world.People.Select(p => p.Cloak is { } c ? Colours[(int)c] : null)))));
        if (random.Next(2) == 0)
            all.Add(NotKnown(
                Wordings.WhoPlace.Ask(random, split,
                    Missing(Places, world.People.Select(p => p.Place).Concat(world.Things.Select(t => t.Spot))))));
        if (random.Next(2) == 0) all.Add(NotKnown(Wordings.WhoItem.Ask(random, split, Missing(Items, world.People.Select(p => p.Item)))));
        if (random.Next(2) == 0) all.Add(NotKnown(Wordings.WhoEvent.Ask(random, split, Missing(Events, world.Events.Select(e => e.What)))));
        string thing = $"{Pick(Colours)} {Pick(Things)}";
        if (world.Things.All(t => t.Name != thing)) all.Add(NotKnown(Wordings.SpotOf.Ask(random, split, thing)));
        string[] never = split == Split.Train ? Wordings.NeverTold : Wordings.HeldNeverTold;
        for (int i = 0; i < 3; i++)
            all.Add(NotKnown(string.Format(null, Pick(never), Pick([.. world.People.Select(p => p.Name), stranger]))));
        return all;
    }

    private Exchange NotKnown(string question) => new("unknown", question, $"[{Tempers.Say(self, "unknown")}]", [RejectUnknown[0]], []);

    private Exchange World(Wording wording, string fact, string[] expect, string[] reject, params object[] parts) =>
        new("world", wording.Ask(random, split, parts), fact, expect, [.. reject, .. RejectUnknown]);

    private Exchange Persona(Wording wording, string fact, string[] expect, string[] reject) =>
        new("persona", wording.Ask(random, split), fact, expect, [.. reject, .. RejectUnknown]);

    private static string[] Others(string[] all, string one) => [.. all.Where(a => a != one)];

    private string Missing(string[] all, IEnumerable<string?> known) => Pick([.. all.Except(known.OfType<string>())]);

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];
}
