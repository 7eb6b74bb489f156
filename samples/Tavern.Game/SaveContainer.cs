using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Tavern.Game;

/// <summary>
/// Keeps named parts in one file with a checksum, which is written whole or not at all and believed only where it agrees with itself.
/// </summary>
internal static class SaveContainer
{
    /// <summary>Largest save that is read or written, in bytes.</summary>
    public const long MostBytes = 1L << 30;

    /// <summary>Most parts of one save.</summary>
    public const int MostParts = 32;

    /// <summary>Longest name of a part, in bytes of UTF-8: its length is one byte.</summary>
    public const int MostName = 127;

    private const string NoSave = "it is no save of this game, or its beginning is damaged", Damaged = "it is damaged or cut short";
    private static readonly byte[] Magic = "TAVERN-1"u8.ToArray();

    /// <summary>
    /// Writes parts to a file that only its owner may read. An earlier file of that name is replaced when all is on the disk.
    /// </summary>
    /// <exception cref="IOException">It cannot be written, or there is too much.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be written.</exception>
    public static void Write(string path, IEnumerable<KeyValuePair<string, byte[]>> parts)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        Directory.CreateDirectory(folder);
        string beside = Path.Combine(folder,
            $".{Path.GetFileName(path)}.{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16))}.part");
        FileStreamOptions options = new() { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        try
        {
            using (FileStream file = new(beside, options))
            {
                using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
                Add(Magic);
                Span<byte> length = stackalloc byte[4];
                foreach ((string name, byte[] bytes) in parts)
                {
                    byte[] letters = Encoding.UTF8.GetBytes(name);
                    if (letters.Length is 0 or > MostName) throw new IOException($"a part cannot be called '{name}'");
                    Add([(byte)letters.Length]);
                    Add(letters);
                    BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
                    Add(length);
                    Add(bytes);
                }

                if (file.Position + SHA256.HashSizeInBytes > MostBytes) throw new IOException($"a save has at most {MostBytes >> 20} MiB");
                file.Write(hash.GetHashAndReset());
                file.Flush(flushToDisk: true);

                void Add(ReadOnlySpan<byte> bytes)
                {
                    hash.AppendData(bytes);
                    file.Write(bytes);
                }
            }

            File.Move(beside, path, overwrite: true);
        }
        catch
        {
            File.Delete(beside); // does nothing where it was not made
            throw;
        }
    }

    /// <summary>Reads all parts. Allocates no more than the file holds, and nothing before its checksum is right.</summary>
    /// <exception cref="InvalidDataException">It is no save, or not as it was written.</exception>
    /// <exception cref="IOException">It cannot be read.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static Dictionary<string, byte[]> Read(string path)
    {
        long length = new FileInfo(path).Length;
        if (length < Magic.Length + SHA256.HashSizeInBytes) throw new InvalidDataException(NoSave); // pipes and devices, too: never opened
        if (length > MostBytes) throw new InvalidDataException($"it is larger than the {MostBytes >> 20} MiB that a save can have");
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
        long end = length - SHA256.HashSizeInBytes;
        CheckSum(file, end);
        file.Position = Magic.Length;
        Dictionary<string, byte[]> parts = new(StringComparer.Ordinal);
        while (file.Position < end)
        {
            string name = ReadName(file, end);
            int bytes = ReadLength(file, end, name);
            if (parts.Count == MostParts) throw new InvalidDataException($"it is damaged: it has more than {MostParts} parts");
            byte[] part = new byte[bytes];
            file.ReadExactly(part);
            if (!parts.TryAdd(name, part)) throw new InvalidDataException($"it is damaged: its part '{name}' is there twice");
        }

        return parts;
    }

    private static void CheckSum(FileStream file, long end)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 16);
        try
        {
            using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            for (long left = end; left > 0;)
            {
                int read = file.Read(buffer, 0, (int)Math.Min(left, buffer.Length));
                if (read == 0) throw new InvalidDataException(Damaged);
                if (left == end && !buffer.AsSpan(0, read).StartsWith(Magic)) throw new InvalidDataException(NoSave);
                hash.AppendData(buffer, 0, read);
                left -= read;
            }

            Span<byte> sum = stackalloc byte[SHA256.HashSizeInBytes];
            file.ReadExactly(sum);
            if (!sum.SequenceEqual(hash.GetHashAndReset())) throw new InvalidDataException(Damaged);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string ReadName(FileStream file, long end)
    {
        int length = file.ReadByte();
        Span<byte> letters = stackalloc byte[MostName];
        if (length is <= 0 or > MostName || length > end - file.Position)
            throw new InvalidDataException("it is damaged: a part of it has no name");
        letters = letters[..length];
        file.ReadExactly(letters);
        return Lines.One(Encoding.UTF8.GetString(letters));
    }

    private static int ReadLength(FileStream file, long end, string name)
    {
        Span<byte> bytes = stackalloc byte[4];
        if (end - file.Position < bytes.Length) throw new InvalidDataException($"it is damaged: its part '{name}' has no length");
        file.ReadExactly(bytes);
        int length = BinaryPrimitives.ReadInt32LittleEndian(bytes);
        long left = end - file.Position;
        return length >= 0 && length <= left ? length
            : throw new InvalidDataException($"it is damaged: its part '{name}' says that it has {length} bytes where {left} are left");
    }
}
