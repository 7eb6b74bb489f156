namespace NpcMind.Reference;

/// <summary>y = (x - mean) / sqrt(variance + epsilon) * weight + bias, row by row, with the variance of the whole row (Ba et al. 2016).</summary>
public static class LayerNorm
{
    /// <param name="x">[rows, dim].</param>
    /// <param name="weight">[dim].</param>
    /// <param name="bias">[dim].</param>
    /// <param name="epsilon">Added to the variance.</param>
    /// <returns>[rows, dim].</returns>
    public static float[] Run(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, ReadOnlySpan<float> bias, double epsilon)
    {
        int dim = weight.Length;
        float[] y = new float[x.Length];
        for (int row = 0; row < x.Length / dim; row++)
        {
            ReadOnlySpan<float> from = x.Slice(row * dim, dim);
            double mean = 0, squares = 0;
            foreach (float v in from) mean += (double)v / dim;
            foreach (float v in from) squares += (v - mean) * (v - mean);
            double inverse = 1 / Math.Sqrt(squares / dim + epsilon);
            for (int i = 0; i < dim; i++) y[row * dim + i] = (float)((from[i] - mean) * inverse * weight[i] + bias[i]);
        }

        return y;
    }
}
