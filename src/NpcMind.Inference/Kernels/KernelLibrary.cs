using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>The embedded shaders of this assembly, and how a device runs them. Their pipelines belong to the device.</summary>
/// <param name="device">Device.</param>
/// <param name="precision">Of products with weights.</param>
/// <param name="usesIntegerDot">
/// Whether integers are multiplied four bytes at a time, to the same bits; null for where the device is faster so.
/// </param>
/// <param name="wideTile">How products of many rows of integers are computed, to the same bits; null for what suits the device.</param>
internal sealed class KernelLibrary(
    GpuDevice device, Precision precision = Precision.Exact, bool? usesIntegerDot = null, WideTile? wideTile = null)
{
    /// <summary>Most lanes of a workgroup that sorts or samples: these shaders have shared memory for so many.</summary>
    public const int LargestWorkgroup = 256;

    /// <summary>Device the pipelines run on.</summary>
    public GpuDevice Device => device;

    /// <summary>
    /// Lanes of workgroups that need no more than one cluster or subgroup: one subgroup on a software device, more on a GPU.
    /// </summary>
    public uint SmallWorkgroup { get; } = device.Limits.IsSoftware ? ShaderConstants.ClusterLanes : 64u;

    /// <summary>Lanes of workgroups that work on a whole row.</summary>
    public uint RowWorkgroup { get; } = device.Limits.IsSoftware ? ShaderConstants.ClusterLanes : (uint)LargestWorkgroup;

    /// <summary>Clusters of 8 lanes that share the columns of a row group in a matmul, and the blocks of a split in attention.</summary>
    public uint Slices { get; } = device.Limits.IsSoftware ? 1u : 8u;

    /// <summary>
    /// Whether each lane of a cluster fetches an eighth of a query in attention and shuffles it to the others, instead of each fetching
    /// all of it. Only on software devices, where a fetch costs more than a shuffle.
    /// </summary>
    public bool SharesQueries { get; } = device.Limits.IsSoftware;

    /// <summary>
    /// How many of a row's experts a workgroup computes side by side where it adds them up: all, or one after the other where a workgroup
    /// cannot hold so many, or has one cluster for everything.
    /// </summary>
    public uint ExpertClusters(int used) =>
        Slices == 1 || ShaderConstants.ClusterLanes * Slices * used > device.Limits.MaxWorkgroupSize ? 1 : (uint)used;

    /// <summary>Bytes of an activation as an integer; 0 for f32.</summary>
    public uint Digits { get; } = precision switch { Precision.Exact => 0u, Precision.Int16 => 2u, _ => 1u };

    /// <summary>Whether activations are integers, multiplied four bytes at a time.</summary>
    public bool UsesIntegerDot { get; } =
        precision != Precision.Exact && (usesIntegerDot ?? (device.HasIntegerDot && device.Limits.IntegerDotIsFast));

    /// <summary>
    /// How products of many rows of integers are computed. None with exact activations, and on software devices; matrices only where the
    /// package was built with a shader compiler that supports them.
    /// </summary>
    public WideTile WideTile { get; } = precision == Precision.Exact ? WideTile.None
        : wideTile ?? (device.Limits.IsSoftware ? WideTile.None
            : device.Matrices is not null && HasMatrixShaders ? WideTile.Matrices
            : device.HasIntegerDot && device.Limits.IntegerDotIsFast && device.NarrowSubgroups is not null ? WideTile.Lanes
            : WideTile.None);

    /// <summary>
    /// Rows of activations in such a tile. With a weight row a lane, each lane has a sum for every row: fewer where subgroups are small.
    /// </summary>
    public int WideTileRows => WideTile == WideTile.Matrices ? (int)Math.Min(2 * device.Matrices!.Columns, MatMul.MostWideRows)
        : device.Limits.SubgroupSize < WeightLayout.GroupRows ? 16 : MatMul.MostWideRows;

    /// <summary>Whether this assembly has shaders with cooperative matrices: glslc 2023.8 and newer compile them.</summary>
    public static bool HasMatrixShaders { get; } =
        typeof(KernelLibrary).Assembly.GetManifestResourceInfo($"matmul_q8_0{MatMul.MatrixSuffix}.spv") is not null;

    /// <summary>Names of all embedded shaders.</summary>
    public static IEnumerable<string> ShaderNames =>
        typeof(KernelLibrary).Assembly.GetManifestResourceNames().Where(n => n.EndsWith(".spv", StringComparison.Ordinal))
        .Select(n => n[..^4]).Order(StringComparer.Ordinal);

    /// <summary>Workgroups for so many items.</summary>
    internal static int Groups(int items, uint perGroup) => (items + (int)perGroup - 1) / (int)perGroup;

    /// <summary>Reads an embedded shader.</summary>
    public static SpirvModule ReadModule(string name)
    {
        using Stream stream = typeof(KernelLibrary).Assembly.GetManifestResourceStream(name + ".spv")
            ?? throw new ArgumentException($"There is no shader '{name}'.", nameof(name));
        byte[] code = new byte[stream.Length];
        stream.ReadExactly(code);
        return SpirvModule.Read(name, code);
    }

    /// <summary>The pipeline of a shader with these specialization constants (the workgroup size is <c>workgroupSize</c>).</summary>
    public ComputePipeline Pipeline(string shader, params ReadOnlySpan<Constant> specialization) => Pipeline(shader, 0, specialization);

    /// <summary>The same, in subgroups of so many lanes; 0 for the driver's choice.</summary>
    public ComputePipeline Pipeline(string shader, uint subgroupSize, params ReadOnlySpan<Constant> specialization) =>
        device.Pipelines.Get(shader, ReadModule, subgroupSize, specialization);
}

/// <summary>How a product computes many rows of integers at a time. All ways give the same bits.</summary>
internal enum WideTile
{
    /// <summary>Eight rows at most, as in steps of few rows.</summary>
    None,

    /// <summary>A weight row a lane (bodies/matmul_lanes.glsl).</summary>
    Lanes,

    /// <summary>Cooperative matrices (bodies/matmul_matrix.glsl).</summary>
    Matrices,
}
