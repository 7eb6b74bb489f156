using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>How rotary position embedding turns a head (Su et al. 2021, RoFormer; YaRN: Peng et al. 2023).</summary>
/// <param name="Dims">Rotated elements at the start of each head; the rest passes through.</param>
/// <param name="Base">Frequency base.</param>
/// <param name="Scale">Factor on positions (1 / scaling factor).</param>
/// <param name="Yarn">YaRN limits, or null for plain and linear scaling.</param>
/// <param name="Magnitude">Factor on cosine and sine.</param>
/// <param name="OriginalContext">Context of the original training, tokens.</param>
internal sealed record RopeConfig(int Dims, double Base, double Scale, YarnConfig? Yarn, double Magnitude, double OriginalContext)
{
    /// <summary>
    /// Pairs that are turned by time, by row and by column (M-RoPE: Wang et al. 2024, Qwen2-VL), which differ in pictures alone; null where
    /// there is one position.
    /// </summary>
    public IReadOnlyList<int>? Sections { get; init; }

    /// <summary>Reads the <c>{architecture}.rope.*</c> keys.</summary>
    /// <exception cref="GgufFormatException">A value is absurd.</exception>
    public static RopeConfig Read(GgufMetadata metadata, string architecture, int headDim)
    {
        ArgumentNullException.ThrowIfNull(metadata);
        string a = architecture + ".rope.";
        long dims = metadata.Integer(a + "dimension_count") ?? headDim;
        if (dims < 2 || dims > headDim || dims % 2 != 0) throw metadata.Wrong(a + "dimension_count", $"an even number from 2 to {headDim}");
        double frequencyBase = metadata.Number(a + "freq_base") ?? 10000;
        if (!(frequencyBase > 1 && frequencyBase < 1e15)) throw metadata.Wrong(a + "freq_base", "a base above 1 and below 1e15");
        double factor = metadata.Number(a + "scaling.factor") ?? metadata.Number(a + "scale_linear") ?? 1;
        if (!(factor >= 0 && factor < 1e9)) throw metadata.Wrong(a + "scaling.factor", "a factor from 0 (none) to 1e9");
        if (factor == 0) factor = 1;
        string type = metadata.String(a + "scaling.type") ?? "linear";
        bool isKnown = type is "none" or "linear" or "yarn" || (type == "longrope" && architecture == "phi3");
        if (!isKnown)
            throw new UnsupportedModelException(
                metadata.Path, $"the rope scaling '{type}' ('{a}scaling.type')", "Supported: none, linear, yarn, and longrope in phi3.");
        double scale = type is "none" or "longrope" ? 1 : 1 / factor;
        double attention = metadata.Number(a + "scaling.attn_factor") ?? 1;
        if (!(attention > 0 && attention < 1e6)) throw metadata.Wrong(a + "scaling.attn_factor", "a factor above 0 and below 1e6");
        double extrapolation = metadata.Number(a + "scaling.yarn_ext_factor") is { } given and >= 0 ? given : type == "yarn" ? 1 : 0;
        double original = metadata.Integer(a + "scaling.original_context_length")
            ?? metadata.Integer(architecture + ".context_length") ?? 0;
        if (extrapolation == 0) return new RopeConfig((int)dims, frequencyBase, scale, null, attention, original);
        if (original < 1) throw metadata.Wrong(a + "scaling.original_context_length", "a positive context length");
        foreach (string beta in (string[])["yarn_beta_fast", "yarn_beta_slow"])
            if (metadata.Number(a + "scaling." + beta) is { } turns && !(turns > 0 && turns < 1e9))
                throw metadata.Wrong(a + "scaling." + beta, "a number above 0 and below 1e9");
        YarnConfig yarn = new(extrapolation, metadata.Number(a + "scaling.yarn_beta_fast") ?? 32,
            metadata.Number(a + "scaling.yarn_beta_slow") ?? 1, original);
        return new RopeConfig((int)dims, frequencyBase, scale, yarn, attention * (1 + 0.1 * Math.Log(Math.Max(1, factor))), original);
    }

    /// <summary>
    /// Angle per position of pair <paramref name="pair"/>, in radians. <paramref name="frequencyFactor"/> divides it (tensor
    /// <c>rope_freqs</c>; 1 if none).
    /// </summary>
    public double Frequency(int pair, double frequencyFactor)
    {
        double plain = Math.Pow(Base, -2.0 * pair / Dims) / frequencyFactor;
        double scaled = plain * Scale;
        if (Yarn is null) return scaled;
        double mix = Yarn.Mix(pair, Dims, Base);
        return scaled * (1 - mix) + plain * mix;
    }
}

/// <summary>Between which wavelengths YaRN passes from interpolation to extrapolation.</summary>
/// <param name="Extrapolation">Weight of extrapolation for short wavelengths.</param>
/// <param name="BetaFast">Rotations within the original context above which a pair is extrapolated.</param>
/// <param name="BetaSlow">Rotations below which a pair is interpolated.</param>
/// <param name="OriginalContext">Context of the original training, tokens.</param>
/// <param name="RoundsLimits">The limits are rounded outwards to whole pairs.</param>
internal sealed record YarnConfig(double Extrapolation, double BetaFast, double BetaSlow, double OriginalContext, bool RoundsLimits = true)
{
    /// <summary>Share of extrapolation for a pair, 0 to 1 (YaRN, section 3.2).</summary>
    public double Mix(int pair, int dims, double frequencyBase)
    {
        double fast = Limit(BetaFast), slow = Limit(BetaSlow);
        double low = Math.Max(0, RoundsLimits ? Math.Floor(fast) : fast);
        double high = Math.Min(dims - 1, RoundsLimits ? Math.Ceiling(slow) : slow);
        double ramp = Math.Clamp((pair - low) / Math.Max(0.001, high - low), 0, 1);
        return (1 - ramp) * Extrapolation;

        double Limit(double beta) => dims * Math.Log(OriginalContext / (2 * Math.PI * beta)) / (2 * Math.Log(frequencyBase));
    }
}
