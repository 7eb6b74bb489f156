namespace NpcMind;

/// <summary>Number format in which keys and values are kept.</summary>
public enum KvFormat
{
    /// <summary>32 bits: nothing is rounded.</summary>
    F32,

    /// <summary>16 bits: half the memory of <see cref="F32"/>.</summary>
    F16,

    /// <summary>8 bits with a scale for each 32 elements (ggml's Q8_0): 28 % of the memory of <see cref="F32"/>.</summary>
    Q8,

    /// <summary>
    /// 4 bits with a scale for each 32 elements, of heads that are rotated (Walsh-Hadamard) first: 14 % of the memory of <see cref="F32"/>,
    /// and some quality is lost.
    /// </summary>
    Q4,
}
