namespace NpcMind.Reference;

/// <summary>Puts a value that is never chosen in place of the logits that a bit mask forbids.</summary>
internal static class MaskLogits
{
    /// <summary>Stands for a forbidden token.</summary>
    public const float Forbidden = -3.0e38f;

    /// <param name="logits">[vocabulary].</param>
    /// <param name="mask">Bit i of word j is set when token 32 j + i may be chosen.</param>
    public static float[] Run(ReadOnlySpan<float> logits, ReadOnlySpan<uint> mask)
    {
        float[] masked = logits.ToArray();
        for (int i = 0; i < masked.Length; i++)
            if ((mask[i / 32] >> (i % 32) & 1) == 0) masked[i] = Forbidden;
        return masked;
    }
}
