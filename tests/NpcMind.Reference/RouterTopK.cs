namespace NpcMind.Reference;

/// <summary>Which experts a token goes to, and with what weight.</summary>
internal static class RouterTopK
{
    private const double SmallestSum = 6.1035e-5; // ggml's floor: the smallest normal f16

    /// <summary>
    /// Softmax over all experts, the k most probable (ties: the lower index first), their probabilities divided by their sum (Jiang et al.
    /// 2024, Mixtral).
    /// </summary>
    /// <param name="logits">[experts].</param>
    /// <param name="k">Experts to select.</param>
    /// <param name="normalise">Divide by the sum of the selected.</param>
    /// <returns>Experts in descending order of probability, and their weights: [k] each.</returns>
    public static (int[] Experts, float[] Weights) Run(ReadOnlySpan<float> logits, int k, bool normalise = true)
    {
        double[] probabilities = Softmax.Run(logits);
        int[] experts = Select(logits, k);
        double sum = normalise ? Math.Max(SmallestSum, experts.Sum(e => probabilities[e])) : 1;
        return (experts, [.. experts.Select(e => (float)(probabilities[e] / sum))]);
    }

    /// <summary>What a router does beyond Mixtral's.</summary>
    /// <param name="Sigmoid">Weights are sigmoids of the logits instead of their softmax.</param>
    /// <param name="Normalises">Divide by the sum of the selected.</param>
    /// <param name="Scale">Factor on the weights.</param>
    /// <param name="Bias">Added to the sigmoids for the selection only; null for selection by logit.</param>
    /// <param name="Groups">Groups of experts.</param>
    /// <param name="GroupsUsed">Groups that take part: the best by their largest value, with sigmoids by the sum of their two largest
    /// (DeepSeek-AI 2024).</param>
    public sealed record Rule(bool Sigmoid, bool Normalises, double Scale, float[]? Bias, int Groups, int GroupsUsed);

    /// <summary>The choice and the weights by any rule.</summary>
    public static (int[] Experts, float[] Weights) Run(ReadOnlySpan<float> logits, int k, Rule rule)
    {
        float[] l = logits.ToArray();
        double[] gates = rule.Sigmoid ? [.. l.Select(v => 1 / (1 + Math.Exp(-(double)v)))] : Softmax.Run(logits);
        double[] ranks = [.. l.Select((v, e) => rule.Bias is { } bias ? gates[e] + bias[e] : v)];
        int size = l.Length / rule.Groups;
        double Score(int group) => ranks.Skip(group * size).Take(size).OrderDescending().Take(rule.Sigmoid ? 2 : 1).Sum();
        HashSet<int> groups =
            [.. Enumerable.Range(0, rule.Groups).OrderByDescending(Score).ThenBy(g => g).Take(rule.Groups == 1 ? 1 : rule.GroupsUsed)];
        int[] experts = [
            .. Enumerable.Range(0, l.Length).Where(e => groups.Contains(e / size)).OrderByDescending(e => ranks[e]).ThenBy(e => e).Take(k)];
        double sum = rule.Normalises ? Math.Max(SmallestSum, experts.Sum(e => gates[e])) : 1;
        return (experts, [.. experts.Select(e => (float)(gates[e] / sum * rule.Scale))]);
    }

    /// <summary>The k largest logits (ties: the lower index first), each with its own weight 1 / (1 + exp(-logit)) (Llama 4).</summary>
    /// <param name="logits">[experts].</param>
    /// <param name="k">Experts to select.</param>
    /// <returns>Experts in descending order of logits, and their weights: [k] each.</returns>
    public static (int[] Experts, float[] Weights) Sigmoid(ReadOnlySpan<float> logits, int k)
    {
        float[] values = logits.ToArray();
        int[] experts = Select(logits, k);
        return (experts, [.. experts.Select(e => (float)(1 / (1 + Math.Exp(-(double)values[e]))))]);
    }

    /// <summary>
    /// Distance between the logit of the last of <paramref name="experts"/> and the largest of the others; infinite if there is no other.
    /// </summary>
    public static double Margin(float[] logits, int[] experts)
    {
        float[] others = [.. logits.Where((_, e) => !experts.Contains(e))];
        return others.Length > 0 ? logits[experts[^1]] - others.Max() : double.PositiveInfinity;
    }

    private static int[] Select(ReadOnlySpan<float> logits, int k)
    {
        float[] order = logits.ToArray();
        return [.. Enumerable.Range(0, order.Length).OrderByDescending(e => order[e]).ThenBy(e => e).Take(k)];
    }
}
