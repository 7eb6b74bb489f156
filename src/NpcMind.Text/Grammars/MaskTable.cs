using System.Runtime.InteropServices;

namespace NpcMind.Text.Grammars;

/// <summary>Distinct token masks. Most states of a long text allow the same tokens, so there are far fewer masks than states.</summary>
internal sealed class MaskTable
{
    private readonly Dictionary<int, int> _byHash = [];
    private readonly List<(uint[] Mask, int SameHash)> _masks = [];

    public int Count => _masks.Count;

    public ReadOnlySpan<uint> this[int index] => _masks[index].Mask;

    public long Bytes => _masks.Count == 0 ? 0 : (long)_masks.Count * _masks[0].Mask.Length * sizeof(uint);

    /// <summary>Index of a mask; a new one is copied.</summary>
    public int Intern(ReadOnlySpan<uint> mask)
    {
        HashCode code = new();
        code.AddBytes(MemoryMarshal.AsBytes(mask));
        int hash = code.ToHashCode(), first = _byHash.GetValueOrDefault(hash, -1);
        for (int at = first; at >= 0; at = _masks[at].SameHash)
            if (mask.SequenceEqual(_masks[at].Mask)) return at;
        _masks.Add((mask.ToArray(), first));
        _byHash[hash] = _masks.Count - 1;
        return _masks.Count - 1;
    }

    public void Clear()
    {
        _byHash.Clear();
        _masks.Clear();
    }
}
