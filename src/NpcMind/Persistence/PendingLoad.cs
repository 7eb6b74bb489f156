using NpcMind.Inference;

namespace NpcMind;

/// <summary>
/// A character on its way out of a stream or file: read and checked on another thread, its keys and values brought to host memory while
/// ticks go on, and made within a tick.
/// </summary>
internal sealed class PendingLoad(NpcRuntime runtime, Prefix prefix, LegalActions? legal, object target,
    Func<Func<Stream, SaveContent>, SaveContent> open, CancellationToken cancellation) : SaveJob(target)
{
    private readonly TaskCompletionSource<Npc> _completion = new();
    private Task<SaveContent>? _reading;
    private KvUpload? _upload;
    private KvProgress _kv;
    private bool _hasNoDevice;
    private Task<Npc>? _outcome;

    public Task<Npc> Completion => _completion.Task;

    public override bool UsesTarget => _outcome is null && _reading is not { IsCompleted: true };

    public override bool IsOver => _outcome is not null;

    public override void Step(bool targetIsFree, bool isFirstLoad, int most, int weight)
    {
        if (_outcome is not null) return;
        if (_reading is null)
        {
            if (cancellation.IsCancellationRequested) _outcome = Task.FromCanceled<Npc>(cancellation);
            else if (targetIsFree) _reading = Task.Run(() => open(stream => MindLoader.Read(runtime, stream)), cancellation);
            return;
        }

        if (!_reading.IsCompleted) return;
        if (_upload is null && _kv == KvProgress.UnderWay)
        {
#pragma warning disable RS0030 // Does not wait: the task is complete.
            if (_reading.IsCompletedSuccessfully && _reading.Result.Blocks is { Count: > 0 } blocks)
#pragma warning restore RS0030
                _upload = new KvUpload(runtime.Engine, runtime.Frames, blocks);
            else _kv = KvProgress.GivenUp;
        }

        if (cancellation.IsCancellationRequested || runtime.IsLost || _hasNoDevice) _upload?.GiveUp();
        if (_kv == KvProgress.UnderWay) _kv = _upload!.Step(SaveQueue.Patience, weight);
        if (_kv == KvProgress.UnderWay || !isFirstLoad) return;
        _outcome = Adopt(_reading);
        _upload?.HandOver(0); // what was not used
    }

    public override void Complete() => _completion.SetFromTask(_outcome!);

    /// <summary>What comes from a file does not depend on what the cache holds.</summary>
    public override void ForgetCache()
    {
    }

    public override void GiveUp() => _hasNoDevice = true;

    public override Task End(Task before)
    {
        _upload?.Close();
        Task read = _reading ?? before;
        read.ContinueWith(
            ended =>
            {
                _ = ended.Exception; // observed: what became of the save matters to nobody any more
                if (_outcome is null) _completion.SetException(new ObjectDisposedException(nameof(NpcRuntime)));
                else Complete();
            },
            TaskScheduler.Default);
        return read;
    }

    /// <summary>Makes the character now: what was read is there.</summary>
    private async Task<Npc> Adopt(Task<SaveContent> reading)
    {
        SaveContent content = await reading.ConfigureAwait(false);
        cancellation.ThrowIfCancellationRequested();
        bool hasKv = _kv == KvProgress.Done;
        return MindLoader.Adopt(runtime, hasKv ? content : content with { Blocks = [] }, prefix, legal, hasKv ? _upload : null);
    }
}
