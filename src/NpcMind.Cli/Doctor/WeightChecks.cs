using System.Globalization;
using System.Text.RegularExpressions;
using NpcMind.Gguf;

namespace NpcMind.Cli.Doctor;

/// <summary>
/// What is wrong with the weights themselves. Numbers that are not finite and holes are wrong in any model. A layer that was scaled or
/// shuffled shows only beside the other layers: matrices of the same name are alike from layer to layer in a trained model, in size and in
/// how far rows and columns tell the size of a weight, and the units of a feed-forward block are as strong where they are read as where
/// they are written.
/// </summary>
internal static partial class WeightChecks
{
    private const string Check = "weights";

    /// <summary>Groups of 32 zeros in a row that no quantiser writes: of 4 KiB of the smallest formats, a page of a sparse file.</summary>
    private const int HoleGroups = 256;

    /// <summary>Zeros that are worth a word: 512 weights in a row.</summary>
    private const int GapGroups = 16;

    private const int FewestLayers = 6, EndLayers = 2;
    private const double FaultRatio = 4, WarningRatio = 2.5, EndRatio = 30;

    /// <summary>Structure that other layers must have, and that a shuffled one has not.</summary>
    private const double PlainStructure = 0.25, NoStructure = 0.01, PlainPairing = 0.6, NoPairing = 0.15;

    /// <summary>Small matrices have little structure by chance: those must also be far from the others.</summary>
    private const double MostChance = 0.03, LeastDeviations = 9;

    public static void Run(GgufFile file, Diagnosis diagnosis)
    {
        IReadOnlyList<WeightScan> scans = WeightScan.Run(file);
        NotFinite(scans, diagnosis);
        Zeros(scans, diagnosis);
        ILookup<string, (int Layer, WeightScan Scan)> kinds = scans.Select(s => (Match: LayerName().Match(s.Tensor.Name), Scan: s))
            .Where(s => s.Match.Success)
            .ToLookup(s => s.Match.Groups[2].Value, s => (int.Parse(s.Match.Groups[1].Value, CultureInfo.InvariantCulture), s.Scan));
        foreach (IGrouping<string, (int Layer, WeightScan Scan)> kind in kinds)
        {
            List<(int Layer, WeightScan Scan)> layers = [.. kind.OrderBy(l => l.Layer)];
            if (layers.Count < FewestLayers) continue;
            Sizes(layers, diagnosis);
            Structures(layers, diagnosis);
        }

        Pairs([.. kinds["ffn_up"]], [.. kinds["ffn_down"]], diagnosis);
        Pairs([.. kinds["ffn_up_exps"]], [.. kinds["ffn_down_exps"]], diagnosis);
        if (diagnosis.IsClean(Check))
            diagnosis.Ok(Check, $"{scans.Count} tensors: all numbers finite, no holes, no layer unlike the others");
    }

    private static void NotFinite(IReadOnlyList<WeightScan> scans, Diagnosis diagnosis)
    {
        WeightScan[] bad = [.. scans.Where(s => s.NotFinite > 0)];
        if (bad.Length == 0) return;
        diagnosis.Fault(Check, "nan-weights", $"{bad.Length} tensor(s) hold numbers that are not finite (NaN or infinite): "
            + $"{bad[0].NotFinite} in '{bad[0].Tensor.Name}', the first at weight {bad[0].FirstNotFinite}{More(bad.Length)}.");
    }

