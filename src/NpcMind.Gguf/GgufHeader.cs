using System.Globalization;
using System.Text;
using NpcMind.Core;

namespace NpcMind.Gguf;

/// <summary>
/// Parses and checks one file's header: magic, version, key-value pairs, tensor infos (ggml docs/gguf.md, "File structure").
/// Counts are checked against what the remaining bytes can hold before anything is allocated from them.
/// </summary>
internal sealed class GgufHeader
{
    // Far above any model (a few thousand), and low enough that the objects for them stay within a few MB.
    private const int MaximumPairs = 1 << 15;
    private const int MaximumTensors = 1 << 15;
    private const int MaximumKeyBytes = 1 << 16;
    private const int MaximumNameBytes = 1024;
    private const int MaximumStringBytes = 16 << 20;
    private const int MinimumPairBytes = 8 + 4 + 1;
    private const int MinimumTensorBytes = 8 + 4 + 8 + 4 + 8;

    private GgufHeader(uint version, GgufMetadata metadata, List<GgufTensor> tensors)
    {
        Version = version;
        Metadata = metadata;
        Tensors = tensors;
    }

    public uint Version { get; }

    public GgufMetadata Metadata { get; }

    public List<GgufTensor> Tensors { get; }

    public static GgufHeader Parse(GgufCursor cursor, int shard)
    {
        CheckStart(cursor);
        uint version = cursor.UInt32("the format version");
        if (version is not (2 or 3)) throw WrongVersion(cursor, version);

        int tensorCount = cursor.Count("a tensor count", MaximumTensors, MinimumTensorBytes);
        int pairCount = cursor.Count("a key-value count", MaximumPairs, MinimumPairBytes);
        GgufMetadata metadata = Pairs(cursor, pairCount);
        long alignment = metadata.Integer("general.alignment") ?? 32;
        if (alignment is < 1 or > 1 << 30 || !long.IsPow2(alignment)) throw metadata.Wrong("general.alignment", "a power of two");

        List<GgufTensor> tensors = TensorInfos(cursor, tensorCount, shard, alignment);
        return new GgufHeader(version, metadata, tensors);
    }

    private static void CheckStart(GgufCursor cursor)
    {
        byte[] head = cursor.Head(ForeignFile.HeadBytes);
        if (head.Length > 0 && head.Length < 4 && "GGUF"u8.StartsWith(head)) cursor.UInt32("the magic 'GGUF'");
        if (head.AsSpan().StartsWith("GGUF"u8))
        {
            cursor.Skip(4, "the magic 'GGUF'");
            return;
        }

        string found = head.Length < 4
            ? "the end of the file"
            : string.Create(CultureInfo.InvariantCulture, $"0x{System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(head):X8}");
        (string summary, GgufFault fault) = ForeignFile.Describe(head, cursor.Length);
        throw cursor.Error("the magic 'GGUF'", found, 0, summary, fault);
    }

    private static GgufFormatException WrongVersion(GgufCursor cursor, uint version)
    {
        const string Expected = "format version 2 or 3, little-endian";
        string found = version.ToString(CultureInfo.InvariantCulture);
        if (version == 1)
            return cursor.Error(Expected, found, 4,
                "The file is of GGUF version 1, of 2023, which is not supported; take a newer conversion of the model.",
                GgufFault.OtherFormat);
        if (version is > 3 and < 256)
            return cursor.Error(Expected, found, 4,
                $"The file is of GGUF version {found}, which is newer than this NpcMind and not supported; take a file of version 3.",
                GgufFault.OtherFormat);
        return (version & 0xFFFF) == 0 && version != 0
            ? cursor.Error(Expected, "a big-endian file", 4,
                "The file is big-endian, made for another kind of machine, which is not supported; take the little-endian one.",
                GgufFault.OtherFormat)
            : cursor.Error(Expected, found, 4);
    }

    private static GgufMetadata Pairs(GgufCursor cursor, int count)
    {
        Dictionary<string, GgufValue> values = new(StringComparer.Ordinal);
        List<string> keys = [];
        for (int i = 0; i < count; i++)
        {
            long at = cursor.Position;
            string key = Name(cursor, "a key", MaximumKeyBytes);
            GgufValue value = Value(cursor);
            if (!values.TryAdd(key, value)) throw cursor.Error("keys that occur once", $"'{key}' again", at);
            keys.Add(key);
        }

        return new GgufMetadata(cursor.Path, values, keys);
    }

