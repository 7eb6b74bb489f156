using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>How a transfer of keys and values stands that goes on from tick to tick.</summary>
internal enum KvProgress
{
    /// <summary>It goes on.</summary>
    UnderWay,

    /// <summary>All blocks are there.</summary>
    Done,

    /// <summary>It was given up, and holds nothing any more.</summary>
    GivenUp,
}

/// <summary>
/// Brings keys and values of a sequence to managed memory, as they are when it is made, over several frames: the copies travel with the
/// frames, and another thread takes them out of host memory. It holds the blocks until they are copied; whoever writes to them meanwhile
/// gets copies of their own. Never waits. Used by the engine's thread, between frames.
/// </summary>
internal sealed class KvReadback
{
    /// <summary>Blocks that are copied together.</summary>
    public const int MostTogether = 32;

    private readonly InferenceEngine _engine;
    private readonly KvFence _fence;
    private readonly (int Block, bool OnHost)[] _places;
    private readonly byte[][] _bytes;
    private readonly int[] _through = new int[MostTogether]; // blocks of host memory that hold, or will hold, the blocks under way
    private int _next;
    private int _patience;
    private Task? _fetch;
    private bool _isGivenUp;

    /// <summary>Takes hold of the blocks of a sequence that a save has.</summary>
    /// <param name="engine">Whose sequence it is.</param>
    /// <param name="frames">What brings the copies.</param>
    /// <param name="slot">Sequence.</param>
    /// <param name="firstToken">First token whose keys and values are wanted, a multiple of 8.</param>
    /// <param name="tokens">End of the tokens, as <see cref="KvTransfer.Resumable"/> allows.</param>
    public KvReadback(InferenceEngine engine, FrameRunner frames, int slot, int firstToken, int tokens)
    {
        _engine = engine;
        _fence = new KvFence(engine, frames);
        _places = new (int, bool)[engine.Blocks.SavedBlocks(firstToken, tokens)];
        _bytes = new byte[_places.Length][];
        for (int n = 0; n < _places.Length; n++)
        {
            (int group, int index) = engine.Blocks.SavedBlock(firstToken, tokens, n);
            _places[n] = engine.Blocks.Where(slot, group, index);
            PoolOf(_places[n]).Share(_places[n].Block);
        }
    }

    /// <summary>Blocks in all.</summary>
    public int Blocks => _places.Length;

    /// <summary>Blocks that are being copied.</summary>
    public int Copying { get; private set; }

    /// <summary>The bytes of a block, once all are there. Any thread.</summary>
    public ReadOnlySpan<byte> Bytes(int block) => _bytes[block];

    /// <summary>Goes on, without waiting for anything.</summary>
    /// <param name="most">Blocks that may be copied together.</param>
    /// <param name="patience">Calls in which nothing comes of the copies under way before it gives up; this one counts
    /// <paramref name="weight"/>.</param>
    /// <param name="weight">How much this call counts.</param>
    public KvProgress Step(int most, int patience, int weight)
    {
        if (_fetch is { IsCompleted: false }) return KvProgress.UnderWay;
        try
        {
            if (_fetch is { } fetched)
            {
                _isGivenUp |= !fetched.IsCompletedSuccessfully;
                for (int i = 0; i < Copying; i++) _engine.Host.Pool.Return(_through[i]);
                (_next, Copying, _fetch) = (_next + Copying, 0, null);
            }

            if (!_isGivenUp && Copying > 0 && _fence.HasPassed()) _fetch = Task.Run(Fetch);
            else if (!_isGivenUp && Copying > 0 && (_patience -= weight) <= 0) _isGivenUp = true;
            else if (!_isGivenUp && Copying == 0 && _next < Blocks && most > 0) Begin(Math.Min(most, MostTogether), patience);
        }
        catch (VulkanException)
        {
            _isGivenUp = true;
        }

        if (_isGivenUp && _fetch is null) Release();
        return _isGivenUp ? KvProgress.GivenUp : _next == Blocks ? KvProgress.Done : KvProgress.UnderWay;
    }

    /// <summary>Lets the rest go: at once, or when the other thread is done with what it has, which <see cref="Step"/> tells.</summary>
    public void GiveUp() => _isGivenUp = true;

    /// <summary>Lets everything go. Waits for the other thread, which only copies bytes.</summary>
    public void Close()
    {
        try
        {
#pragma warning disable RS0030 // At the end of the runtime, for a copy of bytes that is under way.
            _fetch?.Wait();
#pragma warning restore RS0030
        }
        catch (AggregateException)
        {
            // What it could not copy is not needed any more.
        }

        _isGivenUp = true;
        Release();
    }

    /// <summary>Queues the next copies. What waits in host memory needs none.</summary>
    private void Begin(int most, int patience)
    {
        most = Math.Min(most, Math.Max(1, _engine.Host.Pool.Free / 2)); // who has to make room needs some, too
        while (Copying < most && _next + Copying < Blocks)
        {
            (int block, bool onHost) = _places[_next + Copying];
            int through = block;
            if (!onHost)
            {
                if (!_engine.Host.TryTake(out through)) break;
                _engine.Blocks.Copies.Add(KvCopyKind.Spill, block, through); // gives back what is held of its source
            }

            _through[Copying++] = through;
        }

        _isGivenUp = Copying == 0;
        _patience = patience;
        _fence.Set();
    }

    private void Fetch()
    {
        for (int i = 0; i < Copying; i++) _bytes[_next + i] = _engine.Host.Bytes(_through[i]).ToArray();
    }

    private void Release()
    {
        for (int i = 0; i < Copying; i++) _engine.Host.Pool.Return(_through[i]);
        for (int n = _next + Copying; n < Blocks; n++) PoolOf(_places[n]).Return(_places[n].Block);
        (_next, Copying) = (Blocks, 0);
    }

    private BlockPool PoolOf((int Block, bool OnHost) place) => place.OnHost ? _engine.Host.Pool : _engine.Kv.Pool;
}
