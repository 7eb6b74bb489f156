namespace NpcMind.Reference;

/// <summary>Softmax over all experts, the k most probable (ties: the lower index first), their probabilities divided by their sum (Jiang et al. 2024, Mixtral).</summary>
public static class RouterTopK
{
    private const double SmallestSum = 6.1035e-5; // ggml's floor: the smallest normal f16

    /// <param name="logits">[experts].</param>
    /// <param name="k">Experts to select.</param>
    /// <param name="normalise">Divide by the sum of the selected.</param>
    /// <returns>Experts in descending order of probability, and their weights: [k] each.</returns>
    public static (int[] Experts, float[] Weights) Run(ReadOnlySpan<float> logits, int k, bool normalise = true)
    {
        double[] probabilities = Softmax.Run(logits);
        float[] order = logits.ToArray();
        int[] experts = [.. Enumerable.Range(0, order.Length).OrderByDescending(e => order[e]).ThenBy(e => e).Take(k)];
        double sum = normalise ? Math.Max(SmallestSum, experts.Sum(e => probabilities[e])) : 1;
        return (experts, [.. experts.Select(e => (float)(probabilities[e] / sum))]);
    }
}
