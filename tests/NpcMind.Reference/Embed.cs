using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>y_i = row ids_i of the table.</summary>
internal static class Embed
{
    /// <param name="table">[vocabulary, dim].</param>
    /// <param name="dim">Row length.</param>
    /// <param name="ids">[n].</param>
    /// <param name="rows">Null, or [n] of null or a row that stands in the place of the table's.</param>
    /// <returns>[n, dim].</returns>
    public static float[] Run(ReadOnlySpan<float> table, int dim, ReadOnlySpan<int> ids, float[]?[]? rows = null)
    {
        float[] y = new float[ids.Length * dim];
        for (int i = 0; i < ids.Length; i++)
            (rows?[i] is { } row ? row.AsSpan(0, dim) : table.Slice(ids[i] * dim, dim)).CopyTo(y.AsSpan(i * dim));
        return y;
    }

    /// <summary>The same with a stored table: [vocabulary, dim] blocks of <paramref name="type"/>.</summary>
    public static float[] Run(TensorType type, ReadOnlySpan<byte> table, int dim, ReadOnlySpan<int> ids)
    {
        BlockLayout layout = TensorTypes.Layout(type)!.Value;
        int rowBytes = dim / layout.Elements * layout.Bytes;
        float[] y = new float[ids.Length * dim];
        for (int i = 0; i < ids.Length; i++) Dequantize.Rows(type, table.Slice(ids[i] * rowBytes, rowBytes), y.AsSpan(i * dim, dim));
        return y;
    }
}
