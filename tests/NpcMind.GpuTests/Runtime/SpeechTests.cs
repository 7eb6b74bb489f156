using System.Text;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>The text of replies, how they end, and conversations longer than the context.</summary>
internal sealed class SpeechTests : RuntimeTest
{
    private static readonly Sizes Home = new();

    [Test]
    public void Reply_StopString_EndsBeforeItAndTakesNothingBack()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        TinyRandom random = new(51 + Scenarios.Seed);
        int scenarios = Scenarios.Count(30), split = 0, stopped = 0;
        for (int scenario = 0; scenario < scenarios; scenario++)
        {
            ReplyOptions options = new() { Temperature = 1, MaxTokens = 20, RepetitionPenalty = 1 };
            string heard = Words(random, 4);
            Npc npc = world.CreateNpc($"stop {scenario}", "You.");
            int heardTokens = npc.Hear("Player", heard, options).FirstToken;
            Finish(runtime, random);
            string all = npc.Reply!.Text.TrimEnd('\ufffd');
            int[] said = Log(npc)[heardTokens..];
            npc.Dispose();
            if (all.Length < 4) continue;
            int at = random.Below(all.Length - 1), length = 1 + random.Below(Math.Min(7, all.Length - at));
            // Looks like half a character.
            if (scenario % 4 == 0 && all.IndexOf('\ufffd') is >= 0 and int damaged) (at, length) = (damaged, 1);
            string[] stops = random.Below(2) == 0 ? [all.Substring(at, length)]
                : ["never said", all.Substring(at, length), all[^1].ToString()];
            // Whichever is complete first counts, seen token by token; a character that is not whole yet is not there, whatever stands for
            // it.
            int end = Enumerable.Range(1, said.Length).Select(n => WholeCharacters(runtime.Tokenizer.DecodeBytes(said.AsSpan(0, n))))
                .Select(soFar => stops.Select(s => soFar.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min())
                .First(i => i >= 0);
            npc = world.CreateNpc($"stop {scenario}", "You.");
            Reply reply = npc.Hear("Player", heard, options with { StopStrings = stops });
            string read = "", sentences = "";
            Until(runtime, random, () =>
            {
                if (reply.TryRead(out ReadOnlySpan<char> text)) read += text.ToString();
                while (reply.TryReadSentence(out string? sentence)) sentences += sentence;
                return reply.IsDone;
            });
            if (reply.TryRead(out ReadOnlySpan<char> last)) read += last.ToString();
            while (reply.TryReadSentence(out string? sentence)) sentences += sentence;
            Assert.That(reply.End, Is.EqualTo(ReplyEnd.StopString));
            Assert.That(reply.Text, Is.EqualTo(all[..end]), string.Join(" | ", stops));
            Assert.That(read, Is.EqualTo(reply.Text));
            Assert.That(new string([.. sentences.Where(c => !char.IsWhiteSpace(c))]),
                Is.EqualTo(new string([.. reply.Text.Where(c => !char.IsWhiteSpace(c))])));
            int[] kept = Log(npc)[heardTokens..];
            Assert.That(kept, Is.EqualTo(said[..kept.Length]));
            string keptText = runtime.Tokenizer.Decode(kept).TrimEnd('\ufffd');
            Assert.That(reply.Text, Does.StartWith(keptText));
            if (keptText.Length < reply.Text.Length) split++;
            stopped++;
            npc.Dispose();
        }

        Assert.That(stopped, Is.GreaterThan(scenarios / 2));
        Assert.That(split, Is.GreaterThan(0), "stop strings that begin inside a token");
    }

    /// <summary>The text of bytes that may end inside a character, by .NET's own decoder, which keeps that end to itself.</summary>
    private static string WholeCharacters(byte[] bytes)
    {
        char[] text = new char[bytes.Length];
        return new string(text, 0, Encoding.UTF8.GetDecoder().GetChars(bytes, text, flush: false));
    }

