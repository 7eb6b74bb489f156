using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>A part of a matrix that one binding can cover: <paramref name="Groups"/> row groups from <paramref name="FirstGroup"/>.</summary>
/// <param name="Tensor">Device memory, laid out by <see cref="WeightLayout"/>.</param>
/// <param name="FirstGroup">First row group, counted over all slabs.</param>
/// <param name="Groups">Row groups.</param>
public sealed record WeightSegment(Tensor Tensor, int FirstGroup, int Groups);

/// <summary>
/// A weight matrix on the device, or a stack of them (experts). One larger than the device's storage-buffer range lies in several segments, each a run of
/// row groups; kernels are dispatched once per segment.
/// </summary>
/// <param name="Name">Name in the file.</param>
/// <param name="Layout">Format and interleaving.</param>
/// <param name="Columns">Input width.</param>
/// <param name="Rows">Output width of one matrix.</param>
/// <param name="Slabs">Matrices in the stack.</param>
/// <param name="Segments">Where it lies, in order.</param>
public sealed record WeightMatrix(string Name, WeightLayout Layout, int Columns, int Rows, int Slabs, IReadOnlyList<WeightSegment> Segments)
{
    /// <summary>Row groups of one matrix.</summary>
    public int GroupsPerSlab => (Rows + WeightLayout.GroupRows - 1) / WeightLayout.GroupRows;

    /// <summary>Bytes on the device.</summary>
    public long Bytes => GroupsPerSlab * Slabs * Layout.GroupBytes(Columns);
}

/// <summary>Reads tensors of a GGUF file, checks their shapes and puts them on the device. Used by one thread, at load.</summary>
internal sealed class WeightLoader(GpuDevice device, GgufFile file, TensorArena arena, Uploader uploader)
{
    private byte[] _rows = [];

    /// <summary>Tensors read so far, by name; the rest of the file is unknown to the architecture.</summary>
    public HashSet<string> Loaded { get; } = new(StringComparer.Ordinal);

    /// <summary>Device bytes that <paramref name="tensor"/> will take.</summary>
    public static long DeviceBytes(GgufTensor tensor)
    {
        if (tensor.Dimensions.Count < 2 || WeightLayout.For(tensor.Type) is not { } layout) return tensor.Elements * 4;
        return (tensor.Rows + WeightLayout.GroupRows - 1) / WeightLayout.GroupRows * tensor.Slabs * layout.GroupBytes((int)tensor.Columns);
    }

    /// <summary>A matrix that must have the given shape.</summary>
    public WeightMatrix Matrix(string name, int columns, int rows, int slabs = 1) =>
        OptionalMatrix(name, columns, rows, slabs) ?? throw Missing(name);

    /// <summary>A matrix that may be absent.</summary>
    public WeightMatrix? OptionalMatrix(string name, int columns, int rows, int slabs = 1) => RowsOf(name, columns, rows, slabs, 0, rows);

    /// <summary>Rows <paramref name="first"/> to first + <paramref name="rows"/> of a matrix with <paramref name="allRows"/> rows, as a matrix of its own.</summary>
    public WeightMatrix? RowsOf(string name, int columns, int allRows, int slabs, int first, int rows)
    {
        if (file.Find(name) is not { } tensor) return null;
        CheckShape(tensor, columns, allRows, slabs);
        WeightLayout layout = WeightLayout.For(tensor.Type)
            ?? throw new UnsupportedModelException(file.Path, $"tensor type {tensor.Type} of '{name}'", $"Supported: {string.Join(", ", WeightLayout.Supported)}. Use a file in one of these.");
        Loaded.Add(name);
        long groupBytes = layout.GroupBytes(columns);
        int groupsPerSlab = (rows + WeightLayout.GroupRows - 1) / WeightLayout.GroupRows;
        int groups = groupsPerSlab * slabs;
        int perSegment = (int)Math.Min(groups, device.Limits.MaxStorageBufferRange / groupBytes);
        if (perSegment == 0) throw new UnsupportedModelException(file.Path, $"'{name}' with {columns} columns", $"The device binds at most {device.Limits.MaxStorageBufferRange} bytes.");
        List<WeightSegment> segments = [];
        for (int at = 0; at < groups; at += perSegment)
        {
            int count = Math.Min(perSegment, groups - at);
            Tensor target = arena.Allocate(count * groupBytes, name);
            int start = at;
            uploader.Write(target, groupBytes, (to, offset) => Fill(tensor, layout, columns, allRows, first, rows, groupsPerSlab, start + (int)(offset / groupBytes), to));
            segments.Add(new WeightSegment(target, at, count));
        }

        return new WeightMatrix(name, layout, columns, rows, slabs, segments);
    }

