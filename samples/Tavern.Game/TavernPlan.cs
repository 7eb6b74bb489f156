using Tavern.World;

namespace Tavern.Game;

/// <summary>Something that stands on a table to be looked at; nobody is told of it.</summary>
public readonly record struct Standing(ThingKind Kind, Colour Colour)
{
    /// <summary>As it is spoken of: "red apple".</summary>
    public override string ToString() => new Thing(Kind, Colour, "").Name;
}

/// <summary>
/// What a world file says: who is there, what is so, and how the room is furnished when a game begins. Not changed by playing: see
/// <see cref="GameWorld"/>.
/// </summary>
public sealed record TavernPlan(TavernWorld World)
{
    /// <summary>What stands on each of <see cref="Surfaces.All"/>, from left to right.</summary>
    public Dictionary<string, Standing[]> Tables { get; init; } = new(StringComparer.Ordinal);

    /// <summary>By name: decides what a character asks others.</summary>
    public Dictionary<string, int> Seeds { get; init; } = new(StringComparer.Ordinal);

    public bool LampIsLit { get; init; } = true;

    public bool HearthIsLit { get; init; } = true;

    public bool CandlesAreLit { get; init; } = true;

    public bool DoorIsOpen { get; init; }

    /// <summary>What works but is not what the shipped model was trained on.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];
}

/// <summary>Copies of what playing changes.</summary>
internal static class Copies
{
    public static Person Copy(this Person person)
    {
        Person copy = new()
        {
            Name = person.Name,
            Trade = person.Trade,
            Cloak = person.Cloak,
            Place = person.Place,
            Item = person.Item,
            Trait = person.Trait,
            Wish = person.Wish,
            Secret = person.Secret,
        };
        copy.Heard.AddRange(person.Heard);
        return copy;
    }

    /// <summary>The world with copies of these people in the place of its own.</summary>
    public static TavernWorld Copy(this TavernWorld world, IEnumerable<Person>? people = null)
    {
        TavernWorld copy = new() { Tavern = world.Tavern, Town = world.Town };
        copy.People.AddRange((people ?? world.People).Select(Copy));
        copy.Things.AddRange(world.Things);
        copy.Relations.AddRange(world.Relations);
        copy.Events.AddRange(world.Events);
        return copy;
    }
}
