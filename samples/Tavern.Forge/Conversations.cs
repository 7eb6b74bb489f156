using NpcMind;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>Pictures and what they show.</summary>
public sealed record PictureEntry(int Index, Split Split, IReadOnlyList<Seen> Seen);

/// <summary>
/// Makes conversations from a seed: a world, one of its characters, and about a dozen questions of mixed kinds. One conversation in
/// three is about pictures, two in five ask for actions with every answer.
/// </summary>
public sealed class Conversations(int seed, IReadOnlyList<PictureEntry> pictures)
{
    private static readonly string[] FollowUps = ["And {0}?", "What about {0}?", "And what about {0}?", "How about {0}?", "Now {0}?",
        "And what of {0}?"], HeldFollowUps = ["And how about {0}?", "Now what about {0}?"];
    private static readonly string Idle = ActionType.Of<Deed>().Write(Deed.None);
    private readonly PictureEntry[] _train = [.. pictures.Where(p => p.Split == Split.Train)],
        _held = [.. pictures.Where(p => p.Split == Split.Held)];

    /// <summary>Conversation number so-and-so of a split; the same numbers give the same conversation.</summary>
    /// <param name="split">Of names, wordings and pictures.</param>
    /// <param name="number">0 and up.</param>
    public Conversation Make(Split split, int number)
    {
        Random random = new(unchecked((seed * 1_000_003) + (number * 2) + (int)split));
        if (split == Split.Train && number % 8 == 0) return Recitation.Make(random, isShort: number % 16 == 0);
        // A quarter of the training are drills: few facts, few questions. Looking something up is learned there first, where
        // little stands in the way.
        bool drills = split == Split.Train && number % 4 == 2;
        // Some of the others, when there are pictures, are about one picture and hardly anything else: seeing is learned there.
        bool glances = split == Split.Train && number % 16 == 1 && _train.Length > 0;
        // Most of the others are what people really type: everything is in it, what is asked about the world, too.
        if (split == Split.Train && !drills && !glances && random.Next(4) > 0)
            return MakeEveryday(random, split, 9 + random.Next(random.Next(4) == 0 ? 16 : 6), 15);
        if (split == Split.Held && number % 2 == 1) return MakeEveryday(random, split, 6, 13);
        int people = glances ? 1 + random.Next(2) : drills ? 1 + Math.Min(1, random.Next(4)) + random.Next(4) / 3
            : random.Next(20) switch { < 4 => 1, < 9 => 2, < 13 => 3, < 17 => 4, _ => 5 };
        TavernWorld world = WorldGenerator.Create(random, split, people, drills || glances ? 0.4 : 0.85);
        Person self = world.People[random.Next(people)];
        PictureEntry[] all = split == Split.Train ? _train : _held;
        // In half of the rooms much is said and done nearby, and not only by the player.
        bool isBusy = !drills && !glances && random.Next(2) == 0;
        bool looks = all.Length > 0 && !drills && !glances && random.NextDouble() < 0.34, acts = !glances
            && random.NextDouble() < (drills ? 0.15 : 0.4);
        List<Exchange> exchanges = [];
        if (glances)
        {
            PictureEntry picture = _train[random.Next(_train.Length)];
            Dress(random, world, self, picture.Seen.Where(s => s.Kind == ThingKind.Person));
            exchanges.AddRange(Look(random, split, world, self, picture, 10));
            if (random.Next(2) == 0) Mingle(random, exchanges, Talk(random, split, world, self, 4, isBusy));
        }
        else if (looks)
        {
            PictureEntry[] seen = [.. Enumerable.Range(0, 1 + random.Next(2)).Select(_ => all[random.Next(all.Length)])];
            Dress(random, world, self, seen.SelectMany(p => p.Seen).Where(s => s.Kind == ThingKind.Person));
            foreach (PictureEntry picture in seen) exchanges.AddRange(Look(random, split, world, self, picture, 6));
        }

        if (!glances)
        {
            List<Exchange> talk = Talk(random, split, world, self, looks || acts ? 4 : drills ? 6 : 13, isBusy);
            Orders orders = new(random, split, world, self);
            for (int i = !acts ? 6 : drills || looks ? 4 : 0; i < 6; i++) talk.Insert(random.Next(talk.Count + 1), orders.Next());
            Mingle(random, exchanges, talk);
        }

        Nearby nearby = new(random, split, world, self);
        nearby.LetOthersAsk(exchanges, isBusy ? 0.3 : 0.04);
        if (!glances && random.NextDouble() < 0.35) FollowUp(random, split, world, self, exchanges);
        return new Conversation(split == Split.Train ? "train" : "held", drills ? 1 : 2, world.Facts(), self.Name,
            TavernWorld.Persona(self),
            acts ? [Deed.Player, Deed.NoTarget, .. world.People.Where(p => p != self).Select(p => p.Name), .. Lexicon.Furniture] : [],
            [.. exchanges.Select(e => Turn(e, acts))]);
    }

