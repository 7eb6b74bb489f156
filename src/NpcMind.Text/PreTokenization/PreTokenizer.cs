namespace NpcMind.Text.PreTokenization;

/// <summary>
/// How text is cut into pieces before byte-level BPE merges inside each piece: the rules in order, each splitting the pieces of the one
/// before, and what else hangs on the name in <c>tokenizer.ggml.pre</c>. The expressions are those of the published tokenizer definitions;
/// golden cases: tests/golden/tokenizers. Immutable; safe from any thread.
/// </summary>
internal sealed class PreTokenizer
{
    private static readonly SplitRule Gpt2 = new Gpt2Rule();
    private static readonly SplitRule Digit = new RunRule(CharSets.Number, max: 1);
    private static readonly SplitRule Numbers = new RunRule(CharSets.Number);
    private static readonly SplitRule ThreeAsciiDigits = new RunRule(CharSets.AsciiDigit, min: 3, max: 3);
    private static readonly SplitRule LineEnd = new RunRule(CharSets.NewLine, max: 1);
    private static readonly SplitRule WideEastAsian = new RunRule(CharSets.WideEastAsian);

    private static readonly Dictionary<string, PreTokenizer> ByName = Named(
        (["default"], new([new RunRule(CharSets.DefaultPunctuation), Gpt2, Numbers, ThreeAsciiDigits])),
        (["gpt-2", "phi-2", "jais", "trillion", "exaone4", "granite-docling"], new([Gpt2])),
        (["olmo", "mpt"], new([Gpt2], composes: true)),
        (["smollm", "starcoder", "refact", "codeshell", "exaone", "minerva"], new([Digit, Gpt2])),
        (["command-r"], new([Digit, Gpt2], composes: true)),
        (["falcon"], new([new RunRule(CharSets.FalconPunctuation), Gpt2, ThreeAsciiDigits])),
        (["llama-bpe", "llama3", "llama-v3", "falcon3", "pixtral", "lfm2"],
            new([new LlamaRule(digits: 3)], wholePieces: true, addsBos: true)),
        (["dbrx", "smaug-bpe", "chatglm-bpe", "glm4"], new([new LlamaRule(digits: 3)])),
        (["qwen2", "deepseek-r1-qwen"], new([new LlamaRule(digits: 1)], composes: true)),
        (["stablelm2", "megrez", "hunyuan"], new([new LlamaRule(digits: 1)])),
        (["qwen35"], new([new LlamaRule(digits: 1, marks: true)], composes: true)),
        (["gpt-4o", "llama4", "kanana2"], new([new CasedWordRule(digits: 3, contractions: true)])),
        (["tekken"], new([new CasedWordRule(digits: 1, contractions: false)], wholePieces: true, addsBos: true)),
        (["deepseek-v3", "hunyuan-dense", "joyai", "joyai-llm"],
            new([new RunRule(CharSets.Number, max: 3), new RunRule(CharSets.EastAsian), new DeepSeekRule()])),
        (["deepseek-llm"],
            new([LineEnd, new RunRule(CharSets.Cased, leadingSpace: true), new RunRule(CharSets.DeepSeekPunctuation, leadingSpace: true),
                new TrailingSpaceRule(), WideEastAsian, Numbers])),
        (["deepseek-coder"],
            new([LineEnd, new RunRule(CharSets.Letter, leadingSpace: true), new RunRule(CharSets.Punctuation, leadingSpace: true),
                WideEastAsian, Digit])));

    private readonly SplitRule[] _rules;

    private PreTokenizer(SplitRule[] rules, bool wholePieces = false, bool addsBos = false, bool composes = false)
    {
        _rules = rules;
        TakesWholePieces = wholePieces;
        AddsBos = addsBos;
        Composes = composes;
    }

    /// <summary>The names that <see cref="Find"/> knows.</summary>
    public static IReadOnlyList<string> Names { get; } = [.. ByName.Keys.Order(StringComparer.Ordinal)];

    /// <summary>True when a piece that is a token is that token, even if the merges cannot reach it ("ignore_merges").</summary>
    public bool TakesWholePieces { get; }

    /// <summary>Whether text starts with BOS when the file does not say.</summary>
    public bool AddsBos { get; }

    /// <summary>True when the definition normalises text to NFC first; no key of the file says so.</summary>
    public bool Composes { get; }

    /// <summary>The pre-tokenizer of that name, or null.</summary>
    public static PreTokenizer? Find(string name) => ByName.GetValueOrDefault(name);

    /// <summary>
    /// Fills <paramref name="ends"/> with the end index of every piece, in order; <paramref name="spare"/> is overwritten.
    /// </summary>
    public void Split(ReadOnlySpan<CodePoint> text, List<int> ends, List<int> spare)
    {
        ends.Clear();
        if (text.IsEmpty) return;
        _rules[0].Split(text, 0, ends);
        foreach (SplitRule rule in _rules.AsSpan(1))
        {
            spare.Clear();
            spare.AddRange(ends);
            ends.Clear();
            int start = 0;
            foreach (int end in spare)
            {
                rule.Split(text[start..end], start, ends);
                start = end;
            }
        }
    }

    private static Dictionary<string, PreTokenizer> Named(params ReadOnlySpan<(string[] Names, PreTokenizer PreTokenizer)> groups)
    {
        Dictionary<string, PreTokenizer> byName = new(StringComparer.Ordinal);
        foreach ((string[] names, PreTokenizer preTokenizer) in groups)
            foreach (string name in names) byName.Add(name, preTokenizer);
        return byName;
    }
}
