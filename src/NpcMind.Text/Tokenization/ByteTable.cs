namespace NpcMind.Text.Tokenization;

/// <summary>
/// A hash table from byte strings to numbers, all keys in one buffer: a dictionary of arrays costs five times the memory at 100,000 keys.
/// </summary>
internal sealed class ByteTable
{
    private readonly List<uint> _hashes = [];
    private readonly List<int> _values = [];
    private readonly List<int> _starts = [0];
    private byte[] _keys = new byte[1024];
    private int[] _slots = new int[1024]; // 1 + entry, 0 for none

    /// <summary>Number of keys.</summary>
    public int Count => _values.Count;

    /// <summary>Length of the longest key in bytes.</summary>
    public int MaxKeyLength { get; private set; }

    /// <summary>The value of <paramref name="key"/>, or -1.</summary>
    public int Find(ReadOnlySpan<byte> key)
    {
        if (key.Length > MaxKeyLength) return -1;
        uint hash = Hash(key);
        int entry = _slots[Slot(key, hash)] - 1;
        return entry < 0 ? -1 : _values[entry];
    }

    /// <summary>Adds a key that is not there yet; the first value of a key stays.</summary>
    public void TryAdd(ReadOnlySpan<byte> key, int value)
    {
        uint hash = Hash(key);
        int slot = Slot(key, hash);
        if (_slots[slot] != 0) return;
        int start = _starts[^1];
        if (_keys.Length - start < key.Length) Array.Resize(ref _keys, checked(Math.Max(start + key.Length, start * 2)));
        key.CopyTo(_keys.AsSpan(start));
        _starts.Add(start + key.Length);
        _hashes.Add(hash);
        _values.Add(value);
        _slots[slot] = _values.Count;
        MaxKeyLength = Math.Max(MaxKeyLength, key.Length);
        if (_values.Count * 2 > _slots.Length) Grow();
    }

    /// <summary>Makes room for keys of so many more bytes in all, so that adding them copies nothing.</summary>
    public void Reserve(long bytes)
    {
        long length = _starts[^1] + bytes;
        if (length > _keys.Length) Array.Resize(ref _keys, checked((int)length));
    }

    private static uint Hash(ReadOnlySpan<byte> key)
    {
        HashCode hash = default; // seeded per process: a crafted vocabulary cannot aim at collisions
        hash.AddBytes(key);
        return (uint)hash.ToHashCode();
    }

    private int Slot(ReadOnlySpan<byte> key, uint hash)
    {
        int mask = _slots.Length - 1, slot = (int)hash & mask;
        while (_slots[slot] is var entry and not 0)
        {
            int index = entry - 1;
            if (_hashes[index] == hash && key.SequenceEqual(_keys.AsSpan(_starts[index].._starts[index + 1]))) break;
            slot = (slot + 1) & mask;
        }

        return slot;
    }

    private void Grow()
    {
        int mask = (_slots.Length * 2) - 1;
        _slots = new int[mask + 1];
        for (int entry = 0; entry < _hashes.Count; entry++)
        {
            int slot = (int)_hashes[entry] & mask;
            while (_slots[slot] != 0) slot = (slot + 1) & mask;
            _slots[slot] = entry + 1;
        }
    }
}