    /// <summary>A vector as f32, padded to whole row groups, that must be there.</summary>
    public Tensor Vector(string name, int length) => OptionalVector(name, length) ?? throw Missing(name);

    /// <summary>A vector as f32 that may be absent; elements <paramref name="first"/> to first + <paramref name="length"/> of <paramref name="all"/>.</summary>
    public Tensor? OptionalVector(string name, int length, int first = 0, int all = 0)
    {
        if (HostVector(name, all > 0 ? all : length) is not { } values) return null;
        int padded = (length + WeightLayout.GroupRows - 1) / WeightLayout.GroupRows * WeightLayout.GroupRows;
        byte[] bytes = new byte[padded * 4];
        Buffer.BlockCopy(values, first * 4, bytes, 0, length * 4);
        Tensor target = arena.Allocate(bytes.Length, name);
        uploader.Write(target, bytes);
        return target;
    }

    /// <summary>A vector on the host as f32 that may be absent. F32, F16 and BF16 are read.</summary>
    public float[]? HostVector(string name, int length)
    {
        if (file.Find(name) is not { } tensor) return null;
        CheckShape(tensor, length, 1, 1);
        Loaded.Add(name);
        byte[] bytes = new byte[tensor.ByteLength];
        file.Read(tensor, 0, bytes);
        float[] values = new float[length];
        for (int i = 0; i < length; i++)
            values[i] = tensor.Type switch
            {
                TensorType.F32 => BitConverter.ToSingle(bytes, i * 4),
                TensorType.F16 => (float)BitConverter.ToHalf(bytes, i * 2),
                TensorType.BF16 => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, i * 2) << 16),
                _ => throw new UnsupportedModelException(file.Path, $"tensor type {tensor.Type} of the vector '{name}'", "Vectors must be F32, F16 or BF16."),
            };
        return values;
    }

    private GgufFormatException Missing(string name) => new(file.Path, 0, $"a tensor '{name}'", $"{file.Tensors.Count} tensors without it");

    private void CheckShape(GgufTensor tensor, int columns, int rows, int slabs)
    {
        if (tensor.Columns != columns || tensor.Rows != rows || tensor.Slabs != slabs)
            throw new GgufFormatException(file.Shards[tensor.Shard], tensor.Offset, $"tensor '{tensor.Name}' of {columns} x {rows}{(slabs > 1 ? $" x {slabs}" : "")}", tensor.Shape);
    }

    private void Fill(GgufTensor tensor, WeightLayout layout, int columns, int allRows, int first, int rows, int groupsPerSlab, int firstGroup, Span<byte> to)
    {
        int groupBytes = (int)layout.GroupBytes(columns);
        long rowBytes = tensor.ByteLength / (allRows * tensor.Slabs);
        if (_rows.Length < rowBytes * WeightLayout.GroupRows) _rows = new byte[rowBytes * WeightLayout.GroupRows];
        for (int i = 0; i < to.Length / groupBytes; i++)
        {
            int slab = (firstGroup + i) / groupsPerSlab, group = (firstGroup + i) % groupsPerSlab;
            int row = group * WeightLayout.GroupRows;
            Span<byte> source = _rows.AsSpan(0, (int)(Math.Min(WeightLayout.GroupRows, rows - row) * rowBytes));
            file.Read(tensor, ((long)slab * allRows + first + row) * rowBytes, source);
            layout.Pack(source, columns, to.Slice(i * groupBytes, groupBytes));
        }
    }
}
