using CsCheck;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>The heap of merges against the definition carried out step by step, over random vocabularies.</summary>
internal sealed class TokenizerMergeTests
{
    private static readonly Gen<string> Part = Gen.Char['a', 'c'].Array[1, 3].Select(c => new string(c));
    private static readonly Gen<string> Texts = Gen.OneOfConst('a', 'b', 'c').Array[0, 30].Select(c => new string(c));

    [Test]
    public void Merge_FirstPairInList_ComesFirst() =>
        Gen.Select(Gen.Select(Part, Part, (a, b) => $"{a} {b}").Array[1, 12], Texts).Sample(
            (merges, text) =>
            {
                Tokenizer tokenizer = TinyVocabulary.Bpe().Merge(merges).Build();
                List<string> expected = Reduce(text, (left, right) => Array.IndexOf(merges, $"{left} {right}") is var rank and >= 0
                    ? rank : null);
                return tokenizer.Encode(text).Select(tokenizer.Piece).SequenceEqual(expected);
            },
            iter: 2000);

    [Test]
    public void Merge_PairOfHighestScore_ComesFirst() =>
        Gen.Select(Gen.Select(Gen.Char["ab\u2581"].Array[2, 4].Select(c => new string(c)), Gen.Int[-4, 0]).Array[1, 12],
            Gen.Char["ab c"].Array[0, 30].Select(c => new string(c))).Sample(
            (tokens, text) =>
            {
                TinyVocabulary vocabulary = TinyVocabulary.Spm().With("tokenizer.ggml.add_space_prefix", false).Token("a").Token("b")
                    .Token("c");
                foreach ((string token, int score) in tokens) vocabulary.Token(token, score: score);
                Tokenizer tokenizer = vocabulary.Build();
                List<string> expected = Reduce(text.Replace(' ', '\u2581'), (left, right) =>
                    Array.FindIndex(tokens, t => t.Item1 == left + right) is var index and >= 0 ? -tokens[index].Item2 : null);
                return tokenizer.Encode(text).Select(tokenizer.Piece).SequenceEqual(expected);
            },
            iter: 2000);

    private static List<string> Reduce(string text, Func<string, string, int?> rank)
    {
        List<string> symbols = [.. text.Select(c => c.ToString())];
        while (true)
        {
            int best = -1, bestRank = int.MaxValue;
            for (int i = 0; i + 1 < symbols.Count; i++)
                if (rank(symbols[i], symbols[i + 1]) is { } r && r < bestRank) (best, bestRank) = (i, r);
            if (best < 0) return symbols;
            symbols[best] += symbols[best + 1];
            symbols.RemoveAt(best + 1);
        }
    }
}
