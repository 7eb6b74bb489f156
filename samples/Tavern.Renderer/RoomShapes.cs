using System.Numerics;
using static Tavern.Renderer.Paints;

namespace Tavern.Renderer;

/// <summary>People, furniture and the pieces that the room is built of.</summary>
internal static class RoomShapes
{
    /// <summary>Where a door's leaf hangs.</summary>
    public const float DoorHinge = -0.48f;

    /// <summary>Where a head turns.</summary>
    public static readonly Vector3 Neck = new(0, 1.46f, 0);

    public static void Person(MeshBuilder mesh)
    {
        mesh.With(Coat)
            .Lathe([new(0.36f, 0.02f), new(0.31f, 0.45f), new(0.235f, 0.95f), new(0.22f, 1.2f), new(0.15f, 1.42f)], smooth: true);
        mesh.With(Leather).Lathe([new(0.25f, 0.89f), new(0.246f, 0.97f)]);
        mesh.With(Brass).Box(new(-0.045f, 0.89f, 0.2f), new(0.045f, 0.97f, 0.265f));
        mesh.With(Leather).Box(new(-0.16f, 0, 0), new(-0.04f, 0.08f, 0.41f)).Box(new(0.04f, 0, 0), new(0.16f, 0.08f, 0.41f));
        foreach (float side in (ReadOnlySpan<float>)[-1, 1])
        {
            Matrix4x4 arm = Matrix4x4.CreateRotationX(-0.4f) * Matrix4x4.CreateRotationZ(side * 0.32f)
                * Matrix4x4.CreateTranslation(side * 0.2f, 1.36f, 0);
            mesh.With(Coat, arm).Lathe([new(0.1f, -0.62f), new(0.07f, -0.3f), new(0.06f, 0)], 8, smooth: true);
            mesh.With(Shade, arm).Lathe([new(0, -0.62f), new(0.1f, -0.62f)], 8);
            mesh.With(Skin, arm).Sphere(new(0, -0.65f, 0), 0.06f, 6);
        }

        mesh.With(Coat).Lathe([new(0.34f, 1.13f), new(0.31f, 1.28f), new(0.2f, 1.41f), new(0.1f, 1.48f)], smooth: true);
        mesh.With(Shade).Lathe([new(0.2f, 1.13f), new(0.335f, 1.13f), new(0.345f, 1.16f)]);
    }

    /// <summary>A person's head and hood, where they are on a person who looks ahead; they turn about <see cref="Neck"/>.</summary>
    public static void Head(MeshBuilder mesh)
    {
        mesh.With(Skin).Sphere(new(0, 1.6f, 0.03f), 0.135f);
        mesh.Box(new(-0.022f, 1.56f, 0.15f), new(0.022f, 1.62f, 0.195f), taper: 0.5f);
        mesh.With(Black).Box(new(-0.07f, 1.62f, 0.12f), new(-0.035f, 1.655f, 0.16f))
            .Box(new(0.035f, 1.62f, 0.12f), new(0.07f, 1.655f, 0.16f));
        Hood(mesh);
    }

    public static void Table(MeshBuilder mesh)
    {
        mesh.With(Oak).Box(new(-0.7f, 0.73f, -0.4f), new(0.7f, 0.8f, 0.4f));
        mesh.With(DarkOak).Box(new(-0.6f, 0.63f, -0.31f), new(0.6f, 0.73f, 0.31f));
        foreach (float x in (ReadOnlySpan<float>)[-0.6f, 0.5f])
            foreach (float z in (ReadOnlySpan<float>)[-0.32f, 0.22f])
                mesh.Box(new(x, 0, z), new(x + 0.1f, 0.73f, z + 0.1f));
    }

    public static void Bench(MeshBuilder mesh)
    {
        mesh.With(Oak).Box(new(-0.65f, 0.4f, -0.16f), new(0.65f, 0.46f, 0.16f));
        mesh.With(DarkOak).Box(new(-0.5f, 0, -0.13f), new(-0.42f, 0.4f, 0.13f)).Box(new(0.42f, 0, -0.13f), new(0.5f, 0.4f, 0.13f))
            .Box(new(-0.42f, 0.15f, -0.025f), new(0.42f, 0.23f, 0.025f));
    }

