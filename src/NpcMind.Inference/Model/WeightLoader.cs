using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Reads tensors of a GGUF file, checks their shapes and puts them on the device. Used by one thread, at load.</summary>
internal sealed partial class WeightLoader(GpuDevice device, GgufFile file, TensorArena arena, Uploader uploader)
{
    private const int GroupRows = WeightLayout.GroupRows;
    private readonly HashSet<string> _loaded = new(StringComparer.Ordinal), _optional = new(StringComparer.Ordinal);
    private readonly Dictionary<TensorType, Tensor> _codebooks = [];
    private byte[] _rows = [];

    /// <summary>The file.</summary>
    public string Path => file.Path;

    /// <summary>Tensors of the file that nothing has asked for.</summary>
    public IEnumerable<string> Unused => file.Tensors.Select(t => t.Name).Where(n => !_loaded.Contains(n));

    /// <summary>
    /// Throws where the file has a tensor that nothing has asked for, or lacks one of a layer that its other layers have: a part of the
    /// model would be left out, and the answers wrong.
    /// </summary>
    /// <exception cref="UnsupportedModelException">A tensor is not read.</exception>
    /// <exception cref="GgufFormatException">A tensor of a layer is missing.</exception>
    public void CheckComplete(string architecture)
    {
        CheckLayersAlike();
        if (Unused.FirstOrDefault() is { } unused)
            throw new UnsupportedModelException(file.Path, $"the tensor '{unused}' in the architecture '{architecture}'",
                "NpcMind has no code for the part of the model that it belongs to; use another model.");
    }

    /// <summary>Throws where an optional tensor (a bias) is there in some of the layers that asked for it, and not in others.</summary>
    /// <exception cref="GgufFormatException">One is missing.</exception>
    public void CheckLayersAlike()
    {
        foreach (IGrouping<string, string> role in _optional.GroupBy(n => LayerNumber().Replace(n, "blk.N.", 1)))
            if (role.FirstOrDefault(n => file.Find(n) is null) is { } missing
                && role.FirstOrDefault(n => file.Find(n) is not null) is { } there)
                throw new GgufFormatException(file.Path, 0, $"a tensor '{missing}', since there is '{there}'",
                    $"{file.Tensors.Count} tensors without it", GgufFormatException.OtherConversion);
    }

    /// <summary>Says that tensors whose names begin so are a part of the model that is left out on purpose.</summary>
    public void LeaveOut(string prefix)
    {
        foreach (GgufTensor tensor in file.Tensors)
            if (tensor.Name.StartsWith(prefix, StringComparison.Ordinal)) _loaded.Add(tensor.Name);
    }

    /// <summary>Device bytes that all tensors of <paramref name="file"/> will take, a little over rather than under.</summary>
    public static long DeviceBytes(GgufFile file) => TensorBytes(file).Sum();

    /// <summary>Device bytes of each tensor of a file, and of the codebooks of its formats.</summary>
    public static IEnumerable<long> TensorBytes(GgufFile file) =>
    [
        .. file.Tensors.Select(Unrolled).Select(t => t.Dimensions.Count >= 2 && WeightLayout.For(t.Type) is { } layout
            ? (t.Rows + GroupRows - 1) / GroupRows * t.Slabs * layout.GroupBytes((int)Math.Min(t.Columns, int.MaxValue / 2)) + 512
            : t.Elements * 4 + 512),
        .. file.Tensors.Select(t => TransposedKeyBytes(file, t)),
        .. file.Tensors.Select(t => t.Type).Distinct().Select(t => Codebooks.For(t).Length + 512L),
    ];

