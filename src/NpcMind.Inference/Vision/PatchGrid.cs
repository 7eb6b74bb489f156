namespace NpcMind.Inference;

/// <summary>Patches of a tile.</summary>
/// <param name="Columns">Patches in a row.</param>
/// <param name="Rows">Rows.</param>
internal readonly record struct PatchGrid(int Columns, int Rows)
{
    /// <summary>All patches.</summary>
    public int Count => Columns * Rows;
}

/// <summary>A table on the device that depends on a tile's grid alone.</summary>
/// <param name="Target">Where it lies, with room for that of any grid.</param>
/// <param name="Make">Makes its words.</param>
internal sealed record GridTable(Gpu.Tensor Target, Func<PatchGrid, uint[]> Make);

/// <summary>How an encoder turns queries and keys.</summary>
/// <param name="Pairs">Pairs of a head that are turned.</param>
/// <param name="IsNeox">Pairs are (k, k + n/2) instead of neighbours.</param>
/// <param name="Angles">[tokens, Pairs] (cos, sin) for a grid.</param>
internal sealed record VisionRope(int Pairs, bool IsNeox, Func<PatchGrid, float[]> Angles);
