using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>From the rows of texts to one row each.</summary>
internal sealed class Pool(KernelLibrary kernels)
{
    /// <summary>y[text] = mean of the text's rows, or its first or last row.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="form">Which of them.</param>
    /// <param name="x">[rows, stride] f32.</param>
    /// <param name="stride">Elements between rows of both, a multiple of 4.</param>
    /// <param name="texts">[texts] (first row, rows, -, -).</param>
    /// <param name="y">[texts, stride] f32.</param>
    public GraphNode Rows(string label, EmbeddingPooling form, Tensor x, int stride, Tensor texts, Tensor y)
    {
        uint lanes = kernels.SmallWorkgroup;
        DispatchNode node = kernels.Pipeline("pool_rows", ("workgroupSize", lanes), ("Form", (uint)form)).Node(
            label, [x.As(TexelFormat.Float4), texts, y], ("stride", (uint)stride / 4));
        int groups = KernelLibrary.Groups(stride / 4, lanes);
        return new GraphNode(
            [node], s => new Grid(groups, s.Outputs), Work: form == EmbeddingPooling.Mean ? s => s.LastPosition + 1 : null);
    }

    /// <summary>y = y / |y|, one workgroup per row; a row of zeros stays.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="y">[texts, stride] f32, zero behind the elements that count.</param>
    /// <param name="stride">Elements between rows, a multiple of 4.</param>
    public GraphNode Normalize(string label, Tensor y, int stride)
    {
        DispatchNode node = kernels.Pipeline("l2_norm", ("workgroupSize", kernels.RowWorkgroup)).Node(
            label, [y], ("stride", (uint)stride / 4));
        return new GraphNode([node], s => new Grid(s.Outputs));
    }
}
