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
/// Copies of blocks that must happen before the next step begins, in order. They are recorded layer by layer, so that a frame can stop between two. The source
/// is given back when its copy has been recorded: whoever takes it next is recorded later on the same queue. Used by one thread.
/// </summary>
internal sealed class KvCopyQueue(KvCache cache, HostKv host)
{
    private readonly Queue<(KvCopyKind Kind, int Source, int Target)> _copies = new(256);
    private int _layer;

    /// <summary>Blocks whose copy is not wholly recorded yet.</summary>
    public int Count => _copies.Count;

    /// <summary>Bytes that one call of <see cref="RecordLayer"/> moves.</summary>
    public long LayerBytes => 2 * cache.LayerBlockBytes;

    /// <summary>Adds a copy. A <see cref="KvCopyKind.Split"/> keeps its source: the other owners still have it.</summary>
    public void Add(KvCopyKind kind, int source, int target) => _copies.Enqueue((kind, source, target));

    /// <summary>Records the next layer of the first copy.</summary>
    public void RecordLayer(CommandRecorder recorder)
    {
        (KvCopyKind kind, int source, int target) = _copies.Peek();
        long bytes = cache.LayerBlockBytes, hostLayer = _layer * 2 * bytes;
        for (int part = 0; part < 2; part++)
        {
            Tensor device = part == 0 ? cache.Keys[_layer] : cache.Values[_layer];
            switch (kind)
            {
                case KvCopyKind.Split:
                    recorder.Copy(device, device, bytes, target * bytes, source * bytes);
                    break;
                case KvCopyKind.Spill:
                    recorder.Copy(device, host.Chunk(target), bytes, host.Offset(target) + hostLayer + part * bytes, source * bytes);
                    break;
                default:
                    recorder.Copy(host.Chunk(source), device, bytes, target * bytes, host.Offset(source) + hostLayer + part * bytes);
                    break;
            }
        }

        if (++_layer < cache.Keys.Count) return;
        _layer = 0;
        _copies.Dequeue();
        if (kind == KvCopyKind.Restore) host.Pool.Return(source);
        else cache.Pool.Return(source);
    }
}
