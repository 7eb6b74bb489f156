using System.Numerics;

namespace Tavern.Game;

/// <summary>
/// Heads turn to whom somebody talks with, to the player who comes near, and else look about a little; whoever speaks nods with its words.
/// What characters see does not follow their heads: it stays what they look at.
/// </summary>
internal static class HeadMotion
{
    private const float MostTurn = 1.1f, Behind = 2, Near = 2.2f, Speed = 3;
    private const float Nod = 0.07f, Sway = 0.05f, Idle = 0.14f;

    /// <summary>Turns heads for a moment.</summary>
    /// <param name="world">Whose people.</param>
    /// <param name="seconds">How long.</param>
    /// <param name="now">Seconds of the world.</param>
    public static void Step(GameWorld world, float seconds, double now)
    {
        for (int i = 0; i < world.Bodies.Count; i++)
        {
            Body body = world.Bodies[i];
            float time = (float)(now % 1000) + (i * 2.1f), most = Speed * seconds;
            Vector2 way = Wanted(world, body, time) - body.Head;
            body.Head += new Vector2(Math.Clamp(way.X, -most, most), Math.Clamp(way.Y, -most, most));
        }
    }

    private static Vector2 Wanted(GameWorld world, Body body, float time)
    {
        Body? seen = body.Partner ?? (!body.IsWalking && body.DistanceTo(world.Player) < Near ? world.Player : null);
        float turn = seen is null ? 0 : MathF.IEEERemainder(Body.YawTo(body.Position, seen.Position) - body.Yaw, MathF.Tau);
        bool looks = seen is not null && MathF.Abs(turn) < Behind;
        Vector2 head = new(looks ? Math.Clamp(turn, -MostTurn, MostTurn) : Idle * MathF.Sin(0.6f * time), 0);
        return body.IsTalking ? head + new Vector2(Sway * MathF.Sin(2.3f * time), Nod * MathF.Sin(5.2f * time)) : head;
    }
}
