namespace NpcMind.GpuTests.Runtime;

[NpcAction]
internal enum Gesture
{
    Wave,
    Bow,
    Shrug,
    PointNorth,
}

internal enum Goods
{
    Bread,
    Boat,
    Fire,
}

[NpcAction]
internal sealed record Trade(Goods Goods, [property: ActionRange(1, 99)] int Coins, bool Haggle);

[NpcAction]
internal sealed record Walk([property: ActionRange(-180, 180)] int Direction, [property: ActionRange(0, 12)] byte? Steps);

[NpcAction]
internal sealed record Remember([property: ActionText(6)] string About, Gesture? With);

[NpcAction]
internal readonly record struct Hand(Goods? Item, bool? Left, [property: ActionText(4)] string? Note);
