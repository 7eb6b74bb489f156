using System.Globalization;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind.Cli.Doctor;

/// <summary>How well a model foretells the probe text.</summary>
/// <param name="Tokens">Tokens foretold.</param>
/// <param name="Nll">Mean negative logarithm of their probabilities, in nats.</param>
/// <param name="BitsPerByte">The same in bits for each byte of the text, which does not depend on the vocabulary.</param>
/// <param name="Entropy">What the model itself expects, in nats: near <see cref="Nll"/> in a sound model.</param>
internal sealed record Perplexity(int Tokens, double Nll, double BitsPerByte, double Entropy)
{
    private const string Check = "perplexity";

    /// <summary>Below this many weights a model cannot be expected to know English prose.</summary>
    private const long LeastWeights = 80_000_000;

    /// <summary>
    /// Bits per byte that a sound model of 8 or 16 bits does not reach. Measured: SmolLM2-135M in Q4_1 1.30, with one of its 30 layers
    /// shuffled 1.8 to 2.7, two layers exchanged 1.9, one layer twice as large 4.1. A model that knows only how frequent words are has 2.1.
    /// </summary>
    private const double FaultBits = 1.6;

    /// <summary>Nats by which a sound model may be more surprised than it expects to be; the same breaks give 1.0 to 17.</summary>
    private const double WarningSurprise = 1.2;

    /// <summary>How much higher the perplexity of a format may be, as bits per byte.</summary>
    public static double Allowance(double bitsPerWeight) => bitsPerWeight switch
    {
        < 2.7 => 0.5,
        < 3.6 => 0.2,
        < 4.3 => 0.1,
        < 6 => 0.05,
        _ => 0,
    };

    /// <summary>Runs the model over the probe text and judges what comes. Null where it has no vocabulary, or gives no numbers.</summary>
    public static Perplexity? Run(InferenceEngine engine, GgufFile file, Tokenizer? tokenizer, Diagnosis diagnosis)
    {
        int[] ids = tokenizer is null ? Arbitrary(engine) : tokenizer.Encode(ProbeText.Words, addSpecial: tokenizer.AddsBos
            && !tokenizer.AddsEos);
        ids = ids[..Math.Min(ids.Length, engine.Options.ContextTokens)];
        if (ids.Length < 2 || ids.Any(id => id >= engine.Config.Vocabulary)) return null;
        (double nll, double entropy) = Measure(engine, ids);
        if (!double.IsFinite(nll))
        {
            diagnosis.Fault(Check, "not-finite-logits", "the model gives logits that are not finite numbers.");
            return null;
        }

        if (tokenizer is null)
        {
            diagnosis.Skip(Check, $"runs: finite logits after {ids.Length} tokens. Without a vocabulary there is no text to measure");
            return null;
        }

        int first = tokenizer.AddsBos && ids[0] == tokenizer.BosId ? 0 : 1; // what is not foretold is not counted
        Perplexity result = new(ids.Length - 1, nll, nll * (ids.Length - 1) / Math.Log(2) / tokenizer.DecodeBytes(ids.AsSpan(first)).Length,
            entropy);
        result.Judge(file, engine.Config, diagnosis);
        return result;
    }

    private void Judge(GgufFile file, ModelConfig config, Diagnosis diagnosis)
    {
        long weights = file.Tensors.Sum(t => t.Elements);
        double bits = 8.0 * file.Tensors.Sum(t => t.ByteLength) / weights, most = FaultBits + Allowance(bits);
        string figures = string.Create(CultureInfo.InvariantCulture,
            $"{Math.Exp(Nll):F1} ({BitsPerByte:F2} bits per byte) over {Tokens} tokens of English "
            + $"prose; a sound model of its size and {bits:F1} bits per weight stays below {most:F2} bits per byte");
        if (weights < LeastWeights)
        {
            if (BitsPerByte <= most) diagnosis.Ok(Check, figures);
            else diagnosis.Warn(Check, "high-perplexity", string.Create(CultureInfo.InvariantCulture,
                $"{Math.Exp(Nll):F0} over {Tokens} tokens of English "
                + $"prose, with a vocabulary of {config.Tokens}: "
                    + $"{(Nll > Math.Log(config.Tokens) * 0.9 ? "that of a model that was never trained" : "high")}."),
                $"A model of {weights / 1e6:F1} million weights may know other words than these; read what it says.");
        }
        else if (BitsPerByte > most)
        {
            diagnosis.Fault(Check, "high-perplexity", figures
                + ". Its weights are broken, or it was trained for something other than English.");
        }
        else if (Nll - Entropy > WarningSurprise)
        {
            diagnosis.Warn(Check, "high-perplexity", string.Create(CultureInfo.InvariantCulture,
                $"{figures}, but it is {Nll - Entropy:F1} nats more surprised than it expects to be."),
                    "Compare with another conversion of the model.");
        }
        else
        {
            diagnosis.Ok(Check, figures);
        }
    }

    /// <summary>Ids that spread over the vocabulary.</summary>
    private static int[] Arbitrary(InferenceEngine engine) =>
        [.. Enumerable.Range(0, Math.Min(32, engine.Options.ContextTokens)).Select(i =>
            (int)((i * 7919L + 13) % engine.Config.Vocabulary))];

    private static (double Nll, double Entropy) Measure(InferenceEngine engine, int[] ids)
    {
        int slot = engine.Open(new SamplerSettings());
        double nll = 0, entropy = 0;
        for (int at = 0; at < ids.Length;)
        {
            int count = Math.Min(Math.Min(engine.Options.MaxRows, engine.Options.MaxOutputs), ids.Length - at);
            for (int i = 0; i < count; i++) engine.Batch.Add(slot, ids[at + i], output: true);
            engine.Batch.WantsLogits = true;
            StepTicket ticket = engine.Submit();
            for (int i = 0; i < count && at + i + 1 < ids.Length; i++)
            {
                (double loss, double expected) = Loss(engine.Logits(ticket, i)[..engine.Config.Tokens], ids[at + i + 1]);
                nll += loss;
                entropy += expected;
            }

            at += count;
        }

        engine.Close(slot);
        return (nll / (ids.Length - 1), entropy / (ids.Length - 1));
    }

    private static (double Loss, double Entropy) Loss(ReadOnlySpan<float> logits, int token)
    {
        double most = double.NegativeInfinity, sum = 0, weighted = 0;
        foreach (float logit in logits) most = Math.Max(most, logit);
        foreach (float logit in logits)
        {
            double share = Math.Exp(logit - most);
            sum += share;
            if (share > 0) weighted += share * (logit - most);
        }

        double log = Math.Log(sum);
        return (token < logits.Length ? most + log - logits[token] : double.PositiveInfinity, log - weighted / sum);
    }
}
