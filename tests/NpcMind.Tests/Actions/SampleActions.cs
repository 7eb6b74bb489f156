namespace NpcMind.Tests.Actions;

/// <summary>An action that is an enum, one name of it a keyword and one another name for a value.</summary>
[NpcAction]
internal enum Gesture
{
    Wave,
    Nod,
    Bow,
    @class,
    Greet = Wave,
}

/// <summary>A record class with one member of each kind.</summary>
[NpcAction]
internal sealed record Give(Item Item, [ActionText(12)] string To, [ActionRange(0, 250)] int Coins, bool Kindly);

/// <summary>A record struct of numbers, negative ones among them.</summary>
[NpcAction]
internal readonly record struct Move([ActionRange(-120, 75)] short X, [ActionRange(int.MinValue, int.MaxValue)] int Y,
    [property: ActionRange(1, 3)] byte Speed);

/// <summary>What can be in a pocket.</summary>
internal enum Item : long
{
    Bread = 1,
    Sword = 1L << 40,
    GoldenRing = -5,
}

/// <summary>Types inside another.</summary>
internal static class Tavern
{
    /// <summary>Everything can be missing.</summary>
    [NpcAction]
    internal sealed record Order(Item? Item, [ActionRange(-3, 12)] int? Count, bool? NPCPays, [ActionText(6)] string? Note);

    /// <summary>Nothing to say.</summary>
    [NpcAction]
    internal sealed record Leave();
}
