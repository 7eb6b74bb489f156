namespace NpcMind.GpuTests.Runtime;

/// <summary>A stream whose first write waits until it is let go.</summary>
internal sealed class SlowStream : MemoryStream
{
    private readonly ManualResetEventSlim _isOpen = new();

    /// <summary>Whether the first write has begun.</summary>
    public bool HasBegun { get; private set; }

    public void Open() => _isOpen.Set();

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        HasBegun = true;
        Assert.That(_isOpen.Wait(TimeSpan.FromMinutes(2)));
        base.Write(buffer);
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _isOpen.Dispose();
        base.Dispose(disposing);
    }
}
