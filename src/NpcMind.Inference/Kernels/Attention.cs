using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>What a layer's attention does: the data in which families differ (docs/models.md).</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key/value heads.</param>
/// <param name="HeadDim">Elements of a head.</param>
/// <param name="Scale">Factor on q.k.</param>
internal sealed record AttentionSpec(int Heads, int KvHeads, int HeadDim, float Scale)
{
    /// <summary>Rotation; null for none.</summary>
    public RopeForm? Rope { get; init; }

    /// <summary>Norm on each head.</summary>
    public HeadNorm Norm { get; init; }

    /// <summary>RMS norm with weights over all heads of queries, and of keys, together, before the rotation (OLMo).</summary>
    public bool NormsWholeProjection { get; init; }

    /// <summary>Queries are multiplied by the <see cref="QueryTemperature"/> of their position.</summary>
    public bool ScalesQueries { get; init; }

    /// <summary>Scores become SoftCap tanh(score / SoftCap); 0 for none (Gemma 2).</summary>
    public float SoftCap { get; init; }

    /// <summary>A score per head that takes part in the softmax and has no value (gpt-oss; tensor <c>attn_sinks</c>).</summary>
    public bool HasSinks { get; init; }

    /// <summary>Which earlier tokens are seen.</summary>
    public AttentionSpan Span { get; init; }

    /// <summary>
    /// Elements of a value where keys and values are one row, whose first elements are the value; 0 where they are apart (latent
    /// attention).
    /// </summary>
    public int SharedValueDim { get; init; }

    /// <summary>Elements of a value.</summary>
    public int ValueDim => SharedValueDim > 0 ? SharedValueDim : HeadDim;

    /// <summary>
    /// Query heads that a workgroup computes together: all that share a key/value head, or as many as stay in registers where those are
    /// many.
    /// </summary>
    public int HeadsTogether
    {
        get
        {
            int group = Heads / KvHeads, most = SharedValueDim == 0 ? group : SharedValueDim > 256 ? 2 : 4;
            while (group % most != 0) most--;
            return most;
        }
    }
}

/// <summary>The rows that attend in a step.</summary>
/// <param name="Rows">[rows] (token, position, slot, -).</param>
/// <param name="Tiles">[tiles] (first row, rows, slot, -): rows of one sequence that share a workgroup.</param>
/// <param name="Splits">Parts that the longest context is cut into.</param>
/// <param name="SplitPages">Pages of a part.</param>
internal sealed record AttendingRows(Tensor Rows, Tensor Tiles, int Splits, int SplitPages);

/// <summary>Where attention goes in steps of one split.</summary>
/// <param name="Attended">[rows, stride] f32.</param>
/// <param name="Stride">Elements between rows.</param>
/// <param name="Sinks">[heads] f32 where the rule has sinks.</param>
internal sealed record JoinedAttention(Tensor Attended, int Stride, Tensor? Sinks = null);

/// <summary>Attention over the cache: one dispatch computes the parts of each row, one joins them.</summary>
internal sealed class Attention(KernelLibrary kernels, Tensor empty)
{
    /// <summary>
    /// Query rows that share a workgroup: so many that a lane's sums stay in registers. On a software device twice as many for three and
    /// four heads per key: fewer fetches won more there than sums in memory cost (docs/measurements/lavapipe.md).
    /// </summary>
    public static int TileRows(int heads, int kvHeads, GpuLimits limits) => (heads / kvHeads) switch
    {
        <= 2 => 4,
        <= 4 => limits.IsSoftware ? 4 : 2,
        _ => 1,
    };

    /// <summary>Bytes of the parts of so many rows.</summary>
    public static long PartBytes(long rows, int heads, int headDim, int splits) => rows * heads * splits * (headDim + 4) * 4;

