using Tavern.World;

namespace Tavern.Forge;

/// <summary>What is said that asks for no fact: greetings in character, thanks, what was just told or overheard, things to do.</summary>
internal sealed class SmallTalk(Random random, Split split, TavernWorld world, Person self)
{
    private static readonly string[] Hello = ["Hello!", "Good evening!", "Hello there.", "Greetings!", "Good day to you.", "Hello, friend.",
        "Hi!", "Well met!"];
    private static readonly string[] HeldHello = ["Good evening, friend.", "Greetings, friend!", "Hello, good day!"];
    private static readonly string[] HowAreYou = ["How are you?", "How do you do?", "How is it going?", "How are you today?",
        "Are you well?", "How do you feel?"];
    private static readonly string[] HeldHowAreYou = ["How do you feel today?", "How is it going today?", "And how are you?"];
    private static readonly string[] Thanks = ["Thank you.", "Thanks!", "Thank you, friend.", "I thank you.", "Many thanks."];
    private static readonly string[] HeldThanks = ["Many thanks, friend.", "Thanks, thank you!"];
    private static readonly string[] Bye = ["Goodbye.", "Farewell!", "Good night.", "I must go.", "See you tomorrow.", "Until next time."];
    private static readonly string[] HeldBye = ["Farewell, I must go.", "Goodbye, good night."];

    /// <summary>Hello, how are you, thanks, goodbye.</summary>
    private static readonly string[] Manners = ["hello", "feeling", "thanks", "bye"];

    private static readonly string[] Sayings =
    [
        "I saw a fox by the well.", "The soup is good tonight.", "It will rain tomorrow.", "My feet hurt.", "The moon is red.",
        "I lost my hat.", "There is a ship in the harbour.", "The road is closed.", "I heard a strange noise.",
        "The beer is too warm.", "Somebody took my chair.", "The king is ill.", "I need a new roof.", "There are wolves in the forest.",
        "The bridge is broken.", "I found a feather.",
    ];

    internal static readonly Wording WhatSaid = new(
        ["What did {0} say?", "What was it that {0} said?", "What did you hear {0} say?", "What has {0} said?", "What did {0} just say?",
            "What did {0} talk of?"],
        ["what {0} said", "what {0} just said", "what you heard {0} say"],
        ["the thing that {0} said"],
        ["What was said by {0}?", "What was it that {0} just said?"],
        ["what it was that {0} said", "what {0} has said"]);

    internal static readonly Wording MyOwnName = new(
        ["What is my name?", "Who am I?", "Do you remember my name?", "What am I called?", "Do you know who I am?"],
        ["what my name is", "who I am"],
        ["my name"],
        ["What was my name?", "What was I called?"],
        ["what I am called"]);

    private static readonly string[] Introductions = ["My name is {0}.", "I am {0}.", "They call me {0}.", "You can call me {0}.",
        "I am called {0}.", "The name is {0}.", "My name here is {0}.", "Friend, my name is {0}.", "My friends call me {0}.",
        "All call me {0}.", "Know that I am {0}.", "You may call me {0}, friend.", "I, friend, am {0}."];
    private static readonly string[] HeldIntroductions = ["My name, friend, is {0}.", "People call me {0}."];

    public Exchange Greeting() => Manner(0, Hello, HeldHello);

    public Exchange Feeling() => Manner(1, HowAreYou, HeldHowAreYou);

    public Exchange Thanking() => Manner(2, Thanks, HeldThanks);

    public Exchange Parting() => Manner(3, Bye, HeldBye);

    /// <summary>The player says a name, and asks for it later.</summary>
    public (Exchange Told, Exchange Asked) Introduction()
    {
        string name = PlayerNames.Pick(random, split, world);
        string told = string.Format(null, Pick(split == Split.Train ? Introductions : HeldIntroductions), name);
        if (random.Next(2) == 0) told = Phrases.WithCourtesy(random, split, told);
        return (new Exchange("other", told, $"Well met, [{name}].", [name], []) { Asker = Deed.Player },
            new Exchange("other", MyOwnName.Ask(random, split), $"You are [{name}].", [name], []) { Asker = Deed.Player });
    }

    public Exchange NameNotTold() => new("other", MyOwnName.Ask(random, split), "I do not know [your name].", ["do not know"], [])
    { Asker = Deed.Player };

    /// <summary>Something is said near the character before the player asks about it.</summary>
    public Exchange Overheard()
    {
        Person[] others = [.. world.People.Where(p => p != self)];
        random.Shuffle(others);
        string[] said = [.. Sayings];
        random.Shuffle(said);
        int count = Math.Min(others.Length, 1 + random.Next(2)), which = random.Next(count);
        string before = string.Concat(Enumerable.Range(0, count).Select(i => $"{others[i].Name}: {said[i]}\n"));
        return new Exchange("other", WhatSaid.Ask(random, split, others[which].Name), $"[{others[which].Name}] said: [{said[which]}]",
            [said[which]], [], before);
    }

    /// <summary>Something changes before the character's eyes; the newest word counts.</summary>
    public Exchange? Changed()
    {
        Person[] others = [.. world.People.Where(p => p != self)];
        if (others.Length == 0) return null;
        Person person = Pick(others);
        if (random.Next(2) == 0)
        {
            string place = Pick([.. Lexicon.Places.Except(world.People.Select(p => p.Place))])!;
            return new Exchange("world", Wordings.PlaceOf.Ask(random, split, person.Name), $"[{person.Name}] is [{place}].", [place],
                ["do not know"], $"{person.Name} is now {place}.\n");
        }

        string item = Pick([.. Lexicon.Items.Except(world.People.Select(p => p.Item))])!;
        return new Exchange("world", Wordings.ItemOf.Ask(random, split, person.Name), $"[{person.Name}] carries [{item}].", [item],
            ["do not know"], $"{person.Name} now carries {item}.\n");
    }

    private Exchange Manner(int which, string[] train, string[] held)
    {
        string answer = Tempers.Say(self, Manners[which]);
        return new Exchange("other", Pick(split == Split.Train ? train : held), $"[{answer}]", [answer], []);
    }

    private T Pick<T>(T[] all) => all[random.Next(all.Length)];
}
