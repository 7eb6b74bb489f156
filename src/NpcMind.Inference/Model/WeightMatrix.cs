using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// A part of a matrix that one binding can cover: <paramref name="Groups"/> row groups from <paramref name="FirstGroup"/>.
/// </summary>
/// <param name="Tensor">Device memory, laid out by <see cref="WeightLayout"/>.</param>
/// <param name="FirstGroup">First row group, counted over all slabs.</param>
/// <param name="Groups">Row groups.</param>
internal sealed record WeightSegment(Tensor Tensor, int FirstGroup, int Groups);

/// <summary>
/// A weight matrix on the device: one or several tensors of the file with their rows below each other, each part starting at a row group of
/// its own, or a stack of such matrices (experts). One larger than a binding can cover lies in several segments; kernels are dispatched
/// once per segment.
/// </summary>
/// <param name="Name">Name in the file (of the first part).</param>
/// <param name="Layout">Format and interleaving.</param>
/// <param name="Columns">Input width.</param>
/// <param name="GroupsPerSlab">Row groups of one matrix; its output has 32 times as many columns, those between parts 0.</param>
/// <param name="Slabs">Matrices in the stack.</param>
/// <param name="Bias">[Slabs, GroupsPerSlab * 32] f32, or null.</param>
/// <param name="Segments">Where it lies, in order.</param>
/// <param name="Codebook">What its codes point into (<see cref="Codebooks"/>); null for formats without one.</param>
internal sealed record WeightMatrix(
    string Name, WeightLayout Layout, int Columns, int GroupsPerSlab, int Slabs, Tensor? Bias, IReadOnlyList<WeightSegment> Segments,
    Tensor? Codebook)
{
    /// <summary>Bytes on the device.</summary>
    public long Bytes => (long)GroupsPerSlab * Slabs * Layout.GroupBytes(Columns);

    /// <summary>Columns of the output that this matrix fills.</summary>
    public int OutputColumns => GroupsPerSlab * WeightLayout.GroupRows;
}

/// <summary>A matrix and where its output starts in the row that several matrices fill together.</summary>
/// <param name="Matrix">The matrix.</param>
/// <param name="Offset">First output column.</param>
internal sealed record PlacedMatrix(WeightMatrix Matrix, int Offset);

/// <summary>
/// Rows <paramref name="FirstRow"/> to FirstRow + <paramref name="Rows"/> of a tensor with <paramref name="AllRows"/> rows.
/// </summary>
/// <param name="Name">Tensor name without <c>.weight</c>.</param>
/// <param name="Rows">Rows to take.</param>
/// <param name="FirstRow">First of them.</param>
/// <param name="AllRows">Rows the tensor must have; 0 for just <paramref name="Rows"/>.</param>
internal sealed record MatrixPart(string Name, int Rows, int FirstRow = 0, int AllRows = 0);
