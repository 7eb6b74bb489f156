using System.Text.RegularExpressions;
using NpcMind.Cli.Doctor;
using NpcMind.Text.PreTokenization;
using NUnit.Framework;

namespace NpcMind.Tests.CommandLine;

/// <summary>Holds the table of <c>npcmind doctor</c> against the published expressions, and the pre-tokenizers against the table.</summary>
internal sealed class GoldenSplitsTests
{
    private const string Gpt2 = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+", White =
        @"\s*[\r\n]+|\s+(?!\S)|\s+";

    private static IEnumerable<string> Names => PreTokenizer.Names;

    [TestCaseSource(nameof(Names))]
    public void Find_EveryPreTokenizer_HasThePiecesThatItGives(string name)
    {
        PreTokenizer preTokenizer = PreTokenizer.Find(name)!;
        Assert.That(GoldenSplits.Find(preTokenizer), Is.EqualTo(GoldenSplits.Split(preTokenizer, GoldenSplits.Probe)));
    }

    [TestCase("gpt-2", Gpt2)]
    [TestCase("smollm", @"\p{N}", Gpt2)]
    [TestCase("falcon", @"[\p{P}\$\+<=>\^~\|`]+", Gpt2, "[0-9][0-9][0-9]")]
    [TestCase("llama-bpe", @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + White)]
    [TestCase("qwen2", @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + White)]
    [TestCase("deepseek-coder", @"[\r\n]", @"\s?\p{L}+", @"\s?\p{P}+", "[\u4E00-\u9FA5\u0800-\u4E00\uAC00-\uD7FF]+", @"\p{N}")]
    public void Find_Table_IsWhatTheExpressionsGive(string name, params string[] expressions)
    {
        List<string> pieces = [GoldenSplits.Probe];
        foreach (string expression in expressions) pieces = [.. pieces.SelectMany(p => Split(p, expression))];
        Assert.That(GoldenSplits.Find(PreTokenizer.Find(name)!), Is.EqualTo(pieces));
    }

    /// <summary>The matches, and what lies between them.</summary>
    private static IEnumerable<string> Split(string piece, string expression)
    {
        int at = 0;
        foreach (Match match in Regex.Matches(piece, expression))
        {
            if (match.Index > at) yield return piece[at..match.Index];
            yield return match.Value;
            at = match.Index + match.Length;
        }

        if (at < piece.Length) yield return piece[at..];
    }
}
