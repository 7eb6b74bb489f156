namespace NpcMind.Inference;

/// <summary>Receives the bytes of a block of keys and values: its layers, keys then values of each.</summary>
/// <param name="index">Which of the blocks asked for.</param>
/// <param name="bytes">Its bytes, valid during the call.</param>
internal delegate void KvBlockReceiver(int index, ReadOnlySpan<byte> bytes);

/// <summary>
/// Where the blocks of sequences lie, and the way to move them: between device and host within a frame (<see cref="Spill"/>,
/// <see cref="Restore"/>, which only enqueue), and to and from files (<see cref="Export"/>, <see cref="Import"/>, which wait for the
/// device; <see cref="KvReadback"/> and <see cref="KvUpload"/> do the same over frames). Used by the engine's thread.
/// </summary>
internal sealed class KvTransfer(InferenceEngine engine)
{
    private const int ExportBlocks = 32;

    /// <summary>Groups of layers, each with blocks of its own; one where all layers see everything.</summary>
    public int Groups => engine.Kv.Layout.Groups.Count;

    /// <summary>Rows of blocks that the device arena has: a row is one block of each group of layers, what every 8 tokens take.</summary>
    public int Blocks => engine.Kv.Pool.Count / Groups;

    /// <summary>Free rows of blocks in the device arena.</summary>
    public int FreeBlocks => engine.Kv.Pool.Free / Groups;

    /// <summary>Free rows of blocks in host memory.</summary>
    public int FreeHostBlocks => engine.Host.Pool.Free / Groups;

    /// <summary>Bytes of a block: the layers of one group.</summary>
    public long BlockBytes => engine.Host.BlockBytes;

    /// <summary>Bytes of keys and values that a sequence holds: of layers that see everything, and of layers that see less.</summary>
    public (long Full, long Limited) HeldBytes(int slot)
    {
        (int full, int limited) = engine.Blocks.Held(slot);
        return (full * BlockBytes, limited * BlockBytes);
    }

    /// <summary>Copies of blocks that must be recorded before the next step.</summary>
    public int PendingCopies => engine.Blocks.Copies.Count;

    /// <summary>Rows of blocks to be taken before a sequence can read <paramref name="tokens"/> more tokens.</summary>
    public int Needed(int slot, int tokens) => Rows(engine.Blocks.Needed(slot, engine.Length(slot), engine.Length(slot) + tokens));

    /// <summary>Rows of device blocks that only this sequence has.</summary>
    public int Own(int slot) => Rows(engine.Blocks.Own(slot));

    /// <summary>Rows of blocks of a sequence that wait in host memory; it can run when there are none.</summary>
    public int OnHost(int slot) => Rows(engine.Blocks.OnHost(slot));

    /// <summary>Moves a sequence's own blocks to host memory. False, with nothing moved, when there is not enough room.</summary>
    public bool Spill(int slot) => engine.Blocks.Spill(slot);

    /// <summary>Brings a sequence's blocks back. False, with nothing moved, when the device has not enough free blocks.</summary>
    public bool Restore(int slot) => engine.Blocks.Restore(slot);

    /// <summary>Gives back what no token to come of a sequence sees. It must not be part of an unfinished step.</summary>
    public void ReleaseUnseen(int slot) => engine.Blocks.Release(slot, engine.Length(slot));

    /// <summary>
    /// Up to which of its first <paramref name="tokens"/> tokens a sequence could go on: fewer than all where chunked layers have given
    /// back what the next token sees.
    /// </summary>
    public int Resumable(int slot, int tokens) => engine.Blocks.Resumable(slot, tokens);

    /// <summary>Blocks that <see cref="Export"/> hands out in all.</summary>
    public int SavedBlocks(int firstToken, int tokens) => engine.Blocks.SavedBlocks(firstToken, tokens);

    /// <summary>
    /// Waits until the device has finished everything, pending copies included, and frames that the game has submitted in command buffers
    /// of its own.
    /// </summary>
    public void Flush()
    {
        // A submission is signalled after all that the queue was given before it, by whom ever.
        engine.Timeline.Wait(engine.EndRecording(engine.BeginRecording()));
    }

