using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using NpcMind.Text.PreTokenization;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>The scanners against the expressions they implement, run by .NET's regex engine where it can: inside the basic plane.</summary>
internal sealed class PreTokenizerTests
{
    private const string Whitespace = @"\s*[\r\n]+|\s+(?!\S)|\s+";
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";
    private const string Contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
    private const string Head = @"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", Tail = @"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", Before = @"[^\r\n\p{L}\p{N}]?";
    private const string WideEastAsian = @"[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+";

    // Of each class several, and the characters that expressions name. \u01C5 Lt, \u02B0 Lm, \u05D0 \u6F22 \u3042 Lo, \u0301 \u0903 M,
    // \u0663 Nd, \u2167 Nl, \u00BD No.
    private const string Alphabet =
        "abstrevmldABSTREVMLD\u00E9\u00C9\u01C5\u02B0\u05D0\u6F22\u3042\uAC00\u0301\u0903079\u0663\u2167\u00BD   " +
        "\t\r\n\n\u00A0\u2003\u0085'''\"!/.,:~$+|`^=\u2019\uFF01\u3002\u20AC\u200B\uFEFF\u0000\u0378_-";

    private static readonly (string Name, string[] Expressions)[] Definitions =
    [
        ("gpt-2", [Gpt2]),
        ("smollm", [@"\p{N}", Gpt2]),
        ("default", [@"[\p{P}\$\+<=>\^~\|]+", Gpt2, @"\p{N}+", "[0-9][0-9][0-9]"]),
        ("falcon", [@"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]"]),
        ("llama-bpe", [$@"{Contraction}|{Before}\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Whitespace}"]),
        ("qwen2", [$@"{Contraction}|{Before}\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{Whitespace}"]),
        ("qwen35", [$@"{Contraction}|{Before}[\p{{L}}\p{{M}}]+|\p{{N}}| ?[^\s\p{{L}}\p{{M}}\p{{N}}]+[\r\n]*|{Whitespace}"]),
        ("gpt-4o", [
            $@"{Before}{Head}*{Tail}+{Contraction}?|{Before}{Head}+{Tail}*{Contraction}?|" +
            $@"\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Whitespace}"]),
        ("tekken", [$@"{Before}{Head}*{Tail}+|{Before}{Head}+{Tail}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{Whitespace}"]),
        ("deepseek-v3",
            [@"\p{N}{1,3}", @"[\u4E00-\u9FA5\u3040-\u309F\u30A0-\u30FF]+",
                $@"[!""#$%&'()*+,\-./:;<=>?@\[\\\]^_`{{|}}~][A-Za-z]+|" +
                $@"[^\r\n\p{{L}}\p{{P}}\p{{S}}]?[\p{{L}}\p{{M}}]+| ?[\p{{P}}\p{{S}}]+[\r\n]*|{Whitespace}"]),
        ("deepseek-llm",
            [@"[\r\n]", @"\s?[A-Za-z\u00E9\u00C9\u01C5]+", @"\s?[!-/:-~\uFF01-\uFF0F\uFF1A-\uFF5E\u2018-\u201F\u3000-\u3002]+", @"\s+\z",
                WideEastAsian, @"\p{N}+"]),
        ("deepseek-coder", [@"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", WideEastAsian, @"\p{N}"]),
    ];

    [TestCaseSource(nameof(Names))]
    public void Split_Texts_GivesPiecesOfTheExpressions(string name)
    {
        Regex[] expressions = [.. Definitions.Single(d => d.Name == name)
            .Expressions.Select(e => new Regex(e, RegexOptions.CultureInvariant))];
        Gen.Char[Alphabet].Array[0, 24].Sample(
            chars =>
            {
                string text = new(chars);
                string expected = string.Join('\u2502',
                    expressions.Aggregate((IEnumerable<string>)[text], (pieces, e) => pieces.SelectMany(p => Isolate(p, e))));
                return string.Join('\u2502', Split(name, text)) == expected;
            },
            iter: 20_000);
    }

    [TestCase("llama-bpe", "\U0001D49C\U0001D4C3x \U0001F600\U0001F600 \U0001D7D8\U0001D7D9\U0001D7DA\U0001D7DB",
        "\U0001D49C\U0001D4C3x| \U0001F600\U0001F600| |\U0001D7D8\U0001D7D9\U0001D7DA|\U0001D7DB")]
    [TestCase("smollm", "\U00020000\U0001F1E9\U0001F1EA\U0001D7D8", "\U00020000|\U0001F1E9\U0001F1EA|\U0001D7D8")]
    [TestCase("gpt-4o", "\U00010400\U00010428\U00010400", "\U00010400\U00010428|\U00010400")]
    [TestCase("deepseek-llm", " \U00010400\U00010428\U0001F600", " \U00010400\U00010428|\U0001F600")]
    public void Split_SupplementaryPlanes_HaveTheirClasses(string name, string text, string pieces) =>
        Assert.That(string.Join('|', Split(name, text)), Is.EqualTo(pieces));

    [TestCase("llama-bpe", "'\u017Fa", "'\u017F|a")] // long s is an s in another case
    [TestCase("llama-bpe", "x'LL y'Re", "x|'LL| y|'Re")]
    [TestCase("smollm", "x'LL", "x|'|LL")]
    public void Split_Contractions_IgnoreCaseWhereDefined(string name, string text, string pieces) =>
        Assert.That(string.Join('|', Split(name, text)), Is.EqualTo(pieces));

    [Test]
    public void Split_EveryName_LosesNothing()
    {
        foreach (string name in PreTokenizer.Names)
            Gen.Char[Alphabet].Array[0, 40].Sample(chars => string.Concat(Split(name, new string(chars))) == new string(chars), iter: 500);
        Assert.That(PreTokenizer.Names, Has.Count.GreaterThan(30).And.Contains("joyai-llm").And.Contains("refact"));
    }

    private static string[] Names() => [.. Definitions.Select(d => d.Name)];

    private static List<string> Isolate(string piece, Regex expression)
    {
        List<string> parts = [];
        int done = 0;
        foreach (Match match in expression.Matches(piece))
        {
            if (match.Length == 0) continue;
            if (match.Index > done) parts.Add(piece[done..match.Index]);
            parts.Add(match.Value);
            done = match.Index + match.Length;
        }

        if (done < piece.Length) parts.Add(piece[done..]);
        return parts;
    }

    private static List<string> Split(string name, string text)
    {
        Rune[] runes = [.. text.EnumerateRunes()];
        List<int> ends = [], spare = [];
        PreTokenizer.Find(name)!.Split(runes.Select(r => CodePoint.Of(r.Value)).ToArray(), ends, spare);
        List<string> pieces = [];
        int start = 0;
        foreach (int end in ends)
        {
            pieces.Add(string.Concat(runes[start..end].Select(r => r.ToString())));
            start = end;
        }

        return pieces;
    }
}
