namespace NpcMind.Reference;

/// <summary>
/// Makes attention sharper far into a text (Llama 4, blocks without rotation): query at position p times 1 + scale * ln(1 + floor((p + 1) /
/// length)).
/// </summary>
internal static class QueryTemperature
{
    /// <summary>Scales in place.</summary>
    /// <param name="q">[n, width]; row i stands at firstPosition + i.</param>
    /// <param name="width">All heads of a position.</param>
    /// <param name="firstPosition">Position of row 0.</param>
    /// <param name="length">Positions of one step.</param>
    /// <param name="scale">Weight of the logarithm.</param>
    public static void Run(Span<float> q, int width, int firstPosition, int length, double scale)
    {
        for (int i = 0; i < q.Length; i++) q[i] = (float)(q[i] * Factor(firstPosition + (i / width), length, scale));
    }

    public static double Factor(int position, int length, double scale) => 1 + (scale * Math.Log(1 + ((position + 1) / length)));
}
