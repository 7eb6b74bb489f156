using Tavern.World;

namespace Tavern.Forge;

/// <summary>What happened in the night that somebody does not want known: sentences of the world and of one character's own
/// knowledge.</summary>
internal sealed class Mystery
{
    private static readonly string[] Owners = ["mayor", "king", "priest", "widow", "miller", "baker", "old woman", "stranger", "captain",
        "smith", "guard", "cook"];
    private static readonly string[] Loot =
    [
        "horse", "ring", "goose", "purse", "crown", "cow", "chest", "silver cup", "sword", "money", "book", "hat", "boat", "letter", "map",
        "necklace", "hen", "bell", "painting", "seal",
    ];

    private static readonly string[] Somewhere =
    [
        "by the stable", "at the stable", "at the well", "behind the mill", "in the yard", "on the bridge", "at the gate", "in the street",
        "by the river", "in the barn", "on the roof", "in the kitchen", "in the cellar", "near the church", "at the mill", "in the garden",
        "behind the tavern", "at home", "in the forest", "at the market", "by the harbour", "in the attic",
    ];

    private static readonly string[] Marks = ["straw", "mud", "flour", "wax", "soot", "blood", "horse hair", "feathers", "ink", "dust",
        "paint", "hay"];

    private Mystery(Random random, TavernWorld world, Person self)
    {
        string[] others = [.. world.People.Where(p => p != self).Select(p => p.Name)];
        random.Shuffle(others);
        if (random.Next(3) > 0) Taken = $"the {Pick(Owners)}'s {Pick(Loot)}";
        if (random.Next(3) == 0) WasAt = Pick(Somewhere);
        if (Taken is not null && random.Next(6) == 0) self.Secret = $"you took {Taken}";
        if (others.Length == 0) return;
        if (random.Next(2) == 0) Seen = (others[0], Pick([.. Somewhere.Where(s => s != WasAt)]));
        if (Taken is not null && !IsThief(self) && random.Next(3) == 0) Suspect = Pick(others);
        if (random.Next(4) == 0) Liar = Pick(others);
        if (random.Next(4) == 0) Marked = (Pick(others), Pick(Marks));
        string? told = random.Next(3) == 0 && others.Length > 2 ? others[1] : null;
        if (told is not null) Told = (others[2], told, Pick(Somewhere));

        string Pick(string[] all) => all[random.Next(all.Length)];
    }

    /// <summary>What somebody took last night; null where nothing was taken.</summary>
    public string? Taken { get; }

    /// <summary>Whom the character saw last night, and where.</summary>
    public (string Who, string Place)? Seen { get; }

    /// <summary>Where the character says it was.</summary>
    public string? WasAt { get; }

    /// <summary>Who it thinks took it.</summary>
    public string? Suspect { get; }

    /// <summary>Who it thinks lies.</summary>
    public string? Liar { get; }

    /// <summary>Who has what on the cloak.</summary>
    public (string Who, string Mark)? Marked { get; }

    /// <summary>Who told it that who was where.</summary>
    public (string Teller, string Who, string Place)? Told { get; }

    /// <summary>What befell a world; changes the character's secret now and then.</summary>
    public static Mystery Make(Random random, TavernWorld world, Person self) => new(random, world, self);

    /// <summary>Whether the character itself took it.</summary>
    public bool IsThief(Person self) => Taken is not null && self.Secret == $"you took {Taken}";

    /// <summary>Facts that everybody knows, in one order or another.</summary>
    public string World(Random random, string facts)
    {
        List<string> lines = [.. facts.Split('\n')];
        int end = lines.Count;
        if (Taken is not null) lines.Insert(random.Next(2) == 0 ? end : Math.Max(1, end - random.Next(3)),
            $"Last night somebody took {Taken}.");
        if (Marked is { } marked) lines.Add($"{marked.Who} has {marked.Mark} on the cloak.");
        return string.Join('\n', lines);
    }

    /// <summary>What the character knows by itself, after who it is.</summary>
    public string Persona(Random random, string persona)
    {
        List<string> knows = [];
        if (Seen is { } seen) knows.Add($"Last night you saw {seen.Who} {seen.Place}.");
        if (WasAt is not null) knows.Add($"Last night you were {WasAt}.");
        if (Suspect is not null) knows.Add($"You think that {Suspect} took {Taken}.");
        if (Liar is not null) knows.Add($"You think that {Liar} lies.");
        if (Told is { } told) knows.Add($"{told.Teller} told you that {told.Who} was {told.Place} last night.");
        string[] mixed = [.. knows];
        random.Shuffle(mixed);
        return string.Join(' ', mixed.Prepend(persona));
    }

    /// <summary>A place where nobody was seen.</summary>
    public string Elsewhere(Random random)
    {
        string[] free = [.. Somewhere.Where(s => s != Seen?.Place && s != WasAt && s != Told?.Place)];
        return free[random.Next(free.Length)];
    }
}
