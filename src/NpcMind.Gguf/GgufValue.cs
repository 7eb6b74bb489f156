using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace NpcMind.Gguf;

/// <summary>Type of a metadata value (GGUF specification, "gguf_metadata_value_type").</summary>
internal enum GgufValueType : uint
{
    /// <summary>8-bit unsigned integer.</summary>
    UInt8 = 0,
    /// <summary>8-bit signed integer.</summary>
    Int8 = 1,
    /// <summary>16-bit unsigned integer.</summary>
    UInt16 = 2,
    /// <summary>16-bit signed integer.</summary>
    Int16 = 3,
    /// <summary>32-bit unsigned integer.</summary>
    UInt32 = 4,
    /// <summary>32-bit signed integer.</summary>
    Int32 = 5,
    /// <summary>IEEE binary32.</summary>
    Float32 = 6,
    /// <summary>One byte, 0 or 1.</summary>
    Bool = 7,
    /// <summary>u64 length and that many bytes, nominally UTF-8.</summary>
    String = 8,
    /// <summary>Element type, u64 count, elements.</summary>
    Array = 9,
    /// <summary>64-bit unsigned integer.</summary>
    UInt64 = 10,
    /// <summary>64-bit signed integer.</summary>
    Int64 = 11,
    /// <summary>IEEE binary64.</summary>
    Float64 = 12,
}

/// <summary>One metadata value, kept as the bytes of the file and read on demand. Immutable; safe from any thread.</summary>
internal sealed class GgufValue
{
    /// <summary>A start is kept for one string in so many: an index over millions of short strings would be as large as they are.</summary>
    internal const int StartsEvery = 16;

    private readonly byte[] _bytes;
    private readonly int[]? _starts; // string arrays: where the length prefix of every 16th element stands in _bytes

    internal GgufValue(GgufValueType type, GgufValueType? elementType, int count, byte[] bytes, int[]? starts, long offset)
    {
        Type = type;
        ElementType = elementType;
        Count = count;
        _bytes = bytes;
        _starts = starts;
        Offset = offset;
    }

    /// <summary>Type of the value.</summary>
    public GgufValueType Type { get; }

    /// <summary>Type of the elements when <see cref="Type"/> is <see cref="GgufValueType.Array"/>.</summary>
    public GgufValueType? ElementType { get; }

    /// <summary>Number of elements; 1 for scalars.</summary>
    public int Count { get; }

    /// <summary>Byte offset of the value in its file.</summary>
    public long Offset { get; }

    /// <summary>True when the value, or each element of the array, is an integer or a bool.</summary>
    public bool IsInteger =>
        (ElementType ?? Type) is not (GgufValueType.Float32 or GgufValueType.Float64 or GgufValueType.String or GgufValueType.Array);

    /// <summary>True when the value, or each element of the array, is a number or a bool.</summary>
    public bool IsNumber => (ElementType ?? Type) is not (GgufValueType.String or GgufValueType.Array);

    /// <summary>True when the value, or each element of the array, is a string.</summary>
    public bool IsString => (ElementType ?? Type) is GgufValueType.String;

    internal static int SizeOf(GgufValueType type) => type switch
    {
        GgufValueType.UInt8 or GgufValueType.Int8 or GgufValueType.Bool => 1,
        GgufValueType.UInt16 or GgufValueType.Int16 => 2,
        GgufValueType.UInt32 or GgufValueType.Int32 or GgufValueType.Float32 => 4,
        GgufValueType.UInt64 or GgufValueType.Int64 or GgufValueType.Float64 => 8,
        _ => 0,
    };

    /// <summary>Element <paramref name="index"/> as an integer, widened (bool: 0 or 1). Check <see cref="IsInteger"/> first.</summary>
    /// <exception cref="OverflowException">A u64 above the range of <see cref="long"/>.</exception>
    public long Integer(int index = 0)
    {
        GgufValueType type = ElementType ?? Type;
        int size = SizeOf(type);
        ReadOnlySpan<byte> at = _bytes.AsSpan(index * size, size);
        return type switch
        {
            GgufValueType.UInt8 => at[0],
            GgufValueType.Int8 => (sbyte)at[0],
            GgufValueType.Bool => at[0] != 0 ? 1 : 0,
            GgufValueType.UInt16 => BinaryPrimitives.ReadUInt16LittleEndian(at),
            GgufValueType.Int16 => BinaryPrimitives.ReadInt16LittleEndian(at),
            GgufValueType.UInt32 => BinaryPrimitives.ReadUInt32LittleEndian(at),
            GgufValueType.Int32 => BinaryPrimitives.ReadInt32LittleEndian(at),
            GgufValueType.UInt64 => checked((long)BinaryPrimitives.ReadUInt64LittleEndian(at)),
            GgufValueType.Int64 => BinaryPrimitives.ReadInt64LittleEndian(at),
            _ => throw new InvalidOperationException($"A value of type {type} is not an integer."),
        };
    }

    /// <summary>Element <paramref name="index"/> as a number. Check <see cref="IsNumber"/> first.</summary>
    public double Number(int index = 0) => (ElementType ?? Type) switch
    {
        GgufValueType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(_bytes.AsSpan(index * 4, 4)),
        GgufValueType.Float64 => BinaryPrimitives.ReadDoubleLittleEndian(_bytes.AsSpan(index * 8, 8)),
        GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(index * 8, 8)),
        _ => Integer(index),
    };

    /// <summary>Raw bytes of string element <paramref name="index"/>, nominally UTF-8. Check <see cref="IsString"/> first.</summary>
    public ReadOnlySpan<byte> Utf8(int index = 0)
    {
        if (!IsString) throw new InvalidOperationException($"A value of type {ElementType ?? Type} is not a string.");
        if (_starts is null) return _bytes;
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
        int start = _starts[index / StartsEvery];
        for (int i = index % StartsEvery; i > 0; i--) start += 8 + Length(start);
        return _bytes.AsSpan(start + 8, Length(start));

        int Length(int at) => (int)BinaryPrimitives.ReadUInt64LittleEndian(_bytes.AsSpan(at));
    }

    /// <summary>String element <paramref name="index"/>; ill-formed UTF-8 becomes U+FFFD.</summary>
    public string Text(int index = 0) => Encoding.UTF8.GetString(Utf8(index));

    /// <summary>The raw little-endian bytes of the value as they stand in the file, without type, key or count.</summary>
    internal ReadOnlySpan<byte> Raw => _bytes;

    /// <summary>A short description for people: the value, or type and count of an array.</summary>
    public override string ToString() => Type switch
    {
        GgufValueType.Array => string.Create(CultureInfo.InvariantCulture, $"{ElementType}[{Count}]"),
        GgufValueType.String => Text(),
        GgufValueType.Bool => Integer() != 0 ? "true" : "false",
        GgufValueType.UInt64 => BinaryPrimitives.ReadUInt64LittleEndian(_bytes).ToString(CultureInfo.InvariantCulture),
        _ when IsInteger => Integer().ToString(CultureInfo.InvariantCulture),
        _ => Number().ToString("R", CultureInfo.InvariantCulture),
    };
}
