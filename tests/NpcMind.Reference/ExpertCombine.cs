namespace NpcMind.Reference;

/// <summary>y = sum over the selected experts of weight_e * x_e.</summary>
internal static class ExpertCombine
{
    /// <param name="x">[k, dim], outputs of the experts.</param>
    /// <param name="weights">[k].</param>
    /// <returns>[dim].</returns>
    public static float[] Run(ReadOnlySpan<float> x, ReadOnlySpan<float> weights)
    {
        int dim = x.Length / weights.Length;
        float[] y = new float[dim];
        for (int i = 0; i < dim; i++)
        {
            double sum = 0;
            for (int e = 0; e < weights.Length; e++) sum += (double)weights[e] * x[(e * dim) + i];
            y[i] = (float)sum;
        }

        return y;
    }
}