    private static void Zeros(IReadOnlyList<WeightScan> scans, Diagnosis diagnosis)
    {
        // A router of zeros treats all experts alike, a bias of zeros adds nothing, and rows of tokens never seen may be zero.
        WeightScan[] zero = [.. scans.Where(s => s.ZeroGroups == s.Groups && !MayBeZero(s.Tensor))];
        if (zero.Length > 0)
            diagnosis.Fault(Check, "zero-weights",
                $"{zero.Length} tensor(s) hold nothing but zeros: '{zero[0].Tensor.Name}'{More(zero.Length)}.");
        WeightScan[] holes = [.. scans.Except(zero).Where(s => s.LongestZeroRun >= HoleGroups && !MayBeZero(s.Tensor)
            && !IsOfTokens(s.Tensor))];
        if (holes.Length > 0)
            diagnosis.Fault(Check, "zero-weights", $"{holes.Length} tensor(s) have a long run of zeros, as after an incomplete download: "
                + $"{holes[0].LongestZeroRun * WeightScan.GroupWeights} weights of '{holes[0].Tensor.Name}'{More(holes.Length)}.");
        WeightScan[] gaps = [.. scans.Except(zero).Except(holes)
            .Where(s => s.LongestZeroRun >= GapGroups && !MayBeZero(s.Tensor) && !IsOfTokens(s.Tensor) && s.Tensor.Dimensions.Count > 1)];
        if (gaps.Length > 0)
            diagnosis.Warn(Check, "zero-weights",
                $"{gaps.Length} matrices have rows or parts of zeros: {gaps[0].LongestZeroRun * WeightScan.GroupWeights} "
                + $"weights of '{gaps[0].Tensor.Name}'{More(gaps.Length)}.",
                    "A pruned model may have them; otherwise download the file again.");
        WeightScan? tokens = scans.FirstOrDefault(s => IsOfTokens(s.Tensor) && s.ZeroGroups > s.Groups / 4 && s.ZeroGroups < s.Groups);
        if (tokens is not null)
            diagnosis.Fault(Check, "zero-weights", $"{100 * tokens.ZeroGroups / tokens.Groups} % of '{tokens.Tensor.Name}' is zero.");
    }

    /// <summary>Matrices whose size is far from those of the layers around them.</summary>
    private static void Sizes(List<(int Layer, WeightScan Scan)> layers, Diagnosis diagnosis)
    {
        double[] logs = [.. layers.Select(l => Math.Log(Math.Max(1e-30, l.Scan.Rms)))];
        double[] steps = [.. Enumerable.Range(1, logs.Length - 1).Select(i => Math.Abs(logs[i] - logs[i - 1]))];
        double usual = 4 * Median(steps);
        for (int i = 0; i < logs.Length; i++)
        {
            (WeightScan scan, bool isEnd) = (layers[i].Scan, i < EndLayers || i >= logs.Length - EndLayers);
            if (scan.ZeroGroups == scan.Groups || scan.NotFinite > 0 || MayBeZero(scan.Tensor)) continue;
            double distance = Math.Abs(logs[i] - Median([.. Around(i, logs.Length).Select(j => logs[j])]));
            if (distance < Math.Max(usual, Math.Log(isEnd ? EndRatio : WarningRatio))) continue;
            string text = string.Create(CultureInfo.InvariantCulture, $"'{scan.Tensor.Name}' is {Math.Exp(distance):F1} times as "
                + $"{(logs[i] > logs[layers.Count / 2] ? "large" : "small")} as in the layers around it.");
            if (distance >= Math.Log(FaultRatio)) diagnosis.Fault(Check, "scaled-weights", text);
            else diagnosis.Warn(Check, "scaled-weights", text, "Compare its answers with those of another conversion of the model.");
        }
    }

    /// <summary>Matrices whose weights lie in no order, where those of other layers do.</summary>
    private static void Structures(List<(int Layer, WeightScan Scan)> layers, Diagnosis diagnosis)
    {
        double[] known = [.. layers.Select(l => l.Scan.Structure).Where(s => !double.IsNaN(s)).Order()];
        if (known.Length < FewestLayers || Median(known) < PlainStructure) return;
        double least = Median(known) - LeastDeviations * Median([.. known.Select(s => Math.Abs(s - Median(known)))]);
        List<WeightScan> bad = [.. layers.Select(l => l.Scan).Where(s => s.NotFinite + s.ZeroGroups == 0
            && s.Structure < Math.Max(NoStructure, s.Chance) && (s.Chance < MostChance || s.Structure < least))];
        if (bad.Count == 0 || bad.Count > layers.Count / 4) return;
        foreach (WeightScan scan in bad)
            diagnosis.Fault(Check, "shuffled-weights", string.Create(CultureInfo.InvariantCulture,
                $"the weights of '{scan.Tensor.Name}' have no structure ({100 * scan.Structure:F0} % of their size is explained by row and "
                    + $"column; "
                + $"in other layers {100 * Median(known):F0} %): they were shuffled, or belong to something else."));
    }

