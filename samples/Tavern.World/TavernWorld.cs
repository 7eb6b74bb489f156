namespace Tavern.World;

/// <summary>Somebody in the tavern. What is null is not known to anybody.</summary>
public sealed class Person
{
    public required string Name { get; init; }

    /// <summary>One of <see cref="Lexicon.Trades"/>.</summary>
    public string? Trade { get; set; }

    public Colour? Cloak { get; set; }

    /// <summary>One of <see cref="Lexicon.Places"/>.</summary>
    public string? Place { get; set; }

    /// <summary>One of <see cref="Lexicon.Items"/>.</summary>
    public string? Item { get; set; }

    public string Trait { get; set; } = Lexicon.Traits[0];

    public string? Wish { get; set; }

    public string? Secret { get; set; }

    /// <summary>What it has heard about others.</summary>
    public List<Rumour> Heard { get; } = [];
}

/// <summary>Something told in confidence: who told it, about whom, and what.</summary>
public readonly record struct Rumour(string Teller, string About, string What);

/// <summary>A thing of the world and where it is.</summary>
public sealed record Thing(ThingKind Kind, Colour Colour, string Spot)
{
    /// <summary>As it is spoken of: "red chest".</summary>
    public string Name => $"{Lexicon.Colours[(int)Colour]} {Lexicon.Things[(int)Kind]}";
}

/// <summary>X is the brother of Y.</summary>
public readonly record struct Relation(string Of, string Kind, string To);

/// <summary>What somebody did last night.</summary>
public readonly record struct Event(string Who, string What);

/// <summary>Everything that is so in one tavern. The game changes it as characters act; characters are told it as facts.</summary>
public sealed class TavernWorld
{
    public required string Tavern { get; init; }

    public required string Town { get; init; }

    public List<Person> People { get; } = [];

    public List<Thing> Things { get; } = [];

    public List<Relation> Relations { get; } = [];

    public List<Event> Events { get; } = [];

    /// <summary>What all characters know: the shared beginning of their system prompts.</summary>
    public string Facts()
    {
        List<string> facts = [$"This tavern is the {Tavern}. This town is {Town}."];
        foreach (Person person in People)
        {
            List<string> of = [];
            if (person.Trade is { } trade) of.Add($"{person.Name} is the {trade}.");
            if (person.Cloak is { } cloak) of.Add($"{person.Name} wears a {Lexicon.Colours[(int)cloak]} cloak.");
            if (person.Place is { } place) of.Add($"{person.Name} is {place}.");
            if (person.Item is { } item) of.Add($"{person.Name} carries {item}.");
            if (of.Count > 0) facts.Add(string.Join(' ', of));
        }

        facts.AddRange(Relations.Select(r => $"{r.Of} is the {r.Kind} of {r.To}."));
        facts.AddRange(Things.Select(t => $"The {t.Name} is {t.Spot}."));
        facts.AddRange(Events.Select(e => $"Last night {e.Who} {e.What}."));
        return string.Join('\n', facts);
    }

    /// <summary>Who a character is, in its own system prompt, after the shared facts.</summary>
    public static string Persona(Person person)
    {
        List<string> of = [$"You are {person.Name}."];
        if (person.Trade is { } trade) of.Add($"You are the {trade}.");
        if (person.Cloak is { } cloak) of.Add($"You wear a {Lexicon.Colours[(int)cloak]} cloak.");
        if (person.Place is { } place) of.Add($"You are {place}.");
        if (person.Item is { } item) of.Add($"You carry {item}.");
        of.Add($"You are {person.Trait}.");
        if (person.Wish is { } wish) of.Add($"You want {wish}.");
        if (person.Secret is { } secret) of.Add($"Your secret: {secret}.");
        of.AddRange(person.Heard.Select(r => $"{r.Teller} told you that {r.About} {r.What}."));
        return string.Join(' ', of);
    }
}
