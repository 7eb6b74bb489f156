using System.Globalization;
using NpcMind.Core;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Text;
using NpcMind.Text.PreTokenization;

namespace NpcMind.Cli.Doctor;

/// <summary>
/// Whether the vocabulary is the one the model was trained with, as far as that can be seen without running it: its pre-tokenizer is the
/// one its tokens were made by, its tokens stand in the order of its merges or scores, and text comes back as it went in.
/// </summary>
internal static class TokenizerChecks
{
    private const string Check = "tokenizer", PreKey = "tokenizer.ggml.pre";

    /// <summary>
    /// Shares of tokens. Of published vocabularies a pre-tokenizer of another family cuts up to a quarter, their own one up to 2.4 %
    /// (DeepSeek
    /// LLM, whose rules cut letters with accents off), and no other one fewer; none stands out of order.
    /// </summary>
    private const double MostUnreachable = 0.02, MostDisorder = 0.02, MostDisorderOfScores = 0.05;

    /// <summary>Returns the tokenizer; null for a file without one, or with one that cannot be used.</summary>
    public static Tokenizer? Run(GgufFile file, ModelConfig? config, Diagnosis diagnosis)
    {
        if (file.Metadata.String("tokenizer.ggml.model") is null or "none")
        {
            diagnosis.Skip(Check, "the file has no vocabulary: only token ids can be given");
            return null;
        }

        Tokenizer tokenizer;
        try
        {
            tokenizer = Tokenizer.Create(file.Metadata);
        }
        catch (Exception e) when (e is GgufFormatException or UnsupportedTokenizerException)
        {
            bool isPre = e is UnsupportedTokenizerException && e.Message.Contains("pre-tokenizer", StringComparison.Ordinal);
            diagnosis.Fault(Check, isPre ? "wrong-pre-tokenizer" : "unusable-tokenizer", Sentences.Without(file.Path, e.Message),
                e is GgufFormatException ? null : "Take another conversion of the model.");
            return null;
        }

        if (config is not null && tokenizer.VocabularySize > config.EmbeddingRows)
            diagnosis.Fault(Check, "vocabulary-size", $"the vocabulary has {tokenizer.VocabularySize} tokens, the model has rows for "
                + $"{config.EmbeddingRows}.");
        RoundTrip(tokenizer, diagnosis);
        Order(file.Metadata, diagnosis);
        if (file.Metadata.String("tokenizer.ggml.model") == "gpt2") PreTokenizers(file.Metadata, tokenizer, diagnosis);
        if (diagnosis.IsClean(Check)) diagnosis.Ok(Check, Sound(file.Metadata, tokenizer));
        return tokenizer;
    }

    private static string Sound(GgufMetadata metadata, Tokenizer tokenizer) => metadata.String("tokenizer.ggml.model") == "gpt2"
        ? $"{tokenizer.VocabularySize} tokens; the pre-tokenizer '{PrintableText.Escape(metadata.String(PreKey)!)}' splits the probe as "
            + "published and fits the vocabulary; text comes back unchanged"
        : $"{tokenizer.VocabularySize} tokens (SentencePiece); text comes back unchanged";

    private static void RoundTrip(Tokenizer tokenizer, Diagnosis diagnosis)
    {
        string back = tokenizer.Decode(tokenizer.Encode(GoldenSplits.Probe));
        if (tokenizer.AddsSpacePrefix && back.StartsWith(' ')) back = back[1..];
        if (back != GoldenSplits.Probe)
            diagnosis.Fault(Check, "lossy-tokenizer", $"\"{Sentences.Short(GoldenSplits.Probe, 30)}\" comes back as "
                + $"\"{Sentences.Short(back, 60)}\": tokens are missing or changed.");
    }

    /// <summary>Trainers number tokens in the order in which they make them: a shuffled list shows.</summary>
    private static void Order(GgufMetadata metadata, Diagnosis diagnosis)
    {
        GgufValue tokens = metadata.Strings("tokenizer.ggml.tokens")!;
        (int descents, int count, double most) = metadata.String("tokenizer.ggml.model") == "gpt2"
            ? MergeDisorder(metadata, tokens) : ScoreDisorder(metadata, tokens);
        if (count < 16 || descents <= most * count) return;
        diagnosis.Fault(Check, "permuted-vocabulary", string.Create(CultureInfo.InvariantCulture,
            $"the tokens do not stand in the order of "
            + $"their {(most == MostDisorder ? "merges" : "scores")} ({100.0 * descents / count:F1} % of neighbours are the wrong way "
                + $"round): "
            + $"ids mean other words than the model learned."));
    }

