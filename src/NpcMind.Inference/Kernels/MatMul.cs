using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Rows of activations times a weight matrix; the shader is chosen by the matrix's format, its tile by the number of rows.
/// </summary>
internal sealed class MatMul(KernelLibrary kernels, Tensor emptyTensor)
{
    /// <summary>Rows per workgroup of the variants. All give the same bits; larger tiles read the weights less often.</summary>
    public static readonly int[] TileRows = [1, 4, 8];

    /// <summary>Variant for a number of rows.</summary>
    public static int Variant(int rows) => rows == 1 ? 0 : rows < 8 ? 1 : 2;

    /// <summary>y[row, offset...] (+)= scale (W x[row] + bias). Nodes run one after the other without depending on each other.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="weights">Matrix with one slab.</param>
    /// <param name="x">[rows, xStride] f32.</param>
    /// <param name="xStride">Elements per row of x, a multiple of 4; what stands beyond the matrix's columns, up to a multiple of 64, meets
    /// weights of zero and must be finite.</param>
    /// <param name="y">[rows, yStride] f32.</param>
    /// <param name="yStride">Elements per row of y.</param>
    /// <param name="yOffset">First column of y to fill.</param>
    /// <param name="accumulate">Add to y.</param>
    /// <param name="rows">How many rows a step has here.</param>
    /// <param name="scale">Factor on the product.</param>
    /// <param name="rowLimit">Columns of y to fill; 0 for all of the matrix, zeros up to a multiple of 32 included.</param>
    public IEnumerable<GraphNode> Nodes(
        string label, WeightMatrix weights, Tensor x, int xStride, Tensor y, int yStride, int yOffset, bool accumulate,
        Func<StepShape, int> rows, float scale = 1,
        int rowLimit = 0)
    {
        foreach (WeightSegment segment in weights.Segments)
        {
            DispatchNode[] variants = [.. TileRows.Select(
                t => Dispatch(label, weights, segment, t, x, xStride, y, yStride, yOffset, accumulate, null, 1, scale, rowLimit))];
            int groups = segment.Groups;
            yield return new GraphNode(variants, shape =>
            {
                int n = rows(shape), variant = Variant(n);
                return new Grid(groups, (n + TileRows[variant] - 1) / TileRows[variant], 1, variant);
            }, segment.Tensor.Bytes);
        }
    }

    /// <summary>
    /// For each pair (row, choice): y[pair] = W[expert of the pair] x[pair / xDivisor] + bias[expert]. The experts are read on the device.
    /// </summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="weights">Matrix with one slab per expert.</param>
    /// <param name="x">[rows, xStride] f32.</param>
    /// <param name="xStride">Elements per row of x.</param>
    /// <param name="xDivisor">Pairs per row of x.</param>
    /// <param name="y">[pairs, yStride] f32.</param>
    /// <param name="yStride">Elements per row of y.</param>
    /// <param name="yOffset">First column of y to fill.</param>
    /// <param name="routing">Tiles and order made by <c>expert_tiles</c>.</param>
    /// <param name="rowLimit">Columns of y to fill; 0 for all of the matrix, zeros up to a multiple of 32 included.</param>
    public IEnumerable<GraphNode> ExpertNodes(string label, WeightMatrix weights, Tensor x, int xStride, int xDivisor, Tensor y,
        int yStride, int yOffset, Routing routing, int rowLimit = 0)
    {
        foreach (WeightSegment segment in weights.Segments)
        {
            DispatchNode[] variants = [.. TileRows.Select(
                t => Dispatch(label, weights, segment, t, x, xStride, y, yStride, yOffset, false, routing, xDivisor, 1, rowLimit))];
            int groups = weights.GroupsPerSlab;
            yield return new GraphNode(variants, shape => new Grid(groups, routing.TileCount(shape.Rows), 1, Variant(shape.Rows)),
                segment.Tensor.Bytes / weights.Slabs * routing.Used);
        }
    }

    private DispatchNode Dispatch(string label, WeightMatrix weights, WeightSegment segment, int tileRows, Tensor x, int xStride, Tensor y,
        int yStride, int yOffset, bool accumulate, Routing? routing, int xDivisor, float scale, int rowLimit = 0)
    {
        ComputePipeline pipeline = kernels.Pipeline(
            "matmul_" + weights.Layout.KernelSuffix,
            ("workgroupSize", ShaderConstants.ClusterLanes * kernels.Slices),
            ("Tokens", (uint)tileRows),
            ("Slices", kernels.Slices),
            ("Experts", routing is null ? 0u : 1u),
            ("HasBias", weights.Bias is null ? 0u : 1u),
            ("Accumulate", accumulate ? 1u : 0u));
        Tensor codes = segment.Tensor.As(TexelFormat.UInt4);
        return pipeline.Node(
            label,
            [codes, Scales(weights.Layout, segment.Tensor), x.As(TexelFormat.Float4), y, weights.Bias ?? emptyTensor,
                routing?.Tiles ?? emptyTensor,
                routing?.Order ?? emptyTensor, .. Codebook(weights)],
            ("chunks", (uint)(weights.Layout.Units(weights.Columns) * (weights.Layout.UnitColumns / WeightLayout.ChunkColumns))),
            ("xStride", (uint)xStride / 4),
            ("yStride", (uint)yStride),
            ("yOffset", (uint)yOffset),
            ("firstGroup", (uint)segment.FirstGroup),
            ("groups", (uint)segment.Groups),
            ("groupsPerSlab", (uint)weights.GroupsPerSlab),
            ("xDivisor", (uint)xDivisor),
            ("scale", scale),
            ("rowLimit", (uint)(rowLimit > 0 ? rowLimit : weights.OutputColumns)));
    }

    /// <summary>The last tensor of a format's kernels, where it has a codebook.</summary>
    public static Tensor[] Codebook(WeightMatrix weights) => weights.Codebook is { } codebook ? [codebook] : [];

    /// <summary>The same bytes as the codes, fetched by the size of a scale entry.</summary>
    public static Tensor Scales(WeightLayout layout, Tensor segment) => segment.As(layout.ScaleWords switch
    {
        1 => TexelFormat.UInt1,
        2 => TexelFormat.UInt2,
        _ => TexelFormat.UInt4,
    });
}

/// <summary>Where the experts chosen in a step lie, on the device.</summary>
/// <param name="Experts">Experts per block.</param>
/// <param name="Used">Experts per row.</param>
/// <param name="Tiles">[tiles] (expert, first, count, -).</param>
/// <param name="Order">[pairs] u32.</param>
internal sealed record Routing(int Experts, int Used, Tensor Tiles, Tensor Order)
{
    /// <summary>Most tiles that the pairs of so many rows can make.</summary>
    public int TileCount(int rows)
    {
        int pairs = rows * Used, tile = MatMul.TileRows[MatMul.Variant(rows)];
        return tile == 1 ? pairs : Math.Min(pairs, pairs / tile + Math.Min(Experts, pairs));
    }
}
