using NpcMind.Gpu;
using NpcMind.Inference;

namespace NpcMind.GpuTests;

/// <summary>From the rows of texts to one row each.</summary>
internal static class PoolCases
{
    public static IEnumerable<KernelCase> All()
    {
        foreach (EmbeddingPooling form in Enum.GetValues<EmbeddingPooling>())
            foreach ((int width, int[] lengths) in new[] { (24, new[] { 1 }), (384, [3, 37, 1]), (1028, [5, 2]) })
                yield return Rows(form, width, lengths);
        foreach (int width in new[] { 4, 384, 1028 }) yield return Normalize(width, 5);
    }

    private static KernelCase Rows(EmbeddingPooling form, int width, int[] lengths) => new(
        "pool_rows", $"{form} {string.Join('+', lengths)} x {width}", null, 1e-13, 4.0 * width * (lengths.Sum() + lengths.Length),
        1.0 * width * lengths.Sum(), rig =>
        {
            int stride = CaseData.RoundUp(width, 64), rows = lengths.Sum();
            float[] x = CaseData.Normal(1, rows * width);
            uint[] texts = [.. lengths.SelectMany((n, i) => new[] { (uint)lengths.Take(i).Sum(), (uint)n, 0u, 0u })];
            Tensor y = rig.Empty((long)lengths.Length * stride * 4);
            GraphNode node = new Inference.Pool(rig.Library).Rows(
                "pool_rows", form, rig.Floats(CaseData.Pad(x, width, stride, rows)), stride, rig.Words(texts), y);
            return new KernelRun([node], new StepShape(rows, lengths.Length, 0, 0, 1, lengths.Max() - 1), y, () => CaseData.Pad(
                [.. lengths.SelectMany((n, i) => Reference.Pool.Rows(
                    x.AsSpan(lengths.Take(i).Sum() * width, n * width), width, (int)form))],
                width, stride, lengths.Length));
        });

    /// <summary>The last row is zeros.</summary>
    private static KernelCase Normalize(int width, int rows) => new(
        "l2_norm", $"{width} x{rows}", null, 1e-13, 8.0 * width * rows, 3.0 * width * rows, rig =>
    {
        int stride = CaseData.RoundUp(width, 64);
        float[] x = CaseData.Normal(2, rows * width);
        Array.Clear(x, (rows - 1) * width, width);
        Tensor y = rig.Floats(CaseData.Pad(x, width, stride, rows));
        GraphNode node = new Inference.Pool(rig.Library).Normalize("l2_norm", y, stride);
        return new KernelRun([node], new StepShape(rows, rows, 0, 0, 1), y, () => CaseData.Pad(
            [.. Enumerable.Range(0, rows).SelectMany(i => Reference.Pool.Normalize(x.AsSpan(i * width, width)))], width, stride, rows));
    });
}