    /// <summary>A conversation as in the game: what is seen comes with the first words, and the player types as people do.</summary>
    private Conversation MakeEveryday(Random random, Split split, int groups, int questions)
    {
        int people = random.Next(20) switch { < 3 => 1, < 7 => 2, < 12 => 3, < 15 => 4, _ => 5 };
        TavernWorld world = WorldGenerator.Create(random, split, people, random.Next(3) == 0 ? 0.6 : 0.9);
        Person self = world.People[random.Next(people)];
        if (split == Split.Train && random.Next(3) == 0) HadANight(random, world, self);
        Mystery mystery = Mystery.Make(random, world, self);
        PictureEntry[] all = split == Split.Train ? _train : _held;
        PictureEntry? picture = all.Length > 0 && random.Next(5) < (split == Split.Train ? 4 : 3) ? all[random.Next(all.Length)] : null;
        // Deeds are long to write, and known: training asks for them less often than the game does.
        bool acts = random.Next(20) < (split == Split.Train ? 12 : 15);
        if (picture is not null) Dress(random, world, self, picture.Seen.Where(s => s.Kind == ThingKind.Person));
        List<Exchange> exchanges = [.. Talk(random, split, world, self, questions, random.Next(4) == 0)];
        Nearby nearby = new(random, split, world, self);
        if (picture is not null)
        {
            List<Exchange> looks = Look(random, split, world, self, picture, split == Split.Train ? 4 : 3);
            // What is said nearby is no answer to what is seen.
            if (split == Split.Train) nearby.Surround(looks, 0.3);
            Mingle(random, exchanges, looks);
        }

        nearby.LetOthersAsk(exchanges, 0.1);
        // What is so now and then no more is asked about before it changes.
        int end = exchanges.FindIndex(e => e.Before.Contains(" now ", StringComparison.Ordinal));
        if (end < 0) end = exchanges.Count;
        Everyday everyday = new(random, split, world, self, mystery, picture?.Seen, acts);
        for (int i = 0; i < groups; i++)
        {
            List<Exchange> group = everyday.Next();
            // Not between what belongs together.
            int at = random.Next(end + 1);
            while (at < end && exchanges[at].Kind == "followup") at++;
            exchanges.InsertRange(at, group);
            end += group.Count;
        }

        RememberNames(exchanges);
        for (int i = 0; i < exchanges.Count; i++)
        {
            exchanges[i] = exchanges[i] with { Image = i == 0 ? picture?.Index : null };
            bool hasty = split == Split.Train ? random.Next(3) == 0 : Everyday.Kinds.Contains(exchanges[i].Kind) && random.Next(4) == 0;
            if (exchanges[i].Asker is not (null or Deed.Player)) continue;
            exchanges[i] = hasty ? Everyday.Typed(random, exchanges[i], world, self)
                : exchanges[i] with { Question = Everyday.Heard(exchanges[i].Question, world) };
        }

        string facts = mystery.World(random, world.Facts()), persona = mystery.Persona(random, TavernWorld.Persona(self));
        return new Conversation(split == Split.Train ? "train" : "held", 2, facts, self.Name, persona,
            acts ? [Deed.Player, Deed.NoTarget, .. world.People.Where(p => p != self).Select(p => p.Name), .. Lexicon.Furniture] : [],
            [.. exchanges.Select(e => Turn(e, acts))]);
    }

