namespace NpcMind.Reference;

/// <summary>y = x / sqrt(mean(x^2) + epsilon) * weight, row by row (Zhang and Sennrich 2019).</summary>
internal static class RmsNorm
{
    /// <param name="x">[rows, dim].</param>
    /// <param name="weight">[dim].</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <returns>[rows, dim].</returns>
    public static float[] Run(ReadOnlySpan<float> x, ReadOnlySpan<float> weight, double epsilon)
    {
        int dim = weight.Length;
        float[] y = new float[x.Length];
        for (int row = 0; row < x.Length / dim; row++)
        {
            double squares = 0;
            for (int i = 0; i < dim; i++) squares += (double)x[(row * dim) + i] * x[(row * dim) + i];
            double inverse = 1 / Math.Sqrt((squares / dim) + epsilon);
            for (int i = 0; i < dim; i++) y[(row * dim) + i] = (float)(x[(row * dim) + i] * inverse * weight[i]);
        }

        return y;
    }
}
