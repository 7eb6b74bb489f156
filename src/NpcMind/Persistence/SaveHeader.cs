using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;

namespace NpcMind;

/// <summary>
/// The first 52 bytes of a saved mind, little-endian: magic (8), major and minor version (2 + 2), length of the body (4), SHA-256 of the
/// body (32), CRC-32C of all that (4). Every version, also a later major one, begins so: a damaged version number is told from a newer
/// version by the checksum.
/// </summary>
internal readonly record struct SaveHeader(ushort Major, ushort Minor, uint BodyBytes, uint Checksum)
{
    public const int Bytes = 52;
    public const int HashAt = 16;
    public const int HashBytes = SHA256.HashSizeInBytes;
    public const ushort CurrentMajor = 1;
    public const ushort CurrentMinor = 3;
    private const int ChecksumAt = HashAt + HashBytes;

    public static ReadOnlySpan<byte> Magic => "NPCMIND\x1A"u8;

    /// <summary>Writes the header of <paramref name="body"/> and returns its checksum.</summary>
    public static uint Write(Span<byte> header, ReadOnlySpan<byte> body, ushort major = CurrentMajor, ushort minor = CurrentMinor)
    {
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt16LittleEndian(header[8..], major);
        BinaryPrimitives.WriteUInt16LittleEndian(header[10..], minor);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], body.Length);
        SHA256.HashData(body, header.Slice(HashAt, HashBytes));
        uint checksum = Crc32C(0, header[..ChecksumAt]);
        BinaryPrimitives.WriteUInt32LittleEndian(header[ChecksumAt..], checksum);
        return checksum;
    }

    /// <summary>Reads a header whose magic is right; false if it is damaged.</summary>
    public static bool TryRead(ReadOnlySpan<byte> header, out SaveHeader read)
    {
        read = new(
            BinaryPrimitives.ReadUInt16LittleEndian(header[8..]),
            BinaryPrimitives.ReadUInt16LittleEndian(header[10..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[12..]),
            BinaryPrimitives.ReadUInt32LittleEndian(header[ChecksumAt..]));
        return Crc32C(0, header[..ChecksumAt]) == read.Checksum;
    }

    /// <summary>
    /// Checksum of a KV block. It takes in the block's number and the save's header, so that a block of another place or another save is
    /// found out too.
    /// </summary>
    public static uint BlockChecksum(uint headerChecksum, int block, ReadOnlySpan<byte> bytes) =>
        Crc32C(BitOperations.Crc32C(headerChecksum, (uint)block), bytes);

    private static uint Crc32C(uint crc, ReadOnlySpan<byte> bytes)
    {
        crc = ~crc;
        for (; bytes.Length >= 8; bytes = bytes[8..]) crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        foreach (byte b in bytes) crc = BitOperations.Crc32C(crc, b);
        return ~crc;
    }
}
