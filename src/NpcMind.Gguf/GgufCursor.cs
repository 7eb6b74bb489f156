using System.Buffers.Binary;
using System.Globalization;
using Microsoft.Win32.SafeHandles;
using NpcMind.Core;

namespace NpcMind.Gguf;

/// <summary>Reads a header forward through one fixed buffer; every read is bounded by the length of the file. Used by one thread.</summary>
internal sealed class GgufCursor(string path, SafeFileHandle handle, long length)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private long _bufferAt;
    private int _bufferLength;

    public string Path => path;

    public long Length => length;

    public long Position { get; private set; }

    public long Remaining => length - Position;

    public GgufFormatException Error(string expected, string found, long? at = null) => new(path, at ?? Position, expected, found);

    public GgufFormatException Error(string expected, string found, long at, string summary, GgufFault fault) =>
        new(path, at, expected, found, summary) { Fault = fault };

    /// <summary>The error for a header that goes on behind the end of the file.</summary>
    private GgufFormatException CutShort(string expected, string found, long at) =>
        Error(expected, found, at,
            $"The file ends inside its header, after {ByteCount.Text(length)}: the download is incomplete; download it again.",
            GgufFault.Truncated);

    public uint UInt32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Take(4, what));

    public ulong UInt64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Take(8, what));

    /// <summary>
    /// A u64 that must lie in 0..<paramref name="most"/> and be no more than the rest of the file, in entries of <paramref
    /// name="entryBytes"/>, can hold.
    /// </summary>
    public int Count(string what, long most, int entryBytes = 1)
    {
        long at = Position;
        ulong value = UInt64(what);
        long limit = Math.Min(Math.Min(most, int.MaxValue), Remaining / entryBytes);
        if (value <= (ulong)limit) return (int)value;
        string expected = string.Create(CultureInfo.InvariantCulture, $"{what} of at most {limit} ({Remaining} bytes follow)"),
            found = value.ToString(CultureInfo.InvariantCulture);
        throw value <= (ulong)Math.Min(most, int.MaxValue) ? CutShort(expected, found, at) : Error(expected, found, at);
    }

    /// <summary>The first bytes of the file, whatever was read.</summary>
    public byte[] Head(int most)
    {
        byte[] head = new byte[Math.Min(most, length)];
        int got = 0;
        while (got < head.Length && RandomAccess.Read(handle, head.AsSpan(got), got) is > 0 and int more) got += more;
        return head[..got];
    }

    /// <summary>Copies <paramref name="count"/> bytes; the caller has checked that the file can hold them.</summary>
    public byte[] Bytes(int count, string what)
    {
        Need(count, what);
        byte[] bytes = new byte[count];
        Span<byte> rest = bytes;
        if (Position >= _bufferAt && Position < _bufferAt + _bufferLength)
        {
            int have = Math.Min(count, (int)(_bufferAt + _bufferLength - Position));
            _buffer.AsSpan((int)(Position - _bufferAt), have).CopyTo(rest);
            rest = rest[have..];
        }

        long at = Position + count - rest.Length;
        while (!rest.IsEmpty)
        {
            int got = RandomAccess.Read(handle, rest, at);
            if (got == 0) throw CutShort(what, "the end of the file", at);
            at += got;
            rest = rest[got..];
        }

        Position += count;
        return bytes;
    }

    public void Skip(long count, string what)
    {
        Need(count, what);
        Position += count;
    }

    public void Seek(long position) => Position = position;

    private ReadOnlySpan<byte> Take(int count, string what)
    {
        Need(count, what);
        if (Position < _bufferAt || Position + count > _bufferAt + _bufferLength)
        {
            _bufferAt = Position;
            _bufferLength = 0;
            while (_bufferLength < count)
            {
                int got = RandomAccess.Read(handle, _buffer.AsSpan(_bufferLength), _bufferAt + _bufferLength);
                if (got == 0) throw CutShort(what, "the end of the file", Position);
                _bufferLength += got;
            }
        }

        ReadOnlySpan<byte> taken = _buffer.AsSpan((int)(Position - _bufferAt), count);
        Position += count;
        return taken;
    }

    private void Need(long count, string what)
    {
        if (count > Remaining)
            throw CutShort(string.Create(CultureInfo.InvariantCulture, $"{what} ({count} bytes)"),
                string.Create(CultureInfo.InvariantCulture, $"the end of the file after {Remaining} bytes"), Position);
    }
}
