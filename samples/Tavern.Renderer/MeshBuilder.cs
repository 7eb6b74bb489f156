using System.Numerics;

namespace Tavern.Renderer;

/// <summary>What a surface is made of; the numbers are those of shaders/surfaces.glsl.</summary>
internal enum Surface
{
    Plain,
    Wood,
    Floor,
    Wall,
    Ceiling,
    Stone,
}

/// <summary>How a part of a mesh is painted.</summary>
/// <param name="Colour">Linear RGB of its own.</param>
/// <param name="Tinted">Share of the instance's tint in its colour.</param>
/// <param name="Surface">Pattern.</param>
/// <param name="Gloss">Strength of highlights.</param>
/// <param name="Glow">Light of its own, times the instance's state.</param>
internal readonly record struct Paint(Vector3 Colour, float Tinted = 0, Surface Surface = Surface.Plain, float Gloss = 0, float Glow = 0);

/// <summary>As it lies in the vertex buffer.</summary>
internal readonly record struct Vertex(Vector3 Position, Vector3 Normal, uint Paint, uint Material);

/// <summary>Collects triangles. Front faces are counter-clockwise seen from outside.</summary>
internal sealed class MeshBuilder
{
    private readonly List<Vertex> _vertices = [];
    private readonly List<uint> _indices = [];

    public IReadOnlyList<Vertex> Vertices => _vertices;

    public IReadOnlyList<uint> Indices => _indices;

    /// <summary>Where what is added next is put.</summary>
    public Matrix4x4 Place { get; set; } = Matrix4x4.Identity;

    public Paint Paint { get; set; }

    public MeshBuilder With(Paint paint) => With(paint, Matrix4x4.Identity);

    public MeshBuilder With(Paint paint, Matrix4x4 place)
    {
        Paint = paint;
        Place = place;
        return this;
    }

    /// <summary>A box between two corners; <paramref name="taper"/> is the share of width and depth left at the top.</summary>
    public MeshBuilder Box(Vector3 low, Vector3 high, float taper = 1)
    {
        Vector3 middle = (low + high) / 2;
        Span<Vector3> corners = stackalloc Vector3[8];
        for (int i = 0; i < 8; i++)
        {
            Vector3 corner = new((i & 1) == 0 ? low.X : high.X, (i & 2) == 0 ? low.Y : high.Y, (i & 4) == 0 ? low.Z : high.Z);
            if ((i & 2) != 0)
                corner = new(middle.X + ((corner.X - middle.X) * taper), corner.Y, middle.Z + ((corner.Z - middle.Z) * taper));
            corners[i] = corner;
        }

        Quad(corners[4], corners[5], corners[7], corners[6]);
        Quad(corners[1], corners[0], corners[2], corners[3]);
        Quad(corners[5], corners[1], corners[3], corners[7]);
        Quad(corners[0], corners[4], corners[6], corners[2]);
        Quad(corners[6], corners[7], corners[3], corners[2]);
        Quad(corners[0], corners[1], corners[5], corners[4]);
        return this;
    }

    /// <summary>A flat quad, counter-clockwise.</summary>
    public MeshBuilder Quad(Vector3 a, Vector3 b, Vector3 c, Vector3 d)
    {
        Vector3 normal = Vector3.Cross(c - a, d - b);
        uint first = (uint)_vertices.Count;
        Add(a, normal);
        Add(b, normal);
        Add(c, normal);
        Add(d, normal);
        _indices.AddRange([first, first + 1, first + 2, first, first + 2, first + 3]);
        return this;
    }

