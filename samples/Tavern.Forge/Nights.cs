using Tavern.World;

namespace Tavern.Forge;

/// <summary>What players ask about last night, in general words and about what was taken, seen and hidden.</summary>
internal sealed class Nights(Random random, Split split, TavernWorld world, Person self, Mystery mystery)
{
    /// <summary>Ways to ask after an event with "did", and ways to say in general words what it was.</summary>
    private static readonly Dictionary<string, (string[] Did, string[] Said)> Ways = new(StringComparer.Ordinal)
    {
        ["broke a window"] = (["break a window", "break something", "damage something", "break any glass"],
            ["broke a window", "broke something", "broke the glass"]),
        ["lost a ring"] = (["lose a ring", "lose something", "lose anything", "miss something"],
            ["lost a ring", "lost something", "lost some jewellery"]),
        ["sang all night"] = (["sing all night", "sing", "make music", "make so much noise"],
            ["sang all night", "sang", "was singing", "did all that singing"]),
        ["found a coin"] = (["find a coin", "find something", "find money", "find anything"],
            ["found a coin", "found something", "found money"]),
        ["saw a wolf"] = (["see a wolf", "see an animal", "meet a beast", "see something in the dark"],
            ["saw a wolf", "saw an animal", "met a wolf", "saw the wolf"]),
        ["fell down the stairs"] = (["fall down the stairs", "fall", "get hurt", "have an accident", "have a fall"],
            ["fell down the stairs", "fell", "got hurt", "had an accident", "had a fall"]),
        ["won at dice"] = (["win at dice", "win", "play dice", "gamble", "win something"],
            ["won at dice", "won", "played dice", "gambled"]),
        ["paid for everyone"] = (["pay for everyone", "pay the bill", "spend money", "pay for all"],
            ["paid for everyone", "paid the bill", "paid for all of us"]),
        ["danced on a table"] = (["dance on a table", "dance", "climb on a table", "celebrate"],
            ["danced on a table", "danced", "was dancing", "danced on the table"]),
        ["slept in the yard"] = (["sleep in the yard", "sleep outside", "sleep badly", "spend the night outside"],
            ["slept in the yard", "slept outside", "spent the night outside"]),
        ["caught a thief"] = (["catch a thief", "catch somebody", "stop a thief", "do something brave"],
            ["caught a thief", "caught somebody", "caught the thief"]),
        ["burned the soup"] = (["burn the soup", "burn something", "spoil the soup", "cook badly"],
            ["burned the soup", "burned something", "burned the food", "spoiled the soup"]),
    };

    private readonly Person[] _others = [.. world.People.Where(p => p != self)];

    /// <summary>A question about the past.</summary>
    public Exchange Next() => random.Next(_others.Length == 0 ? 12 : 28) switch
    {
        < 4 => Asked("past night", Night(), []),
        4 => Asked("past self", Own(), []),
        5 or 6 => OwnEvent(),
        7 => Where(),
        8 => Taken(),
        9 => DidYou(),
        10 or 11 => SeenAnybody(),
        12 or 13 => SawX(Pick(_others).Name),
        14 => AtPlace(),
        15 or 16 => WhoTook(),
        17 => DidX(),
        18 => Lies(),
        19 => Mark(),
        20 => Clue(),
        _ => Event(),
    };

    private string Stolen => $"Last night somebody took [{mystery.Taken}].";

    private string Saw => $"Last night I saw [{mystery.Seen!.Value.Who}] [{mystery.Seen.Value.Place}].";

    private string Heard
    {
        get
        {
            (string teller, string who, string place) = mystery.Told!.Value;
            return $"[{teller}] told me that [{who}] was [{place}] last night.";
        }
    }

    private string Unknown => Asking.NotKnown(self);

    /// <summary>Up to two things that happened.</summary>
    private string Night()
    {
        List<string> all = [.. world.Events.OrderBy(e => e.Who == self.Name)
            .Select(e => e.Who == self.Name ? $"Last night I [{e.What}]." : $"Last night [{e.Who}] [{e.What}].")];
        if (mystery.Taken is not null) all.Insert(0, Stolen);
        return all.Count == 0 ? "I know of [nothing] that happened." : string.Join(' ', all.Take(2));
    }

    private string Own()
    {
        foreach (Event e in world.Events)
            if (e.Who == self.Name) return $"Last night I [{e.What}].";
        return mystery.WasAt is { } place ? $"Last night I was [{place}]." : "I do not [remember].";
    }

    private Exchange Where() => Asked("past where", mystery.WasAt is { } place ? $"Last night I was [{place}]." : "I do not [remember].",
        []);

    private Exchange Taken() => Asked("past taken", mystery.Taken is null ? "I know of [nothing] that was taken." : Stolen, []);

    private Exchange SeenAnybody() => Asked("past seen", mystery.Seen is not null ? Saw
        : world.Events.Any(e => e.Who == self.Name && e.What.StartsWith("saw ", StringComparison.Ordinal)) ? Own()
            : "I saw [nobody] last night.", []);

