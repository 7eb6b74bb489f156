namespace NpcMind.Text.PreTokenization;

/// <summary><c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> (GPT-2).</summary>
internal sealed class Gpt2Rule : MatchRule
{
    protected override int Match(ReadOnlySpan<CodePoint> text, int at)
    {
        int contraction = Contraction(text, at, ignoreCase: false);
        if (contraction > 0) return contraction;
        int start = text[at].Value == ' ' && at + 1 < text.Length ? at + 1 : at;
        CodePoint first = text[start];
        if (first.Is(CharClass.Letter)) return start - at + Run(text, start, CharClass.Letter);
        if (first.Is(CharClass.Number)) return start - at + Run(text, start, CharClass.Number);
        if (!first.Is(CharClass.Space)) return start - at + RunOutside(text, start, CharClass.Space | CharClass.Letter | CharClass.Number);
        return Whitespace(text, at, newLines: false);
    }
}

/// <summary>
/// <c>(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?W+|\p{N}{1,digits}| ?[^\sW\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+</c> with W = \p{L},
/// or with
/// <paramref name="marks"/> [\p{L}\p{M}] (Llama 3; Qwen 2 with one digit; Qwen 3.5 with one digit and marks).
/// </summary>
internal sealed class LlamaRule(int digits, bool marks = false) : MatchRule
{
    private readonly CharClass _word = marks ? CharClass.Letter | CharClass.Mark : CharClass.Letter;

    protected override int Match(ReadOnlySpan<CodePoint> text, int at)
    {
        int contraction = Contraction(text, at, ignoreCase: true);
        if (contraction > 0) return contraction;
        CodePoint first = text[at];
        if (!first.Is(CharClass.NewLine | CharClass.Letter | CharClass.Number) && Run(text, at + 1, _word) is var rest and > 0)
            return 1 + rest;
        if (first.Is(_word)) return Run(text, at, _word);
        if (first.Is(CharClass.Number)) return Run(text, at, CharClass.Number, digits);
        int start = first.Value == ' ' ? at + 1 : at;
        int other = RunOutside(text, start, CharClass.Space | _word | CharClass.Number);
        if (other > 0) return start - at + other + Run(text, start + other, CharClass.NewLine);
        return Whitespace(text, at, newLines: true);
    }
}

/// <summary>
/// Third step of DeepSeek V3: an ASCII punctuation mark with the ASCII letters after it; or <c>[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+</c>; or
/// <c> ?[\p{P}\p{S}]+[\r\n]*</c>; or <c>\s*[\r\n]+|\s+(?!\S)|\s+</c>.
/// </summary>
internal sealed class DeepSeekRule : MatchRule
{
    private const CharClass Word = CharClass.Letter | CharClass.Mark, Sign = CharClass.Punctuation | CharClass.Symbol;

    protected override int Match(ReadOnlySpan<CodePoint> text, int at)
    {
        CodePoint first = text[at];
        if (first.Value < 128 && first.Is(Sign))
        {
            int end = at + 1;
            while (end < text.Length && text[end].Value < 128 && text[end].Is(CharClass.Letter)) end++;
            if (end > at + 1) return end - at;
        }

        if (!first.Is(CharClass.NewLine | CharClass.Letter | Sign) && Run(text, at + 1, Word) is var rest and > 0) return 1 + rest;
        if (first.Is(Word)) return Run(text, at, Word);
        int start = first.Value == ' ' ? at + 1 : at;
        int signs = Run(text, start, Sign);
        if (signs > 0) return start - at + signs + Run(text, start + signs, CharClass.NewLine);
        return Whitespace(text, at, newLines: true);
    }
}
