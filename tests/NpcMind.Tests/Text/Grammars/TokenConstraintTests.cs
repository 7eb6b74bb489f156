using System.Diagnostics;
using System.Text;
using CsCheck;
using NpcMind.Gguf;
using NpcMind.Reference;
using NpcMind.Text;
using NUnit.Framework;

namespace NpcMind.Tests.Text.Grammars;

/// <summary>Which tokens a grammar allows.</summary>
internal sealed class TokenConstraintTests
{
    private const string Json = """
        root ::= object
        value ::= object | array | string | number | ("true" | "false" | "null") ws
        object ::= "{" ws (string ":" ws value ("," ws string ":" ws value)*)? "}" ws
        array ::= "[" ws (value ("," ws value)*)? "]" ws
        string ::= "\"" ([^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt/] | "u" [0-9a-fA-F]{4}))* "\"" ws
        number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ([eE] [-+]? [0-9] [1-9]{0,15})? ws
        ws ::= | " " | "\n" [ \t]{0,20}
        """;

    /// <summary>
    /// Bytes, words of the random grammars, halves of characters, two tokens of the same bytes, a token without bytes, controls.
    /// </summary>
    private static readonly Tokenizer Small = TinyVocabulary.Bpe()
        .Token("ab").Token("ba").Token("((").Token("(a").Token("a(").Token("aa").Token("Ã©").Token("aÃ").Token("©b").Token("Ã©Ã")
        .Token("èª").Token("èªŀ")
        .Token("aab").Token("ab", TinyVocabulary.UserDefined).Token("", TinyVocabulary.Unused).Token("a", TinyVocabulary.Control)
        .Token("<|im_end|>", TinyVocabulary.Control).With("tokenizer.ggml.eos_token_id", 256 + 16).Build();

    private static readonly TokenTrie SmallTrie = TokenTrie.Create(Small);

