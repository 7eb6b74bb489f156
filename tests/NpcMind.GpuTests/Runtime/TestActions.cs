namespace NpcMind.GpuTests.Runtime;

[NpcAction]
public enum Gesture
{
    Wave,
    Bow,
    Shrug,
    PointNorth,
}

public enum Goods
{
    Bread,
    Boat,
    Fire,
}

[NpcAction]
public sealed record Trade(Goods Goods, [property: ActionRange(1, 99)] int Coins, bool Haggle);

[NpcAction]
public sealed record Walk([property: ActionRange(-180, 180)] int Direction, [property: ActionRange(0, 12)] byte? Steps);

[NpcAction]
public sealed record Remember([property: ActionText(6)] string About, Gesture? With);

[NpcAction]
public readonly record struct Hand(Goods? Item, bool? Left, [property: ActionText(4)] string? Note);
