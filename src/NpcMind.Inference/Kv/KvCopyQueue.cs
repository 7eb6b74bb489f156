using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>What a copy of a block of keys and values is for.</summary>
internal enum KvCopyKind
{
    /// <summary>Device to device: a sequence is about to write into a block it shares.</summary>
    Split,
    /// <summary>Device to host: a sequence makes room.</summary>
    Spill,
    /// <summary>Host to device: a sequence comes back.</summary>
    Restore,
}

/// <summary>
/// Copies of blocks that must happen before the next step begins, in order. Neighbours in the queue are recorded together, layer by layer,
/// so that a frame can stop between two layers. The source is given back when its copy has been recorded: whoever takes it next is recorded
/// later on the same queue. Used by one thread.
/// </summary>
internal sealed class KvCopyQueue(KvCache cache, HostKv host)
{
    private const int MostTogether = 32;
    // A frame must not allocate.
    private readonly Queue<(KvCopyKind Kind, int Source, int Target)> _copies = new(cache.Pool.Count + host.Pool.Count);
    private readonly (int Source, int Target)[] _together = new (int, int)[MostTogether];
    private readonly CopyPart[] _parts = new CopyPart[MostTogether];
    private KvCopyKind _kind;
    private int _count;
    private int _layer;

    /// <summary>Blocks whose copy is not wholly recorded yet.</summary>
    public int Count => _copies.Count + _count;

    /// <summary>Copies that were ever added.</summary>
    public long Added { get; private set; }

    /// <summary>Of these, the first so many are recorded, or dropped: nothing that is recorded from now on makes them.</summary>
    public long Settled => Added - Count;

    /// <summary>Bytes that the next call of <see cref="RecordLayer"/> moves.</summary>
    public long LayerBytes
    {
        get
        {
            Gather();
            return _count * cache.Planes * cache.LayerBlockBytes;
        }
    }

    /// <summary>Adds a copy. A <see cref="KvCopyKind.Split"/> keeps its source: the other owners still have it.</summary>
    public void Add(KvCopyKind kind, int source, int target)
    {
        _copies.Enqueue((kind, source, target));
        Added++;
    }

    /// <summary>Records the next layer of the first copies.</summary>
    public void RecordLayer(CommandRecorder recorder)
    {
        Gather();
        long bytes = cache.LayerBlockBytes;
        for (int plane = 0; plane < cache.Planes; plane++)
        {
            Tensor device = plane == 0 ? cache.Keys[_layer] : cache.Values[_layer];
            long inHost = (_layer * cache.Planes + plane) * bytes;
            for (int i = 0; i < _count; i++)
            {
                (int source, int target) = _together[i];
                _parts[i] = new CopyPart(
                    _kind == KvCopyKind.Restore ? host.Offset(source) + inHost : source * bytes,
                    _kind == KvCopyKind.Spill ? host.Offset(target) + inHost : target * bytes,
                    bytes);
            }

            recorder.Copy(
                _kind == KvCopyKind.Restore ? host.Chunk(_together[0].Source) : device,
                _kind == KvCopyKind.Spill ? host.Chunk(_together[0].Target) : device,
                _parts.AsSpan(0, _count));
        }

        if (++_layer < cache.Keys.Count) return;
        for (int i = 0; i < _count; i++) ReturnSource(_kind, _together[i].Source);
        _layer = _count = 0;
    }

    /// <summary>Drops all copies. Their sources are given back as if they had been made; who owns the targets gives those back.</summary>
    public void Abort()
    {
        for (int i = 0; i < _count; i++) ReturnSource(_kind, _together[i].Source);
        foreach ((KvCopyKind kind, int source, _) in _copies) ReturnSource(kind, source);
        _copies.Clear();
        _layer = _count = 0;
    }

    private void ReturnSource(KvCopyKind kind, int source) => (kind == KvCopyKind.Restore ? host.Pool : cache.Pool).Return(source);

    /// <summary>Takes the first copies off the queue that one command can make: of one kind, and in one chunk of host memory.</summary>
    private void Gather()
    {
        while (_count < MostTogether && _layer == 0 && _copies.TryPeek(out var next))
        {
            if (_count > 0
                && (next.Kind != _kind
                    || Chunk(next.Kind, next.Source, next.Target) != Chunk(_kind, _together[0].Source, _together[0].Target))) return;
            _kind = next.Kind;
            _together[_count++] = (next.Source, next.Target);
            _copies.Dequeue();
        }
    }

    private Tensor? Chunk(KvCopyKind kind, int source, int target) => kind switch
    {
        KvCopyKind.Spill => host.Chunk(target),
        KvCopyKind.Restore => host.Chunk(source),
        _ => null,
    };
}
