using NpcMind;
using Tavern.World;
using static Tavern.World.Lexicon;

namespace Tavern.Forge;

/// <summary>
/// What people really type at a character: greetings and manners, rudeness, whether it is real and attempts to take it over, chat and
/// long stories, orders that can and cannot be done, other tongues, facts asked for in general words, follow-ups, two things at once, and
/// anything typed badly. What belongs together comes as a group.
/// </summary>
internal sealed class Everyday
{
    /// <summary>Kinds of what is right to answer, as the evaluation counts them.</summary>
    public static readonly string[] Kinds =
        ["sloppy", "greeting", "rude", "real", "past", "around", "people", "followup", "cannot", "can", "chat", "tongue", "double"];

    /// <summary>Topics of everyday.txt whose answer is a matter of temper, and of how they are called in answers.txt.</summary>
    private static readonly string[] Greetings = ["hello", "hello", "feeling", "feeling", "meet", "thanks", "bye", "praise", "sorry",
        "ack"];
    private static readonly string[] Chats = ["woe", "woe", "woe", "joy", "tale", "tale", "life", "life", "taste", "private", "private",
        "love", "weather", "advice", "jest", "trade"];

    private readonly Random _random;
    private readonly Split _split;
    private readonly TavernWorld _world;
    private readonly Person _self;
    private readonly Person[] _others;
    private readonly Asking _asking;
    private readonly Nights _nights;
    private readonly Errands _errands;
    private readonly Questions _questions;
    private readonly bool _acts;

    public Everyday(Random random, Split split, TavernWorld world, Person self, Mystery mystery, IReadOnlyList<Seen>? seen, bool acts)
    {
        (_random, _split, _world, _self, _acts) = (random, split, world, self, acts);
        _others = [.. world.People.Where(p => p != self)];
        _asking = new Asking(random, split, world, self, seen);
        _nights = new Nights(random, split, world, self, mystery);
        _errands = new Errands(random, split, world, self);
        _questions = new Questions(random, split, world, self);
    }

    /// <summary>
    /// One group of exchanges that belong together. Training asks more often than players do for what it takes longest to learn.
    /// </summary>
    public List<Exchange> Next() => _split == Split.Train && _random.Next(4) == 0 ? Hard()
        : _random.Next(100) switch
        {
            < 9 => [Mannered("greeting", Pick(Greetings))],
            < 14 => [Mannered("rude", _random.Next(3) == 0 ? "threat" : "insult")],
            < 20 => [Mannered("real", _random.Next(5) < 2 ? "takeover" : "real")],
            < 36 => [_nights.Next()],
            < 45 => [_asking.Around()],
            < 56 => [_asking.People()],
            < 67 => FollowUp(),
            < 72 => [_errands.Cannot()],
            < 78 => [_acts ? _errands.Can() : _asking.People()],
            < 85 => [Chat()],
            < 88 => [Tongue()],
            < 96 => [Double()],
            _ => [Sloppy()],
        };

    /// <summary>The past, two things at once, or a name to be spelled as it was told.</summary>
    private List<Exchange> Hard() => _random.Next(9) switch
    {
        < 4 => [_nights.Next()],
        < 6 => [Double()],
        _ => NameTold(),
    };

    /// <summary>As typed in haste. An order stays one that is understood, and nothing else becomes one.</summary>
    public static Exchange Typed(Random random, Exchange exchange, TavernWorld world, Person self)
    {
        string typed = Heard(Typing.Sloppy(random, exchange.Question), world);
        // What the player is called is what it typed: a slip in it is no other name.
        bool isIntroduction = exchange.Marked.StartsWith("Well met, [", StringComparison.Ordinal);
        if (isIntroduction && !typed.Contains(exchange.Expect[0], StringComparison.OrdinalIgnoreCase))
            return exchange with { Question = Heard(exchange.Question, world) };
        if (exchange.Action is null) return exchange.Kind == "cannot" && Requests.Of(typed, world, self).Count > 0 ? exchange
            : exchange with { Question = typed };
        bool understood = Requests.Of(typed, world, self).Any(d => ActionType.Of<Deed>().Write(d) == exchange.Action);
        return understood ? exchange with { Question = typed } : exchange;
    }

    /// <summary>What the game makes of what is typed.</summary>
    public static string Heard(string typed, TavernWorld world) => TypedText.Read(typed, TypedText.NamesOf(world));

    private Exchange Mannered(string kind, string topic, string? question = null)
    {
        string text = question ?? Phrases.Make(_random, _split, $"{kind} {topic}", ("me", _self.Name), ("x", Stranger()),
            ("story", SmallWords.Story(_random, _split)),
            ("gibberish", SmallWords.Gibberish(_random)));
        string says = Tempers.Say(_self, topic is "gibberish" ? "tongue" : topic);
        return new Exchange(kind, text, $"[{says}]", [says], []) { Asker = Deed.Player };
    }

    private Exchange Chat() => Mannered("chat", Pick(Chats));

    private Exchange Tongue() => _random.Next(3) == 0 ? Mannered("tongue", "gibberish")
        : Mannered("tongue", "tongue", SmallWords.Foreign(_random, _split));

    /// <summary>An ordinary question, badly typed.</summary>
    private Exchange Sloppy()
    {
        Exchange[] all = [.. _questions.AboutOthers(), .. _questions.AboutSelf()];
        return Typed(_random, Pick(all), _world, _self) with { Kind = "sloppy", Asker = Deed.Player };
    }

