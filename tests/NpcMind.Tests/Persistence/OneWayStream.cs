namespace NpcMind.Tests.Persistence;

/// <summary>A stream without positions that hands out a few bytes at a time, as a socket or an archive does.</summary>
internal sealed class OneWayStream(byte[] bytes) : Stream
{
    private int _at;

    public int Left => bytes.Length - _at;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count)
    {
        int given = Math.Min(Math.Min(count, Left), 1 + (_at % 997));
        Array.Copy(bytes, _at, buffer, offset, given);
        _at += given;
        return given;
    }

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
