using System.Buffers.Binary;
using System.Text;
using NpcMind.Gguf;

namespace NpcMind.Tests.Gguf;

/// <summary>
/// Writes GGUF bytes field by field, right or wrong, independently of <see cref="GgufWriter"/>; <see cref="At"/> tells where the next field
/// will stand.
/// </summary>
internal sealed class RawGguf
{
    private readonly List<byte> _bytes = [];

    public long At => _bytes.Count;

    public static RawGguf Header(ulong tensors, ulong pairs, uint version = 3) =>
        new RawGguf().U32(0x46554747).U32(version).U64(tensors).U64(pairs);

    public RawGguf U32(uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        _bytes.AddRange(bytes);
        return this;
    }

    public RawGguf U64(ulong value) => U32((uint)value).U32((uint)(value >> 32));

    public RawGguf Bytes(params byte[] bytes)
    {
        _bytes.AddRange(bytes);
        return this;
    }

    public RawGguf Text(string text)
    {
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        return U64((ulong)bytes.Length).Bytes(bytes);
    }

    public RawGguf Key(string key, GgufValueType type) => Text(key).U32((uint)type);

    public RawGguf Pair(string key, uint value) => Key(key, GgufValueType.UInt32).U32(value);

    public RawGguf Pair(string key, string value) => Key(key, GgufValueType.String).Text(value);

    public RawGguf Info(string name, uint type, ulong offset, params ulong[] dimensions)
    {
        Text(name).U32((uint)dimensions.Length);
        foreach (ulong size in dimensions) U64(size);
        return U32(type).U64(offset);
    }

    /// <summary>Zero bytes up to a multiple of <paramref name="alignment"/>, then <paramref name="data"/> zero bytes.</summary>
    public byte[] Data(int data, int alignment = 32)
    {
        byte[] head = _bytes.ToArray();
        byte[] all = new byte[((head.Length + alignment - 1) / alignment * alignment) + data];
        head.CopyTo(all, 0);
        return all;
    }

    public byte[] ToArray() => _bytes.ToArray();
}