    /// <summary>Two questions in one line, and both answers.</summary>
    private Exchange Double()
    {
        Exchange[] all = [.. _questions.AboutSelf(), .. _questions.AboutOthers(), Mannered("greeting", "feeling"), _asking.People()];
        Exchange first = _random.Next(6) switch
        {
            0 when _acts => _errands.Can(),
            1 => Mannered("greeting", "feeling"),
            2 => Mannered("greeting", "hello"),
            _ => Pick(all),
        }, second = Pick(all);
        if (first.Marked == second.Marked) return first with { Asker = Deed.Player };
        string one = first.Question.TrimEnd('?', '.', '!'), two = second.Question;
        if (!two.StartsWith("I ", StringComparison.Ordinal)
            && _world.People.All(p => !two.StartsWith(p.Name, StringComparison.Ordinal))) two = char.ToLowerInvariant(two[0]) + two[1..];
        string joined = _random.Next(6) switch
        {
            0 => $"{one}, and {two}",
            1 => $"{one} and {two}",
            2 => $"{first.Question} {second.Question}",
            3 => $"{first.Question} And {two}",
            4 => $"{one}, also {two}",
            _ => $"{one} - {two}",
        };
        string[] expect = [.. first.Expect.Union(second.Expect)];
        return new Exchange("double", joined, $"{first.Marked} {second.Marked}", expect, []) { Asker = Deed.Player, Action = first.Action };
    }

    private List<Exchange> FollowUp()
    {
        switch (_random.Next(_others.Length == 0 ? 4 : 13))
        {
            case 0 or 12:
                return NameTold();
            case 1 or 2:
                Exchange fact = Pick([.. _questions.AboutSelf(), .. _questions.AboutOthers()]) with { Asker = Deed.Player };
                return [fact, After(fact)];
            case 3:
                return [Chat(), Mannered("followup", "why")];
            case 4 when _self.Heard.Count > 0:
                Rumour r = Pick([.. _self.Heard]);
                return [new Exchange("world", Wordings.Rumour.Ask(_random, _split), $"[{r.Teller} told] me that [{r.About}] [{r.What}].",
                    [r.About, r.What], []) { Asker = Deed.Player },
                    Follow("whotold", $"[{r.Teller}] told me.", [r.Teller])];
            default:
                return Pronouns(Pick(_others));
        }
    }

    /// <summary>"And where is he?" after something about somebody; now and then twice.</summary>
    private List<Exchange> Pronouns(Person p)
    {
        string[] known = [.. Asking.Known(p)];
        List<Exchange> all = [_random.Next(4) switch
        {
            0 when known.Length > 0 => _asking.Describe(p),
            1 => _asking.Opinion(p),
            _ when p.Trade is { } trade =>
                new("people", Wordings.TradeOf.Ask(_random, _split, p.Name), $"[{p.Name}] is the [{trade}].", [trade], []),
            _ when p.Place is { } place =>
                new("people", Wordings.PlaceOf.Ask(_random, _split, p.Name), $"[{p.Name}] is [{place}].", [place], []),
            _ => _asking.Opinion(p),
        }];
        all[0] = all[0] with { Asker = Deed.Player };
        for (int more = _random.Next(3) == 0 ? 2 : 1; more > 0; more--)
        {
            all.Add(_random.Next(11) switch
            {
                0 => Follow("trade", p.Trade is { } t ? $"[{p.Name}] is the [{t}]." : null, [p.Name]),
                1 or 2 => Follow("cloak", p.Cloak is { } c ? $"[{p.Name}] wears a [{Colours[(int)c]}] cloak." : null, [p.Name]),
                3 or 4 or 5 => Follow("place", p.Place is { } l ? $"[{p.Name}] is [{l}]." : null, [p.Name]),
                6 or 7 => Follow("item", p.Item is { } i ? $"[{p.Name}] carries [{i}]." : null, [p.Name]),
                8 => Follow("event", _world.Events.FirstOrDefault(e => e.Who == p.Name) is { Who: not null } e
                    ? $"Last night [{e.Who}] [{e.What}]." : null, [p.Name]),
                9 => _asking.Opinion(p, "followup opinion") with { Kind = "followup" },
                _ => After(all[^1]),
            });
        }

        return all;
    }

    /// <summary>"Are you sure?" or "What?": the same again.</summary>
    private Exchange After(Exchange before)
    {
        string again = before.Marked.Replace("[Yes]. ", "", StringComparison.Ordinal).Replace("[No]. ", "", StringComparison.Ordinal);
        bool isSure = !before.Expect.Contains("do not know") && _random.Next(2) == 0;
        return Follow(isSure ? "sure" : "again", isSure ? $"[Yes]. {again}" : before.Marked, isSure ? ["Yes"] : before.Expect);
    }

    private List<Exchange> NameTold()
    {
        string name = PlayerNames.Pick(_random, _split, _world), told = Phrases.Make(_random, _split, "followup tellname", ("0", name));
        if (_random.Next(2) == 0) told = Phrases.WithCourtesy(_random, _split, told);
        List<Exchange> all = [new Exchange("followup", told, $"Well met, [{name}].", [name], []) { Asker = Deed.Player }];
        if (_random.Next(5) == 0) all.Clear();
        else for (int between = _random.Next(3); between > 0; between--) all.Add(_random.Next(2) == 0 ? Chat() : _asking.Around());
        all.Add(all.Count == 0 ? Follow("myname", "I do not know [your name].", ["your name"])
            : Follow("myname", $"You are [{name}].", [name]));
        return all;
    }

    private Exchange Follow(string topic, string? marked, string[] expect) =>
        new("followup", Phrases.Make(_random, _split, $"followup {topic}"), marked ?? Asking.NotKnown(_self), marked is null
            ? ["do not know"] : expect, [])
        { Asker = Deed.Player };

    private string Stranger() => Names.Take(_random, _split, 14).First(n => _world.People.All(p => p.Name[..2] != n[..2]));

    private T Pick<T>(T[] all) => all[_random.Next(all.Length)];
}
