using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Buffers that a step works in. Rows are padded to multiples of 64 elements that stay zero: kernels fetch whole chunks and never check for
/// the end.
/// </summary>
internal sealed class Workspace(TensorArena arena, Uploader uploader, int rows)
{
    /// <summary>Elements between rows of a given width.</summary>
    public static int Stride(int width) => (width + WeightLayout.ChunkColumns - 1) / WeightLayout.ChunkColumns * WeightLayout.ChunkColumns;

    /// <summary>A cleared buffer [rows, Stride(width)] f32.</summary>
    public Tensor Rows(string name, int width, int perRow = 1) => Cleared(name, (long)rows * perRow * Stride(width) * 4);

    /// <summary>A cleared buffer.</summary>
    public Tensor Cleared(string name, long bytes)
    {
        Tensor tensor = arena.Allocate((bytes + 15) & ~15L, name);
        uploader.Clear(tensor);
        return tensor;
    }
}
