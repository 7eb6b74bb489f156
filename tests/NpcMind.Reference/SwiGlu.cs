namespace NpcMind.Reference;

/// <summary>y = silu(gate) * up with silu(g) = g / (1 + exp(-g)) (Shazeer 2020).</summary>
internal static class SwiGlu
{
    /// <param name="gate">[n].</param>
    /// <param name="up">[n].</param>
    /// <returns>[n].</returns>
    public static float[] Run(ReadOnlySpan<float> gate, ReadOnlySpan<float> up)
    {
        float[] y = new float[gate.Length];
        for (int i = 0; i < y.Length; i++) y[i] = (float)(gate[i] / (1 + Math.Exp(-(double)gate[i])) * up[i]);
        return y;
    }
}
