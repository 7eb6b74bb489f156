using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>A part of each row of a buffer [rows, stride] f32: what an operation reads or writes.</summary>
/// <param name="Tensor">The buffer.</param>
/// <param name="Stride">Elements between rows, a multiple of 4.</param>
/// <param name="Offset">First element of the part, a multiple of 4.</param>
internal readonly record struct RowPart(Tensor Tensor, int Stride, int Offset = 0);

/// <summary>Rows that a product reads.</summary>
/// <param name="Rows">[rows, stride] f32.</param>
/// <param name="Norm">What the product applies to them first; null for nothing.</param>
internal readonly record struct RowInput(Tensor Rows, RowNorm? Norm = null)
{
    /// <summary>The rows as they are.</summary>
    public static implicit operator RowInput(Tensor rows) => new(rows);
}

/// <summary>Normalisation of rows.</summary>
internal sealed class Norm(KernelLibrary kernels)
{
    /// <summary>y (+)= x / sqrt(mean(x^2) + epsilon) * weight, one workgroup per row.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="x">Input.</param>
    /// <param name="weight">[dim] f32, padded with zeros to a multiple of 64.</param>
    /// <param name="y">Output; may be <paramref name="x"/>.</param>
    /// <param name="dim">Elements that count.</param>
    /// <param name="width">Elements written, a multiple of 4: <paramref name="dim"/> and the zeros behind it.</param>
    /// <param name="epsilon">Added to the mean.</param>
    /// <param name="rows">How many rows a step has here.</param>
    /// <param name="accumulate">Add to y.</param>
    public GraphNode Rms(string label, RowPart x, Tensor weight, RowPart y, int dim, int width, float epsilon, Func<StepShape, int> rows,
        bool accumulate = false)
    {
        DispatchNode node =
            kernels.Pipeline("rms_norm", ("workgroupSize", kernels.RowWorkgroup), ("Accumulate", accumulate ? 1u : 0u)).Node(
            label,
            [x.Tensor.As(TexelFormat.Float4), weight.As(TexelFormat.Float4), y.Tensor],
            ("dim", (uint)dim), ("quads", (uint)width / 4), ("xStride", (uint)x.Stride / 4), ("xOffset", (uint)x.Offset / 4),
            ("yStride", (uint)y.Stride / 4), ("yOffset", (uint)y.Offset / 4), ("epsilon", epsilon));
        return new GraphNode([node], s => new Grid(rows(s)));
    }

    /// <summary>y = (x - mean) / sqrt(variance + epsilon) * weight + bias, one workgroup per row.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="x">[rows, stride] f32.</param>
    /// <param name="weight">[dim] f32.</param>
    /// <param name="bias">[dim] f32.</param>
    /// <param name="y">[rows, stride] f32.</param>
    /// <param name="dim">Elements that count, a multiple of 4.</param>
    /// <param name="stride">Elements between rows.</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <param name="rows">How many rows a step has here.</param>
    public GraphNode Layer(
        string label, Tensor x, Tensor weight, Tensor bias, Tensor y, int dim, int stride, float epsilon, Func<StepShape, int> rows)
    {
        DispatchNode node = kernels.Pipeline("layer_norm", ("workgroupSize", kernels.RowWorkgroup)).Node(
            label, [x.As(TexelFormat.Float4), weight.As(TexelFormat.Float4), bias.As(TexelFormat.Float4), y],
            ("quads", (uint)dim / 4), ("stride", (uint)stride / 4), ("epsilon", epsilon));
        return new GraphNode([node], s => new Grid(rows(s)));
    }
}
