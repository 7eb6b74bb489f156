using System.Buffers.Binary;
using NpcMind.Reference;

namespace NpcMind.Tests.Gguf;

/// <summary>Makes damaged copies of a GGUF file, the same ones for the same seed.</summary>
internal sealed class GgufMutator(byte[] original, TinyRandom random)
{
    private static readonly ulong[] Extremes =
    [
        0, 1, 2, 3, 4, 5, 7, 8, 9, 12, 13, 31, 32, 33, 63, 64, 255, 256, 1023, 65535, 65536, 1 << 20, 1 << 24, int.MaxValue, 1UL << 31,
        uint.MaxValue, 1UL << 32,
        1UL << 40, 1UL << 47, 1UL << 48, 1UL << 61, long.MaxValue, 1UL << 63, ulong.MaxValue - 31, ulong.MaxValue,
    ];

    private readonly List<(int At, int Size)> _fields = GgufFields.Find(original);

    /// <summary>End of the tensor infos; behind it damage is invisible to the reader.</summary>
    private int HeaderEnd => _fields[^1].At + _fields[^1].Size;

    /// <summary>A copy with one to three kinds of damage.</summary>
    public byte[] Next()
    {
        byte[] bytes = [.. original];
        for (int i = random.Below(3); i >= 0; i--) bytes = Damage(bytes);
        return bytes;
    }

    private byte[] Damage(byte[] bytes)
    {
        switch (random.Below(8))
        {
            case 0: return FlipBits(bytes, Math.Min(HeaderEnd, bytes.Length));
            case 1: return FlipBits(bytes, bytes.Length);
            case 2: return bytes[..random.Below(bytes.Length + 1)];
            case 3: return bytes[..random.Below(Math.Min(HeaderEnd, bytes.Length) + 1)];
            case 4: return Insert(bytes, Noise(1 + random.Below(64)));
            case 5: return Insert(bytes, Region(bytes));
            default: return Overwrite(bytes);
        }
    }

    private byte[] FlipBits(byte[] bytes, int limit)
    {
        for (int i = random.Below(8); i >= 0 && limit > 0; i--) bytes[random.Below(limit)] ^= (byte)(1 << random.Below(8));
        return bytes;
    }

    private byte[] Overwrite(byte[] bytes)
    {
        (int at, int size) = _fields[random.Below(_fields.Count)];
        if (at + size > bytes.Length) return bytes;
        ulong value = Extremes[random.Below(Extremes.Length)];
        if (random.Below(4) == 0) value = (ulong)(bytes.Length - at) + value - 8; // near the end of the file
        if (size == 4) BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(at), (uint)value);
        else BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), value);
        return bytes;
    }

    private byte[] Insert(byte[] bytes, byte[] more)
    {
        int at = random.Below(Math.Min(HeaderEnd, bytes.Length) + 1);
        return [.. bytes.AsSpan(0, at), .. more, .. bytes.AsSpan(at)];
    }

    private byte[] Noise(int length) => [.. Enumerable.Range(0, length).Select(_ => (byte)random.Next())];

    private byte[] Region(byte[] bytes)
    {
        int start = random.Below(bytes.Length + 1);
        return bytes[start..(start + random.Below(Math.Min(1024, bytes.Length - start) + 1))];
    }
}
