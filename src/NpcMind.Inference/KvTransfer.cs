using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Receives the bytes of a block of keys and values: all layers, keys then values of each.</summary>
/// <param name="index">Which block of the sequence.</param>
/// <param name="bytes">Its bytes, valid during the call.</param>
public delegate void KvBlockReceiver(int index, ReadOnlySpan<byte> bytes);

/// <summary>
/// Where the blocks of sequences lie, and the way to move them: between device and host within a frame (<see cref="Spill"/>, <see cref="Restore"/>, which only
/// enqueue), and to and from files (<see cref="Export"/>, <see cref="Import"/>, which wait for the device). Used by the engine's thread.
/// </summary>
public sealed class KvTransfer(InferenceEngine engine)
{
    private const int ExportBlocks = 32;

    /// <summary>Blocks of the device arena.</summary>
    public int Blocks => engine.Kv.Pool.Count;

    /// <summary>Free blocks of the device arena.</summary>
    public int FreeBlocks => engine.Kv.Pool.Free;

    /// <summary>Free blocks in host memory.</summary>
    public int FreeHostBlocks => engine.Host.Pool.Free;

    /// <summary>Bytes of a block: all layers.</summary>
    public long BlockBytes => engine.Host.BlockBytes;

    /// <summary>Copies of blocks that must be recorded before the next step.</summary>
    public int PendingCopies => engine.Blocks.Copies.Count;

    /// <summary>Blocks to be taken before a sequence can read <paramref name="tokens"/> more tokens.</summary>
    public int Needed(int slot, int tokens) => engine.Blocks.Needed(slot, engine.Length(slot), engine.Length(slot) + tokens);

    /// <summary>Device blocks that only this sequence has.</summary>
    public int Own(int slot) => engine.Blocks.Own(slot);

    /// <summary>Blocks of a sequence that wait in host memory; it can run when there are none.</summary>
    public int OnHost(int slot) => engine.Blocks.OnHost(slot);

    /// <summary>Moves a sequence's own blocks to host memory. False, with nothing moved, when there is not enough room.</summary>
    public bool Spill(int slot) => engine.Blocks.Spill(slot);

    /// <summary>Brings a sequence's blocks back. False, with nothing moved, when the device has not enough free blocks.</summary>
    public bool Restore(int slot) => engine.Blocks.Restore(slot);

    /// <summary>Waits until the device has finished everything, pending copies included.</summary>
    public void Flush()
    {
        if (PendingCopies > 0)
        {
            CommandRecorder recorder = engine.BeginRecording();
            recorder.End();
            engine.Timeline.Submit(recorder);
        }

        engine.Timeline.Wait(engine.Timeline.Submitted);
    }

    /// <summary>Hands <paramref name="blocks"/> blocks of a sequence from <paramref name="firstBlock"/> on to <paramref name="receiver"/>. Waits for the device.</summary>
    /// <exception cref="InvalidOperationException">Not one block of host memory is free to copy through.</exception>
    public void Export(int slot, int firstBlock, int blocks, KvBlockReceiver receiver)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        Flush();
        int count = Math.Min(firstBlock + blocks, KvBlocks.Count(engine.Length(slot)));
        Span<int> through = stackalloc int[ExportBlocks];
        for (int index = firstBlock; index < count;)
        {
            if (engine.Blocks.Where(slot, index) is { OnHost: true } waiting)
            {
                receiver(index++, engine.Host.Bytes(waiting.Block));
                continue;
            }

            int taken = 0;
            while (taken < ExportBlocks && index + taken < count && !engine.Blocks.Where(slot, index + taken).OnHost && engine.Host.Pool.TryTake(out through[taken]))
            {
                int source = engine.Blocks.Where(slot, index + taken).Block;
                engine.Kv.Pool.Share(source); // the copy gives its source back
                engine.Blocks.Copies.Add(KvCopyKind.Spill, source, through[taken++]);
            }

            if (taken == 0) throw new InvalidOperationException("No block of host memory is free: raise EngineOptions.HostTokens.");
            Flush();
            for (int i = 0; i < taken; i++)
            {
                receiver(index++, engine.Host.Bytes(through[i]));
                engine.Host.Pool.Return(through[i]);
            }
        }
    }

    /// <summary>
    /// Makes room in host memory for the blocks of a sequence from its present end, which must be the end of a block, to token <paramref name="tokens"/>.
    /// Their bytes are then written through <see cref="ImportBlock"/>; the sequence runs after <see cref="Restore"/>. False, with nothing changed, when there is no
    /// room. Waits for the device.
    /// </summary>
    public bool Import(int slot, int tokens)
    {
        int length = engine.Length(slot);
        if (length % KvCache.BlockTokens != 0) throw new ArgumentException($"The sequence ends inside a block, after {length} tokens.", nameof(slot));
        if (engine.Host.Pool.Free < KvBlocks.Count(tokens) - KvBlocks.Count(length)) return false;
        Flush();
        for (int i = KvBlocks.Count(length); i < KvBlocks.Count(tokens); i++) engine.Blocks.AppendOnHost(slot, out _);
        engine.Batch.SetLength(slot, tokens);
        return true;
    }

    /// <summary>The bytes of a block that <see cref="Import"/> made room for.</summary>
    public Span<byte> ImportBlock(int slot, int index) => engine.Blocks.Where(slot, index) is { OnHost: true } place ? engine.Host.Bytes(place.Block) : throw new ArgumentException($"Block {index} of sequence {slot} is not in host memory.", nameof(index));

    /// <summary>Says which tokens a sequence has read up to its end, where it did not read them itself. Penalties look at them.</summary>
    public void SetTokens(int slot, int first, ReadOnlySpan<int> tokens) => engine.SetLog(slot, first, tokens);
}
