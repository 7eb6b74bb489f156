using System.Numerics;
using static Tavern.Renderer.Paints;

namespace Tavern.Renderer;

/// <summary>Paints that several shapes share.</summary>
internal static class Paints
{
    public static readonly Paint Coat = new(Vector3.One, Tinted: 1);
    public static readonly Paint Glossy = new(Vector3.One, Tinted: 1, Gloss: 0.5f);
    public static readonly Paint Shade = new(new(0.02f, 0.015f, 0.01f), Tinted: 0.6f);
    public static readonly Paint Iron = new(new(0.05f, 0.05f, 0.055f), Gloss: 0.3f);
    public static readonly Paint Brass = new(new(0.55f, 0.33f, 0.08f), Gloss: 0.6f);
    public static readonly Paint Oak = new(new(0.2f, 0.095f, 0.04f), Surface: Surface.Wood);
    public static readonly Paint DarkOak = new(new(0.085f, 0.042f, 0.02f), Surface: Surface.Wood);
    public static readonly Paint Cork = new(new(0.36f, 0.2f, 0.09f));
    public static readonly Paint Paper = new(new(0.62f, 0.52f, 0.34f));
    public static readonly Paint Skin = new(new(0.62f, 0.34f, 0.2f));
    public static readonly Paint Leather = new(new(0.11f, 0.05f, 0.02f));
    public static readonly Paint Black = new(new(0.01f, 0.01f, 0.012f));
    public static readonly Paint Flame = new(new(1, 0.42f, 0.06f), Glow: 0.55f);
    public static readonly Paint Stones = new(new(0.2f, 0.185f, 0.165f), Surface: Surface.Stone);
}

/// <summary>
/// The small things that people talk about, told apart by their outline. Their foot is at the origin, they face +z, and their tint is most
/// of what one sees.
/// </summary>
internal static class ThingShapes
{
    public static void Barrel(MeshBuilder mesh)
    {
        const int Staves = 12;
        ReadOnlySpan<Vector2> belly = [new(0.27f, 0), new(0.345f, 0.25f), new(0.36f, 0.45f), new(0.345f, 0.65f), new(0.27f, 0.9f)];
        for (int i = 0; i < Staves; i++)
        {
            mesh.With(Coat with { Colour = new(0.03f, 0.02f, 0.01f), Tinted = i % 2 == 0 ? 1 : 0.82f });
            mesh.Lathe(belly, 1, smooth: true, MathF.Tau * i / Staves, MathF.Tau * (i + 1) / Staves);
        }

        mesh.With(Iron).Lathe([new(0.325f, 0.14f), new(0.352f, 0.22f)], Staves).Lathe([new(0.352f, 0.68f), new(0.325f, 0.76f)], Staves);
        mesh.With(Coat).Lathe([new(0.27f, 0.9f), new(0.235f, 0.9f), new(0.235f, 0.85f)]);
        mesh.With(Shade).Lathe([new(0.235f, 0.85f), new(0, 0.85f)]);
    }

    public static void Chest(MeshBuilder mesh)
    {
        const float Half = 0.32f, Depth = 0.21f, Rim = 0.26f;
        mesh.With(Coat).Box(new(-Half, 0.03f, -Depth), new(Half, Rim, Depth));
        mesh.With(Shade).Box(new(-Half - 0.005f, Rim, -Depth - 0.005f), new(Half + 0.005f, Rim + 0.025f, Depth + 0.005f));
        Lid(mesh, Coat, -Half, Half, Depth, Rim + 0.025f);
        foreach (float x in (ReadOnlySpan<float>)[-0.24f, 0.18f])
        {
            mesh.With(Iron).Box(new(x, 0.02f, -Depth - 0.012f), new(x + 0.06f, Rim, Depth + 0.012f));
            Lid(mesh, Iron, x, x + 0.06f, Depth + 0.012f, Rim + 0.025f);
        }

        mesh.With(Brass).Box(new(-0.05f, Rim - 0.07f, Depth), new(0.05f, Rim + 0.06f, Depth + 0.03f));
        mesh.With(Black).Box(new(-0.012f, Rim - 0.04f, Depth + 0.03f), new(0.012f, Rim + 0.01f, Depth + 0.033f));
        foreach (float x in (ReadOnlySpan<float>)[-Half, Half - 0.07f])
            foreach (float z in (ReadOnlySpan<float>)[-Depth, Depth - 0.07f])
                mesh.With(DarkOak).Box(new(x, 0, z), new(x + 0.07f, 0.03f, z + 0.07f));
    }

    public static void Bottle(MeshBuilder mesh)
    {
        mesh.With(Glossy);
        mesh.Lathe([new(0, 0), new(0.1f, 0), new(0.115f, 0.02f), new(0.115f, 0.2f), new(0.1f, 0.25f), new(0.045f, 0.3f), new(0.036f, 0.34f),
            new(0.034f, 0.41f)], smooth: true);
        mesh.Lathe([new(0.034f, 0.4f), new(0.05f, 0.4f), new(0.05f, 0.425f), new(0.03f, 0.425f)], 10);
        mesh.With(Cork).Lathe([new(0.03f, 0.42f), new(0.034f, 0.465f), new(0, 0.465f)], 8);
    }

