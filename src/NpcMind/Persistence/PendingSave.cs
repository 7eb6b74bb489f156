using NpcMind.Inference;

namespace NpcMind;

/// <summary>
/// A character on its way into a stream or file, as it was when the save was asked for. Keys and values are copied by frames; where they
/// cannot be had the save does without. Images that are being encoded are waited for. What is there then is written on another thread.
/// </summary>
internal sealed class PendingSave : SaveJob
{
    private readonly NpcRuntime _runtime;
    private readonly MindSnapshot _snapshot;
    private readonly SavedKv? _shape;
    private readonly KvReadback? _readback;
    private readonly Action<Action<Stream>> _open;
    private readonly CancellationToken _cancellation;
    private readonly TaskCompletionSource _completion = new();
    private KvProgress _kv;
    private bool _waitsForImages = true;
    private Task? _writing;

    /// <summary>Takes what is to be saved.</summary>
    /// <param name="runtime">Where the character lives.</param>
    /// <param name="npc">The character.</param>
    /// <param name="target">The stream or the path.</param>
    /// <param name="open">Calls what writes, with the stream; on another thread.</param>
    /// <param name="cancellation">Stops it.</param>
    public PendingSave(NpcRuntime runtime, Npc npc, object target, Action<Action<Stream>> open, CancellationToken cancellation)
        : base(target)
    {
        _runtime = runtime;
        _open = open;
        _cancellation = cancellation;
        _snapshot = new MindSnapshot(runtime, npc);
        _shape = runtime.IsLost ? null : MindSaves.KeysAndValues(runtime, npc.Mind);
        if (_shape is { } kv)
            _readback = new KvReadback(runtime.Engine, runtime.Frames, npc.Mind.Slot, kv.FirstToken, kv.FirstToken + kv.Tokens);
        else _kv = KvProgress.GivenUp;
        foreach (TurnImage image in _snapshot.Images) image.References++; // so that they are encoded whoever forgets them
    }

    public Task Completion => _completion.Task;

    public override bool UsesTarget => !IsOver;

    public override bool IsOver => _writing is { IsCompleted: true };

    public override int Copying => _readback?.Copying ?? 0;

    public override void Step(bool targetIsFree, bool isFirstLoad, int most, int weight)
    {
        if (_writing is not null) return;
        bool isCancelled = _cancellation.IsCancellationRequested;
        if (isCancelled || _runtime.IsLost) GiveUp();
        if (_kv == KvProgress.UnderWay) _kv = _readback!.Step(most, SaveQueue.Patience, weight);
        if (_kv == KvProgress.UnderWay) return;
        if (isCancelled) _writing = Task.FromCanceled(_cancellation);
        else if (targetIsFree && (_snapshot.IsSeen || !_waitsForImages)) _writing = WriteAfter(Task.CompletedTask);
        if (_writing is not null) ReleaseImages();
    }

    public override void Complete() => _completion.SetFromTask(_writing!);

    public override void ForgetCache()
    {
        if (_kv == KvProgress.UnderWay) _readback!.GiveUp();
    }

    public override void GiveUp()
    {
        ForgetCache();
        _waitsForImages = false;
    }

    public override Task End(Task before)
    {
        if (_kv == KvProgress.UnderWay) _readback!.Close();
        if (_writing is null) ReleaseImages();
        _writing ??= WriteAfter(before);
        _writing.ContinueWith(_ => Complete(), TaskScheduler.Default);
        return _writing;
    }

    private void ReleaseImages()
    {
        foreach (TurnImage image in _snapshot.Images) image.References--;
    }

    private async Task WriteAfter(Task before)
    {
        bool isSeen = _snapshot.IsSeen, hasKv = isSeen && _kv == KvProgress.Done;
        await before.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Run(() => Write(isSeen, hasKv), _cancellation).ConfigureAwait(false);
    }

    private void Write(bool isSeen, bool hasKv)
    {
        SavedMind mind = _snapshot.Mind(isSeen, hasKv ? _shape : null);
        _open(stream =>
        {
            SaveCodec.Write(stream, mind, hasKv ? CopyBlock : null);
            _cancellation.ThrowIfCancellationRequested(); // then the earlier file stays
        });
    }

    private void CopyBlock(int block, Span<byte> destination)
    {
        _cancellation.ThrowIfCancellationRequested();
        _readback!.Bytes(block).CopyTo(destination);
    }
}
