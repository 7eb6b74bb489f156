using Tavern.World;
using static Tavern.World.Lexicon;

namespace Tavern.Forge;

/// <summary>Facts as players ask for them: about people, about what is around, with yes or no for an answer.</summary>
internal sealed class Asking(Random random, Split split, TavernWorld world, Person self, IReadOnlyList<Seen>? seen)
{
    private readonly Person[] _others = [.. world.People.Where(p => p != self)];

    /// <summary>Says that it does not know, in its character's tone.</summary>
    public static string NotKnown(Person self) => $"[{Tempers.Say(self, "unknown")}]";

    /// <summary>Something about people.</summary>
    public Exchange People()
    {
        if (random.Next(12) == 0) return Myself();
        if (_others.Length == 0) return random.Next(2) == 0 ? Kin() : AroundWho();
        Person p = Pick(_others);
        return random.Next(15) switch
        {
            < 3 => Opinion(p),
            < 6 => Describe(p),
            6 or 7 => Is("people isx", p, "trade", Trades, p.Trade, t => $"[{p.Name}] is the [{t}].", t => t),
            8 => Is("people wearsx", p, "cloak", Colours, p.Cloak is { } c ? Colours[(int)c] : null, t =>
                $"[{p.Name}] wears a [{t}] cloak.", t => t),
            9 => Is("people atx", p, "place", Places, p.Place, t => $"[{p.Name}] is [{t}].", t => t),
            10 => Is("people hasx", p, "item", Items, p.Item, t => $"[{p.Name}] carries [{t}].", Noun),
            11 => Here(p),
            12 => Kin(),
            13 => KinOfOthers(p),
            _ => ByLooks(p),
        };
    }

    /// <summary>Something about the place and what is in it.</summary>
    public Exchange Around() => random.Next(seen is null ? 6 : 12) switch
    {
        0 => Asked("around town", $"This town is [{world.Town}].", [world.Town], ("0", Pick(TownFirst) + Pick(TownLast))),
        1 => Asked("around tavern", $"This tavern is the [{world.Tavern}].", [world.Tavern],
            ("0", $"{Pick(TavernFirst)} {Pick(TavernLast)}")),
        2 => AroundWho(),
        3 => Anybody(),
        4 or 5 => Thing(),
        < 10 => SeenThere(),
        _ => IsIt(),
    };

    /// <summary>What it thinks of somebody.</summary>
    public Exchange Opinion(Person p, string topic = "people opinion", string? stranger = null)
    {
        if (stranger is not null) return Asked(topic, $"[I do not know] [{stranger}].", ["do not know", stranger], ("0", stranger));
        string said = KinTo(p) is { } kin ? kin.Contains("[rival]", StringComparison.Ordinal) ? $"{kin} I do not trust [{p.Name}]."
            : $"{kin} I like [{p.Name}]."
            : $"[{Tempers.Say(self, "trust", p.Name)}]";
        return Asked(topic, said, [p.Name], ("0", p.Name));
    }

    /// <summary>The first two things that are known of somebody.</summary>
    public Exchange Describe(Person p)
    {
        string[] known = [.. Known(p).Take(2)];
        return known.Length == 0 ? Asked("people describe", NotKnown(self), ["do not know"], ("0", p.Name))
            : Asked("people describe", string.Join(' ', known), [p.Name], ("0", p.Name));
    }

    /// <summary>Who it is itself.</summary>
    private Exchange Myself() => Asked("people myself",
        $"I am [{self.Name}]. I am {(self.Trade is { } trade ? $"the [{trade}]" : $"[{self.Trait}]")}.", [self.Name]);

    /// <summary>What is known of somebody, one sentence each.</summary>
    public static IEnumerable<string> Known(Person p)
    {
        if (p.Trade is { } trade) yield return $"[{p.Name}] is the [{trade}].";
        if (p.Cloak is { } cloak) yield return $"[{p.Name}] wears a [{Colours[(int)cloak]}] cloak.";
        if (p.Place is { } place) yield return $"[{p.Name}] is [{place}].";
        if (p.Item is { } item) yield return $"[{p.Name}] carries [{item}].";
    }

    /// <summary>How the character and another belong together; null where they do not.</summary>
    public string? KinTo(Person p)
    {
        foreach (Relation r in world.Relations)
        {
            if (r.Of == self.Name && r.To == p.Name) return $"I am the [{r.Kind}] of [{r.To}].";
            if (r.Of == p.Name && r.To == self.Name) return $"[{r.Of}] is my [{r.Kind}].";
        }

        return null;
    }

    /// <summary>What is called "silver key" or "herbs".</summary>
    public static string Noun(string item)
    {
        string before = item.Contains(" of ", StringComparison.Ordinal) ? " of " : " ";
        return item[(item.IndexOf(before, StringComparison.Ordinal) + before.Length)..];
    }

    private Exchange Is(
        string topic, Person p, string what, string[] all, string? actual, Func<string, string> fact, Func<string, string> called)
    {
        bool right = random.Next(2) == 0;
        string asked = right && actual is not null ? actual : Pick([.. all.Where(a => a != actual)]);
        string kind = what == "place" ? "around" : "people";
        if (actual is null) return Asked(topic, NotKnown(self), ["do not know"], ("0", p.Name), ("1", called(asked))) with { Kind = kind };
        string says = $"[{(asked == actual ? "Yes" : "No")}]. {fact(actual)}";
        return Asked(topic, says, [asked == actual ? "Yes" : "No", actual], ("0", p.Name), ("1", called(asked))) with { Kind = kind };
    }

