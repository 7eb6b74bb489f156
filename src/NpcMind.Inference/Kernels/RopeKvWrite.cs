using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Norm on the heads of queries and keys.</summary>
internal enum HeadNorm
{
    /// <summary>None.</summary>
    None,
    /// <summary>RMS norm without weights after the rotation (Llama 4).</summary>
    AfterRope,
    /// <summary>RMS norm with weights before the rotation (Qwen 3, Gemma 3).</summary>
    BeforeRope,
}

/// <summary>How a layer turns queries and keys.</summary>
/// <param name="Table">Which of the model's rope tables.</param>
/// <param name="Neox">Pairs are (k, k + n/2) instead of neighbours.</param>
internal sealed record RopeForm(int Table = 0, bool Neox = false);

/// <summary>Where the cosines and sines of a step stand, per row: [rows, stride] pairs.</summary>
/// <param name="Tensor">The buffer.</param>
/// <param name="Stride">Pairs between rows; the last one is the factor on queries, where there is one.</param>
/// <param name="Offset">First pair of the layer's table.</param>
/// <param name="Pairs">Pairs that are turned; 0 for none.</param>
internal readonly record struct RopeAngles(Tensor Tensor, int Stride, int Offset, int Pairs);

/// <summary>Turns query and key heads, writes queries for attention and keys and values into the cache.</summary>
internal sealed class RopeKvWrite(KernelLibrary kernels, Tensor empty)
{
    /// <summary>The node of a layer.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="spec">Heads and what is done to them.</param>
    /// <param name="qkv">[rows, stride] f32.</param>
    /// <param name="stride">Elements between rows of <paramref name="qkv"/>; queries begin at 0.</param>
    /// <param name="kOffset">First element of the keys.</param>
    /// <param name="vOffset">First element of the values.</param>
    /// <param name="angles">Cosines and sines.</param>
    /// <param name="rows">[rows] (token, position, slot, -).</param>
    /// <param name="normWeights">[head size of queries, head size of keys] f32 for <see cref="HeadNorm.BeforeRope"/>.</param>
    /// <param name="epsilon">Of the norm.</param>
    /// <param name="q">[rows, heads, head size] f32: receives the queries.</param>
    /// <param name="cache">Where keys and values go.</param>
    /// <param name="count">How many rows a step has here.</param>
    public GraphNode Node(
        string label, AttentionSpec spec, Tensor qkv, int stride, int kOffset, int vOffset, RopeAngles angles, Tensor rows,
        Tensor? normWeights, float epsilon, Tensor q,
        KvPlace cache, Func<StepShape, int> count)
    {
        uint lanes = kernels.SmallWorkgroup;
        ComputePipeline pipeline = kernels.Pipeline(
            "rope_kv_write_" + cache.KernelSuffix,
            ("workgroupSize", lanes), ("Quads", (uint)spec.HeadDim / 4), ("Norm", (uint)spec.Norm),
            ("ScalesQueries", spec.ScalesQueries ? 1u : 0u));
        DispatchNode node = pipeline.Node(
            label,
            [
                qkv.As(TexelFormat.Float4), angles.Tensor.As(TexelFormat.Float2), rows, cache.BlockTable, q, cache.Keys, cache.Values,
                (normWeights ?? empty).As(TexelFormat.Float4),
            ],
            ("heads", (uint)spec.Heads), ("kvHeads", (uint)spec.KvHeads), ("pairs", (uint)angles.Pairs),
            ("neox", spec.Rope is { Neox: true } ? 1u : 0u),
            ("stride", (uint)stride / 4), ("kOffset", (uint)kOffset / 4), ("vOffset", (uint)vOffset / 4),
            ("turnStride", (uint)angles.Stride),
            ("turnOffset", (uint)angles.Offset), ("maxBlocks", (uint)cache.MaxBlocks), ("epsilon", epsilon));
        int groups = KernelLibrary.Groups(spec.Heads + 2 * spec.KvHeads, lanes / ShaderConstants.ClusterLanes);
        return new GraphNode([node], s => new Grid(groups, count(s)));
    }
}

/// <summary>Where a layer's keys and values lie.</summary>
/// <param name="Keys">Keys.</param>
/// <param name="Values">Values.</param>
/// <param name="BlockTable">[slots, MaxBlocks] u32.</param>
/// <param name="MaxBlocks">Blocks a slot can have.</param>
/// <param name="KernelSuffix">Number format, as kernels are named.</param>
/// <param name="Texels">How a quad is fetched.</param>
internal sealed record KvPlace(Tensor Keys, Tensor Values, Tensor BlockTable, int MaxBlocks, string KernelSuffix, TexelFormat Texels);
