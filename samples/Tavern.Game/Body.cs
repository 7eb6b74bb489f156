using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Where somebody is and what it is doing. Points are (x, z); a yaw of 0 faces +z.</summary>
public sealed class Body(Person person)
{
    /// <summary>How near two can stand.</summary>
    public const float Width = 0.7f;

    /// <summary>Metres in a second.</summary>
    public const float Speed = 1.4f;

    public Person Person => person;

    public string Name => person.Name;

    public Vector2 Position { get; set; }

    public float Yaw { get; set; }

    /// <summary>What it looks at.</summary>
    public Vector3 Gaze { get; set; }

    /// <summary>
    /// Whom it talks with, and so turns to; null for nobody. What it looks at stays as it is: it turns back when the talk is over.
    /// </summary>
    public Body? Partner { get; internal set; }

    /// <summary>How far its head is turned from its body (x) and bowed (y), in radians.</summary>
    public Vector2 Head { get; internal set; }

    /// <summary>Whether words of it are appearing.</summary>
    internal bool IsTalking { get; set; }

    /// <summary>What it is about to do; null when idle.</summary>
    public Deed? Doing { get; internal set; }

    public bool IsWalking => Path.Count > 0;

    /// <summary>Where it walks: straight from point to point.</summary>
    internal List<Vector2> Path { get; } = [];

    /// <summary>Seconds that somebody has been in its way.</summary>
    internal float Blocked { get; set; }

    /// <summary>The side on which it gets around others: 1 or -1.</summary>
    internal float Side { get; set; } = 1;

    /// <summary>How often it has set out for somebody who was gone when it came.</summary>
    internal int Tries { get; set; }

    public float DistanceTo(Body other) => Vector2.Distance(Position, other.Position);

    /// <summary>The yaw that faces a point.</summary>
    public static float YawTo(Vector2 from, Vector2 to) => MathF.Atan2(to.X - from.X, to.Y - from.Y);

    /// <summary>Looks at a point, turning over the next moments.</summary>
    internal void LookAt(Vector3 point) => Gaze = point;

    /// <summary>Where it is turned to: the way it walks, whom it talks with, or what it looks at.</summary>
    internal float WantedYaw() => YawTo(Position, IsWalking ? Path[0] : Partner?.Position ?? new Vector2(Gaze.X, Gaze.Z));
}
