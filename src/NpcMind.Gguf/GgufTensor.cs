namespace NpcMind.Gguf;

/// <summary>
/// Where and what a tensor is. Dimensions are in GGUF order: the first is the row length (fastest varying, the input width of a matrix).
/// </summary>
/// <param name="Name">Name as in the file, e.g. <c>blk.0.attn_q.weight</c>.</param>
/// <param name="Type">Storage type.</param>
/// <param name="Dimensions">1 to 4 sizes, each at least 1; sizes of 1 at the end, which mean nothing, are left out.</param>
/// <param name="Shard">Index of the file that holds the data: 0 unless the model is split.</param>
/// <param name="Offset">Byte offset of the data in that file.</param>
/// <param name="ByteLength">Bytes of data.</param>
internal sealed record GgufTensor(string Name, TensorType Type, IReadOnlyList<long> Dimensions, int Shard, long Offset, long ByteLength)
{
    /// <summary>Row length: the first dimension.</summary>
    public long Columns => Dimensions[0];

    /// <summary>Rows of one matrix: the second dimension, or 1.</summary>
    public long Rows => Dimensions.Count > 1 ? Dimensions[1] : 1;

    /// <summary>Matrices stacked in the tensor (experts): product of the third and fourth dimension, or 1.</summary>
    public long Slabs => (Dimensions.Count > 2 ? Dimensions[2] : 1) * (Dimensions.Count > 3 ? Dimensions[3] : 1);

    /// <summary>Number of weights.</summary>
    public long Elements => Columns * Rows * Slabs;

    /// <summary>Sizes as text, e.g. <c>576 x 1536</c>.</summary>
    public string Shape => string.Join(" x ", Dimensions);
}
