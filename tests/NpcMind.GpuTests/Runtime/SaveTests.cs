using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Minds that were saved go on as if they had not been.</summary>
internal sealed class SaveTests : RuntimeTest
{
    private const string Lore = "The old miller said that there was a light in the tower. Nobody had been there for seven winters. You " +
        "ask the guard.";
    private static readonly Sizes Home = new();
    private static readonly Sizes Elsewhere = new() { MaxRows = 16, Device = 1600, Quantum = 2 };
    private static readonly Grammar Yes = Grammar.Parse("root ::= (\"yes\" | \"no\" | [a-z]) (\", \" root)?", "yes");

    [Test]
    [Validated]
    public void Save_DeviceLost_StillSavesMind()
    {
        Sizes seeing = new()
        {
            Model = TinyLlama4Options.Scout with { Blocks = 4, Tokenizer = true, ChatTemplate = true, Chunk = 40 },
            Eyes = new TinyEyesOptions(),
            Context = 320
        };
        TinyRandom random = new(5);
        using MemoryStream saved = new(), seen = new();
        string heard;
        using (NpcRuntime runtime = Runtimes.New(seeing))
        {
            Prefix world = runtime.CreatePrefix(Lore);
            Npc npc = world.CreateNpc("Mira", "You are Mira."), other = world.CreateNpc("Tom", "You are Tom.");
            heard = Say(runtime, npc, "Good morning.", Options(random), random);
            npc.Hear("Player", "Where is the river?", Options(random));
            Say(runtime, other, "Good morning.", Options(random), random);
            other.See(NpcImage.FromRgba(60, 50, TestPictures.Rgba(60, 50, 3)));
            other.Hear("Player", "What?", Options(random)); // its picture is not worked out, and never will be
            runtime.IsLost = true;
            Assert.That(runtime.Tick(FrameBudget.FromMilliseconds(5)).Status, Is.EqualTo(TickStatus.DeviceLost));
            npc.Save(saved);
            other.Save(seen);
        }

        NpcRuntime next = Use(seeing);
        Prefix again = World(next, Lore);
        foreach (MemoryStream stream in (MemoryStream[])[saved, seen])
        {
            stream.Position = 0;
            Npc npc = next.LoadNpc(stream, again);
            Assert.That(npc.TurnCount, Is.EqualTo(2), npc.Name);
            if (npc.Name == "Mira") Assert.That(npc.History[0].Said, Is.EqualTo(heard));
            Until(next, random, () => npc.Reply is null or { IsDone: true });
            Assert.That(Say(next, npc, "And now?", Options(random), random), Is.Not.Null);
        }
    }

