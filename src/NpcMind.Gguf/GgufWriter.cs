using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace NpcMind.Gguf;

/// <summary>
/// Writes GGUF version 3 files. Collect pairs and tensors, then <see cref="Save"/>; the file appears whole or not at all (written beside,
/// flushed, renamed). Data is held by reference until saved. Used by one thread.
/// </summary>
internal sealed class GgufWriter
{
    private const string AlignmentKey = "general.alignment";
    private int _alignment = 32;
    private readonly ArrayBufferWriter<byte> _pairs = new();
    private readonly HashSet<string> _keys = new(StringComparer.Ordinal);
    private readonly HashSet<string> _names = new(StringComparer.Ordinal);
    private readonly List<(string Name, TensorType Type, long[] Dimensions, ReadOnlyMemory<byte> Data)> _tensors = [];

    /// <summary>Adds a string.</summary>
    public GgufWriter Add(string key, string value)
    {
        Key(key, GgufValueType.String);
        Text(_pairs, value);
        return this;
    }

    /// <summary>Adds an unsigned 32-bit integer.</summary>
    public GgufWriter Add(string key, uint value)
    {
        if (key == AlignmentKey) SetAlignment(value);
        Key(key, GgufValueType.UInt32);
        UInt32(_pairs, value);
        return this;
    }

    /// <summary>Adds an unsigned 16-bit integer.</summary>
    public GgufWriter Add(string key, ushort value)
    {
        Key(key, GgufValueType.UInt16);
        _pairs.Write([(byte)value, (byte)(value >> 8)]);
        return this;
    }

    /// <summary>Adds a signed 32-bit integer.</summary>
    public GgufWriter Add(string key, int value)
    {
        Key(key, GgufValueType.Int32);
        UInt32(_pairs, unchecked((uint)value));
        return this;
    }

    /// <summary>Adds a binary32 number.</summary>
    public GgufWriter Add(string key, float value)
    {
        Key(key, GgufValueType.Float32);
        UInt32(_pairs, BitConverter.SingleToUInt32Bits(value));
        return this;
    }

    /// <summary>Adds a bool.</summary>
    public GgufWriter Add(string key, bool value)
    {
        Key(key, GgufValueType.Bool);
        _pairs.Write([value ? (byte)1 : (byte)0]);
        return this;
    }

    /// <summary>Adds an array of strings.</summary>
    public GgufWriter Add(string key, IReadOnlyCollection<string> values)
    {
        ArrayHead(key, GgufValueType.String, values.Count);
        foreach (string value in values) Text(_pairs, value);
        return this;
    }

    /// <summary>Adds an array of binary32 numbers.</summary>
    public GgufWriter Add(string key, IReadOnlyCollection<float> values)
    {
        ArrayHead(key, GgufValueType.Float32, values.Count);
        foreach (float value in values) UInt32(_pairs, BitConverter.SingleToUInt32Bits(value));
        return this;
    }

    /// <summary>Adds an array of signed 32-bit integers.</summary>
    public GgufWriter Add(string key, IReadOnlyCollection<int> values)
    {
        ArrayHead(key, GgufValueType.Int32, values.Count);
        foreach (int value in values) UInt32(_pairs, unchecked((uint)value));
        return this;
    }