    private Exchange Here(Person p) => p.Place is { } place
        ? Asked("people herex", $"[Yes]. [{p.Name}] is [{place}].", [place], ("0", p.Name)) with { Kind = "around" }
        : Asked("people herex", NotKnown(self), ["do not know"], ("0", p.Name)) with { Kind = "around" };

    private Exchange Kin()
    {
        Person[] kin = [.. _others.Where(p => KinTo(p) is not null)];
        if (kin.Length > 0)
        {
            Person p = Pick(kin);
            string says = KinTo(p)!;
            return Asked("people kin", says, [p.Name], ("0", says.Split('[', ']').First(Relations.Contains)), ("1", p.Name));
        }

        string kind = Pick(Relations);
        return Asked("people kin", $"I know of [no] [{kind}] of mine.", [kind], ("0", kind));
    }

    private Exchange KinOfOthers(Person p)
    {
        Relation[] all = [.. world.Relations.Where(r => r.Of != self.Name && r.To != self.Name)];
        if (all.Length == 0) return Describe(p);
        Relation r = Pick(all);
        return Asked("people kinx", $"[Yes]. [{r.Of}] is the [{r.Kind}] of [{r.To}].", [r.Of, r.Kind], ("0", r.Of), ("1", r.Kind),
            ("2", r.To));
    }

    private Exchange ByLooks(Person p)
    {
        string? cloak = p.Cloak is { } c ? Colours[(int)c] : null;
        return random.Next(3) switch
        {
            0 when p.Item is { } item => Asked("people item", $"[{p.Name}] carries [{item}].", [p.Name], ("0", Noun(item))),
            1 when p.Trade is { } trade => Asked("people trade", $"[{p.Name}] is the [{trade}].", [p.Name], ("0", trade)),
            _ when cloak is not null => Asked("people cloak", $"[{p.Name}] wears a [{cloak}] cloak.", [p.Name], ("0", cloak)),
            _ => Describe(p),
        };
    }

    private Exchange AroundWho()
    {
        string[] names = [.. _others.Select(p => p.Name)];
        string says = names.Length switch
        {
            0 => "I know of [nobody] else here.",
            1 => $"[{names[0]}] is here.",
            _ => $"{string.Join(", ", names[..^1].Select(n => $"[{n}]"))} and [{names[^1]}] are here.",
        };
        return Asked("around who", says, names.Length == 0 ? ["nobody"] : names);
    }

    private Exchange Anybody()
    {
        string place = random.Next(3) > 0 && _others.Any(p => p.Place is not null)
            ? Pick([.. _others.Select(p => p.Place).OfType<string>()]) : Pick(Places);
        if (place == self.Place) return AroundWho();
        return _others.FirstOrDefault(p => p.Place == place) is { } there
            ? Asked("around anybody", $"[{there.Name}] is [{place}].", [there.Name], ("0", place))
            : Asked("around anybody", "I know of [nobody] there.", ["nobody"], ("0", place));
    }

    private Exchange Thing()
    {
        string noun = random.Next(3) > 0 && world.Things.Count > 0 ? Things[(int)Pick([.. world.Things]).Kind] : Pick(Things);
        Thing[] are = [.. world.Things.Where(t => Things[(int)t.Kind] == noun)];
        Seen[] before = [.. (seen ?? []).Where(s => s.Noun == noun)];
        if (are.Length == 1) return Asked("around thing", $"The [{are[0].Name}] is [{are[0].Spot}].", [are[0].Name, are[0].Spot],
            ("0", noun));
        if (are.Length > 1) return SeenThere();
        return before.Length > 0 ? Asked("around thing", $"I see a [{before[0].Name}].", [before[0].Name], ("0", noun))
            : Asked("around thing", $"I know of [no] [{noun}] here.", [$"no {noun}"], ("0", noun));
    }

    private Exchange SeenThere()
    {
        if (seen is null) return AroundWho();
        string[] things = [.. seen.Where(s => s.Kind != ThingKind.Person).Select(s => s.Name)];
        string[] parts = [.. things.Select(t => $"a [{t}]")];
        string says = parts.Length switch
        {
            0 => "I see [nothing].",
            1 => $"I see {parts[0]}.",
            _ => $"I see {string.Join(", ", parts[..^1])} and {parts[^1]}.",
        };
        return Asked("around seen", says, things.Length == 0 ? ["nothing"] : things);
    }

    private Exchange IsIt()
    {
        Seen[] things = [.. seen!.Where(s => s.Kind != ThingKind.Person)];
        string noun = things.Length > 0 && random.Next(2) == 0 ? Pick(things).Noun : Pick(Things);
        Seen[] such = [.. things.Where(t => t.Noun == noun)];
        // What is not before its eyes but known to be somewhere is not denied.
        Thing[] elsewhere = [.. world.Things.Where(t => Things[(int)t.Kind] == noun)];
        if (such.Length == 0 && elsewhere.Length > 0)
            return Asked("around isit", $"The [{elsewhere[0].Name}] is [{elsewhere[0].Spot}].", [elsewhere[0].Name], ("0", noun));
        return such.Length > 0 ? Asked("around isit", $"[Yes]. I see a [{such[0].Name}].", ["Yes", such[0].Name], ("0", noun))
            : Asked("around isit", $"[No]. I see [no] [{noun}].", ["No", noun], ("0", noun));
    }

    private Exchange Asked(string topic, string marked, string[] expect, params (string, string)[] slots) =>
        new(topic.Split(' ')[0], Phrases.Make(random, split, topic, [.. slots, ("me", self.Name)]), marked, expect,
            [])
        { Asker = Deed.Player };

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];
}
