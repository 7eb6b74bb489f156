using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;

namespace NpcMind;

/// <summary>Fills all of <paramref name="destination"/> with the keys and values of one block.</summary>
internal delegate void KvBlockWriter(int block, Span<byte> destination);

/// <summary>
/// Takes one sound block of <paramref name="mind"/>; false if this and the following ones are not wanted, because the fingerprints differ
/// or there is no room.
/// </summary>
internal delegate bool KvBlockReader(SavedMind mind, int block, ReadOnlySpan<byte> bytes);

/// <summary>
/// One mind in a stream: header, body, then the KV blocks, each followed by its checksum. Minds may stand one after another; reading stops
/// behind the last byte of one. Streams need not have positions. Damage in header or body refuses the mind; damage in a KV block costs the
/// blocks from there on, which the token log replaces.
/// </summary>
internal static class SaveCodec
{
    public const int MaximumBodyBytes = 256 << 20;
    private const int ChecksumBytes = 4;
    private const int FirstBufferBytes = 64 << 10;

    /// <summary>Writes one mind.</summary>
    /// <exception cref="ArgumentException">The mind breaks a rule of the format, which names the field.</exception>
    public static void Write(Stream stream, SavedMind mind, KvBlockWriter? kv)
    {
        if (mind.Violation() is (string field, string expected, string found))
            throw new ArgumentException($"{mind.Name} cannot be saved: {field}: expected {expected}, found {found}.", nameof(mind));
        if (mind.Kv is { Blocks: > 0 } && kv is null)
            throw new ArgumentException($"{mind.Name} has {mind.Kv.Blocks} KV blocks: pass what writes them, or save it without.",
                nameof(kv));
        ArrayBufferWriter<byte> body = new();
        SavedMindWriter.Write(body, mind);
        if (body.WrittenCount > MaximumBodyBytes)
            throw new ArgumentException($"{mind.Name} cannot be saved: its texts and tokens take {body.WrittenCount} bytes, at most " +
                $"{MaximumBodyBytes} are possible.", nameof(mind));
        Span<byte> header = stackalloc byte[SaveHeader.Bytes];
        uint checksum = SaveHeader.Write(header, body.WrittenSpan);
        stream.Write(header);
        stream.Write(body.WrittenSpan);
        if (mind.Kv is { Blocks: > 0 } shape) WriteBlocks(stream, shape, kv!, checksum);
    }

    /// <summary>
    /// Reads one mind; KV blocks go to <paramref name="kv"/> as they are found sound, in order. Without it they are passed over.
    /// </summary>
    /// <exception cref="SaveFormatException">Header or body are damaged, cut short, or of a newer major version.</exception>
    public static LoadedMind Read(Stream stream, KvBlockReader? kv)
    {
        string place = Place(stream);
        long start = stream.CanSeek ? stream.Position : 0;
        SaveHeader header = ReadHeader(stream, place, start, out byte[] hash);
        byte[] buffer = [];
        long bodyStart = start + SaveHeader.Bytes;
        int bodyBytes = (int)header.BodyBytes;
        int got = Fill(stream, ref buffer, bodyBytes);
        if (got < bodyBytes)
            throw new SaveFormatException(place, bodyStart + got, Text($"a body of {bodyBytes} bytes"), Text($"the end after {got}"));
        if (!SHA256.HashData(buffer.AsSpan(0, bodyBytes)).AsSpan().SequenceEqual(hash))
            throw new SaveFormatException(place, bodyStart, Text($"the {bodyBytes} bytes of the body to match their checksum"), "others");
        SavedMind mind = SavedMindReader.Read(buffer.AsMemory(0, bodyBytes), place, bodyStart);
        return ReadBlocks(stream, mind, kv, header.Checksum, buffer);
    }

    /// <summary>What errors call a stream.</summary>
    public static string Place(Stream stream) => stream is FileStream file ? file.Name : "stream";

