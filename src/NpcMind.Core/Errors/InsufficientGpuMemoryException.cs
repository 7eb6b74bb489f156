using System.Globalization;
using NpcMind.Core;

namespace NpcMind;

/// <summary>A request was larger than what a memory heap still has. Thrown before anything is allocated.</summary>
public sealed class InsufficientGpuMemoryException : NpcMindException
{
    /// <summary>Creates the error.</summary>
    /// <param name="what">What the memory is for.</param>
    /// <param name="needed">Bytes needed.</param>
    /// <param name="available">Bytes the heap still has.</param>
    /// <param name="advice">What to do.</param>
    public InsufficientGpuMemoryException(string what, long needed, long available, string advice)
        : base(PrintableText.Escape(string.Create(CultureInfo.InvariantCulture,
            $"{what} needs {needed / 1048576.0:F1} MiB of device memory, {available / 1048576.0:F1} MiB are available. {advice}")))
    {
        Needed = needed;
        Available = available;
    }

    /// <summary>Bytes needed.</summary>
    public long Needed { get; }

    /// <summary>Bytes available.</summary>
    public long Available { get; }
}
