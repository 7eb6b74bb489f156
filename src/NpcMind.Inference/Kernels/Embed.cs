using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Embedding of a step's tokens.</summary>
internal sealed class Embed(KernelLibrary kernels)
{
    /// <summary>
    /// x[row] = scale * embedding of the row's token, or the feature row that stands in its place; a dispatch for each segment of the
    /// matrix.
    /// </summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="embedding">[vocabulary, width] in any format.</param>
    /// <param name="rows">[rows] (token, position, slot, feature row + 1).</param>
    /// <param name="next">[slots] u32: tokens chosen on the device.</param>
    /// <param name="x">[rows, stride] f32.</param>
    /// <param name="stride">Elements between rows.</param>
    /// <param name="tokens">[slots, contextTokens] u32: receives the tokens.</param>
    /// <param name="features">[.., width] f32.</param>
    /// <param name="contextTokens">Tokens of a slot.</param>
    /// <param name="scale">Factor on embeddings, not on features.</param>
    public IEnumerable<GraphNode> Nodes(
        string label, WeightMatrix embedding, Tensor rows, Tensor next, Tensor x, int stride, Tensor tokens, Tensor features,
        int contextTokens, float scale)
    {
        uint lanes = kernels.SmallWorkgroup;
        int groups = KernelLibrary.Groups(embedding.Columns, lanes);
        foreach (WeightSegment segment in embedding.Segments)
        {
            DispatchNode node = kernels.Pipeline("embed_" + embedding.Layout.KernelSuffix, ("workgroupSize", lanes)).Node(
                label,
                [
                    segment.Tensor.As(TexelFormat.UInt4), MatMul.Scales(embedding.Layout, segment.Tensor), rows, next, x, tokens, features,
                    .. MatMul.Codebook(embedding),
                ],
                ("dim", (uint)embedding.Columns), ("stride", (uint)stride), ("units", (uint)embedding.Layout.Units(embedding.Columns)),
                ("firstGroup", (uint)segment.FirstGroup), ("groups", (uint)segment.Groups), ("maxContext", (uint)contextTokens),
                ("scale", scale));
            yield return new GraphNode([node], s => new Grid(groups, s.Rows));
        }
    }

    /// <summary>x[row] += positions[position of the row + offset].</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="positions">[positions, stride] f32.</param>
    /// <param name="rows">[rows] (token, position, slot, -).</param>
    /// <param name="x">[rows, stride] f32.</param>
    /// <param name="stride">Elements between rows of both.</param>
    /// <param name="offset">Row of the first position.</param>
    public GraphNode Positions(string label, Tensor positions, Tensor rows, Tensor x, int stride, int offset)
    {
        uint lanes = kernels.SmallWorkgroup;
        DispatchNode node = kernels.Pipeline("position_embed", ("workgroupSize", lanes)).Node(
            label, [positions.As(TexelFormat.Float4), rows, x], ("stride", (uint)stride / 4), ("offset", (uint)offset));
        int groups = KernelLibrary.Groups(stride / 4, lanes);
        return new GraphNode([node], s => new Grid(groups, s.Rows));
    }
}
