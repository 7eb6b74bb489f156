using System.Numerics;
using System.Runtime.InteropServices;
using Silk.NET.Vulkan;

namespace Tavern.Renderer;

/// <summary>What can be drawn at once: things, the parts of things that move or glow, and pieces of the room.</summary>
internal enum MeshKind
{
    Barrel,
    Chest,
    Bottle,
    Apple,
    Book,
    Candle,
    Bell,
    Mug,
    Person,
    Head,
    Table,
    Bench,
    Bar,
    Shelf,
    Hearth,
    DoorFrame,
    DoorLeaf,
    Lamp,
    Chain,
    Window,
    CandleFlame,
    HearthFire,
    Beam,
    Floor,
    Ceiling,
    Wall,
}

/// <summary>Where a mesh lies in the store, and the sphere about it.</summary>
internal readonly record struct MeshRange(uint FirstIndex, uint Indices, int FirstVertex, Vector4 Bounds);

/// <summary>All meshes in one vertex and one index buffer.</summary>
internal sealed unsafe class MeshStore : IDisposable
{
    private readonly RenderDevice _device;
    private readonly DeviceBuffer _vertices;
    private readonly DeviceBuffer _indices;
    private readonly MeshRange[] _ranges;

    public MeshStore(RenderDevice device)
    {
        _device = device;
        List<Vertex> vertices = [];
        List<uint> indices = [];
        _ranges = new MeshRange[Enum.GetValues<MeshKind>().Length];
        foreach (MeshKind kind in Enum.GetValues<MeshKind>())
        {
            MeshBuilder mesh = new();
            Build(kind, mesh);
            _ranges[(int)kind] = new MeshRange((uint)indices.Count, (uint)mesh.Indices.Count, vertices.Count, BoundsOf(mesh.Vertices));
            vertices.AddRange(mesh.Vertices);
            indices.AddRange(mesh.Indices);
        }

        _vertices = Upload(CollectionsMarshal.AsSpan(vertices), BufferUsageFlags.VertexBufferBit);
        _indices = Upload(CollectionsMarshal.AsSpan(indices), BufferUsageFlags.IndexBufferBit);
    }

    public MeshRange this[MeshKind kind] => _ranges[(int)kind];

    /// <summary>Whether it stands in the way of the first light, which mostly is a lamp's or a candle's.</summary>
    public static bool CastsShadow(MeshKind kind) => kind is < MeshKind.Lamp and not MeshKind.Candle;

    public void Bind(CommandBuffer commands)
    {
        Silk.NET.Vulkan.Buffer buffer = _vertices.Handle;
        ulong offset = 0;
        _device.Api.CmdBindVertexBuffers(commands, 0, 1, &buffer, &offset);
        _device.Api.CmdBindIndexBuffer(commands, _indices.Handle, 0, IndexType.Uint32);
    }

    public void Dispose()
    {
        _vertices.Dispose();
        _indices.Dispose();
    }

    private static void Build(MeshKind kind, MeshBuilder mesh)
    {
        Action<MeshBuilder> shape = kind switch
        {
            MeshKind.Barrel => ThingShapes.Barrel,
            MeshKind.Chest => ThingShapes.Chest,
            MeshKind.Bottle => ThingShapes.Bottle,
            MeshKind.Apple => ThingShapes.Apple,
            MeshKind.Book => ThingShapes.Book,
            MeshKind.Candle => ThingShapes.Candle,
            MeshKind.CandleFlame => ThingShapes.CandleFlame,
            MeshKind.Bell => ThingShapes.Bell,
            MeshKind.Mug => ThingShapes.Mug,
            MeshKind.Person => RoomShapes.Person,
            MeshKind.Head => RoomShapes.Head,
            MeshKind.Table => RoomShapes.Table,
            MeshKind.Bench => RoomShapes.Bench,
            MeshKind.Lamp => RoomShapes.Lamp,
            MeshKind.Chain => RoomShapes.Chain,
            MeshKind.DoorFrame => RoomShapes.DoorFrame,
            MeshKind.DoorLeaf => RoomShapes.DoorLeaf,
            MeshKind.Hearth => RoomShapes.Hearth,
            MeshKind.HearthFire => RoomShapes.HearthFire,
            MeshKind.Bar => RoomShapes.Bar,
            MeshKind.Shelf => RoomShapes.Shelf,
            MeshKind.Window => RoomShapes.Window,
            MeshKind.Beam => RoomShapes.Beam,
            MeshKind.Floor => m => RoomShapes.Plane(m, new Paint(new(0.16f, 0.085f, 0.042f), Surface: Surface.Floor)),
            MeshKind.Ceiling => m => RoomShapes.Plane(m, new Paint(new(0.1f, 0.055f, 0.03f), Surface: Surface.Ceiling)),
            _ => m => RoomShapes.Plane(m, new Paint(new(0.27f, 0.2f, 0.13f), Surface: Surface.Wall)),
        };
        shape(mesh);
    }

    private static Vector4 BoundsOf(IReadOnlyList<Vertex> vertices)
    {
        Vector3 low = new(float.MaxValue), high = new(float.MinValue);
        foreach (Vertex vertex in vertices) (low, high) = (Vector3.Min(low, vertex.Position), Vector3.Max(high, vertex.Position));
        return new((low + high) / 2, (high - low).Length() / 2);
    }

    private DeviceBuffer Upload<T>(Span<T> data, BufferUsageFlags usage)
        where T : unmanaged
    {
        Span<byte> bytes = MemoryMarshal.AsBytes(data);
        DeviceBuffer buffer = new(_device, bytes.Length, usage);
        bytes.CopyTo(buffer.Span);
        return buffer;
    }
}
