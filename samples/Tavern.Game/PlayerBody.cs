using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>The player's head and feet.</summary>
public sealed class PlayerBody(GameWorld world)
{
    private const float Speed = 2.4f, EyeHeight = 1.6f, MostPitch = 1.3f, Reach = 3, Facing = 30 * MathF.PI / 180;
    private readonly List<Vector2> _path = [];

    /// <summary>Up is positive.</summary>
    public float Pitch { get; set; }

    /// <summary>Whether it is on its way to where a script sent it.</summary>
    public bool IsOnItsWay => _path.Count > 0;

    private Body Body => world.Player;

    /// <summary>From where the player sees.</summary>
    /// <param name="fieldOfView">Vertical, in radians.</param>
    public Camera Camera(float fieldOfView = 60 * MathF.PI / 180)
    {
        Vector3 eye = new(Body.Position.X, EyeHeight, Body.Position.Y);
        (float sin, float cos) = MathF.SinCos(Pitch);
        return new Camera(eye, eye + new Vector3(MathF.Sin(Body.Yaw) * cos, sin, MathF.Cos(Body.Yaw) * cos), fieldOfView);
    }

    /// <summary>The character nearest to the middle of the view, within 3 m and 30 degrees; -1 for none.</summary>
    public int Faced()
    {
        int faced = -1;
        float least = Facing;
        for (int i = 0; i < world.Bodies.Count; i++)
        {
            Body other = world.Bodies[i];
            float turn = MathF.Abs(MathF.IEEERemainder(Body.YawTo(Body.Position, other.Position) - Body.Yaw, MathF.Tau));
            if (turn <= least && Body.DistanceTo(other) <= Reach) (faced, least) = (i, turn);
        }

        return faced;
    }

    /// <summary>Turns to a point.</summary>
    public void Face(Vector3 point)
    {
        Vector2 at = new(point.X, point.Z);
        Body.Yaw = Body.YawTo(Body.Position, at);
        Pitch = Math.Clamp(MathF.Atan2(point.Y - EyeHeight, MathF.Max(0.1f, Vector2.Distance(at, Body.Position))), -MostPitch, MostPitch);
        world.Touch();
    }

    /// <summary>Walks somewhere by itself, until the player moves.</summary>
    public void WalkTo(Vector2 point) => Floor.FindPath(Body.Position, Floor.Near(point, Body.Position, 0, world.OthersThan(Body)), _path);

    /// <summary>Walks up to somebody.</summary>
    public void WalkTo(Body other) =>
        Floor.FindPath(Body.Position, Floor.Near(other.Position, Body.Position, 1.5f, world.OthersThan(Body)), _path);

    /// <summary>Stays where it is.</summary>
    internal void Stop() => _path.Clear();

    internal void Update(float seconds, in PlayerInput input)
    {
        if (input.Look != default)
        {
            Body.Yaw = MathF.IEEERemainder(Body.Yaw - input.Look.X, MathF.Tau);
            Pitch = Math.Clamp(Pitch + input.Look.Y, -MostPitch, MostPitch);
        }

        Vector2 step = default;
        if (input.Move != default)
        {
            _path.Clear();
            (float sin, float cos) = MathF.SinCos(Body.Yaw);
            Vector2 way = (new Vector2(sin, cos) * input.Move.Y) + (new Vector2(-cos, sin) * input.Move.X);
            step = way / MathF.Max(1, way.Length()) * (Speed * seconds);
        }
        else if (_path.Count > 0)
        {
            Vector2 way = _path[0] - Body.Position;
            float distance = way.Length(), most = Speed * seconds;
            if (distance > 0.05f) Body.Yaw = Body.YawTo(Body.Position, _path[0]);
            step = distance <= most ? way : way * (most / distance);
            if (distance <= most) _path.RemoveAt(0);
        }

        if (step == default) return;
        Body.Position = Floor.Push(Apart(Body.Position + step));
        world.Touch();
    }

    /// <summary>Nobody is walked through.</summary>
    private Vector2 Apart(Vector2 to)
    {
        const float Least = 0.5f;
        foreach (Body other in world.Bodies)
        {
            Vector2 way = to - other.Position;
            float distance = way.Length();
            if (distance is > 1e-3f and < Least) to = other.Position + (way * (Least / distance));
        }

        return to;
    }
}
