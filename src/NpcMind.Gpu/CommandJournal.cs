namespace NpcMind.Gpu;

/// <summary>
/// Keeps what a recorder was told, so that it can be recorded once more where the first recording never ran. Allocates only while it
/// grows. Used by one thread.
/// </summary>
internal sealed class CommandJournal
{
    private Entry[] _entries = new Entry[2048]; // room for a large frame: recording must not allocate
    private byte[] _bytes = new byte[256 << 10];
    private CopyPart[] _parts = new CopyPart[1024];
    private int _entryCount;
    private int _byteCount;
    private int _partCount;

    private enum Kind
    {
        Dispatch,
        Update,
        Copy,
        Clear,
        AwaitImageWrites,
        Run,
    }

    /// <summary>Whether nothing was recorded.</summary>
    public bool IsEmpty => _entryCount == 0;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        // What ended with a picture is not to be kept alive by a frame that was.
        Array.Clear(_entries, 0, _entryCount);
        _entryCount = _byteCount = _partCount = 0;
    }

    internal void AddDispatch(DispatchNode node, Workgroups part, bool continues) =>
        Add(new Entry(Kind.Dispatch, node, null, null, part, continues, 0, 0, 0));

    internal void AddUpdate(Tensor target, ReadOnlySpan<byte> bytes, long offset)
    {
        Grow(ref _bytes, _byteCount + bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_byteCount));
        Add(new Entry(Kind.Update, null, target, null, default, false, offset, _byteCount, bytes.Length));
        _byteCount += bytes.Length;
    }

    internal void AddCopy(Tensor source, Tensor target, ReadOnlySpan<CopyPart> parts)
    {
        Grow(ref _parts, _partCount + parts.Length);
        parts.CopyTo(_parts.AsSpan(_partCount));
        Add(new Entry(Kind.Copy, null, target, source, default, false, 0, _partCount, parts.Length));
        _partCount += parts.Length;
    }

    internal void AddClear(Tensor target) => Add(new Entry(Kind.Clear, null, target, null, default, false, 0, 0, 0));

    internal void AddAwaitImageWrites() => Add(new Entry(Kind.AwaitImageWrites, null, null, null, default, false, 0, 0, 0));

    internal void AddRun(RecordedRun run) => Add(new Entry(Kind.Run, null, null, null, default, false, 0, 0, 0, run));

    /// <summary>Records everything again. The recorder must not write into this journal meanwhile.</summary>
    internal void Replay(CommandRecorder recorder)
    {
        for (int i = 0; i < _entryCount; i++)
        {
            ref readonly Entry entry = ref _entries[i];
            switch (entry.Kind)
            {
                case Kind.Dispatch:
                    recorder.Dispatch(entry.Node!, entry.Part, entry.Continues);
                    break;
                case Kind.Update:
                    recorder.Update(entry.Target!, _bytes.AsSpan(entry.First, entry.Count), entry.Offset);
                    break;
                case Kind.Copy:
                    recorder.Copy(entry.Source!, entry.Target!, _parts.AsSpan(entry.First, entry.Count));
                    break;
                case Kind.Clear:
                    recorder.Clear(entry.Target!);
                    break;
                case Kind.Run:
                    recorder.Execute(entry.Run!);
                    break;
                default:
                    recorder.AwaitImageWrites();
                    break;
            }
        }
    }

    private static void Grow<T>(ref T[] array, int needed)
    {
        if (needed > array.Length) Array.Resize(ref array, Math.Max(needed, array.Length * 2));
    }

    private void Add(Entry entry)
    {
        Grow(ref _entries, _entryCount + 1);
        _entries[_entryCount++] = entry;
    }

    private readonly record struct Entry(Kind Kind, DispatchNode? Node, Tensor? Target, Tensor? Source, Workgroups Part, bool Continues,
        long Offset, int First, int Count, RecordedRun? Run = null);
}