    [Test]
    public void Mask_IsExactlyTheAllowedTokens() => RandomGrammar.Gen.Sample(
        random =>
        {
            TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(random.Gbnf, "random"), SmallTrie);
            HashSet<string> prefixes = [
                .. random.Language.SelectMany(word => Enumerable.Range(0, word.Bytes.Length + 1).Select(n => word.Bytes[..n]))];
            foreach (string prefix in prefixes.Where(p => p.Length <= RandomGrammar.Length - 3))
            {
                int state = constraint.AdvanceBytes(constraint.Start, Encoding.Latin1.GetBytes(prefix));
                ReadOnlySpan<uint> mask = constraint.Mask(state);
                bool complete = random.Language.Contains(new RandomGrammar.Word(prefix, true));
                Assert.That(constraint.CanEnd(state), Is.EqualTo(complete), $"'{prefix}' in {random.Gbnf}");
                Assert.That(constraint.MustEnd(state),
                    Is.EqualTo(complete
                        && !prefixes.Any(p => p.Length == prefix.Length + 1 && p.StartsWith(prefix, StringComparison.Ordinal))));
                for (int token = 0; token < Small.VocabularySize; token++)
                {
                    string bytes = Encoding.Latin1.GetString(Small.Bytes(token));
                    bool expected = Small.IsEndOfGeneration(token) ? complete : bytes.Length > 0 && prefixes.Contains(prefix + bytes);
                    Assert.That(Allows(mask, token), Is.EqualTo(expected), $"'{bytes}' ({token}) after '{prefix}' in {random.Gbnf}");
                    int next = Small.IsEndOfGeneration(token) ? state : bytes.Length == 0
                        ? -1 : constraint.AdvanceBytes(state, Small.Bytes(token));
                    Assert.That(constraint.Advance(state, token), Is.EqualTo(expected ? next : -1));
                }
            }
        },
        iter: 300, print: random => random.Gbnf);

    [Test]
    public void Forced_Grammars_WriteOnlyWhatEveryTextGoesOnWith() => RandomGrammar.Gen.Sample(
        random =>
        {
            TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(random.Gbnf, "random"), SmallTrie);
            constraint.FindForced(1000);
            string[] words = [.. random.Language.Select(w => w.Bytes)];
            foreach (string prefix in words.SelectMany(w => Enumerable.Range(0, w.Length + 1).Select(n => w[..n])).Distinct())
            {
                int state = constraint.AdvanceBytes(constraint.Start, Encoding.Latin1.GetBytes(prefix));
                string forced = string.Concat(constraint.Forced(state).ToArray().Select(t => Encoding.Latin1.GetString(Small.Bytes(t))));
                if (forced.Length == 0) continue;
                string[] after = [.. words.Where(w => w.StartsWith(prefix, StringComparison.Ordinal)
                    && w.Length >= Math.Min(prefix.Length + forced.Length, RandomGrammar.Length))];
                string text = prefix + forced;
                Assert.That(after.All(w => w.StartsWith(text[..Math.Min(text.Length, w.Length)], StringComparison.Ordinal)),
                    $"'{forced}' after '{prefix}' in {random.Gbnf}");
                Assert.That(random.Language.Any(w => w.Whole && w.Bytes.Length >= prefix.Length && w.Bytes.Length < text.Length
                    && text.StartsWith(w.Bytes, StringComparison.Ordinal)), Is.False, $"'{prefix}' may end in {random.Gbnf}");
            }
        },
        iter: 300, print: random => random.Gbnf);

    [Test]
    public void Forced_TextWithoutChoice_IsInTheVocabularysTokensButTheLast()
    {
        Tokenizer words = TinyVocabulary.Bpe().Merge("h e", "l l", "he ll", "hell o", "y o", "yo u").Build();
        TokenConstraint constraint = TokenConstraint.Compile(
            Grammar.Parse("""root ::= "hello,you" ("é" ("a" | "b") | "x"*)""", "greeting"), words);
        Assert.That(constraint.Forced(constraint.Start).IsEmpty, "not looked for yet");
        constraint.FindForced(1000);
        int[] forced = constraint.Forced(constraint.Start).ToArray();
        Assert.That(words.Decode(forced), Is.EqualTo("hello,"), "the last could be written in one with what follows");
        Assert.That(forced, Has.Length.EqualTo(2));
        int state = constraint.Start;
        foreach (int token in forced) state = constraint.Advance(state, token);
        Assert.That(constraint.Forced(state).IsEmpty);
        Assert.That(Allows(constraint.Mask(state), words.Encode("you")[0]));
        state = constraint.AdvanceBytes(state, "you"u8);
        Assert.That(constraint.Forced(state).IsEmpty, "complete, or more");
        state = constraint.AdvanceBytes(state, "é"u8[..1]);
        Assert.That(constraint.Forced(state).IsEmpty, "in the middle of a character");
    }

    [Test]
    public void States_TextCutAnywhere_AreTheSameNumber()
    {
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(Json, "json"), SmallTrie);
        byte[] text = Encoding.UTF8.GetBytes("""{"aé": [1, {"b": "\u00e9語"}], "c": null}""");
        int whole = constraint.AdvanceBytes(constraint.Start, text), state = constraint.Start;
        foreach (byte value in text) state = constraint.AdvanceBytes(state, [value]);
        Assert.That(state, Is.EqualTo(whole).And.GreaterThanOrEqualTo(0));
    }

    [Test]
    public void Advance_CompiledConstraint_AllocatesNothing()
    {
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse("""root ::= "{" [^"]{0,40} "}" ("a" | "ab" | "(")+""", "finite"),
            SmallTrie);
        Assert.That(constraint.CompileAll(10_000), Is.True);
        int known = constraint.StateCount;
        Random random = new(5);
        Walk(constraint, random, 50);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Walk(constraint, random, 5000);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.Zero);
        Assert.That(constraint.StateCount, Is.EqualTo(known));
    }

    [Test]
    public void Advance_EndlessGrammar_SaysSoAndStaysBounded()
    {
        TokenConstraint constraint = TokenConstraint.Compile(
            Grammar.Parse("root ::= \"(\" root \")\" | \"a\" root \"b\" | \"[\" root \"]\" | \"x\"", "endless"), SmallTrie, maxStates: 300);
        Assert.That(constraint.CompileAll(100_000), Is.False);
        int held = constraint.AdvanceBytes(constraint.Start, "[a(["u8);
        constraint.Hold(held);
        uint[] mask = constraint.Mask(held).ToArray();
        int forgotten = constraint.AdvanceBytes(held, "aaa(((a"u8), most = 0;
        Random random = new(7);
        for (int i = 0; i < 300; i++)
        {
            Walk(constraint, random, 40);
            most = Math.Max(most, constraint.StateCount);
        }

        Assert.That(constraint.Epoch, Is.GreaterThan(1));
        Assert.That(most, Is.LessThan(3000));
        Assert.That(constraint.Mask(held).SequenceEqual(mask));
        Assert.That(() => constraint.Mask(forgotten), Throws.ArgumentException.With.Message.Contains("Hold"));
        constraint.Release(held);
        Assert.That(() => constraint.Release(held), Throws.ArgumentException);
    }

    [Test]
    public void Forget_States_ChangesNoMask()
    {
        Grammar json = Grammar.Parse(Json, "json");
        TokenConstraint roomy = TokenConstraint.Compile(json, SmallTrie), tight = TokenConstraint.Compile(json, SmallTrie, maxStates: 1);
        Random random = new(11);
        for (int i = 0; i < 20; i++)
        {
            int a = roomy.Start, b = tight.Start;
            for (int step = 0; step < 40 && !roomy.MustEnd(a); step++)
            {
                Assert.That(tight.Mask(b).SequenceEqual(roomy.Mask(a)));
                int token = Pick(roomy.Mask(a), random);
                if (Small.IsEndOfGeneration(token)) break;
                a = roomy.Advance(a, token);
                b = tight.Advance(b, token);
            }
        }

        Assert.That(tight.Epoch, Is.GreaterThan(20));
    }

    [Test]
    public void States_LongText_ShareMasks()
    {
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse("root ::= [a-z]{0,300}", "long"), SmallTrie);
        Assert.That(constraint.CompileAll(10_000), Is.True);
        Assert.That(constraint.StateCount, Is.GreaterThan(300));
        Assert.That(constraint.MaskCount, Is.LessThan(10));
    }

    [Test]
    public void Compile_UnspellableVocabulary_IsNamed()
    {
        Tokenizer poor = new TinyVocabulary().With("tokenizer.ggml.model", "gpt2").Token("a").Token("b").Build();
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse("root ::= \"a\" \"c\"", "poor"), poor);
        Assert.That(() => constraint.CompileAll(10), Throws.TypeOf<GrammarException>().With.Message.Contains("no token of the vocabulary"));
    }

    [Test]
    public void Compile_ExplosiveGrammar_IsRefusedInBoundedTime()
    {
        // Every a can open any number of the rules: readings double with each byte.
        string gbnf = string.Join('\n',
            Enumerable.Range(0, 24)
            .Select(i => $"{(i == 0 ? "root" : $"r{i}")} ::= \"a\" {(i == 23 ? "root" : $"r{i + 1}")} \"b\" | \"a\" " +
                $"{(i % 7 == 0 ? "root" : $"r{i / 2 + 1}")} \"c\" | \"a\""));
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(gbnf, "explosive"), SmallTrie);
        Stopwatch watch = Stopwatch.StartNew();
        Assert.That(() => { for (int state = constraint.Start, i = 0; i < 250; i++) state = constraint.AdvanceBytes(state, "a"u8); },
            Throws.TypeOf<GrammarException>().With.Message.Contains("too many ways"));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(20)));
    }

    [TestCase(200)]
    [TestCase(6000)]
    public void Mask_AmbiguousGrammar_TakesBoundedTime(int parts)
    {
        // Any of the parts can be left out, and each letter suits others: hardly two words of the vocabulary lead to the same state.
        Random random = new(3);
        string gbnf = "root ::= "
            + string.Join(' ', Enumerable.Range(0, parts)
                .Select(_ => $"[{string.Concat(Enumerable.Range(0, 6).Select(_ => (char)random.Next('a', 'z' + 1)))}]?"));
        TokenConstraint constraint = TokenConstraint.Compile(Grammar.Parse(gbnf, "ambiguous"),
            TokenTrie.Create(TokenizerFiles.Load("smollm")));
        Stopwatch watch = Stopwatch.StartNew();
        string end = "computed";
        try
        {
            constraint.Mask(constraint.Start);
        }
        catch (GrammarException error)
        {
            end = error.Message;
        }

        TestContext.Out.WriteLine($"{parts} parts: {watch.Elapsed.TotalMilliseconds:F0} ms, {end}");
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(10)));
        Assert.That(end, parts < 1000 ? Is.EqualTo("computed") : Does.Contain("too many ways"));
    }

    [Test]
    public void Parse_MutatedGrammar_IsParsedOrRefused()
    {
        string alphabet = "\"\"[]()|*+?{},0129-^.\\xuU#\n ab:= root::=é\ud83d";
        string[] seeds = [Json, "root ::= \"a\"{2,5} ([^\\n]+ | root-2)* \nroot-2 ::= \"\\u00e9\" root | \"\"",
            "root ::= a b\na ::= [a-z]{3,}\nb ::= (\"x\" | \"y\" a)?"];
        Random random = new(17);
        Stopwatch watch = Stopwatch.StartNew();
        int parsed = 0;
        for (int i = 0; i < 2000; i++)
        {
            StringBuilder text = new(i % 5 == 4 ? "root ::= " : seeds[i % seeds.Length]);
            for (int edits = random.Next(1, i % 5 == 4 ? 60 : 6); edits > 0; edits--)
            {
                int at = random.Next(text.Length + 1);
                if (i % 5 != 4 && random.Next(2) == 0 && at < text.Length) text.Remove(at, Math.Min(random.Next(1, 4), text.Length - at));
                else text.Insert(i % 5 == 4 ? text.Length : at, alphabet[random.Next(alphabet.Length)]);
            }

            try
            {
                Grammar grammar = Grammar.Parse(text.ToString(), "fuzz");
                TokenConstraint constraint = TokenConstraint.Compile(grammar, SmallTrie, maxStates: 500);
                Walk(constraint, random, 12);
                parsed++;
            }
            catch (GrammarException error)
            {
                Assert.That(error.Message, Does.StartWith("fuzz: "));
            }
        }

        Assert.That(parsed, Is.InRange(50, 1950));
        Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromSeconds(60)));
    }

    [Test]
    [Category("Shared")]
    public void Mask_RealVocabulary_TakesMilliseconds()
    {
        using GgufFile file = GgufFile.Open(TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf"));
        Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
        TokenTrie trie = TokenTrie.Create(tokenizer);
        (double wide, int wideCount) = Time("root ::= .*", trie, tokenizer, 9);
        (double text, _) = Time("root ::= [^\"\\\\\\x00-\\x1F]{0,200} \"\\\"\"", trie, tokenizer, 9);
        (double literal, int literalCount) = Time("root ::= \"{\\\"action\\\":\\\"\" (\"Wave\" | \"Nod\")", trie, tokenizer, 99);
        TestContext.Out.WriteLine($"first mask of .*: {wide:F3} ms, of a bounded text: {text:F3} ms, of a literal: {1000 * literal:F1} us");
        Assert.That(wideCount, Is.GreaterThan(48_000));
        Assert.That(literalCount, Is.InRange(1, 4));
        Assert.That(wide, Is.LessThan(20));
        Assert.That(literal, Is.LessThan(0.5));
    }

    /// <summary>Median milliseconds of the first mask, and how many tokens it allows.</summary>
    private static (double Milliseconds, int Count) Time(string gbnf, TokenTrie trie, Tokenizer tokenizer, int runs)
    {
        Grammar grammar = Grammar.Parse(gbnf, "timed");
        List<double> times = [];
        int count = 0;
        for (int run = 0; run < runs; run++)
        {
            TokenConstraint constraint = TokenConstraint.Compile(grammar, trie);
            Stopwatch watch = Stopwatch.StartNew();
            ReadOnlySpan<uint> mask = constraint.Mask(constraint.Start);
            times.Add(watch.Elapsed.TotalMilliseconds);
            count = Enumerable.Range(0, tokenizer.VocabularySize).Count(Allowed(mask.ToArray()));
        }

        times.Sort();
        return (times[runs / 2], count);
    }

    private static Func<int, bool> Allowed(uint[] mask) => token => Allows(mask, token);

    private static bool Allows(ReadOnlySpan<uint> mask, int token) => (mask[token >> 5] >> token & 1) != 0;

    private static void Walk(TokenConstraint constraint, Random random, int steps)
    {
        int state = constraint.Start;
        for (int i = 0; i < steps && !constraint.MustEnd(state); i++)
        {
            int token = Pick(constraint.Mask(state), random);
            int next = constraint.Advance(state, token);
            if (next < 0) throw new InvalidOperationException($"Token {token} is in the mask and refused.");
            state = Small.IsEndOfGeneration(token) ? constraint.Start : next;
        }
    }

    /// <summary>A random token of a mask, without allocating.</summary>
    private static int Pick(ReadOnlySpan<uint> mask, Random random)
    {
        int start = random.Next(mask.Length * 32);
        for (int i = 0; i < mask.Length * 32; i++)
        {
            int token = (start + i) % (mask.Length * 32);
            if (Allows(mask, token)) return token;
        }

        throw new InvalidOperationException("The mask is empty.");
    }
}
