using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>What a character keeps of what it hears and overhears: nothing makes it deaf, and only what is new is rendered.</summary>
public sealed class MemoryTests : RuntimeTest
{
    private static readonly ReplyOptions Short = new() { MaxTokens = 3 };

    [Test]
    public void Hear_AfterEndlessTalkNearby_StillRemembersTheTalk()
    {
        NpcRuntime runtime = Use(new Sizes { Context = 448 });
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        for (int turn = 0; turn < 12; turn++) Say(runtime, npc, $"N {turn}", Short);
        Assert.That(npc.Turns, Is.EqualTo(12));
        for (int i = 0; i < 120; i++) npc.Overhear("Bard", $"Verse {i}.");
        Say(runtime, npc, "And now?", Short);
        Assert.That(npc.Turns, Is.EqualTo(13));
        Assert.That(npc.History[^1].Heard, Does.EndWith("Bard: Verse 119.\nPlayer: And now?"));
        Assert.That(npc.History[^1].Spoken, Is.EqualTo("Player: And now?"));
    }

    [Test]
    public void Hear_WithoutRoom_ForgetsWhatWasOverheardBeforeTurns()
    {
        NpcRuntime runtime = Use(new Sizes { Context = 448 });
        Prefix world = World(runtime, "The gate.");
        Npc gossip = world.CreateNpc("Mira", "You."), quiet = world.CreateNpc("Tom", "You.");
        for (int turn = 0; turn < 40; turn++)
        {
            for (int i = 0; i < 10; i++) gossip.Overhear("Bard", $"Verse {turn} {i}.");
            string text = $"Number {turn}.";
            foreach (Npc npc in (Npc[])[gossip, quiet])
            {
                int before = npc.Turns;
                Say(runtime, npc, text, Short);
                Assert.That(npc.Tokens, Is.LessThanOrEqualTo(448));
                Assert.That(
                    npc.History.Select(t => t.Spoken),
                    Is.EqualTo(Enumerable.Range(turn + 1 - npc.Turns, npc.Turns).Select(n => $"Player: Number {n}.")));
                Assert.That(Log(npc)[..npc.Reply!.FirstToken], Is.EqualTo(Rendered(runtime, npc)), npc.Name);
            }

            if (turn == 20)
            {
                using MemoryStream stream = new();
                gossip.Save(stream);
                stream.Position = 0;
                int turns = gossip.Turns, overheard = gossip.History.Count(t => t.OverheardCharacters > 0);
                gossip = runtime.LoadNpc(stream, world);
                Assert.That((gossip.Turns, gossip.History.Count(t => t.OverheardCharacters > 0)), Is.EqualTo((turns, overheard)));
            }
        }

        Assert.That(gossip.Turns, Is.GreaterThanOrEqualTo(quiet.Turns - quiet.Turns / 3));
        Assert.That(quiet.Turns, Is.LessThan(40), "the context is too small for all");
    }

    [Test]
    public void Hear_AfterWhatCannotBeHeld_Works()
    {
        NpcRuntime runtime = Use(new Sizes());
        Prefix world = World(runtime, "The gate.");
        Npc npc = world.CreateNpc("Mira", "You.");
        string huge = new('a', 2_000_000), spaced = string.Concat(Enumerable.Repeat("the miller said ", 125_000));
        string dragons = string.Concat(Enumerable.Repeat("\uD83D\uDC09", 500_000)),
            lines = string.Concat(Enumerable.Repeat("a\n", 1_000_000));
        for (int round = 0; round < 2; round++)
        {
            for (int i = 0; i < 200_000; i++) npc.Overhear("Bard", "La.");
            Assert.That(Say(runtime, npc, "Well?", Short), Is.Not.Null);
            foreach (string text in (string[])[huge, spaced, lines, dragons])
            {
                npc.Overhear("Bard", text);
                Assert.That(npc.Conversation.Overheard.Tokens, Is.InRange(1, runtime.Options.ContextTokens / 4));
                npc.Overhear(text, "La.");
                Assert.That(Say(runtime, npc, "Well?", Short), Is.Not.Null);
                int[] log = Log(npc);
                int turns = npc.Turns;
                Assert.That(() => npc.Hear("Player", text, Short), Throws.InstanceOf<ArgumentException>());
                Assert.That(() => npc.Hear(text, "Well?", Short), Throws.InstanceOf<ArgumentException>());
                Assert.That(() => npc.Hear("Player", text[..7000], Short), Throws.InstanceOf<ArgumentException>());
                Assert.That((Log(npc), npc.Turns), Is.EqualTo((log, turns)));
                Assert.That(Say(runtime, npc, "Well?", Short), Is.Not.Null);
                Assert.That(() => world.CreateNpc("Long", text), Throws.InstanceOf<ArgumentException>());
                Assert.That(() => runtime.CreatePrefix(text), Throws.InstanceOf<ArgumentException>());
            }
        }
    }