    [Test]
    public void Load_SavedMind_EqualsNeverSaved()
    {
        NpcRuntime home = Use(Home), elsewhere = Use(Elsewhere);
        Prefix world = World(home, Lore), ready = World(elsewhere, Lore);
        TinyRandom random = new(21 + Scenarios.Seed);
        Until(elsewhere, random, () => ready.IsReady);
        int midReply = 0, midAction = 0, midPrompt = 0, spilled = 0, withKv = 0;
        int scenarios = Scenarios.Count(48);
        for (int scenario = 0; scenario < scenarios; scenario++)
        {
            // How many tokens a tick brings depends on the machine: short moments are waited for.
            Moment moment = (Moment)(scenario % 4);
            Npc npc = world.CreateNpc($"save {scenario}", Words(random, 1 + random.Below(5)));
            if (random.Below(3) > 0) Say(home, npc, Words(random, 1 + random.Below(8)), Options(random), random);
            if (random.Below(4) == 0) npc.Overhear("Bard", Words(random, 3));
            if (moment != Moment.Any || random.Below(3) > 0) npc.Hear("Player", Words(random, 1 + random.Below(20)), Draw(random, moment));
            for (int waited = 0; waited < 500 && Awaits(npc, moment); waited++) Tick(home, random);
            if (moment == Moment.Any) for (int ticks = random.Below(4) * random.Below(12); ticks > 0; ticks--) Tick(home, random);
            Reply? open = npc.Reply is { IsDone: false } ? npc.Reply : null;
            if (open is { InAction: true }) midAction++;
            else if (open is { Words.Tokens: > 0 }) midReply++;
            else if (open is not null && npc.Mind.Slot >= 0) midPrompt++;
            if (npc.Mind is { Slot: >= 0, RowsInStep: 0 } && random.Below(2) == 0 && home.Engine.Transfer.Spill(npc.Mind.Slot)) spilled++;
            open?.TryRead(out _);

            using MemoryStream stream = new();
            npc.Save(stream);
            int[] before = Log(npc);
            string shown = open?.Text ?? "";
            Finish(home, random);
            Outcome expected = Outcome.Of(npc, open);
            string next = Words(random, 4);
            ReplyOptions nextOptions = Options(random);
            string expectedNext = Say(home, npc, next, nextOptions, random);
            int[] expectedLog = Log(npc);

            stream.Position = 0;
            int where = random.Below(4);
            NpcRuntime runtime = where < 2 ? home : elsewhere;
            Prefix into = where switch { 0 or 1 => world, 2 => ready, _ => World(elsewhere, Lore) };
            if (where == 1) npc.Dispose();
            if (where == 2 && random.Below(2) == 0) for (int ticks = random.Below(5); ticks > 0; ticks--) Tick(elsewhere, random);
            Npc loaded = runtime.LoadNpc(stream, into);
            Assert.That(stream.Position, Is.EqualTo(stream.Length));
            if (loaded.Mind.Slot >= 0) withKv++;
            string what = $"scenario {scenario}, loaded to {where}";
            Assert.That(Log(loaded), Is.EqualTo(before), what);
            Assert.That(npc.IsDisposed, Is.EqualTo(where < 2), what);
            Reply? going = loaded.Reply;
            Assert.That(going?.Text ?? "", Is.EqualTo(shown), what);
            Until(runtime, random, () => going is null or { IsDone: true });
            Assert.That(Outcome.Of(loaded, open is null ? null : going), Is.EqualTo(expected), what);
            Assert.That(Say(runtime, loaded, next, nextOptions, random), Is.EqualTo(expectedNext), what);
            Assert.That(Log(loaded), Is.EqualTo(expectedLog), what);
            loaded.Dispose();
            npc.Dispose();
            if (where == 3) into.Dispose();
        }

        TestContext.Out.WriteLine($"{midPrompt} in the prompt, {midReply} in the speech, {midAction} in the action, {spilled} spilled, " +
            $"{withKv} with keys and values");
        Assert.That(new[] { midReply, midAction, midPrompt, spilled }, Has.All.GreaterThan(0));
        Assert.That(withKv, Is.GreaterThan(scenarios / 8));
    }

    [Test]
    [Validated]
    public void Load_OlderSave_RemovesLaterTurns()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        ReplyOptions options = new() { MaxTokens = 6 };
        Npc npc = world.CreateNpc("Mira", "You keep the gate.");
        Say(runtime, npc, "Good morning.", options);
        int[] log = Log(npc);
        using MemoryStream stream = new();
        npc.Save(stream);
        string expected = Say(runtime, npc, "Who goes there?", options);
        Say(runtime, npc, "The dragon is dead.", options);
        npc.Priority = NpcPriority.Foreground;
        stream.Position = 0;
        Npc loaded = runtime.LoadNpc(stream, world);
        Assert.That(npc.IsDisposed);
        Assert.That(() => npc.Hear("Player", "Hello?"), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(runtime.Npcs, Is.EqualTo(new[] { loaded }));
        Assert.That((loaded.TurnCount, loaded.Priority), Is.EqualTo((1, NpcPriority.Foreground)));
        Assert.That(Log(loaded), Is.EqualTo(log));
        Assert.That(runtime.Tokenizer.Decode(Log(loaded)), Does.Not.Contain("dragon"));
        Assert.That(Say(runtime, loaded, "Who goes there?", options), Is.EqualTo(expected));
    }

