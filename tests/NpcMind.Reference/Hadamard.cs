namespace NpcMind.Reference;

/// <summary>Walsh-Hadamard transform, normalised: its own inverse. In f32, step by step as shaders/lib/hadamard.glsl.</summary>
internal static class Hadamard
{
    /// <summary>Transforms each block of <paramref name="block"/> elements, a power of two.</summary>
    public static float[] Run(ReadOnlySpan<float> x, int block)
    {
        float[] y = x.ToArray();
        for (int step = 1; step < block; step *= 2)
            for (int i = 0; i < y.Length; i++)
                if ((i & step) == 0) (y[i], y[i + step]) = (y[i] + y[i + step], y[i] - y[i + step]);
        float scale = 1 / MathF.Sqrt(block);
        for (int i = 0; i < y.Length; i++) y[i] *= scale;
        return y;
    }
}