    private static SaveHeader ReadHeader(Stream stream, string place, long start, out byte[] hash)
    {
        byte[] bytes = new byte[SaveHeader.Bytes];
        int got = stream.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false);
        if (!bytes.AsSpan().StartsWith(SaveHeader.Magic))
            throw new SaveFormatException(place, start, "a saved mind, which begins with NPCMIND", got == 0
                ? "the end" : "other bytes", "Is it a save of NpcMind? If it was one, it is damaged; load an earlier one.");
        if (got < bytes.Length) throw new SaveFormatException(place, start + got, Text($"a header of {SaveHeader.Bytes} bytes"), "the end");
        if (!SaveHeader.TryRead(bytes, out SaveHeader header))
            throw new SaveFormatException(place, start, "the header to match its checksum", "another one");
        if (header.Major != SaveHeader.CurrentMajor)
            throw new SaveFormatException(
                place, start + 8, Text($"save format {SaveHeader.CurrentMajor}.x"), Text($"{header.Major}.{header.Minor}"),
                header.Major > SaveHeader.CurrentMajor ? "A newer NpcMind wrote it; update the game, or load a save of this version."
                    : "No released NpcMind wrote it; load another save.");
        if (header.BodyBytes > MaximumBodyBytes)
            throw new SaveFormatException(place, start + 12, Text($"a body of at most {MaximumBodyBytes} bytes"),
                Text($"{header.BodyBytes}"));
        hash = bytes[SaveHeader.HashAt..(SaveHeader.HashAt + SaveHeader.HashBytes)];
        return header;
    }

    private static void WriteBlocks(Stream stream, SavedKv shape, KvBlockWriter kv, uint headerChecksum)
    {
        // The checksum lies behind the block so that both go out in one write.
        byte[] buffer = ArrayPool<byte>.Shared.Rent(shape.BytesPerBlock + ChecksumBytes);
        try
        {
            Span<byte> bytes = buffer.AsSpan(0, shape.BytesPerBlock);
            for (int i = 0; i < shape.Blocks; i++)
            {
                kv(i, bytes);
                BinaryPrimitives.WriteUInt32LittleEndian(buffer.AsSpan(shape.BytesPerBlock),
                    SaveHeader.BlockChecksum(headerChecksum, i, bytes));
                stream.Write(buffer.AsSpan(0, shape.BytesPerBlock + ChecksumBytes));
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static LoadedMind ReadBlocks(Stream stream, SavedMind mind, KvBlockReader? kv, uint headerChecksum, byte[] buffer)
    {
        SavedKv shape = mind.Kv ?? new SavedKv(0, 0, 0, 0);
        int taken = 0;
        while (kv is not null && taken < shape.Blocks)
        {
            int wanted = shape.BytesPerBlock + ChecksumBytes;
            if (Fill(stream, ref buffer, wanted) < wanted) return new(mind, taken, KvDamaged: true);
            ReadOnlySpan<byte> bytes = buffer.AsSpan(0, shape.BytesPerBlock);
            bool sound = BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(shape.BytesPerBlock))
                == SaveHeader.BlockChecksum(headerChecksum, taken, bytes);
            if (!sound || !kv(mind, taken, bytes))
            {
                bool whole = Pass(stream, (long)(shape.Blocks - taken - 1) * wanted);
                return new(mind, taken, KvDamaged: !sound || !whole);
            }

            taken++;
        }

        return new(mind, taken, KvDamaged: !Pass(stream, (long)(shape.Blocks - taken) * (shape.BytesPerBlock + ChecksumBytes)));
    }

    /// <summary>Steps over bytes nobody wants; false if the stream ends before.</summary>
    private static bool Pass(Stream stream, long count)
    {
        if (stream.CanSeek)
        {
            long rest = Math.Max(0, stream.Length - stream.Position);
            stream.Position += Math.Min(rest, count);
            return rest >= count;
        }

        byte[] scratch = ArrayPool<byte>.Shared.Rent(FirstBufferBytes);
        try
        {
            while (count > 0)
            {
                int got = stream.Read(scratch, 0, (int)Math.Min(scratch.Length, count));
                if (got == 0) return false;
                count -= got;
            }

            return true;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <summary>
    /// Reads up to <paramref name="count"/> bytes and returns how many came. The buffer grows as bytes arrive: a length alone allocates
    /// nothing.
    /// </summary>
    private static int Fill(Stream stream, ref byte[] buffer, int count)
    {
        int got = 0;
        while (got < count)
        {
            if (got == buffer.Length) Array.Resize(ref buffer, (int)Math.Min(count, Math.Max(FirstBufferBytes, 2L * buffer.Length)));
            int read = stream.Read(buffer, got, Math.Min(count, buffer.Length) - got);
            if (read == 0) break;
            got += read;
        }

        return got;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