    /// <summary>A lantern that stands, or hangs by <see cref="Chain"/>.</summary>
    public static void Lamp(MeshBuilder mesh)
    {
        mesh.With(Iron).Lathe([new(0, 0), new(0.12f, 0), new(0.12f, 0.03f), new(0.09f, 0.05f)], 6);
        mesh.Lathe([new(0.13f, 0.3f), new(0.05f, 0.38f), new(0.02f, 0.39f), new(0.02f, 0.41f), new(0, 0.41f)], 6);
        for (int i = 0; i < 6; i++)
        {
            (float sin, float cos) = MathF.SinCos(MathF.Tau * i / 6);
            mesh.With(Iron, Matrix4x4.CreateTranslation(0.1f * cos, 0, 0.1f * sin)).Lathe([new(0.009f, 0.03f), new(0.009f, 0.31f)], 4);
        }

        mesh.With(Iron, Matrix4x4.CreateTranslation(0, 0.44f, 0)).Ring(0.035f, 0.008f, 0, MathF.Tau, 7);
        mesh.With(new Paint(new(1, 0.5f, 0.1f), Glow: 0.4f)).Lathe([new(0.09f, 0.05f), new(0.09f, 0.3f)], 8);
    }

    /// <summary>One metre of it, upwards.</summary>
    public static void Chain(MeshBuilder mesh) => mesh.With(Iron).Lathe([new(0.01f, 0), new(0.01f, 1)], 4);

    public static void DoorFrame(MeshBuilder mesh)
    {
        mesh.With(DarkOak).Box(new(-0.62f, 0, -0.02f), new(-0.5f, 2.2f, 0.12f)).Box(new(0.5f, 0, -0.02f), new(0.62f, 2.2f, 0.12f))
            .Box(new(-0.68f, 2.1f, -0.02f), new(0.68f, 2.24f, 0.14f));
        mesh.With(new Paint(new(0.006f, 0.01f, 0.03f))).Box(new(-0.5f, 0, -0.01f), new(0.5f, 2.1f, 0.01f));
    }

    /// <summary>Its hinge is the y axis.</summary>
    public static void DoorLeaf(MeshBuilder mesh)
    {
        const float Width = 0.96f;
        for (int i = 0; i < 5; i++)
        {
            float x = Width * i / 5;
            mesh.With(new Paint(new(0.16f, 0.075f, 0.03f), Tinted: 0.75f, Surface: Surface.Wood))
                .Box(new(x + 0.006f, 0.02f, 0), new(x + (Width / 5) - 0.006f, 2.08f, 0.055f));
        }

        mesh.With(Iron).Box(new(0, 0.02f, 0.01f), new(Width, 2.08f, 0.045f));
        foreach (float y in (ReadOnlySpan<float>)[0.35f, 1.7f])
            mesh.Box(new(0, y, -0.012f), new(0.75f, y + 0.08f, 0.067f));
        mesh.Sphere(new(Width - 0.1f, 1.02f, 0.09f), 0.04f, 6).Sphere(new(Width - 0.1f, 1.02f, -0.035f), 0.04f, 6);
    }

    public static void Hearth(MeshBuilder mesh)
    {
        mesh.With(Stones).Box(new(-0.85f, 0, -0.3f), new(0.85f, 0.14f, 0.42f));
        mesh.Box(new(-0.85f, 0.14f, -0.3f), new(-0.5f, 1.2f, 0.3f)).Box(new(0.5f, 0.14f, -0.3f), new(0.85f, 1.2f, 0.3f))
            .Box(new(-0.5f, 0.95f, -0.3f), new(0.5f, 1.2f, 0.3f));
        mesh.Box(new(-0.7f, 1.3f, -0.3f), new(0.7f, 4, 0.2f), taper: 0.7f);
        mesh.With(DarkOak).Box(new(-0.95f, 1.2f, -0.3f), new(0.95f, 1.3f, 0.38f));
        mesh.With(new Paint(new(0.025f, 0.02f, 0.018f), Surface: Surface.Stone)).Box(new(-0.5f, 0.14f, -0.3f), new(0.5f, 0.95f, -0.26f));
        foreach ((float x, float turn) in (ReadOnlySpan<(float, float)>)[(-0.12f, 0.25f), (0.12f, -0.2f), (0, 0.1f)])
            mesh.With(DarkOak, Matrix4x4.CreateRotationZ(MathF.PI / 2) * Matrix4x4.CreateRotationY(turn)
                * Matrix4x4.CreateTranslation(0.3f, x == 0 ? 0.29f : 0.2f, x))
                .Lathe([new(0, 0), new(0.065f, 0), new(0.06f, 0.6f), new(0, 0.6f)], 7);
    }

