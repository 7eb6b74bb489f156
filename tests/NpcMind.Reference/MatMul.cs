using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>y = W x for one or many x, products and sums in double.</summary>
internal static class MatMul
{
    /// <param name="weights">[rows, columns], row-major as in GGUF (columns is the first dimension there).</param>
    /// <param name="x">[n, columns]; n = 1 is a matrix-vector product.</param>
    /// <param name="columns">Row length.</param>
    /// <param name="bias">[rows], or empty.</param>
    /// <returns>[n, rows].</returns>
    public static float[] Run(ReadOnlySpan<float> weights, ReadOnlySpan<float> x, int columns, ReadOnlySpan<float> bias = default)
    {
        int rows = weights.Length / columns;
        int n = x.Length / columns;
        if (rows * columns != weights.Length || n * columns != x.Length)
            throw new ArgumentException($"Neither {weights.Length} nor {x.Length} may leave a part of a row of {columns}.",
                nameof(columns));
        float[] y = new float[n * rows];
        for (int i = 0; i < n; i++)
        {
            ReadOnlySpan<float> input = x.Slice(i * columns, columns);
            for (int r = 0; r < rows; r++)
            {
                double sum = bias.IsEmpty ? 0 : bias[r];
                ReadOnlySpan<float> row = weights.Slice(r * columns, columns);
                for (int c = 0; c < columns; c++) sum += (double)row[c] * input[c];
                y[(i * rows) + r] = (float)sum;
            }
        }

        return y;
    }

    /// <summary>The same with stored weights: [rows, columns] blocks of <paramref name="type"/>.</summary>
    public static float[] Run(TensorType type, ReadOnlySpan<byte> blocks, ReadOnlySpan<float> x, int columns)
    {
        BlockLayout layout = TensorTypes.Layout(type)!.Value;
        float[] weights = new float[(long)blocks.Length / layout.Bytes * layout.Elements];
        Dequantize.Rows(type, blocks, weights);
        return Run(weights, x, columns);
    }
}
