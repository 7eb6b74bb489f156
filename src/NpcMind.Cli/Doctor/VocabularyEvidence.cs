using System.Text;
using NpcMind.Text;
using NpcMind.Text.PreTokenization;

namespace NpcMind.Cli.Doctor;

/// <summary>
/// What the tokens of a byte-level vocabulary tell of the pre-tokenizer that they were made by: a token never crosses a border that it
/// puts.
/// </summary>
internal sealed class VocabularyEvidence
{
    /// <summary>Tokens that only one family of vocabularies has, all of a row, and its pre-tokenizer.</summary>
    private static readonly (string PreTokenizer, string[] Tokens)[] Families =
    [
        ("smollm", ["<|im_start|>", "<repo_name>", "<gh_stars>", "<jupyter_start>"]),
        ("llama4", ["<|begin_of_text|>", "<|header_start|>", "<|eot|>"]),
        ("llama-bpe", ["<|begin_of_text|>", "<|start_header_id|>", "<|eot_id|>"]),
        ("qwen2", ["<|endoftext|>", "<|im_start|>", "<|object_ref_start|>", "<|vision_pad|>"]),
        ("gpt-4o", ["<|start|>", "<|channel|>", "<|message|>", "<|return|>", "<|call|>"]),
        ("deepseek-v3", ["<\uFF5Cbegin\u2581of\u2581sentence\uFF5C>", "<\uFF5C\u2581pad\u2581\uFF5C>",
            "<\uFF5Cplace\u2581holder\u2581no\u25810\uFF5C>"]),
    ];

    private readonly List<CodePoint[]> _texts = [];

    private VocabularyEvidence()
    {
    }

    /// <summary>Collects the texts of ordinary tokens that are whole characters.</summary>
    public static VocabularyEvidence Read(Tokenizer tokenizer)
    {
        VocabularyEvidence evidence = new();
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            ReadOnlySpan<byte> bytes = tokenizer.Bytes(id);
            if (bytes.Length < 2 || tokenizer.IsControl(id) || !System.Text.Unicode.Utf8.IsValid(bytes)) continue;
            string text = Encoding.UTF8.GetString(bytes);
            // Added tokens are matched before anything is split.
            if (tokenizer.Encode(text, parseSpecial: true) is [var whole] && whole == id && text[0] == '<' && text[^1] == '>') continue;
            evidence._texts.Add([.. text.EnumerateRunes().Select(r => CodePoint.Of(r.Value))]);
        }

        return evidence;
    }

    /// <summary>The pre-tokenizer of the family that a vocabulary belongs to; null where that cannot be told.</summary>
    public static string? Family(Tokenizer tokenizer) =>
        Array.Find(Families, f => f.Tokens.All(t => tokenizer.Encode(t, parseSpecial: true).Length == 1)).PreTokenizer;

    /// <summary>Whether two pre-tokenizers split the probe alike.</summary>
    public static bool AreAlike(PreTokenizer a, PreTokenizer b) =>
        GoldenSplits.Split(a, GoldenSplits.Probe).SequenceEqual(GoldenSplits.Split(b, GoldenSplits.Probe));

    /// <summary>The same of the pre-tokenizer that cuts the fewest.</summary>
    public double LeastUnreachable() =>
        PreTokenizer.Names.Select(n => PreTokenizer.Find(n)!).Distinct().Min(Unreachable);

    /// <summary>Part of the tokens that a pre-tokenizer would always cut in two, 0 to 1.</summary>
    public double Unreachable(PreTokenizer preTokenizer)
    {
        List<int> ends = [], spare = [];
        int cut = 0;
        foreach (CodePoint[] text in _texts)
        {
            preTokenizer.Split(text, ends, spare);
            if (ends.Count > 1) cut++;
        }

        return _texts.Count == 0 ? 0 : (double)cut / _texts.Count;
    }
}
