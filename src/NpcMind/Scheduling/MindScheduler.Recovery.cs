namespace NpcMind;

/// <summary>What becomes of minds when something goes wrong: one gives up, or all read again. Token logs are never harmed.</summary>
internal sealed partial class MindScheduler
{
    /// <summary>Failures in a row after which replies end.</summary>
    public const int MostFailures = 30;

    private bool _mustForget;

    /// <summary>
    /// Whether what the cache holds may be saved: everything that it counts as read has been, or is on its way to the device.
    /// </summary>
    public bool IsCacheSound
    {
        get
        {
            try
            {
                return !_mustForget && !engine.IsSpoiled && frames.AllHaveRun();
            }
            catch (VulkanException)
            {
                return false;
            }
        }
    }

    /// <summary>Forgets everything that the cache holds, and all work under way: minds read their logs again.</summary>
    public void ForgetCache()
    {
        _mustForget = true; // until the end is reached
        frames.Abandon();
        frames.Forget();
        engine.ForgetAll();
        imageQueue?.Rewind();
        Embeddings?.Rewind();
        Saves?.ForgetCache();
        _batchIsFilled = false;
        _rowsInStep = 0;
        _firstOutputs = _lastOutputs;
        _outputCounts[_lastOutputs] = 0;
        Claims.Reset();
        for (int i = 0; i < minds.Length; i++)
        {
            if (minds[i] is not { } mind) continue;
            if (mind.Slot >= 0) Claims.Dropped++;
            mind.Slot = -1;
            mind.RowsInStep = 0;
            mind.KeepAfterStep = int.MaxValue;
            mind.Awaited = 0;
            mind.Drafts.Cut();
            mind.Epoch++;
            if (mind.Parent is null) mind.Shared = 0;
            if (mind.Closing) minds[i] = null;
        }

        _mustForget = false;
    }

    /// <summary>Ends the replies of all minds, and the embeddings: it goes wrong again and again.</summary>
    public void GiveUpAll(string message)
    {
        if (Embeddings is { IsBusy: true })
        {
            ForgetCache();
            Embeddings.GiveUp(message);
        }

        foreach (Mind? mind in minds)
            if (mind?.Reply is not null) GiveUp(mind, message);
    }

    /// <summary>Works out all pictures that wait, and waits for the device: for saves.</summary>
    /// <exception cref="InvalidOperationException">A frame that was recorded into the game's command buffer does not finish.</exception>
    public void FinishLooking()
    {
        int failures = 0;
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        while (imageQueue is { IsBusy: true })
        {
            if (System.Diagnostics.Stopwatch.GetElapsedTime(started) > LongestLook)
                throw new InvalidOperationException("Images that a mind was shown cannot be encoded: submit the command buffer "
                    + "of the last tick before saving.");
            try
            {
                if (frames.TryBegin(50)) RecordLooks();
                engine.Transfer.Flush();
                Collect();
            }
            catch (VulkanException e) when (!e.IsDeviceLost && ++failures < MostFailures)
            {
                // What failed is done again.
            }
        }
    }

    private void RecordLooks()
    {
        try
        {
            imageQueue!.Record(frames.Remaining);
        }
        catch
        {
            ForgetCache();
            throw;
        }

        frames.End();
    }

    private void Take(Mind mind, int token)
    {
        try
        {
            onToken(mind, token);
        }
        catch (Exception e)
        {
            GiveUp(mind, e.Message);
        }
    }

    private void Open(Mind mind)
    {
        try
        {
            TryOpen(mind);
        }
        catch (Exception e)
        {
            GiveUp(mind, e.Message);
        }
    }

    private NpcWait TryCandidate(Mind mind, double now, ref int count)
    {
        try
        {
            return Candidate(mind, now, ref count);
        }
        catch (Exception e)
        {
            GiveUp(mind, e.Message);
            return NpcWait.None;
        }
    }

    /// <summary>Adds what was planned; false, with nothing added, when one of the minds cannot be: that one gives up.</summary>
    private bool AddAll(int planned, double now)
    {
        int i = 0;
        try
        {
            for (; i < planned; i++) Add(minds[_planned[i].Id]!, _planned[i], now);
            return true;
        }
        catch (Exception e)
        {
            engine.Batch.Abandon();
            for (int n = 0; n < _outputCounts[_lastOutputs]; n++) _outputs[_lastOutputs][n].Mind.Awaited--;
            _outputCounts[_lastOutputs] = 0;
            _rowsInStep = 0;
            foreach (Mind? mind in minds)
                if (mind is not null) mind.RowsInStep = 0;
            GiveUp(minds[_planned[i].Id]!, e.Message);
            return false;
        }
    }

    /// <summary>Ends a mind's reply; one that gives none no longer reads ahead.</summary>
    private void GiveUp(Mind mind, string message)
    {
        if (mind.Reply is not { } reply)
        {
            mind.ReadAhead = 0;
            return;
        }

        try
        {
            onError(mind, $"{mind.Name} cannot go on: {message}");
        }
        catch (Exception)
        {
            reply.Error = message;
            reply.Finish(ReplyEnd.Failed);
        }
    }
}
