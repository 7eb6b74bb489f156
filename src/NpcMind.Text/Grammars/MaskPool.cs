using System.Runtime.InteropServices;

namespace NpcMind.Text;

/// <summary>Keeps the last 64 masks that were dear to compute, for the constraints of one vocabulary. One thread at a time.</summary>
internal sealed class MaskPool
{
    private const int Masks = 64;
    private readonly int _length;
    private readonly uint[] _words;
    private readonly int[] _hashes = new int[Masks];
    private readonly long[] _stamps = new long[Masks];
    private long _stamp;

    /// <summary>Sets aside memory for masks of a vocabulary.</summary>
    public MaskPool(TokenTrie vocabulary)
    {
        ArgumentNullException.ThrowIfNull(vocabulary);
        _length = (vocabulary.VocabularySize + 31) / 32;
        _words = new uint[Masks * _length];
    }

    /// <summary>Where a mask lies; the default is nowhere.</summary>
    internal readonly record struct Place(int Index, long Stamp);

    /// <summary>Copies a mask, if it is still there.</summary>
    internal bool TryRead(Place place, Span<uint> mask)
    {
        if (place.Stamp == 0 || _stamps[place.Index] != place.Stamp) return false;
        At(place.Index).CopyTo(mask);
        return true;
    }

    /// <summary>Keeps a mask in place of the oldest.</summary>
    internal Place Keep(ReadOnlySpan<uint> mask)
    {
        HashCode code = new();
        code.AddBytes(MemoryMarshal.AsBytes(mask));
        int hash = code.ToHashCode();
        for (int i = 0; i < Masks; i++)
            if (_stamps[i] != 0 && _hashes[i] == hash && mask.SequenceEqual(At(i))) return new Place(i, _stamps[i]);
        int index = (int)(_stamp % Masks);
        mask.CopyTo(At(index));
        (_hashes[index], _stamps[index]) = (hash, ++_stamp);
        return new Place(index, _stamp);
    }

    private Span<uint> At(int index) => _words.AsSpan(index * _length, _length);
}
