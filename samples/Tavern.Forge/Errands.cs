using NpcMind;
using Tavern.World;

namespace Tavern.Forge;

/// <summary>Orders as players type them: those that can be done, and those that nobody can do, which are refused in words.</summary>
internal sealed class Errands(Random random, Split split, TavernWorld world, Person self)
{
    /// <summary>Tries until an order is one that <see cref="Requests"/> reads as it is meant.</summary>
    private const int Most = 1000;

    /// <summary>Something that no deed covers.</summary>
    public Exchange Cannot()
    {
        for (int tries = 0; ; tries++)
        {
            string[] others = [.. world.People.Where(p => p != self).Select(p => p.Name).DefaultIfEmpty("somebody")];
            string noun = Phrases.Of("noun", split == Split.Held && random.Next(3) == 0 ? Split.Held : Split.Train) is var nouns
                ? nouns[random.Next(nouns.Length)] : "";
            string text = Phrases.Make(random, split, "cannot", ("0", others[random.Next(others.Length)]), ("noun", noun),
                ("me", self.Name));
            if (tries > Most) throw new InvalidOperationException($"'{text}' and others like it were all taken for what can be done.");
            if (Requests.Of(text, world, self).Count == 0)
                return new("cannot", text, $"[{Tempers.Say(self, "cannot")}]", ["cannot"], ["I will"]) { Asker = Deed.Player };
        }
    }

    /// <summary>Something that can be done, with the deed.</summary>
    public Exchange Can()
    {
        for (int tries = 0; ; tries++)
        {
            string[] others = [.. world.People.Where(p => p != self).Select(p => p.Name)];
            (string topic, DeedVerb verb, string to, string says) = random.Next(7) switch
            {
                0 when others.Length > 0 => Aimed("can turn", DeedVerb.Turn, others),
                0 or 1 when others.Length > 0 => Aimed("can walk", DeedVerb.Walk, others),
                2 => ("can come", DeedVerb.Walk, Deed.Player, "I will go to [you]."),
                3 when self.Item is not null && others.Length > 0 => Aimed("can give", DeedVerb.Give, others),
                3 or 4 when self.Item is not null => ("can giveme", DeedVerb.Give, Deed.Player, "I will give it to [you]."),
                5 => Furnished("can light", DeedVerb.Light, Lexicon.CanBeLit),
                _ => Furnished("can open", DeedVerb.Open, Lexicon.CanBeOpened),
            };
            string called = Called(to), item = self.Item is { } carried ? Asking.Noun(carried) : "";
            string order = Phrases.Make(random, split, topic, ("0", to == Deed.Player ? "me" : called), ("item", item));
            order = order.StartsWith("I ", StringComparison.Ordinal) ? order : char.ToLowerInvariant(order[0]) + order[1..];
            string text = Framed(order.TrimEnd('?', '.', '!'));
            Deed deed = new(verb, to);
            if (tries > Most) throw new InvalidOperationException($"'{text}' and others like it were all not understood.");
            if (!Requests.Of(text, world, self).Contains(deed)) continue;
            string action = ActionType.Of<Deed>().Write(deed);
            return new("can", text, says, [Exchange.Unmark(says).Text.TrimEnd('.')], []) { Action = action, Asker = Deed.Player };
        }
    }

    private (string Topic, DeedVerb Verb, string To, string Says) Aimed(string topic, DeedVerb verb, string[] others)
    {
        string to = verb != DeedVerb.Give && random.Next(2) == 0 ? Lexicon.Furniture[random.Next(Lexicon.Furniture.Length)]
            : others[random.Next(others.Length)];
        string says = verb switch
        {
            DeedVerb.Turn => $"I turn to [{to}].",
            DeedVerb.Walk => $"I will go to [{to}].",
            _ =>
            $"I will give it to [{to}]."
        };
        return (topic, verb, to, says);
    }

    private (string Topic, DeedVerb Verb, string To, string Says) Furnished(string topic, DeedVerb verb, string[] all)
    {
        string to = all[random.Next(all.Length)];
        return (topic, verb, to, $"I will {verb.ToString().ToLowerInvariant()} [{to}].");
    }

    /// <summary>What a thing is called by those who do not know its proper name.</summary>
    private string Called(string to)
    {
        if (!DeedWords.Furniture.TryGetValue(to, out string[]? names) || random.Next(2) == 0) return to;
        string name = names[random.Next(names.Length)];
        return name.Contains(' ', StringComparison.Ordinal) || name.EndsWith('s') ? to : $"the {name}";
    }

    private string Framed(string order)
    {
        string text = order.StartsWith("can I", StringComparison.Ordinal) || order.StartsWith("could I", StringComparison.Ordinal)
            || order.StartsWith("may I", StringComparison.Ordinal)
            ? char.ToUpperInvariant(order[0]) + order[1..] + "?"
                : Phrases.Make(random, split, "can frame", ("0", order), ("me", self.Name));
        if (random.Next(4) > 0) return text;
        string before = Phrases.Make(random, split, "can before", ("me", self.Name)) + ".";
        return random.Next(2) == 0 ? $"{before} {text}"
            : $"{text}{(".?!".Contains(text[^1], StringComparison.Ordinal) ? "" : ".")} {before}";
    }
}