    /// <summary>Something befell the character itself last night: more often seen than anything else, which is asked about most.</summary>
    private static void HadANight(Random random, TavernWorld world, Person self)
    {
        if (world.Events.Any(e => e.Who == self.Name)) return;
        string[] free = [.. Lexicon.Events.Except(world.Events.Select(e => e.What))];
        string[] saw = [.. free.Where(e => e.StartsWith("saw ", StringComparison.Ordinal))];
        string[] some = saw.Length > 0 && random.Next(3) == 0 ? saw : free;
        world.Events.Insert(random.Next(world.Events.Count + 1), new Event(self.Name, some[random.Next(some.Length)]));
    }

    /// <summary>The name that the player gave last is the one that is remembered.</summary>
    private static void RememberNames(List<Exchange> exchanges)
    {
        const string Met = "Well met, [", You = "You are [", NotTold = "I do not know [your name].";
        string? name = null;
        for (int i = 0; i < exchanges.Count; i++)
        {
            string marked = exchanges[i].Marked;
            if (marked.StartsWith(Met, StringComparison.Ordinal)) name = marked[Met.Length..^2];
            else if (marked == NotTold || (marked.StartsWith(You, StringComparison.Ordinal) && exchanges[i].Expect.Length == 1))
            {
                string says = name is null ? NotTold : $"You are [{name}].";
                exchanges[i] = exchanges[i] with { Marked = says, Expect = [name ?? "do not know"] };
            }
        }
    }

    private static Turn Turn(Exchange exchange, bool acts)
    {
        (string answer, int[][] spans) = Exchange.Unmark(exchange.Marked);
        // Deeds are for the player alone to ask for.
        string asker = exchange.Asker ?? Deed.Player;
        string? action = acts && asker == Deed.Player ? exchange.Action ?? Idle : null;
        return new Turn($"{exchange.Before}{asker}: {exchange.Question}", exchange.Image, answer, spans, action, action is null ? []
            : Values(action), exchange.Kind, exchange.Expect, exchange.Reject);
    }

    /// <summary>Where the texts of an action's values stand: after each colon, in quotes.</summary>
    private static int[][] Values(string action)
    {
        List<int[]> spans = [];
        for (int at = action.IndexOf(":\"", StringComparison.Ordinal); at >= 0;
            at = action.IndexOf(":\"", at + 2, StringComparison.Ordinal)) spans.Add([at + 2, action.IndexOf('"', at + 2)]);
        return [.. spans];
    }

    /// <summary>
    /// Somebody in a picture is somebody of the world, known by the cloak: cloaks are changed until it is so, except now and then.
    /// </summary>
    private static void Dress(Random random, TavernWorld world, Person self, IEnumerable<Seen> people)
    {
        Queue<Person> others = new(world.People.Where(p => p != self));
        foreach (Seen seen in people)
            if (others.Count > 0 && world.People.All(p => p.Cloak != seen.Colour) && random.Next(5) > 0)
                others.Dequeue().Cloak = seen.Colour;
    }

    private static List<Exchange> Look(Random random, Split split, TavernWorld world, Person self, PictureEntry picture, int most)
    {
        List<Exchange> all = new PictureQuestions(random, split, world, self, picture.Index, picture.Seen).All();
        Exchange[] shuffled = [.. all];
        random.Shuffle(shuffled);
        // The picture comes with the first question; the others are about what was seen.
        return [.. shuffled.Take(most).Select((e, i) => e with { Image = i == 0 ? picture.Index : null })];
    }

    /// <summary>
    /// Talk between the questions about pictures, in its order. A game shows what is seen when somebody is spoken to: the picture
    /// comes with whatever is asked then, about it or not.
    /// </summary>
    private static void Mingle(Random random, List<Exchange> looks, List<Exchange> talk)
    {
        int[] places = [.. talk.Select(_ => random.Next(3) == 0 ? 0 : random.Next(looks.Count + 1)).Order()];
        for (int i = talk.Count - 1; i >= 0; i--) looks.Insert(places[i], talk[i]);
        HashSet<Exchange> unrelated = [.. talk];
        for (int i = looks.Count - 1; i > 0; i--)
        {
            if (looks[i].Image is not { } image || looks[i - 1].Image is not null || !unrelated.Contains(looks[i - 1])
                || random.Next(4) == 0) continue;
            unrelated.Remove(looks[i - 1]);
            (looks[i - 1], looks[i]) = (looks[i - 1] with { Image = image }, looks[i] with { Image = null });
        }
    }