    [Test]
    public void TakeSentence_Reply_ComesWhole()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        Grammar grammar = Grammar.Parse("root ::= \"Good morning. Who goes there?  \\\"I do!\\\" \\nYes... The end\"", "speech");
        Reply reply = npc.Hear("Player", "Hello!", new ReplyOptions { Grammar = grammar, MaxTokens = 100 });
        List<(string Sentence, bool Done)> sentences = [];
        Until(runtime, new TinyRandom(2), () =>
        {
            while (reply.TryReadSentence(out string? sentence)) sentences.Add((sentence, reply.IsDone));
            return reply.IsDone;
        });
        while (reply.TryReadSentence(out string? sentence)) sentences.Add((sentence, true));
        Assert.That(sentences.Select(s => s.Sentence),
            Is.EqualTo(new[] { "Good morning.", "Who goes there?", "\"I do!\"", "Yes...", "The end" }));
        Assert.That(sentences[0].Done, Is.False, "the first comes before the last");
        Assert.That(reply.End, Is.EqualTo(ReplyEnd.Completed));
        Assert.That(reply.SecondsToFirstWord, Is.GreaterThan(0));
    }

    [Test]
    public void Reply_GrammarWithoutChoice_IsReadInFewSteps()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        const string Oath = "I swear that I have seen nothing, and that I will say nothing of it";
        Grammar grammar = Grammar.Parse($"root ::= \"{Oath}\" (\"!\" | \".\")", "oath");
        Reply reply = npc.Hear("Player", "Swear!", new ReplyOptions { Grammar = grammar, MaxTokens = 100 });
        HashSet<int> lengths = [];
        Until(runtime, new TinyRandom(3), () =>
        {
            lengths.Add(reply.Text.Length);
            return reply.IsDone;
        });
        int tokens = runtime.Tokenizer.Encode(Oath).Length;
        TestContext.Out.WriteLine($"{tokens} tokens, in {lengths.Count - 1} steps");
        Assert.That((reply.Text[..^1], reply.End), Is.EqualTo((Oath, ReplyEnd.Completed)));
        Assert.That(lengths, Has.Count.LessThanOrEqualTo(8));
        Assert.That(tokens, Is.GreaterThan(16));
    }

    [Test]
    public void Reply_Grammar_IsFollowed()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        TinyRandom random = new(53);
        Grammar grammar = Grammar.Parse("root ::= word (\", \" word)* \".\"\nword ::= \"yes\" | \"no\" | [a-f]{2,4}", "words");
        int whole = 0;
        for (int round = 0; round < 12; round++)
        {
            Npc[] npcs = [.. Enumerable.Range(0, 6).Select(i => world.CreateNpc($"{round} {i}", "You."))];
            foreach (Npc npc in npcs)
                npc.Hear("Player", Words(random, 3), new ReplyOptions { Grammar = grammar, Temperature = 1, TopP = 1, MaxTokens = 24 });
            Finish(runtime, random);
            foreach (Npc npc in npcs)
            {
                string text = npc.Reply!.Text;
                bool said = npc.Reply.End == ReplyEnd.Completed;
                if (said) whole++;
                Assert.That(text, Does.Match(said ? "^(yes|no|[a-f]{2,4})(, (yes|no|[a-f]{2,4}))*\\.$" : "^[a-f, yesno]*$"));
                npc.Dispose();
            }
        }

        Assert.That(whole, Is.GreaterThan(20));
    }

    [Test]
    public void Overhear_Lines_WaitForNextTurn()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        int[] before = Log(npc);
        npc.Overhear("Bard", "The dragon slept.");
        npc.Overhear("", "It rains.");
        Finish(runtime, new TinyRandom(1));
        Assert.That(Log(npc), Is.EqualTo(before));
        Assert.That(npc.Reply, Is.Null);
        Say(runtime, npc, "What now?", new ReplyOptions { MaxTokens = 3 });
        Assert.That(npc.History.Select(t => t.Heard), Is.EqualTo(new[] { "Bard: The dragon slept.\nIt rains.\nPlayer: What now?" }));
        for (int i = 0; i < 200; i++) npc.Overhear("Bard", $"Verse {i} of the long song of the miller.");
        Say(runtime, npc, "And now?", new ReplyOptions { MaxTokens = 3 });
        Assert.That(npc.History[^1].Heard, Does.EndWith("Verse 199 of the long song of the miller.\nPlayer: And now?")
            .And.Not.Contain("Verse 0 "));
    }

    [Test]
    public void Hear_ContextFull_ForgetsWholeTurnsAndEqualsFreshMind()
    {
        NpcRuntime runtime = Use(Home with { Context = 160 });
        Prefix world = World(runtime, "The guard at the gate.");
        TinyRandom random = new(57);
        int forgettings = 0;
        for (int scenario = 0; scenario < 8; scenario++)
        {
            Npc npc = world.CreateNpc($"long {scenario}", "You remember little.");
            List<(string Heard, int[] Said)> turns = [];
            for (int turn = 0; turn < 14; turn++)
            {
                int known = npc.TurnCount;
                string text = Words(random, 1 + random.Below(8));
                ReplyOptions options = Options(random, 12);
                Reply reply = npc.Hear("", text, options);
                int gone = known + 1 - npc.TurnCount;
                turns.RemoveRange(0, gone);
                int[] heardLog = Log(npc);
                int reported = 0;
                Until(runtime, random, () =>
                {
                    reported += Tick(runtime, random).TurnsForgotten;
                    return reply.IsDone;
                });
                Assert.That(reported, Is.EqualTo(gone));
                Assert.That(npc.Tokens, Is.LessThanOrEqualTo(160));
                Assert.That(heardLog, Is.EqualTo(Rendered(runtime, npc.SystemPrompt, turns, text)));
                turns.Add((text, Log(npc)[heardLog.Length..]));
                Assert.That(npc.TurnCount, Is.EqualTo(turns.Count));
                if (gone == 0) continue;
                forgettings++;
                string said = reply.Text;
                int[] log = Log(npc);
                using MemoryStream save = new();
                npc.Save(save);
                npc.Dispose();
                Npc fresh = world.CreateNpc(npc.Name, npc.Persona);
                fresh.Conversation.Restore([.. heardLog[..^runtime.Format.NextTurn("", text).Length]]);
                fresh.History.Add(new Turn("as before") { HeardTokens = 1 });
                Assert.That(Say(runtime, fresh, text, options, random, speaker: ""), Is.EqualTo(said));
                Assert.That(Log(fresh), Is.EqualTo(log));
                fresh.Dispose();
                save.Position = 0;
                npc = runtime.LoadNpc(save, world);
            }

            npc.Dispose();
        }

        Assert.That(forgettings, Is.GreaterThan(8));
    }

    [Test]
    public void Hear_TextTooLong_ChangesNothing()
    {
        NpcRuntime runtime = Use(Home with { Context = 160 });
        Prefix world = World(runtime, "The guard at the gate.");
        TinyRandom random = new(58);
        Npc npc = world.CreateNpc("Mira", "You."), twin = world.CreateNpc("Twin", "You.");
        twin.RandomSeed = npc.RandomSeed;
        npc.Overhear("Bard", "La.");
        twin.Overhear("Bard", "La.");
        ReplyOptions options = new() { MaxTokens = 12, Temperature = 1 };
        Reply reply = npc.Hear("Player", "Good morning.", options), expected = twin.Hear("Player", "Good morning.", options);
        for (int i = 0; i < 20; i++) Tick(runtime, random);
        int[] log = Log(npc);
        Assert.That(() => npc.Hear("Player", Words(random, 200)), Throws.TypeOf<ContextOverflowException>().With.Message.Contains("160"));
        Assert.That(() => npc.Hear("Player", "Yes?", new ReplyOptions { MaxTokens = 200 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(Log(npc), Is.EqualTo(log));
        Assert.That((npc.Reply, npc.TurnCount), Is.EqualTo((reply, 1)));
        Finish(runtime, random);
        Assert.That(reply.Text, Is.EqualTo(expected.Text));
        Assert.That(() => world.CreateNpc("Long", Words(random, 200)), Throws.TypeOf<ContextOverflowException>());
        Assert.That(() => runtime.CreatePrefix(Words(random, 200)), Throws.TypeOf<ContextOverflowException>());
        Assert.That(runtime.Npcs, Has.Count.EqualTo(2));
    }

    [Test]
    public void Hear_ImpossibleGrammar_IsRefusedOrEndsOnlyThatReply()
    {
        const string Ambiguous = "([a-z]?){10000} ([0-9]?){10000}";
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        TinyRandom random = new(71);
        Npc npc = world.CreateNpc("Mira", "You."), other = world.CreateNpc("Tom", "You.");
        Assert.That(() => npc.Hear("Player", "Well?", new ReplyOptions { Grammar = Grammar.Parse($"root ::= {Ambiguous}", "at once") }),
            Throws.InstanceOf<GrammarException>());
        Assert.That(npc.TurnCount, Is.Zero);
        Reply reply = npc.Hear("Player", "Well?",
            new ReplyOptions { Grammar = Grammar.Parse($"root ::= \"the \" {Ambiguous}", "later"), MaxTokens = 20 });
        Reply another = other.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 5 });
        Until(runtime, random, () => reply.IsDone && another.IsDone);
        Assert.That(reply.End, Is.EqualTo(ReplyEnd.Failed));
        Assert.That(reply.Error, Does.Contain("later").And.Contain("too many ways"));
        Assert.That("the ", Does.StartWith(reply.Text));
        Assert.That(another.End, Is.Not.EqualTo(ReplyEnd.Failed));
        Assert.That(Say(runtime, npc, "And now?", new ReplyOptions { MaxTokens = 5 }, random, "Player"), Is.Not.Null);
    }

    [Test]
    public void Constraint_LongText_NeedNotEnd()
    {
        NpcRuntime runtime = Use(Home);
        Constraint constraint = new(runtime.Constraints, Grammar.Parse("root ::= [a-z]*", "long"), null, null);
        int a = runtime.Tokenizer.Encode("a").Single();
        for (int i = 0; i < 10_000; i++) Assert.That(constraint.TryAdvance(a, "a"u8));
        Assert.That(constraint.Bytes.Length, Is.EqualTo(10_000));
        Assert.That(constraint.MustEnd, Is.False);
    }

    [Test]
    public void Overhear_Endlessly_KeepsLatest()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        for (int i = 0; i < 20_000; i++) npc.Overhear("Bard", $"Verse {i}.");
        Assert.That(npc.Pending.Sum(l => l.Length + 1), Is.LessThanOrEqualTo(8 * runtime.Options.ContextTokens));
        Reply reply = npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 4 });
        Assert.That(npc.History[^1].Heard, Does.Contain("Verse 19999.").And.Not.Contain("Verse 1."));
        Finish(runtime, new TinyRandom(3));
        Assert.That(reply.IsDone);
    }

    [Test]
    public void FrameBudget_NotFinite_IsRefused()
    {
        NpcRuntime runtime = Use(Home);
        foreach (double wrong in (double[])[double.PositiveInfinity, double.NaN, -1])
        {
            Assert.That(() => FrameBudget.FromMilliseconds(wrong), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => runtime.Tick(new FrameBudget(wrong)), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }

        Assert.That(runtime.Tick(FrameBudget.FromMilliseconds(1e6)).Status, Is.Not.EqualTo(TickStatus.DeviceLost));
    }

    [Test]
    public void Reply_Longest_HasMaxTokens()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        for (int most = 1; most < 20; most++)
        {
            Npc npc = world.CreateNpc($"{most}", "You.");
            Reply reply = npc.Hear("Player", "Talk.", new ReplyOptions { MaxTokens = most, Temperature = 0 });
            Finish(runtime, new TinyRandom(most));
            Assert.That(Log(npc).Length - reply.FirstToken, reply.End == ReplyEnd.Length ? Is.EqualTo(most) : Is.LessThan(most));
            npc.Dispose();
        }
    }

    private static string Say(NpcRuntime runtime, Npc npc, string text, ReplyOptions options, TinyRandom random, string speaker)
    {
        Reply reply = npc.Hear(speaker, text, options);
        Until(runtime, random, () => reply.IsDone);
        return reply.Text;
    }

    private static List<int> Rendered(NpcRuntime runtime, DatedPrompt system, List<(string Heard, int[] Said)> turns, string heard)
    {
        List<int> tokens = [];
        foreach ((string words, int[] said) in turns)
        {
            tokens.AddRange(tokens.Count == 0 ? runtime.Format.FirstTurn(system, words) : runtime.Format.NextTurn(system, words));
            tokens.AddRange(said);
        }

        tokens.AddRange(tokens.Count == 0 ? runtime.Format.FirstTurn(system, heard) : runtime.Format.NextTurn(system, heard));
        return tokens;
    }
}
