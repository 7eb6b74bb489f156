using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>What a save says is held against the rest of it and the model before anything is replaced.</summary>
internal sealed class LoadingTests : RuntimeTest
{
    private const string Lore = "You keep the gate.";
    private static readonly Sizes Home = new()
    {
        Model = TinyLlama4Options.Scout with { Blocks = 4, Tokenizer = true, ChatTemplate = true, Chunk = 40 },
        Eyes = new TinyEyesOptions(),
        Context = 320,
    };

    private static readonly Grammar Yes = Grammar.Parse("root ::= (\"yes\" | \"no\" | [a-z]) (\", \" root)?", "yes");

    [Test]
    public void Load_SaveThatContradictsItself_IsRefusedAndTheLivingStay()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        SavedLies[] all = Originals(runtime, world);
        (SavedLies idle, SavedLies action, SavedLies grammar) = (all[0], all[1], all[2]);
        Npc living = world.CreateNpc("Mira", "You live.");
        Say(runtime, living, "Good morning.", new ReplyOptions { MaxTokens = 4 });
        Reply reply = living.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 6 });
        int[] log = Log(living);
        SavedMind mind = idle.Mind;
        int heard = mind.Turns.ToList().FindIndex(t => t.Pictures.Length > 0);
        SavedTurn seeing = mind.Turns[heard];
        (SavedLies From, SavedMind Lie, string Expected)[] lies =
        [
            (idle, mind with { Name = "" }, "a name"),
            (idle, mind with { Tokens = [.. mind.Tokens[..^1], runtime.Tokenizer.VocabularySize] }, "below"),
            (idle, mind with { Turns = [.. mind.Turns.Select((t, i) => i == 1 ? t with { Tokens = t.Tokens - 1 } : t)] },
                "to begin at token"),
            (idle, mind with { Turns = [.. mind.Turns.Take(2).Select(t => t with { Pictures = [] })], Pictures = [], Slots = [] },
                "tokens in all"),
            (idle, mind with { Turns = [.. mind.Turns.Select((t, i) => i == 1 ? t with { Role = MindSaves.Heard } : t)] }, "can follow"),
            (idle, mind with { Turns = [.. mind.Turns.Select((t, i) => i == heard ? t with { Pictures = [] } : t)] }, "belongs to"),
            (idle, mind with { Turns =
                [.. mind.Turns.Select((t, i) => i == heard ? t with { Pictures = [.. t.Pictures, .. t.Pictures] } : t)] },
                "whole, in the tokens"),
            (idle, mind with { Turns =
                [.. mind.Turns.Select(
                t => t.Role == MindSaves.Seen ? t with { Pictures = [.. t.Pictures, .. seeing.Pictures, 0, 0, 0] } : t)] },
                "at most 4 pictures"),
            (idle, mind with { Slots = [.. mind.Slots.Skip(1)] }, "whole, in the tokens"),
            (idle, mind with { Slots = [mind.Slots[0] with { Count = mind.Slots[0].Count - 1 }, .. mind.Slots.Skip(1)] },
                "whole, in the tokens"),
            (idle, mind with { Slots = [.. mind.Slots, new SavedSlots(mind.Tokens.Length - 1, 0, 0, 1)] }, "rows of"),
            (idle, mind with { Pictures = [.. mind.Pictures, mind.Pictures[0]] }, "a turn that picture"),
            (idle, mind with { Pictures = [.. mind.Pictures.Select(p => p with { Features = NotANumber(p.Features) })] }, "finite"),
            (idle, mind with { Kv = mind.Kv! with { Blocks = mind.Kv.Blocks - 1 } }, "KV blocks"),
            (idle, mind with { Kv = mind.Kv with { FirstToken = mind.Kv.FirstToken + 8, Tokens = mind.Kv.Tokens - 8 } }, "KV blocks"),
            (idle, mind with { Kv = mind.Kv with { BytesPerBlock = mind.Kv.BytesPerBlock / 2 } }, "bytes"),
            (idle, mind with { Reply = grammar.Mind.Reply! with { GeneratedTokens = 60, MaximumTokens = 60 } }, "a reply of at most"),
            (action, action.Mind with { Reply = action.Mind.Reply! with { Phase = 77 } }, "phase"),
            (action, action.Mind with { Reply = action.Mind.Reply with { MaximumTokens = 0 } }, "allowed to the reply"),
            (action, action.Mind with { Reply = action.Mind.Reply with { StopStrings = [""] } }, "stop strings"),
            (action, action.Mind with { Reply = action.Mind.Reply with { ConstraintBytes = new byte[10_000] } },
                "bytes of the reply's tokens"),
            (grammar, grammar.Mind with { Reply = grammar.Mind.Reply! with { Grammar = "root ::= \"a" } }, "a grammar"),
            (grammar,
                grammar.Mind with { Reply =
                grammar.Mind.Reply with { Grammar = "root ::= ([a-z]?){10000} ([0-9]?){10000}", ConstraintBytes = [] } },
                "can be followed"),
            (grammar, grammar.Mind with { Reply = grammar.Mind.Reply with { Grammar = "root ::= \"0\"" } }, "allows"),
        ];
        Assert.Multiple(() =>
        {
            foreach ((SavedLies from, SavedMind lie, string expected) in lies)
            {
                Assert.That(
                    () => runtime.LoadNpc(new MemoryStream(from.Write(lie)), world),
                    Throws.TypeOf<SaveFormatException>().With.Message.Contains(expected).And.Message.StartsWith("stream: at byte "));
                Assert.That((runtime.Npcs.Single(), living.IsDisposed, living.Reply), Is.EqualTo((living, false, reply)), expected);
                Assert.That(Log(living), Is.EqualTo(log), expected);
            }
        });

        Npc[] crowd = [.. Enumerable.Range(1, runtime.Options.MaxNpcs - 1).Select(i => world.CreateNpc($"crowd {i}", ""))];
        Assert.That(
            () => runtime.LoadNpc(new MemoryStream(idle.Write(mind with { Name = "another" })), world), Throws.InvalidOperationException);
        Assert.That(
            () => runtime.LoadNpc(new MemoryStream(idle.Write(mind with { Persona = Words(new TinyRandom(1), 900) })), world),
            Throws.TypeOf<ContextOverflowException>());
        Assert.That(
            () => runtime.LoadNpc(new MemoryStream(idle.Write(mind with { Persona = new string('x', 3_000_000) })), world),
            Throws.TypeOf<ContextOverflowException>());
        Assert.That(living.IsDisposed, Is.False);
        foreach (Npc npc in crowd) npc.Dispose();
        Finish(runtime, new TinyRandom(1));
        foreach (SavedLies sound in all)
            Assert.That(runtime.LoadNpc(new MemoryStream(sound.Write(sound.Mind)), world).Name, Is.EqualTo(sound.Mind.Name));
        Finish(runtime, new TinyRandom(1));
    }

    /// <summary>200 saves that lie, loaded while others live, or as many as NPCMIND_SAVES_LOADED says, from NPCMIND_SAVES_FIRST
    /// on.</summary>
    [Test]
    public void Load_LyingSaveWithRightChecksums_IsRefusedOrTalksAndTheLivingTalkOn()
    {
        int saves = Number("NPCMIND_SAVES_LOADED", Scenarios.Count(60)), from = Number("NPCMIND_SAVES_FIRST", 0);
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        SavedLies[] all = Originals(runtime, world);
        TinyRandom ticks = new(1);
        int refused = 0, loaded = 0;
        for (int seed = from; seed < from + saves; seed++)
        {
            try
            {
                Npc living = world.CreateNpc("Mira", "You live."), other = world.CreateNpc("Tom", "You live, too.");
                Reply open = living.Hear("Player", "Good morning.", new ReplyOptions { MaxTokens = 3 });
                int[] log = Log(living);
                TinyRandom random = new(seed);
                byte[] save = all[seed % all.Length].Mutate(random);
                Npc? came = null;
                try
                {
                    came = runtime.LoadNpc(new MemoryStream(save), world);
                    loaded++;
                }
                catch (Exception e) when (
                    e is SaveFormatException or ContextOverflowException or GrammarException)
                {
                    Assert.That(runtime.Npcs, Is.EqualTo(new[] { living, other }), e.Message);
                    Assert.That((living.IsDisposed, living.Reply, open.IsDone), Is.EqualTo((false, open, false)), e.Message);
                    Assert.That(Log(living), Is.EqualTo(log), e.Message);
                    refused++;
                }

                for (int i = random.Below(6); i > 0; i--) Tick(runtime, ticks);
                foreach (Npc npc in runtime.Npcs) npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 2 });
                Until(runtime, ticks, () => runtime.Npcs.All(n => n.Reply!.IsDone), 5000);
                if (came is not null) using (MemoryStream again = new()) came.Save(again);
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                Assert.Fail($"seed {seed}: {e}");
            }

            foreach (Npc npc in runtime.Npcs.ToArray()) npc.Dispose();
        }

        TestContext.Out.WriteLine($"{saves} lying saves: {refused} refused, {loaded} loaded");
        Assert.That((refused, loaded), Is.EqualTo((saves - loaded, loaded)));
        Assert.That(Math.Min(refused, loaded), Is.GreaterThan(saves / 20));
    }

    [Test]
    public void Load_ManyTurnsThatDoNotFit_RendersTheLatestOnly()
    {
        NpcRuntime runtime = Use(new Sizes());
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You.");
        Say(runtime, npc, "Good morning.", new ReplyOptions { MaxTokens = 3 });
        using MemoryStream stream = new();
        npc.Save(stream);
        npc.Dispose();
        SavedLies sound = new(stream.ToArray());
        List<long> renderings = [];
        List<int[]> logs = [];
        foreach (int turns in (int[])[1000, 4000])
        {
            List<SavedTurn> talk = [];
            for (int i = 4000 - turns; i < 4000; i++)
                talk.AddRange(
                    [new SavedTurn(MindSaves.Heard, "", $"Player: number {i}", 0, 0),
                    new SavedTurn(MindSaves.Said, "Mira", $"Aye, {i}.", 0, 0)]);
            byte[] save = sound.Write(sound.Mind with { ModelFingerprint = new byte[32], Turns = talk, Kv = null });
            long before = runtime.Format.Renderings;
            Npc loaded = runtime.LoadNpc(new MemoryStream(save), world);
            renderings.Add(runtime.Format.Renderings - before);
            logs.Add(Log(loaded));
            Assert.That(loaded.History[^1].Said, Is.EqualTo("Aye, 3999."));
            // As few are forgotten as need be: one more would not fit.
            int more = runtime.Format.NextTurn(loaded.SystemPrompt, loaded.History[0].Heard).Length
                + runtime.Tokenizer.Encode($"Aye, {3999 - loaded.TurnCount}.").Length;
            Assert.That(loaded.Tokens, Is.InRange(runtime.Options.ContextTokens - more, runtime.Options.ContextTokens));
            Assert.That(runtime.Tick(FrameBudget.FromMilliseconds(1)).TurnsForgotten, Is.EqualTo(turns - loaded.TurnCount));
            Assert.That(Say(runtime, loaded, "And?", new ReplyOptions { MaxTokens = 2 }), Is.Not.Null);
            loaded.Dispose();
        }

        Assert.That(renderings[0], Is.LessThan(40));
        Assert.That(renderings[1], Is.EqualTo(renderings[0]));
        Assert.That(logs[1], Is.EqualTo(logs[0]));
    }

    [Test]
    public void Load_PendingPictureLargerThanSeeTakes_IsForgotten()
    {
        NpcRuntime runtime = Use(Home), small = Use(Home with { Context = 64 });
        Prefix world = World(runtime, ""), there = World(small, "");
        Npc npc = world.CreateNpc("Mira", "");
        npc.See(NpcImage.FromRgba(50, 30, TestPictures.Rgba(50, 30)));
        for (int i = 0; i < 40; i++) npc.Overhear("Bard", "La la la.");
        using MemoryStream stream = new();
        npc.Save(stream);
        SavedLies sound = new(stream.ToArray());
        SavedPicture picture = sound.Mind.Pictures[0];
        string long1 = new('\u9f8d', 60);
        SavedPicture large = picture with { Layout = [picture.Layout[0] with { Text = long1 }, .. picture.Layout.Skip(1)] };
        byte[] save = sound.Write(sound.Mind with { Pictures = [large] });
        byte[] whole = stream.ToArray();
        (NpcRuntime, Prefix, byte[], int)[] cases = [(runtime, world, whole, 1), (runtime, world, save, 0), (small, there, whole, 1)];
        foreach ((NpcRuntime where, Prefix into, byte[] bytes, int seen) in cases)
        {
            Npc loaded = where.LoadNpc(new MemoryStream(bytes), into);
            Assert.That(loaded.PendingImages, Has.Count.EqualTo(seen));
            Assert.That(loaded.Conversation.Overheard.Tokens, Is.LessThanOrEqualTo(where.Options.ContextTokens / 4));
            Assert.That(Say(where, loaded, "Well?", new ReplyOptions { MaxTokens = 2 }), Is.Not.Null);
        }
    }

    /// <summary>Four saves: two turns, a picture among them, with a look and words not spoken about yet; in an action; under a grammar; of
    /// nothing but words.</summary>
    private static SavedLies[] Originals(NpcRuntime runtime, Prefix world)
    {
        TinyRandom random = new(31);
        List<SavedLies> all = [];
        for (int kind = 0; kind < 4; kind++)
        {
            Npc npc = world.CreateNpc("Mira", "You are Mira.");
            if (kind < 3)
            {
                npc.Overhear("Bard", "La.");
                npc.See(NpcImage.FromRgba(50, 30, TestPictures.Rgba(50, 30, kind)));
            }

            Say(runtime, npc, "Good morning.", new ReplyOptions { MaxTokens = 6 }, random);
            if (kind == 0)
            {
                Say(runtime, npc, "Where is the bread?", new ReplyOptions { MaxTokens = 6 }, random);
                npc.See(NpcImage.FromRgba(30, 50, TestPictures.Rgba(30, 50, 9)));
                npc.Overhear("Bard", "La la.");
            }

            if (kind == 1) npc.Hear("Player", "Wave!", new ReplyOptions { MaxTokens = 2, Action = ActionType.Of<Gesture>() });
            if (kind == 2) npc.Hear("Player", "Yes or no?", new ReplyOptions { MaxTokens = 30, Grammar = Yes, Temperature = 1, TopP = 1 });
            Until(runtime, random, () => kind switch { 1 => npc.Reply!.InAction, 2 => npc.Reply!.Words.Tokens > 0, _ => true });
            using MemoryStream stream = new();
            npc.Save(stream);
            all.Add(new SavedLies(stream.ToArray()));
            npc.Dispose();
        }

        Assert.That(all.Select(s => s.Mind.Kv is null), Has.All.False);
        return [.. all];
    }

    private static byte[] NotANumber(byte[] features)
    {
        byte[] other = [.. features];
        BitConverter.TryWriteBytes(other, float.NaN);
        return other;
    }

    private static int Number(string variable, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(variable), out int number) ? number : otherwise;
}
