using System.Numerics;
using Tavern.World;

namespace Tavern.Renderer;

/// <summary>As shaders/scene.vert reads it: rows of the 3x4 matrix from model to world, and what is told of the part.</summary>
internal readonly record struct Instance3D(Vector4 Row0, Vector4 Row1, Vector4 Row2, Vector4 TintAndState, uint Id)
{
    public static Instance3D Of(in Matrix4x4 m, Vector3 tint, float state, int id) => new(
        new(m.M11, m.M21, m.M31, m.M41),
        new(m.M12, m.M22, m.M32, m.M42),
        new(m.M13, m.M23, m.M33, m.M43),
        new(tint, state),
        (uint)id);

    /// <summary>A sphere (middle and radius) of the model in the world.</summary>
    public Vector4 ToWorld(Vector4 sphere)
    {
        Vector4 middle = sphere with { W = 1 };
        Vector3 x = new(Row0.X, Row1.X, Row2.X), y = new(Row0.Y, Row1.Y, Row2.Y), z = new(Row0.Z, Row1.Z, Row2.Z);
        float scale = MathF.Sqrt(Math.Max(x.LengthSquared(), Math.Max(y.LengthSquared(), z.LengthSquared())));
        return new(Vector4.Dot(Row0, middle), Vector4.Dot(Row1, middle), Vector4.Dot(Row2, middle), sphere.W * scale);
    }
}

/// <summary>What one scene puts on the device: instances by mesh. Kept between frames, so that a steady scene allocates nothing.</summary>
internal sealed class Instances
{
    private readonly List<Instance3D>[] _byMesh = [.. Enum.GetValues<MeshKind>().Select(_ => new List<Instance3D>())];

    public IReadOnlyList<List<Instance3D>> ByMesh => _byMesh;

    public int Count { get; private set; }

    public void Fill(Scene scene)
    {
        foreach (List<Instance3D> list in _byMesh) list.Clear();
        for (int i = 0; i < scene.Parts.Count; i++) Add(scene.Parts[i], scene.Height);
        AddRoom(scene.Half, scene.Height);
        Count = 0;
        foreach (List<Instance3D> list in _byMesh) Count += list.Count;
    }

    private void Add(in ScenePart part, float ceiling)
    {
        Matrix4x4 place = Matrix4x4.CreateScale(part.Scale) * Matrix4x4.CreateRotationY(part.Yaw)
            * Matrix4x4.CreateTranslation(part.Position);
        switch (part.Kind)
        {
            case ThingKind.Candle:
                Add(MeshKind.Candle, place, part);
                if (part.State > 0) Add(MeshKind.CandleFlame, place, part);
                break;
            case ThingKind.Door:
                float angle = -1.75f * part.State;
                Add(MeshKind.DoorFrame, place, part);
                Add(MeshKind.DoorLeaf, Matrix4x4.CreateRotationY(angle) * Matrix4x4.CreateTranslation(RoomShapes.DoorHinge, 0, 0.03f)
                    * place, part);
                break;
            case ThingKind.Person:
                Matrix4x4 turn = Matrix4x4.CreateRotationX(part.Head.Y) * Matrix4x4.CreateRotationY(part.Head.X);
                Add(MeshKind.Person, place, part);
                Matrix4x4 fromNeck = Matrix4x4.CreateTranslation(-RoomShapes.Neck), toNeck = Matrix4x4.CreateTranslation(RoomShapes.Neck);
                Add(MeshKind.Head, fromNeck * turn * toNeck * place, part);
                break;
            case ThingKind.Hearth:
                Add(MeshKind.Hearth, place, part);
                if (part.State > 0) Add(MeshKind.HearthFire, place, part);
                break;
            case ThingKind.Lamp:
                Add(MeshKind.Lamp, place, part);
                float top = part.Position.Y + (0.47f * part.Scale);
                if (part.Position.Y > 1.3f && top < ceiling)
                    Add(MeshKind.Chain, Matrix4x4.CreateScale(1, ceiling - top, 1)
                        * Matrix4x4.CreateTranslation(part.Position.X, top, part.Position.Z), part);
                break;
            default:
                Add(MeshOf(part.Kind), place, part);
                break;
        }
    }

    private static MeshKind MeshOf(ThingKind kind) => kind switch
    {
        ThingKind.Barrel => MeshKind.Barrel,
        ThingKind.Chest => MeshKind.Chest,
        ThingKind.Bottle => MeshKind.Bottle,
        ThingKind.Apple => MeshKind.Apple,
        ThingKind.Book => MeshKind.Book,
        ThingKind.Bell => MeshKind.Bell,
        ThingKind.Mug => MeshKind.Mug,
        ThingKind.Table => MeshKind.Table,
        ThingKind.Bench => MeshKind.Bench,
        ThingKind.Bar => MeshKind.Bar,
        ThingKind.Shelf => MeshKind.Shelf,
        ThingKind.Window => MeshKind.Window,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A thing without a shape."),
    };

    private void AddRoom(Vector2 half, float height)
    {
        const float Thick = 0.16f, Apart = 1.5f;
        Vector3 size = new(2 * half.X, height, 2 * half.Y);
        Piece(MeshKind.Floor, new(size.X, 1, size.Z), Quaternion.Identity, Vector3.Zero);
        Piece(MeshKind.Ceiling, new(size.X, 1, size.Z), Quaternion.CreateFromAxisAngle(Vector3.UnitX, MathF.PI), new(0, height, 0));
        for (int side = 0; side < 4; side++)
        {
            float yaw = side * MathF.PI / 2;
            float width = side % 2 == 0 ? size.X : size.Z, away = side % 2 == 0 ? half.Y : half.X;
            Quaternion turn = Quaternion.CreateFromAxisAngle(Vector3.UnitY, yaw);
            Quaternion upright = turn * Quaternion.CreateFromAxisAngle(Vector3.UnitX, MathF.PI / 2);
            Piece(MeshKind.Wall, new(width, 1, height), upright, Vector3.Transform(new(0, height / 2, -away), turn));
            Piece(MeshKind.Beam, new(width, 0.1f, 0.06f), turn, Vector3.Transform(new(0, 0.95f, -away), turn));
            Piece(MeshKind.Beam, new(width, 0.12f, 0.04f), turn, Vector3.Transform(new(0, 0.06f, -away), turn));
            int posts = Math.Max(1, (int)MathF.Round(width / (2 * Apart)));
            for (int i = 0; i < posts; i++)
                Piece(MeshKind.Beam, new(Thick, height, Thick), turn,
                    Vector3.Transform(new((width * i / posts) - (width / 2), height / 2, -away), turn));
        }

        int beams = Math.Max(1, (int)MathF.Round(size.Z / Apart));
        for (int i = 0; i < beams; i++)
            Piece(MeshKind.Beam, new(size.X, 0.22f, Thick), Quaternion.Identity,
                new(0, height - 0.1f, (size.Z * (i + 0.5f) / beams) - half.Y));
    }

    private void Piece(MeshKind mesh, Vector3 size, Quaternion turn, Vector3 middle) =>
        _byMesh[(int)mesh]
        .Add(Instance3D.Of(Matrix4x4.CreateScale(size) * Matrix4x4.CreateFromQuaternion(turn) * Matrix4x4.CreateTranslation(middle),
            Vector3.Zero, 0, 0));

    private void Add(MeshKind mesh, in Matrix4x4 place, in ScenePart part) =>
        _byMesh[(int)mesh].Add(Instance3D.Of(place, part.Tint, part.State, part.Id));
}