    private static List<Exchange> Talk(Random random, Split split, TavernWorld world, Person self, int count, bool isBusy)
    {
        Questions questions = new(random, split, world, self);
        SmallTalk talk = new(random, split, world, self);
        List<Exchange> others = Shuffled(random, questions.AboutOthers()), own = Shuffled(random, questions.AboutSelf()),
            unknown = Shuffled(random, questions.Unanswerable());
        // Training asks more about the world: it is what is hard.
        int more = split == Split.Train ? 2 : 0, less = more / 2;
        List<Exchange> all = [.. others.Take((count * (6 + more) + 9) / 13), .. own.Take((count * (3 - less) + 6) / 13),
            .. unknown.Take((count * 3 + 6) / 13)];
        if (world.People.Count > 1 && random.NextDouble() < 0.25) all.Add(talk.Overheard());
        if (random.NextDouble() < 0.25) all.Add(random.Next(2) == 0 ? talk.Feeling() : talk.Thanking());
        all = Shuffled(random, all);
        if (random.NextDouble() < 0.25)
        {
            (Exchange told, Exchange asked) = talk.Introduction();
            if (random.Next(5) == 0) all.Insert(0, talk.NameNotTold());
            int at = random.Next(all.Count);
            all.Insert(at, told);
            all.Insert(at + 1 + random.Next(all.Count - at), asked);
        }

        if (random.NextDouble() < 0.3) all.Insert(0, talk.Greeting());
        if (random.NextDouble() < 0.15) all.Add(talk.Parting());
        Nearby nearby = new(random, split, world, self);
        nearby.Surround(all, isBusy ? 0.35 : 0.1);
        if (random.NextDouble() < (isBusy ? 0.5 : 0.1)) nearby.Notice(all);
        // Last, because it changes what is so.
        if (random.NextDouble() < 0.2 && talk.Changed() is { } changed) all.Add(changed);
        return all;
    }

    /// <summary>"And Tobin?" after a question about somebody else.</summary>
    private static void FollowUp(Random random, Split split, TavernWorld world, Person self, List<Exchange> all)
    {
        Person[] others = [.. world.People.Where(p => p != self)];
        if (others.Length < 2) return;
        random.Shuffle(others);
        (Person first, Person second) = (others[0], others[1]);
        Func<Person, string?>[] facts = [p => p.Trade is { } t ? $"[{p.Name}] is the [{t}]." : null, p => p.Cloak is { } c
            ? $"[{p.Name}] wears a [{Lexicon.Colours[(int)c]}] cloak." : null, p => p.Place is { } l ? $"[{p.Name}] is [{l}]."
            : null, p => p.Item is { } i ? $"[{p.Name}] carries [{i}]." : null];
        Wording[] wordings = [Wordings.TradeOf, Wordings.CloakOf, Wordings.PlaceOf, Wordings.ItemOf];
        int which = random.Next(4);
        if (facts[which](first) is not { } fact) return;
        const int at = 0; // before anything changes
        string[] ways = split == Split.Train ? FollowUps : HeldFollowUps;
        string? answer = facts[which](second);
        string expected = answer is null ? "do not know" : answer.Split('[')[2].Split(']')[0];
        all.Insert(at,
            new Exchange("world", wordings[which].Ask(random, split, first.Name), fact, [fact.Split('[')[2].Split(']')[0]],
            ["do not know"]));
        all.Insert(at + 1,
            new Exchange(answer is null ? "unknown" : "world", string.Format(null, ways[random.Next(ways.Length)], second.Name),
            answer ?? Asking.NotKnown(self), [expected], []));
    }

    private static List<Exchange> Shuffled(Random random, List<Exchange> all)
    {
        Exchange[] copy = [.. all];
        random.Shuffle(copy);
        return [.. copy];
    }
}