    /// <summary>Device bytes of keys that <see cref="TransposedHeads"/> makes of a tensor; 0 for others.</summary>
    private static long TransposedKeyBytes(GgufFile file, GgufTensor tensor)
    {
        if (!tensor.Name.EndsWith(".attn_kv_b.weight", StringComparison.Ordinal)) return 0;
        int heads = ModelConfig.Size(file.Metadata, "deepseek2.attention.head_count", 1 << 12, 0, 0);
        int value = ModelConfig.Size(file.Metadata, "deepseek2.attention.value_length", 1 << 14, 0, 0);
        long rows = heads == 0 ? 0 : tensor.Rows / heads;
        if (rows <= value || rows > 1 << 15) return 0;
        long groups = (tensor.Columns + GroupRows - 1) / GroupRows * heads;
        return groups * WeightLayout.For(TensorType.F32)!.GroupBytes((int)(rows - value)) + 512;
    }

    /// <summary>Whether the file has the tensor <c>name.weight</c>.</summary>
    public bool Has(string name) => file.Find(name + ".weight") is not null;

    /// <summary>Whether the file has the tensor <paramref name="name"/>, which may be absent, but then from all layers alike.</summary>
    public bool HasVector(string name)
    {
        _optional.Add(name);
        return file.Find(name) is not null;
    }

    /// <summary>Returns how many rows the tensor <paramref name="name"/> has; 0 where the file has none.</summary>
    public long Rows(string name) => file.Find(name)?.Rows ?? 0;

    /// <summary>
    /// For each of <paramref name="heads"/>, the transpose of the first <paramref name="rows"/> of its <paramref name="rowsPerHead"/> rows:
    /// a stack of matrices of <paramref name="columns"/> rows, in F32, since blocks of quantised formats run along the rows that become
    /// columns. For files of DeepSeek from before keys and values were split.
    /// </summary>
    public WeightMatrix TransposedHeads(string name, int columns, int heads, int rows, int rowsPerHead, KernelLibrary kernels)
    {
        if (device.IsDryRun)
        {
            Tensor(new MatrixPart(name, rows, 0, rowsPerHead), name, columns, heads);
            WeightLayout layout = WeightLayout.For(TensorType.F32)!;
            int groups = (columns + GroupRows - 1) / GroupRows;
            Tensor keys = arena.Allocate(groups * heads * layout.GroupBytes(rows), name);
            return new WeightMatrix(name, layout, rows, groups, heads, null, [new WeightSegment(keys, 0, groups * heads)], null);
        }

        float[] all = new WeightDequantizer(device, file, kernels).Rows(new MatrixPart(name, rows, 0, rowsPerHead), columns, heads);
        _loaded.Add(name + ".weight");
        return Transposed(name, all, columns, heads, rows);
    }

    /// <summary>The transpose of a matrix: [columns, rows]. F32, F16 and BF16 only.</summary>
    public WeightMatrix Transposed(string name, int columns, int rows) =>
        Transposed(name, HostMatrix(name + ".weight", columns, rows) ?? throw Missing(name + ".weight"), columns, 1, rows);

    private WeightMatrix Transposed(string name, float[] all, int columns, int heads, int rows)
    {
        float[] transposed = new float[(long)heads * columns * rows];
        for (int head = 0; head < heads; head++)
            for (int row = 0; row < rows; row++)
                for (int column = 0; column < columns; column++)
                    transposed[((head * columns) + column) * rows + row] = all[((head * rows) + row) * columns + column];
        WeightLayout layout = WeightLayout.For(TensorType.F32)!;
        int groups = (columns + GroupRows - 1) / GroupRows, groupBytes = (int)layout.GroupBytes(rows);
        byte[] packed = new byte[(long)groups * heads * groupBytes];
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(transposed.AsSpan());
        for (int g = 0; g < groups * heads; g++)
        {
            int first = g % groups * GroupRows, count = Math.Min(GroupRows, columns - first);
            layout.Pack(
                bytes.Slice((g / groups * columns + first) * rows * 4, count * rows * 4), rows, packed.AsSpan(g * groupBytes, groupBytes));
        }

        return new WeightMatrix(
            name, layout, rows, groups, heads, null, [new WeightSegment(Upload(packed, name), 0, groups * heads)], null);
    }