    private static string Name(GgufCursor cursor, string what, int limit)
    {
        long at = cursor.Position;
        int length = cursor.Count(what + " length", limit);
        if (length == 0) throw cursor.Error(what, "an empty name", at);
        return Encoding.UTF8.GetString(cursor.Bytes(length, what));
    }

    private static GgufValue Value(GgufCursor cursor)
    {
        GgufValueType type = ValueType(cursor, "a value type 0..12");
        long at = cursor.Position;
        if (type == GgufValueType.String)
        {
            int length = cursor.Count("a string length", MaximumStringBytes);
            return new GgufValue(type, null, 1, cursor.Bytes(length, "a string"), null, at);
        }

        if (type != GgufValueType.Array) return new GgufValue(type, null, 1, cursor.Bytes(GgufValue.SizeOf(type), "a value"), null, at);

        GgufValueType elementType = ValueType(cursor, "an element type 0..12 that is not an array");
        if (elementType == GgufValueType.Array) throw cursor.Error("array elements that are not arrays", "a nested array", at);
        int size = elementType == GgufValueType.String ? 8 : GgufValue.SizeOf(elementType);
        int count = cursor.Count("an element count", Array.MaxLength / size, size);
        return elementType == GgufValueType.String
            ? Strings(cursor, count, at)
            : new GgufValue(type, elementType, count, cursor.Bytes(count * size, "array elements"), null, at);
    }

    private static GgufValueType ValueType(GgufCursor cursor, string expected)
    {
        long at = cursor.Position;
        uint type = cursor.UInt32(expected);
        return type <= (uint)GgufValueType.Float64 ? (GgufValueType)type
            : throw cursor.Error(expected, type.ToString(CultureInfo.InvariantCulture), at);
    }

    /// <summary>Two passes: lengths first, so that all bytes of the array are read by one exact allocation.</summary>
    private static GgufValue Strings(GgufCursor cursor, int count, long at)
    {
        long first = cursor.Position;
        int[] starts = new int[(count + GgufValue.StartsEvery - 1) / GgufValue.StartsEvery];
        for (int i = 0; i < count; i++)
        {
            if (i % GgufValue.StartsEvery == 0) starts[i / GgufValue.StartsEvery] = (int)(cursor.Position - first);
            cursor.Skip(cursor.Count("a string length", MaximumStringBytes), "a string");
            if (cursor.Position - first > Array.MaxLength) throw cursor.Error("an array of strings below 2 GiB", "a longer one", at);
        }

        int bytes = (int)(cursor.Position - first);
        cursor.Seek(first);
        return new GgufValue(GgufValueType.Array, GgufValueType.String, count, cursor.Bytes(bytes, "strings"), starts, at);
    }

    private static List<GgufTensor> TensorInfos(GgufCursor cursor, int count, int shard, long alignment)
    {
        List<(GgufTensor Tensor, long At, long OffsetAt)> infos = new(count);
        HashSet<string> names = new(count, StringComparer.Ordinal);
        for (int i = 0; i < count; i++)
        {
            infos.Add(TensorInfo(cursor, shard, alignment));
            if (!names.Add(infos[i].Tensor.Name))
                throw cursor.Error("tensor names that occur once", $"'{infos[i].Tensor.Name}' again", infos[i].At);
        }

        if (count == 0) return [];

        long dataStart = (cursor.Position + alignment - 1) & ~(alignment - 1);
        string? incomplete = Incomplete(cursor, infos, dataStart, alignment);
        List<GgufTensor> tensors = new(count);
        foreach ((GgufTensor info, long at, long offsetAt) in infos)
        {
            if (incomplete is null && info.Offset > cursor.Length)
                throw cursor.Error($"an offset of tensor '{info.Name}' inside the file, a multiple of {alignment}",
                    info.Offset.ToString(CultureInfo.InvariantCulture), offsetAt);
            GgufTensor tensor = info with { Offset = dataStart + info.Offset };
            if (tensor.ByteLength > cursor.Length - tensor.Offset)
                throw cursor.Error(
                    string.Create(CultureInfo.InvariantCulture,
                        $"{tensor.ByteLength} bytes of tensor '{tensor.Name}' at byte {tensor.Offset}"),
                    string.Create(CultureInfo.InvariantCulture, $"a file of {cursor.Length} bytes"), at, incomplete
                        ?? GgufFormatException.Damaged, incomplete is null ? GgufFault.Damaged : GgufFault.Truncated);
            tensors.Add(tensor);
        }

        CheckOverlaps(cursor, tensors);
        return tensors;
    }

