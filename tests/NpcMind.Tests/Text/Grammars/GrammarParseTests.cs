using System.Text;
using CsCheck;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text.Grammars;

/// <summary>What GBNF means, seen through which texts are complete, may go on, or are refused.</summary>
internal sealed class GrammarParseTests
{
    private static readonly TokenTrie Bytes = TokenTrie.Create(TinyVocabulary.Bpe().Build());

    [TestCase("root ::= \"yes\" | \"no\"", "yes", "no", "!yesno", "!n")]
    [TestCase("\uFEFFroot ::= \"yes\"", "yes", "!\uFEFFyes")]
    [TestCase("root ::= \"yes\"\n  | \"no\" # or not\n", "yes", "no")]
    [TestCase("root ::=\n  a |\n  b\na ::= \"a\"\r\nb ::= \"b\"\r\n", "a", "b")]
    [TestCase("# a comment\n\nroot ::= ( \"a\"\n # inside\n \"b\" )\n", "ab")]
    [TestCase("root ::= [a-c] [^a-c] .", "axz", "bd\n", "!abz", "!a")]
    [TestCase("root ::= [a-] [\\]\\\\] [\\x41-\\u0043]", "-]B", "a\\A", "!b]A")]
    [TestCase("root ::= [\\u00e9\\U0001F600-\\U0001F64F]", "é", "😀", "🙏", "!🚀")]
    [TestCase("root ::= [^\\n]", "é", "語", "😀", "!\n")]
    [TestCase("root ::= \"\\x41\\t\\n\\r\\\"\\\\\\u00e9\\U0001F600\"", "A\t\n\r\"\\é😀")]
    [TestCase("root ::= \"ab\"*", "", "ab", "abab", "!a")]
    [TestCase("root ::= \"ab\"+ \"c\"?", "ab", "ababc", "!c")]
    [TestCase("root ::= \"a\"{2} \"b\"{1,} \"c\"{0,2} \"d\"{ 1 , 3 }", "aabd", "aabbbccddd", "!aabcccd", "!abd")]
    [TestCase("root ::= \"a\"{0} \"b\"", "b", "!a")]
    [TestCase("root ::= (\"a\"?)* \"b\"", "b", "aaab")]
    [TestCase("root ::= (\"a\" | \"b\" \"c\")?", "", "a", "bc")]
    [TestCase("root ::= \"a\" |", "", "a")]
    [TestCase("root ::= \"\"", "")]
    [TestCase("root ::= \"a\" root \"b\" | \"\"", "", "ab", "aaabbb", "!aab")]
    [TestCase("root ::= item (\",\" item)*\nitem ::= [0-9]+ ", "1,22", "!1,")]
    [TestCase("root ::= \"x\" root | \"y\"", "y", "xxxy")]
    [TestCase("root ::= a_1 b-2\na_1 ::= \"a\"\nb-2 ::= \"b\"", "ab")]
    public void Grammar_AcceptsItsTextsAndNoOthers(string gbnf, params string[] texts)
    {
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(gbnf, "test"), Bytes);
        foreach (string text in texts)
        {
            bool refused = text.StartsWith('!');
            int state = constraint.AdvanceBytes(constraint.Start, Encoding.UTF8.GetBytes(refused ? text[1..] : text));
            Assert.That(state >= 0 && constraint.CanEnd(state), Is.EqualTo(!refused), text);
        }
    }

    [TestCase("", 1, 1, "no rule 'root'")]
    [TestCase("start ::= \"a\"", 1, 14, "no rule 'root'")]
    [TestCase("root ::= \"a\" thing", 1, 14, "'thing' is used here and defined nowhere")]
    [TestCase("root ::= \"a\"\nroot ::= \"b\"", 2, 1, "twice, first in line 1")]
    [TestCase("root ::= root \"a\" | \"b\"", 1, 1, "begins with itself")]
    [TestCase("root ::= a\na ::= b \"x\" | \"y\"\nb ::= \" \"* a", 2, 1, "'a' begins with itself")]
    [TestCase("root ::= e root | \"a\"\ne ::= \"\"", 1, 1, "begins with itself")]
    [TestCase("root ::= \"a\" root", 1, 1, "never end")]
    [TestCase("root ::= \"a\n", 1, 10, "no end")]
    [TestCase("root ::= [a", 1, 10, "no end")]
    [TestCase("root ::= []", 1, 10, "matches no character")]
    [TestCase("root ::= [\\ud800]", 1, 10, "matches no character")]
    [TestCase("root ::= \"\\ud800\"", 1, 11, "surrogate")]
    [TestCase("root ::= [z-a]", 1, 11, "runs backwards")]
    [TestCase("root ::= (\"a\"", 1, 14, "expected ')'")]
    [TestCase("root ::= \"a\")", 1, 13, "did not expect ')'")]
    [TestCase("root ::= * \"a\"", 1, 10, "nothing before '*'")]
    [TestCase("root ::= \"a\"{3,1}", 1, 13, "never")]
    [TestCase("root ::= \"a\"{1000000}", 1, 13, "at most 10000")]
    [TestCase("root ::= \"a\"{x}", 1, 14, "expected a number")]
    [TestCase("root ::= ((\"a\"{1000}){1000}){1000}", 1, 1, "more than 250000 positions")]
    [TestCase("root ::= \"a\"*****", 1, 17, "repetition marks")]
    [TestCase("root = \"a\"", 1, 6, "expected '::='")]
    [TestCase("root ::= \"\\q\"", 1, 11, "escape is unknown")]
    [TestCase("root ::= \"\\xZZ\"", 1, 11, "2 hexadecimal digits")]
    [TestCase("root ::= \"\\U00110000\"", 1, 11, "U+10FFFF")]
    [TestCase("root ::= <think>", 1, 10, "tokens in grammars are not supported")]
    [TestCase("root ::= \"a\"\n\n  ?", 3, 3, "expected a rule")]
    public void Parse_WrongGrammar_NamesPlace(string gbnf, int line, int column, string problem)
    {
        GrammarException error = Assert.Throws<GrammarException>(() => Grammar.Parse(gbnf, "mod.gbnf"))!;
        Assert.That((error.GrammarName, error.Line, error.Column), Is.EqualTo(("mod.gbnf", line, column)), error.Message);
        Assert.That(error.Message, Does.Contain(problem).And.StartWith($"mod.gbnf: line {line}, column {column}: "));
    }

    [Test]
    public void Class_AcceptsExactlyItsCharacters()
    {
        int[] edges = [0, 0x7F, 0x80, 0x7FF, 0x800, 0xFFF, 0x1000, 0xD7FF, 0xE000, 0xFFFF, 0x10000, 0x3FFFF, 0x40000, 0xFFFFF, 0x100000,
            0x10FFFF];
        Gen<int> character = Gen.OneOf(Gen.OneOfConst(edges), Gen.Int[0, 0xFFF], Gen.Int[0, 0x10FFFF]);
        Gen.Select(character, character, character.Array[20], Gen.Bool).Sample(
            (one, other, candidates, negated) =>
            {
                (int first, int last) = (Math.Min(one, other), Math.Max(one, other));
                string gbnf = $"root ::= [{(negated ? "^" : "")}\\U{first:X8}-\\U{last:X8}]";
                if (!edges.Concat([first, last]).Any(c => Rune.IsValid(c) && (c >= first && c <= last) != negated))
                {
                    Assert.That(() => Grammar.Parse(gbnf, "class"),
                        Throws.TypeOf<GrammarException>().With.Message.Contains("matches no character"));
                    return;
                }

                TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(gbnf, "class"), Bytes);
                foreach (int value in (int[])[.. candidates, .. edges, first, first - 1, first + 1, last, last - 1, last + 1])
                {
                    if (!Rune.IsValid(value)) continue;
                    int state = constraint.AdvanceBytes(constraint.Start, Encoding.UTF8.GetBytes(new Rune(value).ToString()));
                    Assert.That(state >= 0 && constraint.MustEnd(state), Is.EqualTo((value >= first && value <= last) != negated),
                        $"U+{value:X} in {gbnf}");
                }

                int continuation = constraint.AdvanceBytes(constraint.Start, [0x80]),
                    overlong = constraint.AdvanceBytes(constraint.Start, [0xC0]),
                    surrogate = constraint.AdvanceBytes(constraint.Start, [0xED, 0xA0]),
                    beyond = constraint.AdvanceBytes(constraint.Start, [0xF4, 0x90]);
                Assert.That(new[] { continuation, overlong, surrogate, beyond }, Is.All.EqualTo(-1), gbnf);
            },
            iter: 2000);
    }

    [Test]
    public void Parse_GroupsNestedTooDeep_AreRefusedWithoutOverflow()
    {
        GrammarException error = Assert.Throws<GrammarException>(() => Grammar.Parse("root ::= " + new string('(', 100_000), "deep"))!;
        Assert.That(error.Message, Does.Contain("nested deeper than 100"));
    }

    [Test]
    public void Parse_RuleChainTooDeep_IsRefused()
    {
        StringBuilder gbnf = new("root ::= r0 \"x\"\n");
        for (int i = 0; i < 5000; i++) gbnf.Append(System.Globalization.CultureInfo.InvariantCulture, $"r{i} ::= r{i + 1} \"x\"\n");
        gbnf.Append("r5000 ::= \"x\"");
        Assert.That(() => Grammar.Parse(gbnf.ToString(), "chain"),
            Throws.TypeOf<GrammarException>().With.Message.Contains("more than 256 rules"));
    }

    [Test]
    public void Nesting_StopsWhereItCanStillBeClosed()
    {
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse("root ::= \"(\" root \")\" | \"x\"", "nest"), Bytes);
        int state = constraint.Start, depth = 0;
        while (constraint.AdvanceBytes(state, "("u8) is var deeper and >= 0)
        {
            state = deeper;
            Assert.That(++depth, Is.LessThan(1000));
        }

        Assert.That(depth, Is.EqualTo(256));
        state = constraint.AdvanceBytes(state, "x"u8);
        for (int i = 0; i < depth; i++) state = constraint.AdvanceBytes(state, ")"u8);
        Assert.That(constraint.MustEnd(state));
    }
}
