namespace NpcMind.Reference;

/// <summary>
/// Causal attention with grouped heads: a_i = sum_j softmax_j(scale q_i . k_j) v_j over j up to the position of i.
/// Query head h reads key head h / (heads / kvHeads) (Ainslie et al. 2023). Two passes, in double.
/// </summary>
internal static class Attention
{
    /// <param name="q">[n, heads, keyDim].</param>
    /// <param name="k">[positions, kvHeads, keyDim].</param>
    /// <param name="v">[positions, kvHeads, valueDim].</param>
    /// <param name="heads">Query heads, a multiple of <paramref name="kvHeads"/>.</param>
    /// <param name="kvHeads">Key and value heads.</param>
    /// <param name="positions">Rows of <paramref name="k"/> and <paramref name="v"/>.</param>
    /// <param name="firstPosition">Position of query 0; query i sees keys 0..firstPosition + i.</param>
    /// <param name="scale">Factor on the scores.</param>
    /// <param name="chunk">0, or the size of the chunks, counted from position 0, out of which a query sees no key (Llama 4).</param>
    /// <param name="window">0, or how many keys a query sees, its own included.</param>
    /// <param name="softCap">0, or the cap: scores become softCap tanh(score / softCap) (Gemma 2).</param>
    /// <param name="sinks">[heads] scores that take part in the softmax and have no value (gpt-oss), or null.</param>
    /// <returns>[n, heads, valueDim].</returns>
    public static float[] Run(
        ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v, int heads, int kvHeads, int positions, int firstPosition,
        double scale, int chunk = 0, int window = 0, double softCap = 0,
        float[]? sinks = null)
    {
        int keyDim = k.Length / positions / kvHeads;
        int valueDim = v.Length / positions / kvHeads;
        int n = q.Length / heads / keyDim;
        float[] output = new float[n * heads * valueDim];
        double[] sums = new double[valueDim];
        for (int i = 0; i < n; i++)
        {
            int first = chunk > 0 ? (firstPosition + i) / chunk * chunk : window > 0 ? Math.Max(0, firstPosition + i - window + 1) : 0;
            int seen = firstPosition + i + 1 - first;
            double[] weights = new double[seen + (sinks is null ? 0 : 1)];
            for (int head = 0; head < heads; head++)
            {
                int kvHead = head / (heads / kvHeads);
                ReadOnlySpan<float> query = q.Slice(((i * heads) + head) * keyDim, keyDim);
                for (int j = 0; j < seen; j++)
                    weights[j] = Capped(scale * Dot(query, k.Slice((((first + j) * kvHeads) + kvHead) * keyDim, keyDim)));
                if (sinks is not null) weights[seen] = sinks[head];
                Softmax.InPlace(weights);

                Array.Clear(sums);
                for (int j = 0; j < seen; j++)
                {
                    ReadOnlySpan<float> value = v.Slice((((first + j) * kvHeads) + kvHead) * valueDim, valueDim);
                    for (int d = 0; d < valueDim; d++) sums[d] += weights[j] * value[d];
                }

                for (int d = 0; d < valueDim; d++) output[(((i * heads) + head) * valueDim) + d] = (float)sums[d];
            }
        }

        return output;

        double Capped(double score) => softCap > 0 ? softCap * Math.Tanh(score / softCap) : score;
    }

    private static double Dot(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return sum;
    }
}
