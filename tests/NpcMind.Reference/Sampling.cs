namespace NpcMind.Reference;

/// <summary>How the next token is chosen. The defaults switch every step off: sampling from the plain distribution.</summary>
/// <param name="Temperature">Divides the logits; 0 or less chooses the most probable token.</param>
/// <param name="TopK">Keeps the k largest logits; 0 or less keeps all.</param>
/// <param name="TopP">Keeps the shortest run of most probable tokens whose probabilities reach this sum; 1 or more keeps all.</param>
/// <param name="MinP">Drops tokens less probable than this part of the most probable; 0 or less keeps all.</param>
/// <param name="RepetitionPenalty">Divides positive and multiplies other logits of recent tokens; 1 is off.</param>
/// <param name="FrequencyPenalty">Subtracted for each recent occurrence.</param>
/// <param name="PresencePenalty">Subtracted once for a recent token.</param>
/// <param name="PenaltyTokens">How many of the last tokens count as recent.</param>
internal sealed record SamplerSettings(
    double Temperature = 1, int TopK = 0, double TopP = 1, double MinP = 0,
    double RepetitionPenalty = 1, double FrequencyPenalty = 0, double PresencePenalty = 0, int PenaltyTokens = 64);

/// <summary>
/// Choice of the next token. The order is llama.cpp's default order of the steps it shares with us:
/// penalties (over the last n tokens), top-k, top-p, min-p, temperature, softmax, pick.
/// Top-p and min-p look at the distribution at temperature 1 of what the step before left. Candidates are sorted by logit, larger first,
/// equal ones by lower id; every cut keeps the front of that list and at least one token. The pick is the first candidate whose cumulative
/// probability exceeds the uniform number. Only finite logits above <see cref="MaskLogits.Forbidden"/> are candidates; without one the
/// choice is <see cref="None"/>.
/// </summary>
internal static class Sampling
{
    /// <summary>Stands for no token.</summary>
    public const int None = -1;

    /// <summary>Index of the largest logit that can be chosen, the lowest one among equals.</summary>
    /// <param name="logits">[vocabulary].</param>
    public static int Greedy(ReadOnlySpan<float> logits)
    {
        int best = None;
        for (int i = 0; i < logits.Length; i++)
            if (CanBeChosen(logits[i]) && (best == None || logits[i] > logits[best])) best = i;
        return best;
    }

    private static bool CanBeChosen(double logit) => double.IsFinite(logit) && logit > MaskLogits.Forbidden;

    /// <summary>The chosen token.</summary>
    /// <param name="logits">[vocabulary].</param>
    /// <param name="settings">Steps to apply.</param>
    /// <param name="recent">Tokens so far, the latest last; the last <see cref="SamplerSettings.PenaltyTokens"/> count.</param>
    /// <param name="uniform">A number in [0, 1).</param>
    public static int Pick(ReadOnlySpan<float> logits, SamplerSettings settings, ReadOnlySpan<int> recent, double uniform)
    {
        (int[] ids, double[] probabilities) = Distribution(logits, settings, recent);
        double sum = 0;
        for (int i = 0; i < ids.Length; i++)
            if ((sum += probabilities[i]) > uniform) return ids[i];
        return ids.Length == 0 ? None : ids[^1]; // the probabilities may sum to a little less than 1
    }

    /// <summary>The candidates that are left after all steps, in descending order of probability, and their probabilities.</summary>
    public static (int[] Ids, double[] Probabilities) Distribution(ReadOnlySpan<float> logits, SamplerSettings settings,
        ReadOnlySpan<int> recent)
    {
        double[] penalised = Penalise(logits, settings, recent);
        int[] ids = [.. Enumerable.Range(0, penalised.Length).Where(i => CanBeChosen(penalised[i]))];
        ids = [.. ids.OrderByDescending(i => penalised[i]).ThenBy(i => i)];
        if (ids.Length == 0) return ([], []);
        if (settings.TopK > 0) ids = ids[..Math.Min(settings.TopK, ids.Length)];
        if (settings.TopP < 1) ids = ids[..TopP(Probabilities(penalised, ids, 1), settings.TopP)];
        if (settings.MinP > 0)
        {
            double floor = penalised[ids[0]] + Math.Log(settings.MinP);
            ids = [ids[0], .. ids.Skip(1).TakeWhile(i => penalised[i] >= floor)];
        }

        if (settings.Temperature <= 0) return ([ids[0]], [1]);
        return (ids, Probabilities(penalised, ids, settings.Temperature));
    }

    private static double[] Penalise(ReadOnlySpan<float> logits, SamplerSettings settings, ReadOnlySpan<int> recent)
    {
        double[] penalised = new double[logits.Length];
        for (int i = 0; i < penalised.Length; i++) penalised[i] = logits[i];
        int[] last = [.. recent[Math.Max(0, recent.Length - Math.Max(0, settings.PenaltyTokens))..]];
        foreach (IGrouping<int, int> token in last.GroupBy(id => id))
        {
            double logit = penalised[token.Key];
            logit = logit > 0 ? logit / settings.RepetitionPenalty : logit * settings.RepetitionPenalty;
            penalised[token.Key] = logit - (token.Count() * settings.FrequencyPenalty) - settings.PresencePenalty;
        }

        return penalised;
    }

    /// <summary>Length of the shortest front of <paramref name="probabilities"/> that sums to <paramref name="p"/>, at least 1.</summary>
    private static int TopP(double[] probabilities, double p)
    {
        double sum = 0;
        for (int i = 0; i < probabilities.Length; i++)
            if ((sum += probabilities[i]) >= p) return i + 1;
        return probabilities.Length;
    }

    private static double[] Probabilities(double[] logits, int[] ids, double temperature)
    {
        double[] p = [.. ids.Select(i => logits[i] / temperature)];
        Softmax.InPlace(p);
        return p;
    }
}
