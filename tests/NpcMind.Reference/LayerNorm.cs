namespace NpcMind.Reference;

/// <summary>
/// y = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias, row by row, with the variance of the population (Ba et al. 2016).
/// </summary>
internal static class LayerNorm
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
        for (int at = 0; at < x.Length; at += dim)
        {
            double mean = 0, squares = 0;
            for (int i = 0; i < dim; i++) mean += x[at + i];
            mean /= dim;
            for (int i = 0; i < dim; i++) squares += (x[at + i] - mean) * (x[at + i] - mean);
            double inverse = 1 / Math.Sqrt((squares / dim) + epsilon);
            for (int i = 0; i < dim; i++) y[at + i] = (float)(((x[at + i] - mean) * inverse * weight[i]) + bias[i]);
        }

        return y;
    }
}