    /// <summary>A profile (x radius, y height, from bottom to top) turned about the y axis, or about part of a circle.</summary>
    /// <param name="profile">Each piece gets its own edge, unless <paramref name="smooth"/>.</param>
    /// <param name="segments">Of the full or part circle.</param>
    /// <param name="smooth">Whether pieces of the profile blend into each other.</param>
    /// <param name="from">Angle at which the part begins; 0 is +x, a quarter turn is +z.</param>
    /// <param name="to">Angle at which it ends.</param>
    public MeshBuilder Lathe(ReadOnlySpan<Vector2> profile, int segments = 12, bool smooth = false, float from = 0, float to = MathF.Tau)
    {
        for (int piece = 0; piece + 1 < profile.Length; piece++)
        {
            Vector2 low = profile[piece], high = profile[piece + 1];
            Vector2 lowNormal = smooth && piece > 0 ? Across(profile[piece - 1], high) : Across(low, high);
            Vector2 highNormal = smooth && piece + 2 < profile.Length ? Across(low, profile[piece + 2]) : Across(low, high);
            uint first = (uint)_vertices.Count;
            for (int i = 0; i <= segments; i++)
            {
                (float sin, float cos) = MathF.SinCos(from + ((to - from) * i / segments));
                Add(new(low.X * cos, low.Y, low.X * sin), new(lowNormal.X * cos, lowNormal.Y, lowNormal.X * sin));
                Add(new(high.X * cos, high.Y, high.X * sin), new(highNormal.X * cos, highNormal.Y, highNormal.X * sin));
            }

            for (uint i = first; i < first + (2 * segments); i += 2)
            {
                if (low.X > 0) _indices.AddRange([i, i + 1, i + 2]);
                if (high.X > 0) _indices.AddRange([i + 1, i + 3, i + 2]);
            }
        }

        return this;
    }

    public MeshBuilder Sphere(Vector3 middle, float radius, int segments = 10)
    {
        Vector2[] profile = new Vector2[(segments / 2) + 1];
        for (int i = 0; i < profile.Length; i++)
        {
            (float sin, float cos) = MathF.SinCos(MathF.PI * i / (profile.Length - 1));
            profile[i] = new(i == 0 || i == profile.Length - 1 ? 0 : radius * sin, middle.Y - (radius * cos));
        }

        Matrix4x4 place = Place;
        Place = Matrix4x4.CreateTranslation(middle.X, 0, middle.Z) * place;
        Lathe(profile, segments, smooth: true);
        Place = place;
        return this;
    }

    /// <summary>A bent rod in the xy plane: part of a ring about the origin.</summary>
    public MeshBuilder Ring(float radius, float thickness, float from, float to, int segments = 8)
    {
        const int Sides = 5;
        uint first = (uint)_vertices.Count;
        for (int i = 0; i <= segments; i++)
        {
            (float sin, float cos) = MathF.SinCos(from + ((to - from) * i / segments));
            for (int side = 0; side <= Sides; side++)
            {
                (float lift, float outward) = MathF.SinCos(MathF.Tau * side / Sides);
                Vector3 normal = new(outward * cos, outward * sin, lift);
                Add((new Vector3(cos, sin, 0) * radius) + (normal * thickness), normal);
            }
        }

        for (uint i = 0; i < segments; i++)
            for (uint side = 0; side < Sides; side++)
            {
                uint a = first + (i * (Sides + 1)) + side, b = a + Sides + 1;
                _indices.AddRange([a, b, a + 1, b, b + 1, a + 1]);
            }

        return this;
    }

    private static Vector2 Across(Vector2 low, Vector2 high) => new(high.Y - low.Y, low.X - high.X);

    private void Add(Vector3 position, Vector3 normal)
    {
        Matrix4x4.Invert(Place, out Matrix4x4 inverse);
        Vector3 turned = Vector3.Normalize(Vector3.TransformNormal(normal, Matrix4x4.Transpose(inverse)));
        Vector3 root = Vector3.SquareRoot(Vector3.Clamp(Paint.Colour, Vector3.Zero, Vector3.One));
        _vertices.Add(new Vertex(Vector3.Transform(position, Place), turned, Pack(root.X, root.Y, root.Z, Paint.Tinted),
            Pack((int)Paint.Surface / 255f, Paint.Gloss, Paint.Glow, 0)));
    }

    private static uint Pack(float x, float y, float z, float w) => Byte(x) | (Byte(y) << 8) | (Byte(z) << 16) | (Byte(w) << 24);

    private static uint Byte(float x) => (uint)MathF.Round(Math.Clamp(x, 0, 1) * 255);
}