    public static void HearthFire(MeshBuilder mesh)
    {
        foreach ((float x, float z, float size) in (ReadOnlySpan<(float, float, float)>)[(0, 0, 1), (-0.2f, 0.03f, 0.7f),
            (0.19f, -0.02f, 0.75f), (0.08f, 0.1f, 0.55f), (-0.1f, 0.1f, 0.6f)])
            mesh.With(Flame with { Colour = new(1, 0.22f + (0.15f * size), 0.03f) },
                Matrix4x4.CreateScale(size) * Matrix4x4.CreateTranslation(x, 0.2f, z))
                .Lathe([new(0, 0), new(0.1f, 0.06f), new(0.115f, 0.17f), new(0.06f, 0.35f), new(0, 0.56f)], 6, smooth: true);
        mesh.With(Flame with { Colour = new(0.9f, 0.14f, 0.02f), Glow = 0.35f }).Box(new(-0.3f, 0.14f, -0.15f), new(0.3f, 0.17f, 0.15f));
    }

    public static void Bar(MeshBuilder mesh)
    {
        mesh.With(DarkOak).Box(new(-1.15f, 0, -0.25f), new(1.15f, 1.02f, 0.25f));
        mesh.With(Oak).Box(new(-1.25f, 1.02f, -0.34f), new(1.25f, 1.1f, 0.36f)).Box(new(-1.18f, 0, 0.25f), new(1.18f, 0.12f, 0.29f));
        for (int i = 0; i < 4; i++)
            mesh.Box(new(-1.08f + (i * 0.56f), 0.22f, 0.25f), new(-0.6f + (i * 0.56f), 0.9f, 0.27f));
    }

    /// <summary>Its boards are at 0.1, 0.65, 1.2 and 1.75 m.</summary>
    public static void Shelf(MeshBuilder mesh)
    {
        mesh.With(DarkOak).Box(new(-0.75f, 0, -0.18f), new(-0.7f, 1.85f, 0.18f)).Box(new(0.7f, 0, -0.18f), new(0.75f, 1.85f, 0.18f))
            .Box(new(-0.7f, 0, -0.18f), new(0.7f, 1.8f, -0.16f));
        mesh.With(Oak);
        foreach (float y in (ReadOnlySpan<float>)[0.1f, 0.65f, 1.2f, 1.75f])
            mesh.Box(new(-0.7f, y - 0.04f, -0.16f), new(0.7f, y, 0.18f));
    }

    /// <summary>Its foot is its lower edge.</summary>
    public static void Window(MeshBuilder mesh)
    {
        mesh.With(new Paint(new(0.012f, 0.03f, 0.085f), Gloss: 0.4f, Glow: 0.08f)).Box(new(-0.45f, 0, 0), new(0.45f, 1, 0.02f));
        mesh.With(DarkOak).Box(new(-0.53f, -0.02f, 0), new(-0.43f, 1.08f, 0.08f)).Box(new(0.43f, -0.02f, 0), new(0.53f, 1.08f, 0.08f))
            .Box(new(-0.43f, 0.98f, 0), new(0.43f, 1.08f, 0.08f));
        mesh.Box(new(-0.58f, -0.08f, 0), new(0.58f, 0, 0.16f)).Box(new(-0.02f, 0, 0), new(0.02f, 0.98f, 0.05f))
            .Box(new(-0.43f, 0.48f, 0), new(0.43f, 0.52f, 0.05f));
    }

    /// <summary>One metre square in the xz plane, seen from above: floor, walls and ceiling are made of it.</summary>
    public static void Plane(MeshBuilder mesh, Paint paint) =>
        mesh.With(paint).Quad(new(-0.5f, 0, 0.5f), new(0.5f, 0, 0.5f), new(0.5f, 0, -0.5f), new(-0.5f, 0, -0.5f));

    /// <summary>One metre each way about the origin.</summary>
    public static void Beam(MeshBuilder mesh) => mesh.With(DarkOak).Box(new(-0.5f), new(0.5f));

    /// <summary>A cowl that leaves the face free.</summary>
    private static void Hood(MeshBuilder mesh)
    {
        const float Opening = 0.9f;
        float from = (MathF.PI / 2) + Opening, to = (MathF.PI / 2) - Opening + MathF.Tau;
        ReadOnlySpan<Vector2> cowl = [new(0.15f, 1.42f), new(0.185f, 1.52f), new(0.19f, 1.62f), new(0.16f, 1.72f), new(0.09f, 1.79f),
            new(0, 1.82f)];
        mesh.With(Coat, Matrix4x4.CreateTranslation(0, 0, 0.01f)).Lathe(cowl, 9, smooth: true, from, to);
        mesh.Lathe([new(0.185f, 1.71f), new(0.1f, 1.795f), new(0, 1.82f)], 4, smooth: true, (MathF.PI / 2) - Opening,
            (MathF.PI / 2) + Opening);
        mesh.Paint = Shade;
        mesh.Lathe([new(0.155f, 1.72f), new(0.183f, 1.62f), new(0.178f, 1.52f), new(0.145f, 1.42f)], 9, smooth: true, from, to);
    }
}