    /// <summary>One matrix of the given shape, with its bias if the file has one.</summary>
    public WeightMatrix Matrix(string name, int columns, int rows, int slabs = 1) => Matrix(new MatrixPart(name, rows), columns, slabs);

    /// <summary>The same of some rows of each slab.</summary>
    public WeightMatrix Matrix(MatrixPart part, int columns, int slabs) => Stack(columns, slabs, part)[0].Matrix;

    /// <summary>
    /// Several matrices with the same input, below each other; those of one type become one matrix, so that one dispatch computes them.
    /// </summary>
    public IReadOnlyList<PlacedMatrix> Stack(int columns, int slabs, params ReadOnlySpan<MatrixPart> parts)
    {
        List<PlacedMatrix> placed = [];
        int offset = 0;
        for (int i = 0; i < parts.Length;)
        {
            TensorType type = Tensors(parts[i], columns, slabs)[0].Type;
            int end = i + 1;
            while (end < parts.Length && Tensors(parts[end], columns, slabs)[0].Type == type) end++;
            WeightMatrix matrix = Load(parts[i..end], columns, slabs, type);
            placed.Add(new PlacedMatrix(matrix, offset));
            offset += matrix.OutputColumns;
            i = end;
        }

        return placed;
    }

    /// <summary>A vector as f32, padded with zeros to a multiple of 64 elements, that must be there.</summary>
    public Tensor Vector(string name, int length)
    {
        float[] values = HostVector(name, length) ?? throw Missing(name);
        byte[] bytes = new byte[Workspace.Stride(length) * 4];
        Buffer.BlockCopy(values, 0, bytes, 0, length * 4);
        return Upload(bytes, name);
    }

    /// <summary>A matrix of F32, F16 or BF16 as f32, each row padded with zeros to a multiple of 64 elements.</summary>
    public Tensor PaddedRows(string name, int columns, int rows)
    {
        float[] values = HostMatrix(name, columns, rows) ?? throw Missing(name);
        int stride = Workspace.Stride(columns);
        byte[] bytes = new byte[(long)stride * rows * 4];
        for (int row = 0; row < rows; row++) Buffer.BlockCopy(values, row * columns * 4, bytes, row * stride * 4, columns * 4);
        return Upload(bytes, name);
    }

    /// <summary>Several vectors of one length, a multiple of 4, one after the other.</summary>
    public Tensor Vectors(int length, params ReadOnlySpan<string> names)
    {
        byte[] bytes = new byte[length * names.Length * 4];
        for (int i = 0; i < names.Length; i++)
            Buffer.BlockCopy(HostVector(names[i], length) ?? throw Missing(names[i]), 0, bytes, i * length * 4, length * 4);
        return Upload(bytes, names[0]);
    }

    /// <summary>A vector on the host as f32 that may be absent. F32, F16 and BF16 are read.</summary>
    public float[]? HostVector(string name, int length) => HostMatrix(name, length, 1);

    /// <summary>The same for a matrix: [rows, columns].</summary>
    public float[]? HostMatrix(string name, int columns, int rows)
    {
        if (file.Find(name) is not { } tensor) return null;
        CheckShape(tensor, columns, rows, 1);
        _loaded.Add(name);
        byte[] bytes = new byte[tensor.ByteLength];
        file.Read(tensor, 0, bytes);
        float[] values = new float[columns * rows];
        for (int i = 0; i < values.Length; i++)
            values[i] = tensor.Type switch
            {
                TensorType.F32 => BitConverter.ToSingle(bytes, i * 4),
                TensorType.F16 => (float)BitConverter.ToHalf(bytes, i * 2),
                TensorType.BF16 => BitConverter.UInt32BitsToSingle((uint)BitConverter.ToUInt16(bytes, i * 2) << 16),
                _ => throw new UnsupportedModelException(file.Path, $"tensor type {tensor.Type} of '{name}'",
                    "What is not multiplied as a matrix must be F32, F16 or BF16."),
            };
        return values;
    }