    /// <summary>
    /// Hands blocks of a sequence to <paramref name="receiver"/>: of those that hold what the token after the first
    /// <paramref name="tokens"/> sees from
    /// <paramref name="firstToken"/> on, group by group, <paramref name="count"/> from the <paramref name="first"/>-th. Waits for the
    /// device.
    /// </summary>
    /// <param name="slot">Sequence.</param>
    /// <param name="firstToken">A multiple of 8.</param>
    /// <param name="tokens">As <see cref="Resumable"/> allows.</param>
    /// <param name="first">First block to hand out.</param>
    /// <param name="count">How many.</param>
    /// <param name="receiver">Takes them, in order.</param>
    /// <exception cref="InvalidOperationException">Not one block of host memory is free to copy through.</exception>
    public void Export(int slot, int firstToken, int tokens, int first, int count, KvBlockReceiver receiver)
    {
        ArgumentNullException.ThrowIfNull(receiver);
        Flush();
        int end = Math.Min(first + count, SavedBlocks(firstToken, tokens));
        Span<int> through = stackalloc int[ExportBlocks];
        for (int n = first; n < end;)
        {
            if (Place(n) is { OnHost: true } waiting)
            {
                receiver(n++, engine.Host.Bytes(waiting.Block));
                continue;
            }

            int taken = 0;
            try
            {
                while (taken < ExportBlocks && n + taken < end && !Place(n + taken).OnHost && engine.Host.TryTake(out through[taken]))
                {
                    int source = Place(n + taken).Block;
                    engine.Kv.Pool.Share(source); // the copy gives its source back
                    engine.Blocks.Copies.Add(KvCopyKind.Spill, source, through[taken++]);
                }

                if (taken == 0) throw new InvalidOperationException("No block of host memory is free: raise EngineOptions.HostKvTokens.");
                Flush();
                for (int i = 0; i < taken; i++) receiver(n++, engine.Host.Bytes(through[i]));
            }
            finally
            {
                for (int i = 0; i < taken; i++) engine.Host.Pool.Return(through[i]);
            }
        }

        (int Block, bool OnHost) Place(int n)
        {
            (int group, int index) = engine.Blocks.SavedBlock(firstToken, tokens, n);
            return engine.Blocks.Where(slot, group, index);
        }
    }

    /// <summary>
    /// Makes room in host memory for the blocks of a sequence from its present end, which must be the end of a block, to token
    /// <paramref name="tokens"/>. Their bytes are then written through <see cref="ImportBlock"/>; the sequence runs after
    /// <see cref="Restore"/>. False, with nothing changed, when there is no room, or the device cannot be waited for. Waits for the device.
    /// </summary>
    public bool Import(int slot, int tokens)
    {
        int length = engine.Length(slot);
        if (length % KvCache.BlockTokens != 0)
            throw new ArgumentException($"The sequence ends inside a block, after {length} tokens.", nameof(slot));
        if (!engine.Host.HasRoom(SavedBlocks(length, tokens))) return false;
        try
        {
            Flush();
        }
        catch (VulkanException)
        {
            return false;
        }

        engine.Blocks.AppendOnHost(slot, length, tokens);
        engine.Batch.SetLength(slot, tokens);
        return true;
    }

    /// <summary>
    /// Gives a sequence that ends with the end of a block the next blocks, up to token <paramref name="tokens"/>, as <see cref="Import"/>
    /// does; what is in them is there already. Does not wait.
    /// </summary>
    /// <param name="slot">Sequence; it runs after <see cref="Restore"/>.</param>
    /// <param name="tokens">Its tokens afterwards.</param>
    /// <param name="taken">Blocks of host memory, which are the sequence's from now on: <see cref="SavedBlocks"/> of them.</param>
    public void Append(int slot, int tokens, ReadOnlySpan<int> taken)
    {
        engine.Blocks.AppendOnHost(slot, engine.Length(slot), tokens, taken);
        engine.Batch.SetLength(slot, tokens);
    }

    /// <summary>
    /// The bytes of the n-th block that <see cref="Import"/> of <paramref name="tokens"/> tokens after <paramref name="firstToken"/> made
    /// room for.
    /// </summary>
    public Span<byte> ImportBlock(int slot, int firstToken, int tokens, int n)
    {
        (int group, int index) = engine.Blocks.SavedBlock(firstToken, tokens, n);
        return engine.Blocks.Where(slot, group, index) is { OnHost: true } place ? engine.Host.Bytes(place.Block)
            : throw new ArgumentException($"Block {n} of sequence {slot} is not in host memory.", nameof(n));
    }

    /// <summary>Says which tokens a sequence has read up to its end, where it did not read them itself. Penalties look at them.</summary>
    public void SetTokens(int slot, int first, ReadOnlySpan<int> tokens, ReadOnlySpan<PictureRow> pictures = default) =>
        engine.SetLog(slot, first, tokens, pictures);

    private int Rows(int blocks) => (blocks + Groups - 1) / Groups;
}