    public static void Apple(MeshBuilder mesh)
    {
        mesh.With(Glossy)
            .Lathe([new(0, 0.03f), new(0.05f, 0), new(0.1f, 0.015f), new(0.145f, 0.08f), new(0.165f, 0.16f), new(0.15f, 0.235f),
                new(0.105f, 0.28f), new(0.055f, 0.275f), new(0, 0.235f)], smooth: true);
        mesh.With(Leather, Matrix4x4.CreateRotationZ(-0.2f) * Matrix4x4.CreateTranslation(0, 0.235f, 0))
            .Lathe([new(0.012f, 0), new(0.018f, 0.12f), new(0, 0.12f)], 5);
        Paint leaf = new(new(0.06f, 0.2f, 0.03f));
        mesh.With(leaf, Matrix4x4.CreateScale(1, 0.3f, 0.55f) * Matrix4x4.CreateRotationZ(0.35f)
            * Matrix4x4.CreateTranslation(0.075f, 0.325f, 0)).Sphere(Vector3.Zero, 0.06f, 6);
    }

    public static void Book(MeshBuilder mesh)
    {
        const float Width = 0.3f, Height = 0.4f, Thick = 0.1f, Board = 0.016f;
        mesh.With(Paper).Box(new(-0.14f, 0.012f, -(Thick / 2) + Board), new((Width / 2) - 0.018f, Height - 0.014f, (Thick / 2) - Board));
        mesh.With(Coat);
        mesh.Box(new(-Width / 2, 0, (Thick / 2) - Board), new(Width / 2, Height, Thick / 2));
        mesh.Box(new(-Width / 2, 0, -Thick / 2), new(Width / 2, Height, -(Thick / 2) + Board));
        mesh.With(Coat, Matrix4x4.CreateScale(0.5f, 1, 1) * Matrix4x4.CreateTranslation(-Width / 2, 0, 0))
            .Lathe([new(0, 0), new(Thick / 2, 0), new(Thick / 2, Height), new(0, Height)], 6, from: MathF.PI / 2, to: MathF.PI * 1.5f);
        foreach (float z in (ReadOnlySpan<float>)[Thick / 2, -(Thick / 2) - 0.004f])
        {
            mesh.With(Brass with { Gloss = 0.2f }).Box(new(-0.085f, 0.2f, z), new(0.085f, 0.225f, z + 0.004f));
            mesh.Box(new(-0.06f, 0.25f, z), new(0.06f, 0.275f, z + 0.004f));
        }
    }

    public static void Candle(MeshBuilder mesh)
    {
        mesh.With(Brass);
        mesh.Lathe([new(0, 0), new(0.11f, 0), new(0.14f, 0.035f), new(0.128f, 0.035f), new(0.1f, 0.015f), new(0, 0.015f)]);
        mesh.With(Brass, Matrix4x4.CreateTranslation(0.165f, 0.045f, 0)).Ring(0.035f, 0.011f, 0, MathF.Tau, 7);
        mesh.With(Coat);
        mesh.Lathe([new(0.07f, 0.015f), new(0.065f, 0.3f), new(0.05f, 0.31f), new(0, 0.295f)]);
        mesh.With(Black).Lathe([new(0.007f, 0.295f), new(0.007f, 0.345f), new(0, 0.345f)], 4);
    }

    /// <summary>Of a lit candle.</summary>
    public static void CandleFlame(MeshBuilder mesh) =>
        mesh.With(Flame).Lathe([new(0, 0.318f), new(0.024f, 0.335f), new(0.03f, 0.36f), new(0.02f, 0.4f), new(0, 0.45f)], 8, smooth: true);

    public static void Bell(MeshBuilder mesh)
    {
        mesh.With(Glossy);
        mesh.Lathe([new(0.15f, 0.03f), new(0.185f, 0.03f), new(0.175f, 0.055f), new(0.13f, 0.1f), new(0.11f, 0.17f), new(0.1f, 0.22f),
            new(0.075f, 0.255f), new(0, 0.27f)], 14, smooth: true);
        mesh.With(Shade).Lathe([new(0, 0.06f), new(0.15f, 0.03f)], 14);
        mesh.With(Brass).Sphere(new(0, 0.03f, 0), 0.032f, 6);
        mesh.With(Oak)
            .Lathe([new(0.02f, 0.26f), new(0.028f, 0.3f), new(0.036f, 0.38f), new(0.03f, 0.43f), new(0, 0.445f)], 8, smooth: true);
    }

    public static void Mug(MeshBuilder mesh)
    {
        mesh.With(Coat with { Gloss = 0.15f });
        mesh.Lathe([new(0, 0), new(0.135f, 0), new(0.12f, 0.29f), new(0.098f, 0.29f), new(0.1f, 0.22f)]);
        mesh.With(Shade with { Colour = new(0.1f, 0.04f, 0.01f), Tinted = 0.15f }).Lathe([new(0.1f, 0.23f), new(0, 0.23f)]);
        mesh.With(Coat with { Gloss = 0.15f }, Matrix4x4.CreateScale(1, 1.15f, 1) * Matrix4x4.CreateTranslation(0.12f, 0.145f, 0))
            .Ring(0.085f, 0.02f, -MathF.PI / 2, MathF.PI / 2, 7);
    }

    /// <summary>Half a cylinder along x.</summary>
    private static void Lid(MeshBuilder mesh, Paint paint, float left, float right, float radius, float y)
    {
        Matrix4x4 place = new Matrix4x4(0, -0.8f, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1) * Matrix4x4.CreateTranslation(0, y, 0);
        mesh.With(paint, place)
            .Lathe([new(0, left), new(radius, left), new(radius, right), new(0, right)], 8, from: MathF.PI / 2, to: MathF.PI * 1.5f);
    }
}