    private WeightMatrix Load(ReadOnlySpan<MatrixPart> parts, int columns, int slabs, TensorType type)
    {
        WeightLayout layout = WeightLayout.For(type)
            ?? throw new UnsupportedModelException(file.Path, $"tensor type {type} of '{parts[0].Name}.weight'",
                $"Supported: {string.Join(", ", WeightLayout.Supported)}. Use a file in one of these.");
        List<Source> sources = [];
        int groupsPerSlab = 0;
        foreach (MatrixPart part in parts)
        {
            sources.Add(new Source(Tensors(part, columns, slabs), part, groupsPerSlab));
            groupsPerSlab += (part.Rows + GroupRows - 1) / GroupRows;
        }

        long groupBytes = layout.GroupBytes(columns);
        long groups = (long)groupsPerSlab * slabs;
        int texelBytes = layout.ScaleWords is > 0 and < 4 ? layout.ScaleWords * 4 : 16;
        long perSegment = Math.Min(groups, Math.Min(device.Limits.MaxTexels * texelBytes, int.MaxValue) / groupBytes);
        if (perSegment == 0 || groups > int.MaxValue)
            throw new UnsupportedModelException(file.Path, $"'{parts[0].Name}' with {columns} columns and {groups} row groups",
                $"The device fetches at most {device.Limits.MaxTexels} texels.");
        List<WeightSegment> segments = [];
        for (long at = 0; at < groups; at += perSegment)
        {
            int count = (int)Math.Min(perSegment, groups - at), start = (int)at;
            Tensor target = arena.Allocate(count * groupBytes, parts[0].Name);
            uploader.Write(target, groupBytes,
                (to, offset) => Fill(sources, layout, columns, groupsPerSlab, start + (int)(offset / groupBytes), to));
            segments.Add(new WeightSegment(target, start, count));
        }

        return new WeightMatrix(
            parts[0].Name, layout, columns, groupsPerSlab, slabs, Bias(sources, groupsPerSlab, slabs), segments, Codebook(type));
    }

    /// <summary>[slabs, groupsPerSlab * 32] f32, or null where no part has a bias.</summary>
    private Tensor? Bias(List<Source> sources, int groupsPerSlab, int slabs)
    {
        float[]? all = null;
        foreach (var (_, part, firstGroup) in sources)
        {
            int rows = part.AllRows > 0 ? part.AllRows : part.Rows;
            _optional.Add(part.Name + ".bias");
            if (HostMatrix(part.Name + ".bias", rows, slabs) is not { } bias) continue;
            all ??= new float[groupsPerSlab * GroupRows * slabs];
            for (int slab = 0; slab < slabs; slab++)
                Array.Copy(bias, slab * rows + part.FirstRow, all, (slab * groupsPerSlab + firstGroup) * GroupRows, part.Rows);
        }

        if (all is null) return null;
        byte[] bytes = new byte[all.Length * 4];
        Buffer.BlockCopy(all, 0, bytes, 0, bytes.Length);
        return Upload(bytes, sources[0].Part.Name + ".bias");
    }

    private Tensor? Codebook(TensorType type)
    {
        if (_codebooks.TryGetValue(type, out Tensor? codebook)) return codebook;
        byte[] bytes = Codebooks.For(type);
        return bytes.Length == 0 ? null : _codebooks[type] = Upload(bytes, $"codebook of {type}").As(Codebooks.Format(type));
    }

    /// <summary>A table of words that no file has.</summary>
    public Tensor Upload(ReadOnlySpan<uint> words, string name) => Upload(MemoryMarshal.AsBytes(words).ToArray(), name);

    private Tensor Upload(byte[] bytes, string name)
    {
        Tensor target = arena.Allocate(bytes.Length, name);
        uploader.Write(target, bytes);
        return target;
    }

