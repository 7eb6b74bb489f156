namespace NpcMind.Gpu;

/// <summary>Writes the bytes of a piece of a tensor into mapped staging memory.</summary>
/// <param name="destination">Staging memory to fill completely.</param>
/// <param name="start">Where the piece begins in the tensor, in bytes.</param>
internal delegate void StagingWriter(Span<byte> destination, long start);

/// <summary>
/// Fills device tensors through two staging buffers: while the device copies one, the host writes the other. For loading: it waits for the
/// device. In a dry run it does nothing. Used by one thread.
/// </summary>
internal sealed class Uploader : IDisposable
{
    private const int Pieces = 2;
    private readonly Timeline? _timeline;
    private readonly List<GpuBuffer> _staging = [];
    private readonly List<CommandRecorder> _recorders = [];
    private readonly Action<long>? _progress;
    private readonly CancellationToken _cancellation;
    private int _next;
    private long _written;

    /// <summary>Makes an uploader.</summary>
    /// <param name="device">Device to upload to.</param>
    /// <param name="pieceBytes">Size of each staging buffer.</param>
    /// <param name="progress">Told the bytes written so far, after each piece, on the calling thread.</param>
    /// <param name="cancellation">Ends <see cref="Write(Tensor, long, StagingWriter)"/> before its next piece.</param>
    public Uploader(GpuDevice device, int pieceBytes = 8 << 20, Action<long>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        _progress = progress;
        _cancellation = cancellation;
        if (device.IsDryRun) return;
        _timeline = new Timeline(device, "upload");
        try
        {
            for (int i = 0; i < Pieces; i++) _staging.Add(device.Memory.Allocate(pieceBytes, MemoryKind.Upload, $"staging {i}"));
            for (int i = 0; i < Pieces; i++) _recorders.Add(new CommandRecorder(device, $"upload {i}"));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Fills <paramref name="target"/> piece by piece.</summary>
    /// <param name="target">Tensor to fill.</param>
    /// <param name="granule">Pieces are multiples of this many bytes (but for the last); at most the size of a staging buffer.</param>
    /// <param name="write">Called once per piece, in order.</param>
    public void Write(Tensor target, long granule, StagingWriter write)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(write);
        if (_timeline is null) return;
        long piece = _staging[0].Bytes / granule * granule;
        if (piece == 0)
            throw new ArgumentOutOfRangeException(nameof(granule), granule,
                $"A granule must fit into {_staging[0].Bytes} bytes of staging.");
        for (long at = 0; at < target.Bytes; at += piece)
        {
            int length = (int)Math.Min(piece, target.Bytes - at);
            _cancellation.ThrowIfCancellationRequested();
            CommandRecorder recorder = _recorders[_next];
            recorder.WaitUntilFree();
            write(_staging[_next].Mapped[..length], at);
            recorder.Begin();
            recorder.Copy(_staging[_next].Whole, target, length, at);
            recorder.End();
            _timeline.Submit(recorder);
            _next ^= 1;
            _written += length;
            _progress?.Invoke(_written);
        }
    }

    /// <summary>Fills <paramref name="target"/> with <paramref name="data"/>.</summary>
    public void Write(Tensor target, ReadOnlyMemory<byte> data) =>
        Write(target, 16, (to, at) => data.Span.Slice((int)at, to.Length).CopyTo(to));

    /// <summary>Sets every byte of <paramref name="target"/> to 0.</summary>
    public void Clear(Tensor target)
    {
        if (_timeline is null) return;
        CommandRecorder recorder = _recorders[_next];
        recorder.WaitUntilFree();
        recorder.Begin();
        recorder.Clear(target);
        recorder.End();
        _timeline.Submit(recorder);
        _next ^= 1;
    }

    /// <summary>Waits until the device has copied everything.</summary>
    public void Finish() => _timeline?.Wait(_timeline.Submitted);

    /// <summary>Waits, then frees the staging memory.</summary>
    public void Dispose()
    {
        _timeline?.Dispose();
        foreach (CommandRecorder recorder in _recorders) recorder.Dispose();
        foreach (GpuBuffer buffer in _staging) buffer.Dispose();
    }
}
