using System.Runtime.InteropServices;

namespace NpcMind.Gpu;

/// <summary>Bytes of a buffer that a command reads or writes.</summary>
/// <param name="Buffer">VkBuffer.</param>
/// <param name="Start">First byte.</param>
/// <param name="End">Byte after the last.</param>
/// <param name="Writes">Whether they are written.</param>
internal readonly record struct AccessRange(ulong Buffer, long Start, long End, bool Writes)
{
    public static AccessRange Of(Tensor tensor, long offset, long bytes, BindingAccess access) => new(tensor.Buffer.Handle.Handle,
        tensor.Offset + offset, tensor.Offset + offset + bytes, (access & BindingAccess.Write) != 0);
}

/// <summary>Ranges read and written since the last barrier.</summary>
internal sealed class HazardTracker
{
    // Room for a step without a conflict: recording must not allocate.
    private readonly List<AccessRange> _reads = new(2048), _writes = new(2048);

    public bool Conflicts(ReadOnlySpan<AccessRange> ranges)
    {
        // Most ranges are read, and readings do not conflict.
        foreach (ref readonly AccessRange range in ranges)
            if (Overlaps(range, _writes) || (range.Writes && Overlaps(range, _reads))) return true;
        return false;
    }

    public void Add(ReadOnlySpan<AccessRange> ranges)
    {
        foreach (ref readonly AccessRange range in ranges) (range.Writes ? _writes : _reads).Add(range);
    }

    public void Clear()
    {
        _reads.Clear();
        _writes.Clear();
    }

    private static bool Overlaps(in AccessRange range, List<AccessRange> others)
    {
        foreach (ref readonly AccessRange other in CollectionsMarshal.AsSpan(others))
            if (other.Buffer == range.Buffer && other.Start < range.End && range.Start < other.End) return true;
        return false;
    }
}