    /// <summary>Computes the parts.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="spec">Rule.</param>
    /// <param name="rows">Who attends.</param>
    /// <param name="tileRows">Rows per tile of the variants.</param>
    /// <param name="q">[rows, heads, head size] f32.</param>
    /// <param name="cache">Keys and values.</param>
    /// <param name="parts">Receives them; <see cref="PartBytes"/>.</param>
    /// <param name="grid">Tiles, splits and variant of a step.</param>
    /// <param name="work">Pages that a workgroup goes through; null when always the same.</param>
    /// <param name="joined">Where the result goes in steps of one split, in which <see cref="Combine"/> has nothing to do; null when parts
    /// are always joined.</param>
    public GraphNode Parts(
        string label, AttentionSpec spec, AttendingRows rows, ReadOnlySpan<int> tileRows, Tensor q, KvPlace cache, Tensor parts,
        Func<StepShape, (int Tiles, int Splits, int Variant)> grid, Func<StepShape, double>? work, JoinedAttention? joined = null)
    {
        int tilings = tileRows.Length;
        DispatchNode[] variants = new DispatchNode[joined is null ? tilings : 2 * tilings];
        for (int i = 0; i < variants.Length; i++)
        {
            bool isDirect = i >= tilings;
            ComputePipeline pipeline = kernels.Pipeline(
                "attention_" + cache.KernelSuffix,
                ("workgroupSize", ShaderConstants.ClusterLanes * kernels.Slices), ("Quads", (uint)spec.HeadDim / 4),
                ("Group", (uint)spec.HeadsTogether),
                ("Queries", (uint)tileRows[i % tilings]),
                ("Slices", kernels.Slices), ("SplitPages", (uint)rows.SplitPages), ("Span", (uint)spec.Span.Kind),
                ("SoftCaps", spec.SoftCap > 0 ? 1u : 0u),
                ("ValueQuads", (uint)spec.ValueDim / 4), ("SharedPlane", spec.SharedValueDim > 0 ? 1u : 0u),
                ("Direct", isDirect ? 1u : 0u), ("SharesQueries", kernels.SharesQueries ? 1u : 0u),
                ("HasSinks", isDirect && joined!.Sinks is not null ? 1u : 0u));
            variants[i] = pipeline.Node(
                label,
                [
                    q.As(TexelFormat.Float4), cache.Keys.As(cache.Texels), cache.Values.As(cache.Texels),
                    cache.BlockTable.As(TexelFormat.UInt1),
                    rows.Tiles.As(TexelFormat.UInt4), rows.Rows.As(TexelFormat.UInt4), parts, joined?.Attended ?? empty,
                    (joined?.Sinks ?? empty).As(TexelFormat.UInt1), q,
                ],
                ("heads", (uint)spec.Heads), ("kvHeads", (uint)spec.KvHeads), ("maxBlocks", (uint)cache.MaxBlocks),
                ("maxSplits", (uint)rows.Splits), ("scale", spec.Scale),
                ("softCap", spec.SoftCap), ("spanTokens", (uint)spec.Span.Tokens), ("resultStride", (uint)(joined?.Stride ?? 0) / 4));
        }

        int groups = spec.Heads / spec.HeadsTogether;
        return new GraphNode(variants, s =>
        {
            (int tiles, int splits, int variant) = grid(s);
            return new Grid(groups, tiles, splits, joined is not null && s.Splits == 1 ? variant + tilings : variant);
        }, Work: work);
    }

    /// <summary>Joins the parts.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="spec">Rule.</param>
    /// <param name="rows">Who attends.</param>
    /// <param name="parts">From <see cref="Parts"/>.</param>
    /// <param name="sinks">[heads] f32 where the rule has sinks.</param>
    /// <param name="attended">[rows, stride] f32.</param>
    /// <param name="stride">Elements between rows.</param>
    /// <param name="count">How many rows a step has here.</param>
    /// <param name="work">Parts that are joined; null when always the same.</param>
    public GraphNode Combine(
        string label, AttentionSpec spec, AttendingRows rows, Tensor parts, Tensor? sinks, Tensor attended, int stride,
        Func<StepShape, int> count, Func<StepShape, double>? work)
    {
        uint lanes = kernels.SmallWorkgroup, quads = (uint)spec.ValueDim / 4;
        DispatchNode node = kernels.Pipeline("attention_combine", ("workgroupSize", lanes), ("Span", (uint)spec.Span.Kind),
            ("HasSinks", sinks is null ? 0u : 1u)).Node(
            label,
            [parts.As(TexelFormat.Float4), rows.Rows, attended, sinks ?? empty],
            ("heads", (uint)spec.Heads), ("quads", quads), ("maxSplits", (uint)rows.Splits),
            ("splitTokens", (uint)(rows.SplitPages * KvCache.PageTokens)),
            ("stride", (uint)stride / 4), ("spanTokens", (uint)spec.Span.Tokens));
        int groups = KernelLibrary.Groups(spec.Heads * (int)quads, lanes);
        return new GraphNode([node], s => new Grid(groups, count(s)), Work: work);
    }
}
