using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Sizes of latent attention (DeepSeek-AI 2024, DeepSeek-V2, section 2.1).</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="Latent">Elements of the latent that all heads share.</param>
/// <param name="Rope">Elements of a head that are turned, and of the one turned key.</param>
/// <param name="Plain">Elements of a head that are not turned.</param>
/// <param name="Value">Elements of a head's value.</param>
/// <param name="QueryLatent">Elements of the latent of queries; 0 where queries are projected at once.</param>
internal sealed record LatentSpec(int Heads, int Latent, int Rope, int Plain, int Value, int QueryLatent)
{
    /// <summary>Elements of a token's row in the cache, and of a query that meets it.</summary>
    public int RowWidth => Latent + Rope;

    /// <summary>Elements of a projected query head.</summary>
    public int QueryWidth => Plain + Rope;
}

/// <summary>Turns the rope parts of latent attention and writes the cache.</summary>
internal sealed class LatentKvWrite(KernelLibrary kernels)
{
    /// <summary>The node of a layer.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="spec">Sizes, multiples of 4.</param>
    /// <param name="projected">[rows, projectedStride] f32: projected query heads.</param>
    /// <param name="projectedStride">Elements between rows.</param>
    /// <param name="latent">[rows, latentStride] f32: the normalised latent, then the key to be turned.</param>
    /// <param name="latentStride">Elements between rows.</param>
    /// <param name="angles">Cosines and sines.</param>
    /// <param name="rows">[rows] (token, position, slot, -).</param>
    /// <param name="q">[rows, heads, RowWidth] f32: receives the turned parts, behind the latent ones.</param>
    /// <param name="cache">Where the row of a token goes: its keys.</param>
    /// <param name="count">How many rows a step has here.</param>
    public GraphNode Node(
        string label, LatentSpec spec, Tensor projected, int projectedStride, Tensor latent, int latentStride, RopeAngles angles,
        Tensor rows, Tensor q, KvPlace cache,
        Func<StepShape, int> count)
    {
        uint lanes = kernels.SmallWorkgroup;
        DispatchNode node = kernels.Pipeline(
            "latent_kv_write_" + cache.KernelSuffix, ("workgroupSize", lanes), ("LatentQuads", (uint)spec.Latent / 4),
            ("RopeQuads", (uint)spec.Rope / 4)).Node(
            label,
            [projected.As(TexelFormat.Float4), latent.As(TexelFormat.Float4), angles.Tensor.As(TexelFormat.Float2), rows, cache.BlockTable,
                q, cache.Keys],
            ("heads", (uint)spec.Heads), ("plainQuads", (uint)spec.Plain / 4), ("projectedStride", (uint)projectedStride / 4),
            ("latentStride", (uint)latentStride / 4),
            ("angleStride", (uint)angles.Stride), ("angleOffset", (uint)angles.Offset), ("maxBlocks", (uint)cache.MaxBlocks));
        int groups = KernelLibrary.Groups(spec.Heads + 1, lanes / ShaderConstants.ClusterLanes);
        return new GraphNode([node], s => new Grid(groups, count(s)));
    }
}