    [Test]
    public void CreateNpc_LongestPersona_LeavesRoomForTalk()
    {
        NpcRuntime runtime = Use(new Sizes());
        Prefix world = World(runtime, "");
        string persona = "You";
        while (true)
        {
            try
            {
                world.CreateNpc("Mira", persona + " you").Dispose();
                persona += " you";
                runtime.Tick(FrameBudget.FromMilliseconds(1));
            }
            catch (ArgumentException)
            {
                break;
            }
        }

        Npc npc = world.CreateNpc("Mira", persona);
        for (int turn = 0; turn < 3; turn++) Assert.That(Say(runtime, npc, "Well?", Short), Is.Not.Null);
        Assert.That(npc.Turns, Is.GreaterThan(0));
    }

    [TestCase(0, 1, 3)]
    [TestCase(90, 0, 0)]
    public void Hear_PicturesThatDoNotFit_AreForgottenAndTheWordsHeard(int opening, int least, int most)
    {
        NpcRuntime runtime = Use(new Sizes
        {
            Model = TinyLlama4Options.Scout with { Blocks = 4, Tokenizer = true, ChatTemplate = true, Chunk = 40 },
            Eyes = new TinyEyesOptions(),
            Tiles = 16,
            Context = 128,
        });
        Prefix world = World(runtime, "");
        string persona = "";
        while (runtime.Format.Opening(persona + "you ").Length < opening) persona += "you ";
        Npc npc = world.CreateNpc("Mira", persona);
        List<TurnImage> turnImages = [];
        for (int i = 0; i < 4; i++)
        {
            npc.See(NpcImage.FromRgba(150, 100, TestPictures.Rgba(150, 100, i)));
            turnImages.Add(npc.PendingImages[^1]);
        }

        for (int turn = 0; turn < 2; turn++)
        {
            Assert.That(Say(runtime, npc, "Well?", Short), Is.Not.Null);
            Assert.That(npc.PendingImages, Is.Empty);
            Assert.That(turnImages.Count(s => s.References > 0), Is.EqualTo(npc.Mind.Seen.Count), "what was forgotten is held by nobody");
            if (turn == 0) Assert.That(npc.History[^1].Seen, Has.Count.InRange(least, most));
        }
    }

    [Test]
    public void Hear_TurnsAreForgotten_RendersOnlyWhatChanges()
    {
        NpcRuntime runtime = Use(new Sizes { Context = 1200, Device = 1200 });
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        int forgettings = 0;
        long most = 0, ordinary = 0;
        for (int turn = 0; turn < 120; turn++)
        {
            int before = npc.Turns;
            long renderings = runtime.Format.Renderings;
            Reply reply = npc.Hear("", "a", new ReplyOptions { MaxTokens = 1 });
            renderings = runtime.Format.Renderings - renderings;
            bool forgot = npc.Turns <= before;
            if (forgot) (forgettings, most) = (forgettings + 1, Math.Max(most, renderings));
            else ordinary = Math.Max(ordinary, renderings);
            npc.Interrupt(0);
            Assert.That(reply.IsDone);
        }

        TestContext.Out.WriteLine($"{forgettings} forgettings, at most {most} renderings; {ordinary} otherwise; {npc.Turns} turns");
        Assert.That(forgettings, Is.GreaterThan(0));
        Assert.That(ordinary, Is.EqualTo(1));
        Assert.That(most, Is.LessThanOrEqualTo(12));
    }

    /// <summary>The log up to the last answer, rendered anew.</summary>
    private static List<int> Rendered(NpcRuntime runtime, Npc npc)
    {
        List<int> tokens = [];
        int end = npc.Tokens;
        int[] log = Log(npc);
        int[] starts = new int[npc.Turns];
        for (int i = npc.Turns - 1; i >= 0; i--)
        {
            end -= npc.History[i].SaidTokens;
            starts[i] = end;
            end -= npc.History[i].HeardTokens;
        }

        for (int i = 0; i < npc.Turns; i++)
        {
            Turn turn = npc.History[i];
            tokens.AddRange(
                i == 0 ? runtime.Format.FirstTurn(npc.SystemPrompt, turn.Heard) : runtime.Format.NextTurn(npc.SystemPrompt, turn.Heard));
            if (i + 1 < npc.Turns) tokens.AddRange(log[starts[i]..(starts[i] + turn.SaidTokens)]);
        }

        return tokens;
    }
}