    private Exchange SawX(string who)
    {
        if (mystery.Seen is { } seen && random.Next(2) == 0) who = seen.Who;
        else if (mystery.Told is { } told && random.Next(2) == 0) who = told.Who;
        string says = mystery.Seen?.Who == who ? Saw : mystery.Told?.Who == who ? Heard : Unknown;
        return Asked("past sawx", says, [who], ("0", who));
    }

    private Exchange AtPlace()
    {
        bool here = mystery.Seen is not null && random.Next(3) > 0;
        string place = here ? mystery.Seen!.Value.Place : mystery.Elsewhere(random);
        return Asked("past atplace", here ? Saw : Unknown, [], ("0", place));
    }

    private Exchange WhoTook()
    {
        if (mystery.Taken is not { } what) return Asked("past whotook", Unknown, [], ("0", "the mayor's horse"));
        string says = mystery.Suspect is { } who ? $"I think that [{who}] took [{what}]."
            : mystery.IsThief(self) ? "[That] is my secret. I will not tell." : $"I do not know who took [{what}].";
        return Asked("past whotook", says, [], ("0", random.Next(3) == 0 ? Short(what) : what));
    }

    private Exchange DidYou()
    {
        string what = mystery.Taken ?? "the mayor's horse";
        string says = mystery.IsThief(self) ? "[That] is my secret. I will not tell." : $"[No], I did not take [{what}].";
        return mystery.Taken is null ? Taken() : Asked("past didyou", says, [], ("0", random.Next(3) == 0 ? Short(what) : what));
    }

    private Exchange DidX()
    {
        if (mystery.Taken is not { } what || mystery.IsThief(self)) return Taken();
        string who = mystery.Suspect is { } suspect && random.Next(2) == 0 ? suspect : Pick(_others).Name;
        string says = mystery.Suspect is { } thief ? $"I think that [{thief}] took [{what}]." : $"I do not know who took [{what}].";
        return Asked("past didx", says, [], ("0", who), ("1", random.Next(3) == 0 ? Short(what) : what));
    }

    private Exchange Lies()
    {
        string who = mystery.Liar is { } l && random.Next(2) == 0 ? l : Pick(_others).Name;
        string says = mystery.Liar is { } liar ? $"I think that [{liar}] lies." : "I do not know [who lies].";
        return random.Next(2) == 0 ? Asked("past wholies", says, []) : Asked("past liesx", says, [], ("0", who));
    }

    private Exchange Mark()
    {
        string who = mystery.Marked is { } m && random.Next(3) > 0 ? m.Who : Pick(_others).Name;
        string says = mystery.Marked is { } marked && marked.Who == who ? $"[{who}] has [{marked.Mark}] on the cloak." : Unknown;
        return Asked("past mark", says, [], ("0", who));
    }

    private Exchange Clue()
    {
        string says = mystery.Seen is not null ? Saw
            : mystery.Suspect is { } who ? $"I think that [{who}] took [{mystery.Taken}]."
            : mystery.Told is not null ? Heard
            : mystery.Taken is not null ? Stolen : Unknown;
        return Asked("past clue", says, [], ("0", mystery.Taken ?? "the theft"));
    }

    private Exchange Event()
    {
        Event[] all = [.. world.Events.Where(e => e.Who != self.Name)];
        if (all.Length == 0) return Asked("past night", Night(), []);
        Event e = Pick(all);
        string fact = $"Last night [{e.Who}] [{e.What}].";
        bool right = random.Next(3) > 0;
        string what = right ? e.What : Pick([.. Ways.Keys.Where(k => k != e.What)]);
        if (right && random.Next(2) == 0) return Asked("past whoevent", fact, [], ("0", Said(what)));
        return Asked("past didevent", right ? $"[Yes]. {fact}" : $"[Not] that I know. {fact}", [], ("0", e.Who), ("1", Did(what)),
            ("2", Said(what)));
    }

    /// <summary>Whether it did itself what it did, or did not.</summary>
    private Exchange OwnEvent()
    {
        Event own = world.Events.FirstOrDefault(e => e.Who == self.Name);
        string? did = own.Who is null ? null : own.What;
        string what = did is not null && random.Next(3) > 0 ? did : Pick([.. Ways.Keys.Where(k => k != did)]);
        return Asked("past ownevent", what == did ? $"[Yes]. Last night I [{did}]." : $"[No]. {Own()}", [], ("1", Did(what)),
            ("2", Said(what)));
    }

    private string Did(string what) => random.Next(2) == 0 ? Ways[what].Did[0] : Pick(Ways[what].Did);

    private string Said(string what) => random.Next(2) == 0 ? what : Pick(Ways[what].Said);

    /// <summary>"the horse" of "the mayor's horse".</summary>
    private static string Short(string thing) => "the " + thing[(thing.IndexOf("'s ", StringComparison.Ordinal) + 3)..];

    private Exchange Asked(string topic, string marked, string[] names, params (string, string)[] slots)
    {
        string[] expect = [.. names.Where(n => marked.Contains(n, StringComparison.Ordinal))];
        (string text, int[][] spans) = Exchange.Unmark(marked);
        string[] parts = [.. spans.Select(s => text[s[0]..s[1]])];
        return new("past", Phrases.Make(random, split, topic, [.. slots, ("me", self.Name)]), marked, [.. expect.Union(parts)],
            [])
        { Asker = Deed.Player };
    }

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];
}
