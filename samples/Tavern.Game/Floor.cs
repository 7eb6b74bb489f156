using System.Numerics;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Where one can stand and how one gets there. Points are (x, z).</summary>
public static class Floor
{
    /// <summary>Half of what a walker takes between furniture.</summary>
    private const float Radius = 0.22f;

    private readonly record struct Block(Vector2 Low, Vector2 High);

    private static readonly Block[] Blocks =
    [
        Around(-1.0f, -0.6f, 1.4f, 0.4f), // the long table: two that stand side by side
        Around(-0.5f, 2.2f, 1.4f, 0.4f),
        Around(3.4f, -0.8f, 0.36f, 1.25f), // the bar
        Around(0.2f, -3.67f, 0.9f, 0.34f), // the hearth
        Around(-1.0f, 3.0f, 0.65f, 0.16f), // the bench
    ];

    private static readonly Vector2[] Corners = [.. Blocks.SelectMany(CornersOf).Where(IsFree)];

    public static bool IsFree(Vector2 point) => Inside(point) == point && !Blocks.Any(b => IsIn(b, point));

    /// <summary>The nearest point where one can stand: out of the furniture, within the walls.</summary>
    public static Vector2 Push(Vector2 point)
    {
        point = Inside(point);
        foreach (Block block in Blocks)
        {
            if (!IsIn(block, point)) continue;
            float left = point.X - block.Low.X, right = block.High.X - point.X, near = point.Y - block.Low.Y, far = block.High.Y - point.Y;
            float least = MathF.Min(MathF.Min(left, right), MathF.Min(near, far));
            if (least == left && IsFree(point with { X = block.Low.X })) point.X = block.Low.X;
            else if (least == right) point.X = block.High.X;
            else if (least == near) point.Y = block.Low.Y;
            else point.Y = block.High.Y;
        }

        return Inside(point);
    }

    /// <summary>Whether a straight line meets no furniture.</summary>
    public static bool IsClear(Vector2 from, Vector2 to)
    {
        foreach (Block block in Blocks)
            if (Meets(block, from, to)) return false;
        return true;
    }

    /// <summary>The shortest way in straight lines, without its start.</summary>
    public static void FindPath(Vector2 from, Vector2 to, List<Vector2> path)
    {
        path.Clear();
        from = Push(from);
        to = Push(to);
        if (IsClear(from, to))
        {
            path.Add(to);
            return;
        }

        // Dijkstra over the corners of the furniture, from the end, so that the way comes out in order.
        Vector2[] nodes = [.. Corners, from, to];
        int start = nodes.Length - 2, end = nodes.Length - 1;
        float[] distance = new float[nodes.Length];
        int[] next = new int[nodes.Length];
        bool[] done = new bool[nodes.Length];
        Array.Fill(distance, float.PositiveInfinity);
        Array.Fill(next, end);
        distance[end] = 0;
        while (true)
        {
            int nearest = -1;
            for (int i = 0; i < nodes.Length; i++)
                if (!done[i] && distance[i] < float.PositiveInfinity && (nearest < 0 || distance[i] < distance[nearest])) nearest = i;
            if (nearest < 0 || nearest == start) break;
            done[nearest] = true;
            for (int i = 0; i < nodes.Length; i++)
            {
                float through = distance[nearest] + Vector2.Distance(nodes[i], nodes[nearest]);
                if (done[i] || through >= distance[i] || !IsClear(nodes[i], nodes[nearest])) continue;
                (distance[i], next[i]) = (through, nearest);
            }
        }

        for (int at = next[start]; at != end; at = next[at]) path.Add(nodes[at]);
        path.Add(to);
    }

    /// <summary>A free place near a point, away from everybody else: the point itself, or the best around it.</summary>
    /// <param name="point">Where to.</param>
    /// <param name="from">Where one comes from: the side that is preferred.</param>
    /// <param name="distance">From the point; 0 for as near as can be.</param>
    /// <param name="others">Where everybody else is.</param>
    public static Vector2 Near(Vector2 point, Vector2 from, float distance, IEnumerable<Vector2> others)
    {
        Vector2[] all = [.. others];
        if (distance == 0 && Fits(point)) return point;
        for (float radius = distance == 0 ? Body.Width : distance; radius < 2.5f; radius += 0.4f)
        {
            Vector2 best = default;
            float least = float.PositiveInfinity;
            for (int i = 0; i < 16; i++)
            {
                (float sin, float cos) = MathF.SinCos(MathF.Tau * i / 16);
                Vector2 place = point + (new Vector2(sin, cos) * radius);
                if (Vector2.Distance(place, from) >= least || !Fits(place)) continue;
                (best, least) = (place, Vector2.Distance(place, from));
            }

            if (least < float.PositiveInfinity) return best;
        }

        return Push(point);

        bool Fits(Vector2 place) => IsFree(place) && all.All(o => Vector2.Distance(o, place) >= Body.Width);
    }

    private static Vector2 Inside(Vector2 point)
    {
        Vector2 most = TavernRoom.Half - new Vector2(Radius + 0.05f);
        return Vector2.Clamp(point, -most, most);
    }

    private static Block Around(float x, float z, float halfX, float halfZ) =>
        new(new(x - halfX - Radius, z - halfZ - Radius), new(x + halfX + Radius, z + halfZ + Radius));

    private static IEnumerable<Vector2> CornersOf(Block block)
    {
        const float Off = 0.02f;
        (Vector2 low, Vector2 high) = (block.Low - new Vector2(Off), block.High + new Vector2(Off));
        return [low, new(high.X, low.Y), high, new(low.X, high.Y)];
    }

    private static bool IsIn(Block block, Vector2 p) => p.X > block.Low.X && p.X < block.High.X && p.Y > block.Low.Y && p.Y < block.High.Y;

    /// <summary>Whether a line goes through the inside of a block (its edge is outside).</summary>
    private static bool Meets(Block block, Vector2 from, Vector2 to)
    {
        const float Edge = 1e-4f;
        float enter = 0, leave = 1;
        for (int axis = 0; axis < 2; axis++)
        {
            float start = from[axis], way = to[axis] - start, low = block.Low[axis] + Edge, high = block.High[axis] - Edge;
            if (MathF.Abs(way) < 1e-6f)
            {
                if (start <= low || start >= high) return false;
                continue;
            }

            float first = (low - start) / way, second = (high - start) / way;
            enter = MathF.Max(enter, MathF.Min(first, second));
            leave = MathF.Min(leave, MathF.Max(first, second));
            if (enter >= leave) return false;
        }

        return true;
    }
}