    /// <summary>
    /// What to say of a file whose tensors lie one after the other, as every writer puts them, and end behind its end: a part of a
    /// download. Null for any other.
    /// </summary>
    private static string? Incomplete(GgufCursor cursor, List<(GgufTensor Tensor, long At, long OffsetAt)> infos, long dataStart,
        long alignment)
    {
        const long Absurd = 1L << 46;
        long end = 0, next = 0;
        foreach ((GgufTensor tensor, _, _) in infos)
        {
            if (tensor.Offset != next || tensor.ByteLength > Absurd - next) return null;
            end = next + tensor.ByteLength;
            next = (end + alignment - 1) & ~(alignment - 1);
        }

        return dataStart + end <= cursor.Length
            ? null
            : $"The download is incomplete: {ByteCount.Part(cursor.Length, dataStart + end)}; download it again.";
    }

    private static (GgufTensor Tensor, long At, long OffsetAt) TensorInfo(GgufCursor cursor, int shard, long alignment)
    {
        long start = cursor.Position;
        string name = Name(cursor, "a tensor name", MaximumNameBytes);
        long at = cursor.Position;
        uint rank = cursor.UInt32("a number of dimensions");
        if (rank is 0 or > 4) throw cursor.Error($"1 to 4 dimensions of tensor '{name}'", rank.ToString(CultureInfo.InvariantCulture), at);

        long[] dimensions = new long[rank];
        long elements = 1;
        for (int i = 0; i < rank; i++)
        {
            at = cursor.Position;
            ulong size = cursor.UInt64("a dimension");
            // Sizes are bounded so that elements * block bytes cannot overflow 64 bits; no file comes near.
            if (size == 0 || size > 1UL << 48 || elements > (1L << 48) / (long)size)
                throw cursor.Error($"dimensions of tensor '{name}' from 1 and together below 2^48",
                    size.ToString(CultureInfo.InvariantCulture), at);
            dimensions[i] = (long)size;
            elements *= (long)size;
        }

        at = cursor.Position;
        TensorType type = (TensorType)cursor.UInt32("a tensor type");
        if (TensorTypes.Layout(type) is not { } layout)
            throw (uint)type < ForeignTensorTypes.End
                ? new UnsupportedModelException(cursor.Path, $"the tensor type {ForeignTensorTypes.Describe((uint)type)} of '{name}'",
                    "Take the model in a quantisation that NpcMind runs, e.g. Q4_K_M or Q8_0.")
                : cursor.Error($"a known ggml type of tensor '{name}'",
                    string.Create(CultureInfo.InvariantCulture, $"type id {(uint)type}"), at);
        if (dimensions[0] % layout.Elements != 0)
            throw cursor.Error($"rows of tensor '{name}' in whole {type} blocks of {layout.Elements}",
                string.Create(CultureInfo.InvariantCulture, $"{dimensions[0]} columns"), at);

        at = cursor.Position;
        ulong offset = cursor.UInt64("a tensor offset");
        if (offset > 1UL << 62 || offset % (ulong)alignment != 0)
            throw cursor.Error($"an offset of tensor '{name}' inside the file, a multiple of {alignment}",
                offset.ToString(CultureInfo.InvariantCulture), at);
        return (new GgufTensor(name, type, WithoutTrailingOnes(dimensions), shard, (long)offset,
            elements / layout.Elements * layout.Bytes), start, at);
    }

    /// <summary>Some programs write all four sizes: those of 1 at the end change nothing.</summary>
    private static long[] WithoutTrailingOnes(long[] dimensions)
    {
        int count = dimensions.Length;
        while (count > 1 && dimensions[count - 1] == 1) count--;
        return dimensions[..count];
    }

    private static void CheckOverlaps(GgufCursor cursor, List<GgufTensor> tensors)
    {
        GgufTensor[] sorted = [.. tensors];
        Array.Sort(sorted, (a, b) => a.Offset.CompareTo(b.Offset));
        for (int i = 1; i < sorted.Length; i++)
            if (sorted[i - 1].Offset + sorted[i - 1].ByteLength > sorted[i].Offset)
                throw cursor.Error("tensors that do not overlap", $"'{sorted[i - 1].Name}' and '{sorted[i].Name}' share bytes",
                    sorted[i].Offset);
    }
}
