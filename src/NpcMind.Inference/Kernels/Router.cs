using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Function of a router's logits.</summary>
internal enum RouterGate
{
    /// <summary>Softmax over all experts.</summary>
    Softmax,
    /// <summary>Sigmoid of each.</summary>
    Sigmoid,
}

/// <summary>How a mixture layer chooses and weighs its experts (docs/models.md).</summary>
internal sealed record RouterSpec
{
    /// <summary>Weights before normalisation.</summary>
    public RouterGate Gate { get; init; }

    /// <summary>
    /// The weights of the chosen are divided by their sum. With <see cref="RouterGate.Softmax"/> that is the softmax over the chosen.
    /// </summary>
    public bool Normalizes { get; init; } = true;

    /// <summary>Factor on the weights.</summary>
    public float Scale { get; init; } = 1;

    /// <summary>A bias per expert takes part in the choice, not in the weights (tensor <c>exp_probs_b.bias</c>).</summary>
    public bool HasSelectionBias { get; init; }

    /// <summary>Groups of experts; 1 for none.</summary>
    public int Groups { get; init; } = 1;

    /// <summary>Groups that take part in the choice.</summary>
    public int GroupsUsed { get; init; } = 1;

    /// <summary>Weights multiply the experts' input instead of their output (Llama 4).</summary>
    public bool WeighsInput { get; init; }
}

/// <summary>The choice of experts, and the sum of what they give.</summary>
internal sealed class Router(KernelLibrary kernels, Tensor empty)
{
    /// <summary>
    /// Chooses <see cref="Routing.Used"/> experts for each row. For the only row of a step it makes <see cref="Routing.Order"/> and
    /// <see cref="Routing.Tiles"/>, too; for more, <see cref="Tiles"/> does.
    /// </summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="spec">Rule.</param>
    /// <param name="logits">[rows, stride] f32.</param>
    /// <param name="stride">Elements between rows.</param>
    /// <param name="routing">How many experts, and what to make.</param>
    /// <param name="bias">[experts] f32 where the rule has a selection bias.</param>
    /// <param name="chosen">[rows, used] u32.</param>
    /// <param name="weights">[rows, used] f32.</param>
    /// <param name="rows">How many rows a step has here.</param>
    public GraphNode Choose(
        string label, RouterSpec spec, Tensor logits, int stride, Routing routing, Tensor? bias, Tensor chosen, Tensor weights,
        Func<StepShape, int> rows)
    {
        DispatchNode[] variants = [.. ((uint[])[1, 0]).Select(alone => kernels.Pipeline(
            "router_top_k",
            ("workgroupSize", kernels.SmallWorkgroup), ("Gate", (uint)spec.Gate), ("Normalizes", spec.Normalizes ? 1u : 0u),
            ("HasBias", bias is null ? 0u : 1u), ("Groups", (uint)spec.Groups), ("Experts", (uint)routing.Experts),
            ("Used", (uint)routing.Used), ("Alone", alone)).Node(
            label,
            [logits.As(TexelFormat.UInt1), (bias ?? empty).As(TexelFormat.UInt1), chosen, weights, routing.Order, routing.Tiles],
            ("stride", (uint)stride), ("groupsUsed", (uint)spec.GroupsUsed), ("scale", spec.Scale)))];
        return new GraphNode(variants, s => rows(s) is var n ? new Grid(n, Variant: n == 1 ? 0 : 1) : default);
    }

    /// <summary>Whether <see cref="ChooseFrom"/> can compute a router: in F32, of at most 64 experts without groups.</summary>
    public static bool CanChooseFrom(WeightMatrix router, RouterSpec spec) =>
        router is { Layout.KernelSuffix: "f32", GroupsPerSlab: <= 2, Segments.Count: 1 } && spec.Groups == 1;

