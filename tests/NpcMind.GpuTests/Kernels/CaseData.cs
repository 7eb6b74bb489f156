using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Seeded inputs of kernel cases.</summary>
internal static class CaseData
{
    /// <summary>Normal values; with <paramref name="outlier"/> every 50th is 1,000 times larger.</summary>
    public static float[] Normal(int seed, int count, bool outlier = false)
    {
        TinyRandom random = new(seed);
        float[] values = new float[count];
        for (int i = 0; i < count; i++) values[i] = (float)random.Normal() * (outlier && i % 50 == 7 ? 1000 : 1);
        return values;
    }

    /// <summary>Rows [n, width] laid out [rowsAllocated, stride], zero in between.</summary>
    public static float[] Pad(ReadOnlySpan<float> rows, int width, int stride, int allocated)
    {
        float[] padded = new float[stride * allocated];
        for (int i = 0; i < rows.Length / width; i++) rows.Slice(i * width, width).CopyTo(padded.AsSpan(i * stride));
        return padded;
    }

    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
