using NpcMind.Gguf;
using NpcMind.Text;
using NpcMind.Text.Tokenization;
using NUnit.Framework;

namespace NpcMind.Tests.Text;

/// <summary>Vocabularies of long tokens: memory and steps stay in proportion to the file.</summary>
internal sealed class LongTokenTests
{
    [TestCase(TinyVocabulary.Control)]
    [TestCase(TinyVocabulary.UserDefined)]
    [TestCase(TinyVocabulary.Normal)]
    public void Create_ManyLongTokens_TakesMemoryInProportion(int type)
    {
        const int Count = 20_000, Length = 500;
        TinyVocabulary vocabulary = TinyVocabulary.Spm().With("tokenizer.chat_template",
            "{{ messages[0].content }}<|7" + new string('x', 300));
        for (int i = 0; i < Count; i++) vocabulary.Token(Long(i, Length), type);
        GgufMetadata metadata = vocabulary.Metadata();

        long before = GC.GetAllocatedBytesForCurrentThread();
        Tokenizer tokenizer = Tokenizer.Create(metadata);
        long created = GC.GetAllocatedBytesForCurrentThread() - before;
        TokenTrie trie = TokenTrie.Create(tokenizer);
        TokenConstraint.Compile(Grammar.Parse("root ::= [a-z]+", "letters"), trie).CompileAll(10);
        long grammar = GC.GetAllocatedBytesForCurrentThread() - before - created;

        TestContext.Out.WriteLine($"{created} and {grammar} bytes for {Count * Length} of tokens");
        Assert.That(created, Is.LessThan(5L * Count * Length));
        Assert.That(grammar, Is.LessThan(4L * Count * Length));
        Assert.That(tokenizer.Encode("a" + Long(7, Length) + "b", parseSpecial: true), type == TinyVocabulary.Normal
            ? Is.Not.Empty
            : Does.Contain(260 + 7));
    }

    [Test]
    public void Create_FewHugeTokens_TakesMemoryInProportion()
    {
        const int Count = 8, Length = 2 << 20;
        TinyVocabulary vocabulary = TinyVocabulary.Bpe();
        for (int i = 0; i < Count; i++) vocabulary.Token(new string((char)('a' + i), Length));
        GgufMetadata metadata = vocabulary.Metadata();

        long before = GC.GetAllocatedBytesForCurrentThread();
        Tokenizer tokenizer = Tokenizer.Create(metadata);
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse("root ::= [a-z]+", "letters"), tokenizer);
        ReadOnlySpan<uint> mask = constraint.Mask(constraint.Start);
        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;

        Assert.That(allocated, Is.LessThan(4L * Count * Length));
        Assert.That((mask['a' >> 5] >> ('a' & 31)) & 1, Is.EqualTo(1u), "the letter itself");
        Assert.That((mask[256 >> 5] >> (256 & 31)) & 1, Is.Zero, "the huge token is left out");
        Assert.That(tokenizer.Encode("aaa"), Has.Length.EqualTo(3));
        Assert.That(tokenizer.Bytes(256).Length, Is.EqualTo(Length), "what a model says is still written");
    }

    [Test]
    public void Longest_LongUserDefinedToken_TakesAFewComparisonsACharacter()
    {
        TinyVocabulary vocabulary = TinyVocabulary.Bpe().Token(new string('x', 512), TinyVocabulary.UserDefined);
        for (int i = 1; i < 512; i++) vocabulary.Token(new string('x', i), TinyVocabulary.Control);
        SpecialTokens tokens = new(Vocabulary.Read(vocabulary.Metadata(), byteLevel: true), null, null);
        string text = string.Concat(Enumerable.Repeat(new string('x', 400) + "y", 20));
        int most = 0;
        for (int at = 0; at < text.Length; at++)
        {
            tokens.Longest(text.AsSpan(at), out int comparisons);
            most = Math.Max(most, comparisons);
        }

        Assert.That(most, Is.LessThanOrEqualTo(12), "2 to the 9th tokens");
    }

    [Test]
    public void Next_NestedTokens_AreThoseOfASimpleSearch()
    {
        Random random = new(5);
        string[] parts = ["<|", "|>", "<", ">", "a", "ab", "b", "|", "\u9f8d", "\ud83e\uddd9"];
        for (int round = 0; round < 60; round++)
        {
            TinyVocabulary made = TinyVocabulary.Bpe();
            int[] types = [TinyVocabulary.Control, TinyVocabulary.UserDefined, TinyVocabulary.Unknown, TinyVocabulary.Normal];
            for (int i = 0; i < 30; i++) made.Token(Draw(random, parts, 1 + random.Next(4)), types[random.Next(types.Length)]);
            string template = Draw(random, parts, 30);
            Vocabulary vocabulary = Vocabulary.Read(made.Metadata(), byteLevel: true);
            SpecialTokens tokens = new(vocabulary, null, template);
            for (int i = 0; i < 40; i++)
            {
                PromptSegment[] segments = [.. Enumerable.Range(0,
                    3).Select(s => new PromptSegment(Draw(random, parts, random.Next(6)), s != 1))];
                TrustMap trust = TrustMap.Join(segments, out string text), again = TrustMap.Join(segments, out _);
                int at = 0;
                while (true)
                {
                    bool found = tokens.Next(text, at, ref trust, out int id, out int start, out int end);
                    Assert.That((found, id, start, end), Is.EqualTo(Simple(vocabulary, template, text, at, ref again)),
                        $"'{text}' from {at}");
                    if (!found) break;
                    at = end;
                }
            }
        }
    }

    /// <summary>Every token at every place, the longest that may stand there.</summary>
    private static (bool, int, int, int) Simple(Vocabulary vocabulary, string template, string text, int at, ref TrustMap trust)
    {
        for (int start = at; start < text.Length; start++)
        {
            int trusted = trust.TrustedUntil(start), best = -1, length = 0;
            HashSet<string> seen = [];
            for (int id = 0; id < vocabulary.Count; id++)
            {
                TokenType type = vocabulary.Type(id);
                if (type is not (TokenType.Control or TokenType.Unknown or TokenType.UserDefined) || vocabulary.Utf8(id).IsEmpty) continue;
                string token = vocabulary.Text(id);
                if (!seen.Add(token) || token.Length <= length || string.CompareOrdinal(text, start, token, 0, token.Length) != 0) continue;
                bool ofTemplate = token.StartsWith("<|", StringComparison.Ordinal) && token.EndsWith("|>", StringComparison.Ordinal)
                    && template.Contains(token, StringComparison.Ordinal);
                if (start + token.Length <= trusted || (type == TokenType.UserDefined && !ofTemplate)) (best, length) = (id, token.Length);
            }

            if (best >= 0) return (true, best, start, start + length);
        }

        return (false, -1, text.Length, text.Length);
    }

    private static string Draw(Random random, string[] parts, int count) =>
        string.Concat(Enumerable.Range(0, count).Select(_ => parts[random.Next(parts.Length)]));

    private static string Long(int number, int length) => $"<|{number}{new string('x', length - 4 - $"{number}".Length)}|>";
}