    /// <summary>The logits of a router and <see cref="Choose"/> in one dispatch.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="spec">Rule.</param>
    /// <param name="router">Matrix for which <see cref="CanChooseFrom"/> is true.</param>
    /// <param name="x">[rows, xStride] f32.</param>
    /// <param name="xStride">Elements between rows.</param>
    /// <param name="routing">How many experts, and what to make.</param>
    /// <param name="bias">[experts] f32 where the rule has a selection bias.</param>
    /// <param name="chosen">[rows, used] u32.</param>
    /// <param name="weights">[rows, used] f32.</param>
    public GraphNode ChooseFrom(
        string label, RouterSpec spec, WeightMatrix router, RowInput x, int xStride, Routing routing, Tensor? bias, Tensor chosen,
        Tensor weights)
    {
        Tensor matrix = router.Segments[0].Tensor;
        DispatchNode[] variants = [.. MatMul.TileRows.Select(t => kernels.Pipeline(
            "router_f32",
            ("workgroupSize", ShaderConstants.ClusterLanes * kernels.Slices), ("Tokens", (uint)t), ("Slices", kernels.Slices),
            ("Normalizes", x.Norm is null ? 0u : 1u), ("HasBias", router.Bias is null ? 0u : 1u), ("Gate", (uint)spec.Gate),
            ("NormalizesWeights", spec.Normalizes ? 1u : 0u), ("SelectsWithBias", bias is null ? 0u : 1u),
            ("Experts", (uint)routing.Experts), ("Used", (uint)routing.Used), ("Alone", t == 1 ? 1u : 0u),
            ("Groups", (uint)router.GroupsPerSlab)).Node(
            label,
            [matrix.As(TexelFormat.UInt4), MatMul.Scales(router.Layout, matrix), x.Rows.As(TexelFormat.Float4),
                (x.Norm?.Weight ?? empty).As(TexelFormat.Float4), (router.Bias ?? empty).As(TexelFormat.UInt1),
                (bias ?? empty).As(TexelFormat.UInt1), chosen, weights, routing.Order, routing.Tiles],
            ("chunks", (uint)(router.Layout.Units(router.Columns) * (router.Layout.UnitColumns / WeightLayout.ChunkColumns))),
            ("xStride", (uint)xStride / 4), ("dim", (uint)(x.Norm?.Dim ?? 0)), ("epsilon", x.Norm?.Epsilon ?? 0), ("scale", spec.Scale)))];
        return new GraphNode(variants, s => MatMul.Tiled(1, s.Rows), matrix.Bytes);
    }

    /// <summary>
    /// Sorts the pairs (row, choice) by expert, in tiles for <see cref="MatMul.ExpertNodes"/>.
    /// </summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="chosen">[rows, used] u32.</param>
    /// <param name="header">First word: rows of the step.</param>
    /// <param name="routing">Receives order and tiles.</param>
    /// <param name="maxPairs">Most pairs of a step.</param>
    /// <param name="routed">Whether a router chose, which makes the tiles of a step of one row itself.</param>
    public GraphNode Tiles(string label, Tensor chosen, Tensor header, Routing routing, int maxPairs, bool routed = true)
    {
        ComputePipeline pipeline = kernels.Pipeline("expert_tiles", ("workgroupSize", kernels.SmallWorkgroup));
        DispatchNode[] variants = [.. routing.TileRows.Select(t => pipeline.Node(
            label, [chosen.As(TexelFormat.UInt1), header, routing.Order, routing.Tiles],
            ("experts", (uint)routing.Experts), ("used", (uint)routing.Used), ("tileRows", (uint)t), ("maxTiles", (uint)maxPairs)))];
        return new GraphNode(variants, s => routed && s.Rows == 1 ? default : new Grid(1, 1, 1, routing.Variant(s.Rows)));
    }

    /// <summary>x += scale * sum of the experts' outputs, each times its weight.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="outputs">[rows * used, stride] f32.</param>
    /// <param name="weights">[rows, used] f32; null where they were on the input.</param>
    /// <param name="x">[rows, stride] f32.</param>
    /// <param name="stride">Elements between rows, a multiple of 4.</param>
    /// <param name="used">Experts a row.</param>
    /// <param name="scale">Factor.</param>
    /// <param name="rows">How many rows a step has here.</param>
    public GraphNode Combine(
        string label, Tensor outputs, Tensor? weights, Tensor x, int stride, int used, float scale, Func<StepShape, int> rows)
    {
        uint lanes = kernels.SmallWorkgroup;
        DispatchNode node = kernels.Pipeline("expert_combine", ("workgroupSize", lanes), ("Weighted", weights is null ? 0u : 1u)).Node(
            label, [outputs.As(TexelFormat.Float4), weights ?? empty, x], ("used", (uint)used), ("quads", (uint)stride / 4),
            ("scale", scale));
        int groups = KernelLibrary.Groups(stride / 4, lanes);
        return new GraphNode([node], s => new Grid(groups, rows(s)));
    }
}