    [Test]
    public void Load_OtherPrefixFormatOrModel_PrefillsAgain()
    {
        NpcRuntime home = Use(Home);
        Prefix world = World(home, Lore);
        TinyRandom random = new(4);
        Sizes[] others = [Home, Home with { Kv = KvFormat.F16 }, Home with { Kv = KvFormat.Q4 },
            Home with { Model = Sizes.Chat with { Seed = 2 } }, Home with { Model = Sizes.Chat with { Vocabulary = 400 } }];
        for (int scenario = 0; scenario < 15; scenario++)
        {
            Npc npc = world.CreateNpc($"moved {scenario}", "You keep the gate.");
            Say(home, npc, "Good morning.", Options(random), random);
            string said = npc.Reply!.Text;
            npc.Hear("Player", "Where is the bread?", Draw(random));
            for (int ticks = random.Below(60); ticks > 0; ticks--) Tick(home, random);
            using MemoryStream stream = new();
            npc.Save(stream);
            stream.Position = 0;
            npc.Dispose();
            Sizes sizes = others[scenario % others.Length];
            NpcRuntime runtime = Use(sizes);
            string lore = scenario % 3 == 0 ? Lore : scenario % 3 == 1 ? Lore + " The dragon slept under the hill." : "You are far away.";
            Prefix into = World(runtime, lore);
            Npc loaded = runtime.LoadNpc(stream, into);
            Finish(runtime, random);
            string all = runtime.Tokenizer.Decode(Log(loaded));
            Assert.That(all, Does.Contain(lore).And.Contain("You keep the gate.").And.Contain("Player: Good morning.")
                .And.Contain("Where is the bread?"));
            Assert.That(loaded.TurnCount, Is.EqualTo(2));
            Assert.That(loaded.History[0].Said, Is.EqualTo(said));
            Assert.That(loaded.Reply is null or { IsDone: true });
            Assert.That(Say(runtime, loaded, "And now?", new ReplyOptions { MaxTokens = 5 }, random), Is.Not.Null);
            // What it reads again is what a mind that always lived there would have.
            List<int> turns = [.. runtime.Format.FirstTurn(loaded.SystemPrompt, loaded.History[0].Heard)];
            Assert.That(Log(loaded).Take(turns.Count), Is.EqualTo(turns));
            into.Dispose();
            loaded.Dispose();
        }
    }

    [Test]
    public void Load_SmallerContext_DropsOldestTurns()
    {
        NpcRuntime home = Use(Home), small = Use(Home with { Context = 128 });
        Prefix world = World(home, "The gate."), there = World(small, "The gate.");
        Npc npc = world.CreateNpc("Mira", "You.");
        for (int i = 0; i < 4; i++)
            Say(home, npc, $"Number {i}: the river and the hill and the bread.", new ReplyOptions { MaxTokens = 10 });
        Assert.That(npc.Tokens, Is.GreaterThan(128));
        using MemoryStream stream = new();
        npc.Save(stream);
        stream.Position = 0;
        Npc loaded = small.LoadNpc(stream, there);
        Assert.That(loaded.TurnCount, Is.InRange(1, 3));
        Assert.That(loaded.History[^1].Heard, Does.Contain("Number 3"));
        Assert.That(Say(small, loaded, "And?", new ReplyOptions { MaxTokens = 5 }), Is.Not.Null);
    }

    /// <summary>When a mind is saved.</summary>
    private enum Moment
    {
        Any,
        InPrompt,
        InSpeech,
        InAction,
    }

    private static bool Awaits(Npc npc, Moment moment) => npc.Reply is { IsDone: false } reply && moment switch
    {
        Moment.InPrompt => npc.Mind.Slot < 0,
        Moment.InSpeech => reply.Words.Tokens == 0,
        Moment.InAction => !reply.InAction,
        _ => false,
    };

    private static ReplyOptions Draw(TinyRandom random, Moment moment) => moment switch
    {
        Moment.InAction => Options(random, 4) with { Action = ActionType.Of<Trade>() },
        Moment.InSpeech => new ReplyOptions { MaxTokens = 16, Temperature = 1 },
        _ => Draw(random),
    };

    private static ReplyOptions Draw(TinyRandom random) => random.Below(6) switch
    {
        0 or 1 => Options(random, 4) with { Action = random.Below(2) == 0 ? ActionType.Of<Gesture>() : ActionType.Of<Trade>() },
        2 => Options(random, 12)
            with
        { StopStrings = ["e", "the r", "\ufffd"], Action = random.Below(2) == 0 ? ActionType.Of<Gesture>() : null },
        3 => Options(random, 12) with { Grammar = Yes },
        _ => Options(random, 16),
    };

    private readonly record struct Outcome(string Text, ReplyEnd End, string Action, bool HasAction, string Log)
    {
        public static Outcome Of(Npc npc, Reply? reply) =>
            new(reply?.Text ?? "", reply?.End ?? ReplyEnd.None, reply is null
                ? "" : Written(reply), reply?.ActionIsReady ?? false, string.Join(' ', RuntimeTest.Log(npc)));
    }
}