    /// <summary>Feed-forward blocks whose up and down matrices do not belong together.</summary>
    private static void Pairs((int Layer, WeightScan Scan)[] ups, (int Layer, WeightScan Scan)[] downs, Diagnosis diagnosis)
    {
        Dictionary<int, WeightScan> byLayer = downs.ToDictionary(d => d.Layer, d => d.Scan);
        List<(WeightScan Up, WeightScan Down, double Pairing)> pairs = [];
        foreach ((int layer, WeightScan up) in ups)
            if (byLayer.TryGetValue(layer, out WeightScan? down) && up.HiddenEnergies is { } a && down.HiddenEnergies is { } b
                && a.Length == b.Length && up.NotFinite + down.NotFinite + up.ZeroGroups
                    + down.ZeroGroups == 0) pairs.Add((up, down, Correlation(a, b)));
        double[] known = [.. pairs.Select(p => p.Pairing).Where(p => !double.IsNaN(p)).Order()];
        if (known.Length < FewestLayers || Median(known) < PlainPairing) return;
        foreach ((WeightScan up, WeightScan down, double pairing) in pairs.Where(p => p.Pairing < NoPairing))
            diagnosis.Fault(Check, "shuffled-weights", string.Create(CultureInfo.InvariantCulture,
                $"the hidden units of '{up.Tensor.Name}' do not fit those of '{down.Tensor.Name}': their sizes correlate by {pairing:F2}, "
                + $"in other layers by {Median(known):F2}. Rows were shuffled, or one of the two is from another layer."));
    }

    private static IEnumerable<int> Around(int i, int count)
    {
        int first = Math.Clamp(i - 2, 0, count - 5);
        return Enumerable.Range(first, 5).Where(j => j != i);
    }

    private static double Correlation(float[] a, float[] b)
    {
        double[] x = [.. a.Select(v => Math.Log(v + 1e-24))], y = [.. b.Select(v => Math.Log(v + 1e-24))];
        double meanX = x.Average(), meanY = y.Average(), xy = 0, xx = 0, yy = 0;
        for (int i = 0; i < x.Length; i++)
        {
            xy += (x[i] - meanX) * (y[i] - meanY);
            xx += (x[i] - meanX) * (x[i] - meanX);
            yy += (y[i] - meanY) * (y[i] - meanY);
        }

        return xx * yy > 0 ? xy / Math.Sqrt(xx * yy) : double.NaN;
    }

    private static double Median(double[] values)
    {
        double[] sorted = [.. values.Order()];
        return sorted.Length % 2 == 1 ? sorted[sorted.Length / 2] : (sorted[sorted.Length / 2 - 1] + sorted[sorted.Length / 2]) / 2;
    }

    private static bool MayBeZero(GgufTensor tensor) => tensor.Name.EndsWith(".bias", StringComparison.Ordinal)
        || tensor.Name.Contains("ffn_gate_inp", StringComparison.Ordinal) || tensor.Name.Contains("exp_probs_b", StringComparison.Ordinal);

    /// <summary>Rows are tokens or positions, and some are never used.</summary>
    private static bool IsOfTokens(GgufTensor tensor) => tensor.Name is "token_embd.weight" or "output.weight" or "position_embd.weight";

    private static string More(int count) => count > 1 ? $", and {count - 1} more" : "";

    [GeneratedRegex(@"^blk\.([0-9]{1,4})\.(.+)\.weight$")]
    private static partial Regex LayerName();
}
