namespace NpcMind.Inference;

/// <summary>
/// Puts blocks of keys and values from a file into host memory, from where a sequence brings them to the device
/// (<see cref="KvTransfer.Append"/>). Blocks of host memory that were free may still be on their way in frames: it takes them first, and
/// lets another thread fill them when the device is done with them. Never waits. Used by the engine's thread, between frames.
/// </summary>
internal sealed class KvUpload(InferenceEngine engine, FrameRunner frames, IReadOnlyList<byte[]> blocks)
{
    private const int MostTogether = 32; // host memory may have to be allocated for them
    private readonly KvFence _fence = new(engine, frames);
    private readonly int[] _taken = new int[blocks.Count];
    private int _count;
    private int _patience;
    private Task? _fill;
    private bool _isGivenUp;

    /// <summary>Blocks that were taken; all are filled once it is done.</summary>
    public ReadOnlySpan<int> Taken => _taken.AsSpan(0, _count);

    /// <summary>Goes on, without waiting for anything. It gives up where host memory has no room.</summary>
    /// <param name="patience">As in <see cref="KvReadback.Step"/>.</param>
    /// <param name="weight">As in <see cref="KvReadback.Step"/>.</param>
    public KvProgress Step(int patience, int weight)
    {
        if (_fill is { IsCompleted: false }) return KvProgress.UnderWay;
        _isGivenUp |= _fill is { IsCompletedSuccessfully: false };
        try
        {
            if (!_isGivenUp && _fill is null)
            {
                if (_count < _taken.Length) Take(patience);
                else if (_fence.HasPassed()) _fill = Task.Run(Fill);
                else _isGivenUp = (_patience -= weight) <= 0;
            }
        }
        catch (VulkanException)
        {
            _isGivenUp = true;
        }

        if (_isGivenUp && _fill is not { IsCompleted: false }) Release(0);
        return _isGivenUp ? KvProgress.GivenUp : _fill is { IsCompleted: true } ? KvProgress.Done : KvProgress.UnderWay;
    }

    /// <summary>Lets the blocks go: at once, or when the other thread is done with them, which <see cref="Step"/> tells.</summary>
    public void GiveUp() => _isGivenUp = true;

    /// <summary>Leaves the first <paramref name="used"/> blocks to a sequence, and lets the others go.</summary>
    public void HandOver(int used)
    {
        Release(used);
        _isGivenUp = true;
    }

    /// <summary>Lets the blocks go. Waits for the other thread, which only copies bytes.</summary>
    public void Close()
    {
        try
        {
#pragma warning disable RS0030 // At the end of the runtime, for a copy of bytes that is under way.
            _fill?.Wait();
#pragma warning restore RS0030
        }
        catch (AggregateException)
        {
            // What it could not copy is not needed any more.
        }

        HandOver(0);
    }

    private void Take(int patience)
    {
        for (int end = Math.Min(_taken.Length, _count + MostTogether); _count < end; _count++)
        {
            if (engine.Host.TryTake(out _taken[_count])) continue;
            _isGivenUp = true;
            return;
        }

        _patience = patience;
        _fence.Set();
    }

    private void Fill()
    {
        for (int i = 0; i < _count; i++) blocks[i].CopyTo(engine.Host.Bytes(_taken[i]));
    }

    private void Release(int used)
    {
        for (int i = used; i < _count; i++) engine.Host.Pool.Return(_taken[i]);
        _count = 0;
    }
}