    private static (int Descents, int Count, double Most) MergeDisorder(GgufMetadata metadata, GgufValue tokens)
    {
        Dictionary<string, int> ids = new(tokens.Count, StringComparer.Ordinal);
        for (int i = 0; i < tokens.Count; i++) ids.TryAdd(tokens.Text(i), i);
        GgufValue merges = metadata.Strings("tokenizer.ggml.merges")!;
        int last = -1, descents = 0, missing = 0;
        for (int i = 0; i < merges.Count; i++)
        {
            string merge = merges.Text(i);
            int space = merge.Length > 1 ? merge.IndexOf(' ', 1) : -1;
            if (space < 0 || !ids.TryGetValue(string.Concat(merge.AsSpan(0, space), merge.AsSpan(space + 1)), out int id))
            {
                missing++;
                continue;
            }

            if (id < last) descents++;
            last = id;
        }

        return (descents + missing, merges.Count, MostDisorder);
    }

    private static (int Descents, int Count, double Most) ScoreDisorder(GgufMetadata metadata, GgufValue tokens)
    {
        GgufValue? scores = metadata.Numbers("tokenizer.ggml.scores"), types = metadata.Numbers("tokenizer.ggml.token_type");
        if (scores is null) return (0, 0, MostDisorderOfScores);
        int ascents = 0, count = 0, wrongBytes = 0, bytes = 0;
        double last = double.PositiveInfinity;
        for (int i = 0; i < tokens.Count; i++)
        {
            double type = types is null ? 1 : types.Number(i);
            if (type == 6 && ++bytes > 0 && !tokens.Text(i).StartsWith("<0x", StringComparison.Ordinal)) wrongBytes++;
            if (type != 1) continue;
            count++;
            if (scores.Number(i) > last) ascents++;
            last = scores.Number(i);
        }

        return wrongBytes > bytes / 2 ? (count, count, MostDisorderOfScores) : (ascents, count, MostDisorderOfScores);
    }

    private static void PreTokenizers(GgufMetadata metadata, Tokenizer tokenizer, Diagnosis diagnosis)
    {
        string? name = metadata.String(PreKey);
        if (name is null or "default")
        {
            diagnosis.Fault(Check, "wrong-pre-tokenizer", (name is null ? $"the file names no pre-tokenizer ('{PreKey}')"
                : "the pre-tokenizer is 'default', which no published byte-level model uses")
                    + ": words are cut into other tokens than the "
                + $"model learned{Suggestion(tokenizer)}.", "Take a conversion made after May 2024.");
            return;
        }

        PreTokenizer pre = PreTokenizer.Find(name)!;
        if (GoldenSplits.Find(pre) is { } golden && !GoldenSplits.Split(pre, GoldenSplits.Probe).SequenceEqual(golden))
            diagnosis.Fault(Check, "wrong-golden-splits", $"NpcMind does not split the probe text as '{name}' is defined.",
                "Report this: it is a fault of NpcMind, not of the file.");
        VocabularyEvidence evidence = VocabularyEvidence.Read(tokenizer);
        double unreachable = evidence.Unreachable(pre), least = evidence.LeastUnreachable();
        string? family = VocabularyEvidence.Family(tokenizer);
        bool isOfFamily = family is null || PreTokenizer.Find(family) is not { } expected || VocabularyEvidence.AreAlike(expected, pre);
        if (unreachable <= 2 * least + MostUnreachable && isOfFamily) return;
        diagnosis.Fault(Check, "wrong-pre-tokenizer", string.Create(CultureInfo.InvariantCulture,
            $"the pre-tokenizer '{name}' is not the one "
            + $"that this vocabulary was made with: it can never produce {100 * unreachable:F1} % of the tokens{Suggestion(tokenizer)}."));
    }

    private static string Suggestion(Tokenizer tokenizer) =>
        VocabularyEvidence.Family(tokenizer) is { } family ? $"; its tokens are those of '{family}'" : "";
}
