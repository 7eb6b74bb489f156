using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Scheduling;

namespace NpcMind;

/// <summary>
/// Moves minds from their token logs into the KV cache, frame by frame: who runs (the planner), whose memory gives way (the eviction policy), what fits (the
/// frame runner). Pictures share the frame (<paramref name="imageQueue"/>). Chosen tokens go to <paramref name="onToken"/>, minds whose grammar cannot be followed to <paramref name="onError"/>. Nothing here waits or, once warm, allocates. Used by the game's thread.
/// </summary>
internal sealed partial class MindScheduler(InferenceEngine engine, FrameRunner frames, Mind?[] minds, Func<double> clock, int framesPerStep,
    Action<Mind, int> onToken, Action<Mind, string> onError, ImageQueue? imageQueue)
{
    /// <summary>Passed-over plans after which a mind may take memory from one that is in the middle of a reply.</summary>
    private const int Patience = 64;

    /// <summary>Times as long a step may be while nobody's next word waits for it: long steps read prompts with less effort.</summary>
    private const int SilentSteps = 4;

    private static readonly TimeSpan LongestLook = TimeSpan.FromSeconds(30);
    private readonly StepPlanner _planner = new(minds.Length);
    private readonly Candidate[] _candidates = new Candidate[minds.Length];
    private readonly PlannedRows[] _planned = new PlannedRows[minds.Length];
    private readonly Deferral[] _deferrals = new Deferral[minds.Length];
    private readonly Resident[] _residents = new Resident[minds.Length];
    private readonly int[] _chosen = new int[minds.Length];
    private readonly double[] _stepMilliseconds = new double[engine.Options.MaxRows + 1];
    private readonly (Mind Mind, int Epoch)[][] _outputs = [.. Enumerable.Range(0, InferenceEngine.ResultSlots + 1).Select(_ => new (Mind, int)[engine.Options.MaxOutputs])];
    private readonly int[] _outputCounts = new int[InferenceEngine.ResultSlots + 1];
    private Mind? _lacking;
    private Mind? _claimant;
    private bool _claimantLacks;
    private int _lackingBlocks;
    private int _firstOutputs;
    private int _lastOutputs;
    private int _refresh;
    private bool _batchIsFilled;
    private bool _eyesFirst;
    private int _rowsInStep;

    public int Spilled { get; private set; }

    public int Restored { get; private set; }

    public int Dropped { get; private set; }

    public int Deferred { get; private set; }

    public int TokensProcessed { get; private set; }

    public int FramesFinished { get; private set; }

    public double GpuMilliseconds { get; private set; }

    /// <summary>Tokens of a mind that are in the cache, or will be when the step under way ends.</summary>
    public int Read(Mind mind) => mind.Slot < 0 ? 0 : Math.Min(engine.Length(mind.Slot), mind.KeepAfterStep);

    /// <summary>The same in every layer.</summary>
    public int Committed(Mind mind) => mind.Slot < 0 ? 0 : Math.Min(engine.Length(mind.Slot) - mind.RowsInStep, mind.KeepAfterStep);

    /// <summary>Takes a mind's tokens back to the first <paramref name="keep"/>.</summary>
    public void Truncate(Mind mind, int keep)
    {
        if (keep < mind.Tokens.Count) mind.Tokens.RemoveRange(keep, mind.Tokens.Count - keep);
        Forget(mind, keep);
    }

    /// <summary>Forgets what the cache holds of a mind beyond its first <paramref name="keep"/> tokens.</summary>
    public void Forget(Mind mind, int keep)
    {
        mind.Epoch++;
        mind.AwaitsToken = false;
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

    /// <summary>Hands out the tokens of finished frames, then puts work on this one. Whether any was; null when the device is behind.</summary>
    /// <exception cref="Exception">Whatever went wrong; the next tick goes on, and nothing counts as read that was not.</exception>
    public bool? Tick(double milliseconds, GameCommands? game)
    {
        Spilled = Restored = Dropped = TokensProcessed = Deferred = 0;
        frames.AssumeSubmitted();
        if (_mustForget || engine.IsSpoiled) ForgetCache();
        bool isRecording = false;
        try
        {
            Collect();
            bool looks = imageQueue is { IsBusy: true };
            bool works = looks || frames.StepIsActive || frames.HasRepeat || _batchIsFilled || AnybodyWantsToThink();
            if (milliseconds <= 0 || (game is null && !works)) return false;
            if (!frames.TryBegin(milliseconds, game)) return null;
            isRecording = true;
            Record(milliseconds, looks);
            isRecording = false;
            frames.End();
        }
        catch (Exception e) when (isRecording || e is not VulkanException)
        {
            ForgetCache();
            throw;
        }

        return frames.Dispatches > 0 || frames.LastPredicted > 0 || Dropped > 0;
    }

    private void Record(double milliseconds, bool looks)
    {
        RefreshStepTimes();
        // Every second frame pictures come first, with half of it: neither words nor pictures starve, however small the frames are.
        if (looks && (_eyesFirst = !_eyesFirst)) imageQueue!.Record(frames.Remaining / 2);
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
    }

    /// <summary>Takes finished frames off the list.</summary>
    public void Collect()
    {
        FramesFinished = 0;
        GpuMilliseconds = double.NaN;
        while (frames.TryCollect(out FrameTime time, out int steps, out int views))
        {
            imageQueue?.Collect(views);
            FramesFinished++;
            GpuMilliseconds = FramesFinished == 1 ? time.Milliseconds : Math.Max(GpuMilliseconds, time.Milliseconds);
            for (; steps > 0; steps--)
            {
                ReadOnlySpan<int> tokens = frames.TakeResults();
                for (int i = 0; i < _outputCounts[_firstOutputs]; i++)
                {
                    (Mind mind, int epoch) = _outputs[_firstOutputs][i];
                    if (mind.Epoch != epoch) continue;
                    mind.AwaitsToken = false;
                    Take(mind, tokens[i]);
                }

                _firstOutputs = (_firstOutputs + 1) % _outputs.Length;
            }
        }

        if (frames.IsSpoiled) ForgetCache();
    }

    private bool AnybodyWantsToThink()
    {
        foreach (Mind? mind in minds)
            if (mind is not null && WantsToRead(mind)) return true;
        return engine.Transfer.PendingCopies > 0;
    }

    private bool WantsToRead(Mind mind)
    {
        if (mind.AwaitsToken || mind.Closing || mind.RowsInStep > 0) return false;
        if (mind.Reply is not null) return true;
        // A prefix is read even where it adds nothing to its parent: others begin with it.
        int read = mind.Slot >= 0 ? Read(mind) : mind.Pinned ? 0 : mind.Shared;
        return read < Math.Min(mind.ReadAhead, mind.Tokens.Count);
    }

    /// <summary>Fills the batch with the next step's rows; false when nobody can run, perhaps until copies of blocks are made.</summary>
    private bool Plan(double milliseconds)
    {
        Deferred = 0;
        if (!frames.HasResultSlot) return false;
        double now = clock();
        int count = 0;
        _lacking = null;
        if (_claimant is { } done && (done.Closing || (done.Reply is null && !WantsToRead(done)))) _claimant = null;
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

        if (count == 0)
        {
            FreeBlocks(0, 0);
            return false;
        }

        double target = milliseconds * framesPerStep * (SomebodySpeaks() ? 1 : SilentSteps);
        StepLimits limits = new(engine.Options.MaxRows, engine.Options.MaxOutputs, engine.Transfer.FreeBlocks, InferenceEngine.BlockTokens, target);
        int planned = _planner.Plan(_candidates.AsSpan(0, count), limits, _stepMilliseconds, _planned, _deferrals);
        if (!AddAll(planned, now)) return false;
        FreeBlocks(count, planned);
        if (planned > 0) engine.Batch.Sample();
        return _batchIsFilled = planned > 0;
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
            if (reply.Constraint is { } constraint && !constraint.UpdateLegalActions()) Truncate(mind, reply.ActionStart);
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
            bool claimed = _claimantLacks && _claimant is { } claimant && claimant != mind && claimant.Priority <= mind.Priority;
            if (claimed || !engine.Transfer.Restore(mind.Slot))
            {
                RequestBlocks(mind, engine.Transfer.OnHost(mind.Slot) + 1);
                return NpcWait.Memory;
            }

            Restored++;
        }

        engine.Transfer.ReleaseUnseen(mind.Slot);
        // The last token is read again where the cache holds it but its answer was taken back.
        if (engine.Length(mind.Slot) >= mind.Tokens.Count) engine.Rewind(mind.Slot, mind.Tokens.Count - 1);
        int read = engine.Length(mind.Slot), end = mind.Readable(read);
        bool isWhole = engine.Config.SeesWholePictures && mind.Tokens[read] < 0;
        if (engine.Config.SeesWholePictures) end = isWhole ? mind.PictureEnd(read) : mind.NextPicture(read, end);
        int pending = end - read;
        double deadline = mind.Reply is null ? double.PositiveInfinity
            : double.IsNaN(mind.Reply.SecondsToFirstWord) ? mind.Reply.Started + mind.Reply.Options.FirstWordDeadline.TotalSeconds - now
            : mind.Reply.Pace.SecondsUntilDry(mind.Reply.Characters, now - mind.Reply.FirstShown);
        int open = (InferenceEngine.BlockTokens - read % InferenceEngine.BlockTokens) % InferenceEngine.BlockTokens;
        _candidates[count++] = new Candidate(mind.Id, pending, mind.Reply is not null && end == mind.Tokens.Count, mind.Priority, deadline,
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
            int token = mind.Tokens[read + i];
            bool added = token >= 0
                ? engine.Batch.Add(mind.Slot, token, output, mask)
                : AddRow(mind.Slot, mind.TurnImage(token), PictureToken.Row(token), output, mask);
            if (!added) throw new InvalidOperationException($"{mind.Name}: the plan counted a block that is not there.");
        }

        mind.RowsInStep = plan.Rows;
        mind.LastUsed = now;
        _rowsInStep += plan.Rows;
        if (!plan.Output) return;
        mind.AwaitsToken = true;
        _outputs[_lastOutputs][_outputCounts[_lastOutputs]++] = (mind, mind.Epoch);
    }

    private bool AddRow(int slot, TurnImage turnImage, int row, bool output, ReadOnlySpan<uint> mask) =>
        engine.Batch.AddFeature(slot, imageQueue!.Format.SlotToken, turnImage.Row(row), output, mask, turnImage.Place(row));

    /// <summary>Remembers the most urgent of those that lack memory; among equals the one for whom room is being made already.</summary>
    private void RequestBlocks(Mind mind, int blocks)
    {
        if (_lacking is { } other && (other.Priority < mind.Priority || (other.Priority == mind.Priority && mind != _claimant))) return;
        _lacking = mind;
        _lackingBlocks = blocks;
    }

    /// <summary>Says who was passed over and why; starts to free memory for the most urgent of those that lack it. Only now: who is about to run must not lose its blocks.</summary>
    private void FreeBlocks(int count, int planned)
    {
        for (int i = 0; i < count; i++)
        {
            if (_deferrals[i] == Deferral.None) continue;
            Deferred++;
            Mind mind = minds[_candidates[i].Id]!;
            mind.Waiting = _deferrals[i] == Deferral.NoBlocks ? NpcWait.Memory : NpcWait.Others;
            int needed = _candidates[i].BlocksNeeded;
            if (mind.Waiting == NpcWait.Memory) RequestBlocks(mind, _candidates[i].IsWhole ? needed : Math.Min(needed, 16));
        }

        _claimantLacks = false;
        if (_lacking is not { } lacking) return;
        bool urgent = planned == 0 || lacking.Priority == 0 || _planner.Waited(lacking.Id) > Patience;
        // One at a time takes from those in a reply, until its own has ended: else they would take it from one another and nobody would get to a word.
        // One that waits for its reader or for its prefix does not keep the claim.
        bool passes = _claimant is null || lacking.Priority < _claimant.Priority || (planned == 0 && !_claimant.AwaitsToken);
        if (urgent && passes) _claimant = lacking;
        _claimantLacks = _claimant == lacking;
        FreeBlocks(lacking, _lackingBlocks, _claimantLacks);
    }

    private void FreeBlocks(Mind wanting, int blocks, bool fromActive)
    {
        int needed = blocks - engine.Transfer.FreeBlocks, count = 0;
        if (engine.Transfer.PendingCopies > 0) return; // what is on its way may be enough
        for (int pass = 0; pass < (fromActive ? 2 : 1) && count == 0; pass++)
            foreach (Mind? mind in minds)
                if (mind is { Slot: >= 0, RowsInStep: 0, Pinned: false } && mind != wanting && mind != _claimant && (pass == 1 || mind.Reply is null) && engine.Transfer.Own(mind.Slot) > 0)
                    _residents[count++] = new Resident(mind.Id, engine.Transfer.Own(mind.Slot), mind.LastUsed, mind.Priority, mind.AwaitsToken);
        int chosen = EvictionPolicy.Choose(_residents.AsSpan(0, count), needed, _chosen, out _);
        for (int i = 0; i < chosen; i++)
        {
            Mind victim = minds[_chosen[i]]!;
            if (engine.Transfer.Spill(victim.Slot))
            {
                Spilled++;
                continue;
            }

            // Its copy of a block that it shares in part goes too. Nobody waits for it: it is read again when somebody does.
            engine.Close(victim.Slot);
            victim.Slot = -1;
            if (victim.Parent is null) victim.Shared = 0;
            victim.ReadAhead = 0;
            Dropped++;
        }
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