    /// <summary>The tensor that holds a part; where experts lie in one tensor each, all of them.</summary>
    private GgufTensor[] Tensors(MatrixPart part, int columns, int slabs)
    {
        if (slabs == 1 || !ModelShapes.HasSeparateExperts(file, part.Name)) return [Tensor(part, part.Name, columns, slabs)];
        GgufTensor[] tensors = [.. Enumerable.Range(0, slabs).Select(e => Tensor(part, ModelShapes.Expert(part.Name, e), columns, 1))];
        return Array.Find(tensors, t => t.Type != tensors[0].Type) is { } other
            ? throw new UnsupportedModelException(file.Path,
                $"a mixture of experts of different types ('{tensors[0].Name}' is {tensors[0].Type}, '{other.Name}' {other.Type})",
                "Take a newer conversion of the model, in which experts share one tensor.")
            : tensors;
    }

    private GgufTensor Tensor(MatrixPart part, string partName, int columns, int slabs)
    {
        string name = partName.EndsWith(".weight.1", StringComparison.Ordinal) ? partName : partName + ".weight";
        GgufTensor tensor = Unrolled(file.Find(name) ?? throw Missing(name));
        int rows = part.AllRows > 0 ? part.AllRows : part.Rows;
        // slabs below each other
        if (slabs > 1 && tensor.Slabs == 1 && tensor.Rows == (long)rows * slabs)
            tensor = tensor with { Dimensions = [columns, rows, slabs] };
        CheckShape(tensor, columns, rows, slabs);
        _loaded.Add(name);
        return tensor;
    }

    /// <summary>
    /// A convolution kernel, which has four dimensions, as the matrix that multiplies unrolled patches: its rows already lie one after the
    /// other.
    /// </summary>
    private static GgufTensor Unrolled(GgufTensor tensor) => tensor.Dimensions is { Count: 4 } d
        ? tensor with { Dimensions = [d[0] * d[1] * d[2], d[3]] } : tensor;

    public GgufFormatException Missing(string name) =>
        new(file.Path, 0, $"a tensor '{name}'", $"{file.Tensors.Count} tensors without it", GgufFormatException.OtherConversion);

    private void CheckShape(GgufTensor tensor, int columns, int rows, int slabs)
    {
        if (tensor.Columns != columns || tensor.Rows != rows || tensor.Slabs != slabs)
            throw new GgufFormatException(file.Shards[tensor.Shard], tensor.Offset,
                $"tensor '{tensor.Name}' of {columns} x {rows}{(slabs > 1 ? $" x {slabs}" : "")}", tensor.Shape,
                GgufFormatException.OtherConversion);
    }

    private void Fill(List<Source> sources, WeightLayout layout, int columns, int groupsPerSlab, int firstGroup, Span<byte> to)
    {
        int groupBytes = (int)layout.GroupBytes(columns);
        for (int i = 0; i < to.Length / groupBytes; i++)
        {
            int slab = (firstGroup + i) / groupsPerSlab, group = (firstGroup + i) % groupsPerSlab;
            (GgufTensor[] tensors, MatrixPart part, int partGroup) = sources.FindLast(s => s.FirstGroup <= group)!;
            GgufTensor tensor = tensors[tensors.Length > 1 ? slab : 0];
            int row = (group - partGroup) * GroupRows;
            long rowBytes = tensor.ByteLength / (tensor.Rows * tensor.Slabs);
            if (_rows.Length < rowBytes * GroupRows) _rows = new byte[rowBytes * GroupRows];
            Span<byte> source = _rows.AsSpan(0, (int)(Math.Min(GroupRows, part.Rows - row) * rowBytes));
            file.Read(tensor, ((tensors.Length > 1 ? 0 : slab * tensor.Rows) + part.FirstRow + row) * rowBytes, source);
            layout.Pack(source, columns, to.Slice(i * groupBytes, groupBytes));
        }
    }

    [GeneratedRegex(@"\bblk\.[0-9]+\.")]
    private static partial Regex LayerNumber();

    /// <summary>Where the rows of a part lie: in one tensor, or in one for each slab.</summary>
    private sealed record Source(GgufTensor[] Tensors, MatrixPart Part, int FirstGroup);
}
