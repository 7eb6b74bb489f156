using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>
/// Moves minds from their token logs into the KV cache, frame by frame: who runs (the planner), whose memory gives way (the eviction
/// policy), what fits (the frame runner). Pictures share the frame (<paramref name="imageQueue"/>). Chosen tokens go to
/// <paramref name="onToken"/>, minds whose grammar cannot be followed to <paramref name="onError"/>. Nothing here waits or, once warm,
/// allocates. Used by the game's thread.
/// </summary>
internal sealed partial class MindScheduler(InferenceEngine engine, FrameRunner frames, Mind?[] minds, Func<double> clock,
    int framesPerStep,
    Action<Mind, int> onToken, Action<Mind, string> onError, ImageQueue? imageQueue)
{
    /// <summary>Times as long a step may be while nobody's next word waits for it: long steps read prompts with less effort.</summary>
    private const int SilentSteps = 4;

    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(30);
    private readonly StepPlanner _planner = new(minds.Length);
    private readonly Candidate[] _candidates = new Candidate[minds.Length];
    private readonly PlannedRows[] _planned = new PlannedRows[minds.Length];
    private readonly Deferral[] _deferrals = new Deferral[minds.Length];
    private readonly StepTimes _stepTimes = new(engine, frames);
    private readonly (Mind Mind, int Epoch)[][] _outputs = [
        .. Enumerable.Range(0, InferenceEngine.ResultSlots + 1).Select(_ => new (Mind, int)[engine.Options.MaxOutputs])];
    private readonly int[] _outputCounts = new int[InferenceEngine.ResultSlots + 1];
    private int _firstOutputs;
    private int _lastOutputs;
    private Func<Mind, bool>? _wantsToRead;
    private bool _batchIsFilled;
    private bool _imagesFirst;
    private bool _embeddingsFirst;
    private int _rowsInStep;

    /// <summary>Texts on their way through the embedding model, which share the frame; null for none.</summary>
    public EmbeddingQueue? Embeddings { get; init; }

    /// <summary>Saves under way, which take keys and values out of the cache.</summary>
    public SaveQueue? Saves { get; init; }

    /// <summary>Who gets blocks of the KV cache when there are not enough.</summary>
    public MemoryClaims Claims { get; } = new(engine, minds);

    public int Restored { get; private set; }

    public int Deferred { get; private set; }

    public int TokensProcessed { get; private set; }

    public int FramesFinished { get; private set; }

    public double GpuMilliseconds { get; private set; }

    /// <summary>Tokens of a mind that are in the cache, or will be when the step under way ends.</summary>
    public int Prefilled(Mind mind) => mind.Slot < 0 ? 0 : Math.Min(engine.Length(mind.Slot), mind.KeepAfterStep);

    /// <summary>The same in every layer.</summary>
    public int Committed(Mind mind) => mind.Slot < 0 ? 0 : Math.Min(engine.Length(mind.Slot) - mind.RowsInStep, mind.KeepAfterStep);

    /// <summary>Forgets what the cache holds of a mind beyond its first <paramref name="keep"/> tokens.</summary>
    public void Forget(Mind mind, int keep)
    {
        mind.Epoch++;
        mind.Awaited = 0;
        mind.Drafts.Cut();
        if (mind.RowsInStep > 0) mind.KeepAfterStep = Math.Min(mind.KeepAfterStep, keep);
        else if (mind.Slot >= 0 && engine.Length(mind.Slot) > keep) engine.Rewind(mind.Slot, keep);
    }

    /// <summary>Takes a mind out of the cache, at the latest when the step under way ends.</summary>
    public void Close(Mind mind)
    {
        mind.Epoch++;
        mind.Closing = true;
        if (mind.RowsInStep == 0) CloseNow(mind);
    }

    /// <summary>
    /// Hands out the tokens of finished frames, then puts work on this one. Whether any was; null when the device is behind.
    /// </summary>
    /// <exception cref="Exception">Whatever went wrong; the next tick goes on, and nothing counts as read that was not.</exception>
    public bool? Tick(double milliseconds, GameCommands? game)
    {
        BeginReport();
        frames.AssumeSubmitted();
        if (_mustForget || engine.IsSpoiled) ForgetCache();
        bool isRecording = false;
        try
        {
            Collect();
            if (milliseconds <= 0 || (game is null && !HasWork)) return false;
            if (!frames.TryBegin(milliseconds, game)) return null;
            isRecording = true;
            Record(milliseconds);
            isRecording = false;
            Submit();
        }
        catch (Exception e) when (isRecording || e is not VulkanException)
        {
            ForgetCache();
            throw;
        }

        return frames.Dispatches > 0 || frames.LastPredicted > 0 || Claims.Dropped > 0;
    }

    private bool LooksAtImages => imageQueue is { IsBusy: true };

    private bool HasWork => LooksAtImages || Embeddings is { IsBusy: true } || frames.StepIsActive || frames.HasRepeat || _batchIsFilled
        || AnybodyWantsToThink();

    private void BeginReport()
    {
        Restored = TokensProcessed = Deferred = 0;
        Claims.BeginReport();
    }

    /// <summary>
    /// Records steps, each planned, with blocks reserved, until one does not fit into the frame whole; it goes on in the next.
    /// </summary>
    private void Record(double milliseconds)
    {
        _stepTimes.Refresh();
        // Every second frame images come first, with half of it: neither words nor images starve, however small the frames are.
        bool looks = LooksAtImages;
        if (looks && (_imagesFirst = !_imagesFirst)) imageQueue!.Record(frames.Remaining / 2);
        else if (Embeddings is { IsBusy: true } && (_embeddingsFirst = !_embeddingsFirst)) Embeddings.Record(frames.Remaining / 2);
        while (true)
        {
            bool filled = frames.StepIsActive || _batchIsFilled || Plan(milliseconds);
            if (!frames.StepIsActive && !frames.RecordCopies()) break;
            if (!filled) break;
            if (_batchIsFilled) frames.BeginStep();
            _batchIsFilled = false;
            if (!frames.RecordStep()) break;
            EndStep();
        }

        if (looks) imageQueue!.Record(frames.Remaining);
        Embeddings?.Record(frames.Remaining);
    }

    private void Submit() => frames.End();

    /// <summary>Takes finished frames off the list.</summary>
    public void Collect()
    {
        FramesFinished = 0;
        GpuMilliseconds = double.NaN;
        while (frames.TryCollect(out FrameTime time, out int steps, out int views))
        {
            imageQueue?.Collect(views);
            Embeddings?.Collect(frames.EmbeddingsEnded);
            FramesFinished++;
            GpuMilliseconds = FramesFinished == 1 ? time.Milliseconds : Math.Max(GpuMilliseconds, time.Milliseconds);
            for (; steps > 0; steps--)
            {
                ReadOnlySpan<int> tokens = frames.TakeResults();
                for (int i = 0; i < _outputCounts[_firstOutputs]; i++)
                {
                    (Mind mind, int epoch) = _outputs[_firstOutputs][i];
                    if (mind.Epoch != epoch) continue;
                    mind.Awaited--;
                    TakeNext(mind, tokens[i]);
                }

                _firstOutputs = (_firstOutputs + 1) % _outputs.Length;
            }
        }

        if (frames.IsSpoiled) ForgetCache();
    }

    /// <summary>
    /// Hands out a token. Where the log does not go on with it alone, or not as the cache does, the cache forgets the rest.
    /// </summary>
    private void TakeNext(Mind mind, int token)
    {
        (int before, int epoch, Reply? reply) = (mind.Tokens.Count, mind.Epoch, mind.Reply);
        bool? guess = mind.Drafts.Check(before, token);
        if (guess == true) DraftsTaken++;
        Take(mind, token);
        if (mind.Awaited == 0) mind.Drafts.Cut();
        if (mind.Awaited == 0 || mind.Epoch != epoch) return;
        bool isTaken = mind.Tokens.Count > before && mind.Tokens[before] == token && guess != false;
        if (!isTaken || mind.Tokens.Count > before + 1 || mind.Reply != reply || reply?.Constraint is not null)
            Forget(mind, isTaken ? before + 1 : before);
    }

    private bool AnybodyWantsToThink()
    {
        foreach (Mind? mind in minds)
            if (mind is not null && WantsToRead(mind)) return true;
        return engine.Transfer.PendingCopies > 0;
    }

    private bool WantsToRead(Mind mind)
    {
        if (mind.Closing || mind.RowsInStep > 0) return false;
        if (mind.AwaitsToken) return CanGoOn(mind);
        if (mind.Reply is not null) return true;
        // A prefix is read even where it adds nothing to its parent: others begin with it.
        int read = mind.Slot >= 0 ? Prefilled(mind) : mind.Pinned ? 0 : mind.Shared;
        return read < Math.Min(mind.ReadAhead, mind.Tokens.Count);
    }

    /// <summary>Fills the batch with the next step's rows; false when nobody can run, perhaps until copies of blocks are made.</summary>
    private bool Plan(double milliseconds)
    {
        Deferred = 0;
        if (!frames.HasResultSlot) return false;
        double now = clock();
        int count = 0;
        Claims.Begin(_wantsToRead ??= WantsToRead);
        // Forking shares a parent's last block, which then costs the parent a copy: all of that comes before blocks are counted.
        foreach (Mind? mind in minds)
            if (mind is { Slot: < 0 } && WantsToRead(mind)) Open(mind);
        foreach (Mind? mind in minds)
        {
            if (mind is null) continue;
            mind.Waiting = NpcWait.None;
            if (!WantsToRead(mind)) continue;
            mind.Waiting = TryCandidate(mind, now, ref count);
            if (mind.Waiting != NpcWait.None) Deferred++;
        }

        int planned = 0;
        if (count > 0)
        {
            double target = milliseconds * framesPerStep * (SomebodySpeaks() ? 1 : SilentSteps);
            StepLimits limits = new(engine.Options.MaxRows, engine.Options.MaxOutputs, engine.Transfer.FreeBlocks,
                InferenceEngine.BlockTokens, target);
            planned = _planner.Plan(_candidates.AsSpan(0, count), limits, _stepTimes.Milliseconds, _planned, _deferrals);
        }

        _batchIsFilled = Reserve(count, planned, now);
        if (_batchIsFilled) AddDrafts(planned, milliseconds);
        return _batchIsFilled;
    }

    /// <summary>
    /// Takes blocks for the planned rows and fills the batch with them; then says who was passed over and why, and starts to free blocks
    /// for the most urgent of those. Only then: who is about to run must not lose its blocks.
    /// </summary>
    private bool Reserve(int candidates, int planned, double now)
    {
        if (!AddAll(planned, now)) return false;
        for (int i = 0; i < candidates; i++)
        {
            if (_deferrals[i] == Deferral.None) continue;
            Deferred++;
            Mind mind = minds[_candidates[i].Id]!;
            mind.Waiting = _deferrals[i] == Deferral.NoBlocks ? NpcWait.Memory : NpcWait.Others;
            int needed = _candidates[i].BlocksNeeded;
            if (mind.Waiting == NpcWait.Memory) Claims.Request(mind, _candidates[i].IsWhole ? needed : Math.Min(needed, 16));
        }

        Claims.Free(planned == 0, _planner);
        if (planned > 0) engine.Batch.Sample();
        return planned > 0;
    }

    private bool SomebodySpeaks()
    {
        foreach (Mind? mind in minds)
            if (mind is { Reply.Words.Tokens: > 0 }) return true;
        return false;
    }

    /// <summary>Adds a mind to the candidates, or says what it waits for.</summary>
    private NpcWait Candidate(Mind mind, double now, ref int count)
    {
        if (mind.Slot < 0)
        {
            mind.Parent!.Priority = Math.Min(mind.Parent.Priority, mind.Priority);
            return NpcWait.Prefix;
        }

        if (mind.Reply is { } reply)
        {
            if (reply.Words.SpokenTokens > 0 && !reply.InAction
                && reply.Pace.SecondsUntilDue(reply.Characters, reply.Words.SpokenTokens, now - reply.FirstShown) > 0)
                return NpcWait.Reader;
            if (reply.Constraint is { } constraint && !constraint.UpdateLegalActions()) reply.Npc.Conversation.TakeBack(reply.ActionStart);
            if (reply.Constraint?.TryPrepare() == false)
            {
                onError(mind, reply.Constraint.Error!);
                return NpcWait.None;
            }
        }

        if (mind.WaitsForPicture(engine.Length(mind.Slot))) return NpcWait.Image;
        if (engine.Transfer.OnHost(mind.Slot) > 0)
        {
            // Blocks that were freed for another are not taken back: two minds could keep each other out for ever.
            if (Claims.AreBefore(mind) || !engine.Transfer.Restore(mind.Slot))
            {
                Claims.Request(mind, engine.Transfer.OnHost(mind.Slot) + 1);
                return NpcWait.Memory;
            }

            Restored++;
        }

        engine.Transfer.ReleaseUnseen(mind.Slot);
        // The last token is read again where the cache holds it but its answer was taken back.
        if (!mind.AwaitsToken && engine.Length(mind.Slot) >= mind.Tokens.Count) engine.Rewind(mind.Slot, mind.Tokens.Count - 1);
        int read = engine.Length(mind.Slot), end = mind.AwaitsToken ? read + 1 : mind.Readable(read);
        bool isWhole = engine.Config.SeesWholePictures && !mind.AwaitsToken && mind.Tokens[read] < 0;
        if (engine.Config.SeesWholePictures && !mind.AwaitsToken) end = isWhole ? mind.PictureEnd(read) : mind.NextPicture(read, end);
        int pending = end - read;
        double deadline = mind.Reply is null ? double.PositiveInfinity
            : double.IsNaN(mind.Reply.SecondsToFirstWord) ? mind.Reply.Started + mind.Reply.Options.FirstWordDeadline.TotalSeconds - now
            : mind.Reply.Pace.SecondsUntilDry(mind.Reply.Characters, now - mind.Reply.FirstShown);
        int open = (InferenceEngine.BlockTokens - read % InferenceEngine.BlockTokens) % InferenceEngine.BlockTokens;
        _candidates[count++] = new Candidate(mind.Id, pending, mind.Reply is not null && end >= mind.Tokens.Count, mind.Priority, deadline,
            engine.Transfer.Needed(mind.Slot, pending), open, isWhole);
        return NpcWait.None;
    }

    /// <summary>Opens a mind's sequence if what it begins with is read.</summary>
    private void TryOpen(Mind mind)
    {
        SamplerSettings sampler = mind.Reply is { } reply ? reply.Npc.Sampler(reply.Options) : new();
        if (mind.Parent is not { } parent || mind.Shared == 0) mind.Slot = engine.Open(sampler);
        else if (parent.Slot >= 0 && Committed(parent) >= mind.Shared) mind.Slot = engine.Fork(parent.Slot, mind.Shared, sampler);
    }

    private void Add(Mind mind, PlannedRows plan, double now)
    {
        int read = engine.Length(mind.Slot);
        for (int i = 0; i < plan.Rows; i++)
        {
            bool output = plan.Output && i == plan.Rows - 1;
            ReadOnlySpan<uint> mask = output && mind.Reply!.Constraint is { } constraint ? constraint.TakeMask() : default;
            bool added = mind.AwaitsToken ? engine.Batch.AddNext(mind.Slot)
                : mind.Tokens[read + i] is >= 0 and int token ? engine.Batch.Add(mind.Slot, token, output, mask)
                : AddRow(mind, mind.Tokens[read + i], output, mask);
            if (!added) throw new InvalidOperationException($"{mind.Name}: the plan counted a block that is not there.");
        }

        mind.RowsInStep = plan.Rows;
        mind.LastUsed = now;
        _rowsInStep += plan.Rows;
        if (plan.Output) Await(mind);
    }

    /// <summary>Expects a token for the output added last.</summary>
    private void Await(Mind mind)
    {
        mind.Awaited++;
        _outputs[_lastOutputs][_outputCounts[_lastOutputs]++] = (mind, mind.Epoch);
    }

    private bool AddRow(Mind mind, int token, bool output, ReadOnlySpan<uint> mask)
    {
        (TurnImage image, int row) = (mind.TurnImage(token), PictureToken.Row(token));
        return engine.Batch.AddFeature(mind.Slot, imageQueue!.Format.SlotToken, image.Row(row), output, mask, image.Place(row));
    }

    private void EndStep()
    {
        TokensProcessed += _rowsInStep;
        _rowsInStep = 0;
        _lastOutputs = (_lastOutputs + 1) % _outputs.Length;
        _outputCounts[_lastOutputs] = 0;
        foreach (Mind? mind in minds)
        {
            if (mind is null || mind.RowsInStep == 0) continue;
            mind.RowsInStep = 0;
            if (mind.KeepAfterStep < engine.Length(mind.Slot)) engine.Rewind(mind.Slot, mind.KeepAfterStep);
            mind.KeepAfterStep = int.MaxValue;
            if (mind.Closing) CloseNow(mind);
        }
    }

    private void CloseNow(Mind mind)
    {
        if (mind.Slot >= 0) engine.Close(mind.Slot);
        mind.Slot = -1;
        minds[mind.Id] = null;
    }
}