    /// <summary>Adds a value read from another file, unchanged.</summary>
    public GgufWriter Add(string key, GgufValue value)
    {
        ArgumentNullException.ThrowIfNull(value);
        if (key == AlignmentKey) SetAlignment(value.Integer());
        if (value.Type == GgufValueType.Array) ArrayHead(key, value.ElementType!.Value, value.Count);
        else Key(key, value.Type);
        if (value.Type == GgufValueType.String) UInt64(_pairs, (ulong)value.Raw.Length);
        _pairs.Write(value.Raw);
        return this;
    }

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Name, once per file.</param>
    /// <param name="type">Storage type of <paramref name="data"/>.</param>
    /// <param name="dimensions">1 to 4 sizes, row length first.</param>
    /// <param name="data">Exactly the bytes that type and sizes demand.</param>
    public GgufWriter AddTensor(string name, TensorType type, long[] dimensions, ReadOnlyMemory<byte> data)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(dimensions);
        BlockLayout layout = TensorTypes.Layout(type) ?? throw new ArgumentException($"{type} is no storage type.", nameof(type));
        if (dimensions.Length is 0 or > 4 || dimensions.Any(d => d < 1) || dimensions[0] % layout.Elements != 0)
            throw new ArgumentException($"Tensor '{name}' needs 1 to 4 positive sizes, the first a multiple of {layout.Elements}.",
                nameof(dimensions));
        long bytes = dimensions.Aggregate(1L, (a, b) => checked(a * b)) / layout.Elements * layout.Bytes;
        if (bytes != data.Length) throw new ArgumentException($"Tensor '{name}' needs {bytes} bytes, got {data.Length}.", nameof(data));
        if (!_names.Add(name)) throw new ArgumentException($"Tensor '{name}' was added before.", nameof(name));
        _tensors.Add((name, type, dimensions, data));
        return this;
    }

    /// <summary>Writes the file; an existing one is replaced only after the new one is complete on disk.</summary>
    /// <exception cref="IOException">The disk is full or the folder missing; an existing file is untouched.</exception>
    public void Save(string path)
    {
        string beside = path + ".partial";
        try
        {
            using (FileStream stream = new(beside, FileMode.Create, FileAccess.Write, FileShare.None))
            {
                WriteTo(stream);
                stream.Flush(flushToDisk: true);
            }

            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside);
            throw;
        }
    }

    /// <summary>Writes the file to <paramref name="stream"/>, which stays open.</summary>
    public void WriteTo(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArrayBufferWriter<byte> head = new();
        UInt32(head, 0x46554747);
        UInt32(head, 3);
        UInt64(head, (ulong)_tensors.Count);
        UInt64(head, (ulong)_keys.Count);
        head.Write(_pairs.WrittenSpan);
        ulong offset = 0;
        foreach (var (name, type, dimensions, data) in _tensors)
        {
            Text(head, name);
            UInt32(head, (uint)dimensions.Length);
            foreach (long size in dimensions) UInt64(head, (ulong)size);
            UInt32(head, (uint)type);
            UInt64(head, offset);
            offset += (ulong)Padded(data.Length);
        }

        ReadOnlySpan<byte> padding = new byte[_alignment];
        if (_tensors.Count > 0) head.Write(padding[..(int)(Padded(head.WrittenCount) - head.WrittenCount)]);
        stream.Write(head.WrittenSpan);
        foreach (var (_, _, _, data) in _tensors)
        {
            stream.Write(data.Span);
            stream.Write(padding[..(int)(Padded(data.Length) - data.Length)]);
        }
    }

    private long Padded(long length) => (length + _alignment - 1) / _alignment * _alignment;

    /// <summary>Tensor data must stand where the key says, also when it was copied from another file.</summary>
    private void SetAlignment(long value)
    {
        if (value is < 1 or > 1 << 20 || !long.IsPow2(value))
            throw new ArgumentOutOfRangeException(nameof(value), value, "The alignment must be a power of two of at most 1 MiB.");
        _alignment = (int)value;
    }

    private void Key(string key, GgufValueType type)
    {
        ArgumentException.ThrowIfNullOrEmpty(key);
        if (!_keys.Add(key)) throw new ArgumentException($"The key '{key}' was added before.", nameof(key));
        Text(_pairs, key);
        UInt32(_pairs, (uint)type);
    }

    private void ArrayHead(string key, GgufValueType elementType, int count)
    {
        Key(key, GgufValueType.Array);
        UInt32(_pairs, (uint)elementType);
        UInt64(_pairs, (ulong)count);
    }

    private static void Text(ArrayBufferWriter<byte> to, string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        UInt64(to, (ulong)bytes.Length);
        to.Write(bytes);
    }

    private static void UInt32(ArrayBufferWriter<byte> to, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        to.Write(bytes);
    }

    private static void UInt64(ArrayBufferWriter<byte> to, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        to.Write(bytes);
    }
}
