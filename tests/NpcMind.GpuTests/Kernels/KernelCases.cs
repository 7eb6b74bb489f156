namespace NpcMind.GpuTests;

/// <summary>All kernel cases.</summary>
internal static class KernelCases
{
    public static IReadOnlyList<KernelCase> All { get; } =
        [.. MatMulCases.All(), .. FusedMatMulCases.All(), .. RowCases.All(), .. AttentionCases.All(), .. LatentCases.All(),
            .. VisionCases.All(), .. PoolCases.All()];
}
