using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>What a character says depends on what it heard, and on nothing else.</summary>
internal sealed class ConversationTests : RuntimeTest
{
    private const string Lore = "The old miller said that there was a light in the tower. Nobody had been there for seven winters.";
    private static readonly Sizes Roomy = new();

    /// <summary>Memory for one context, and next to none on the host: minds are spilled and dropped all the time.</summary>
    private static readonly Sizes Tight = new() { Context = 224, Device = 224, Host = 128, MaxRows = 16, Quantum = 0.2 };

    private static readonly Sizes Narrow = new() { Device = 352, Host = 480, Quantum = 5 };

    private static readonly Sizes Wide = new() { MaxRows = 64, Quantum = 0.1 };

    [Test]
    public void Speech_AnyBudgetsSlicesCompanionsAndMemory_IsTheSame()
    {
        int crowds = Scenarios.Count(6), scenarios = 0, spilled = 0, dropped = 0, restored = 0;
        NpcRuntime reference = Use(Roomy);
        Prefix quiet = World(reference, Lore);
        foreach (Sizes sizes in (Sizes[])[Tight, Narrow, Wide])
        {
            NpcRuntime runtime = Use(sizes);
            Prefix world = World(runtime, Lore);
            TinyRandom random = new(sizes.MaxRows + Scenarios.Seed);
            for (int crowd = 0; crowd < crowds; crowd++)
            {
                List<Actor> actors = [];
                int count = 1 + random.Below(7);
                for (int i = 0; i < count; i++) actors.Add(new Actor(Script.Draw(random, $"{sizes.MaxRows}-{crowd}-{i}"), world, random));
                Until(runtime, random, () =>
                {
                    TickReport report = Tick(runtime, random);
                    spilled += report.Spilled;
                    dropped += report.Dropped;
                    restored += report.Restored;
                    bool all = true;
                    foreach (Actor actor in actors) all &= actor.GoOn(random);
                    return all;
                });
                foreach (Actor actor in actors)
                {
                    Actor alone = new(actor.Script, quiet, random);
                    Until(reference, random, () =>
                    {
                        reference.Tick(FrameBudget.FromMilliseconds(50));
                        Wait(reference);
                        return alone.GoOn(null);
                    });
                    Assert.That(actor.Said, Is.EqualTo(alone.Said), actor.Script.Name);
                    Assert.That(Log(actor.Npc), Is.EqualTo(Log(alone.Npc)), actor.Script.Name);
                    Assert.That(actor.Npc.Tokens, Is.EqualTo(alone.Npc.Tokens));
                    actor.Npc.Dispose();
                    alone.Npc.Dispose();
                    scenarios++;
                }
            }
        }

        Assert.That(scenarios, Is.GreaterThanOrEqualTo(6 * crowds));
        TestContext.Out.WriteLine($"{scenarios} scenarios; {spilled} minds spilled, {restored} restored, {dropped} dropped");
        Assert.That(new[] { spilled, restored, dropped }, Has.All.GreaterThan(0));
    }

    [Test]
    public void Fork_Conversation_EqualsFresh()
    {
        NpcRuntime runtime = Use(Roomy);
        Prefix none = World(runtime, "");
        TinyRandom random = new(11 + Scenarios.Seed);
        for (int group = 0; group < Scenarios.Count(10); group++)
        {
            string lore = Words(random, 1 + random.Below(30)), faction = Words(random, 1 + random.Below(8));
            Prefix world = World(runtime, lore), guild = World(runtime, faction, world);
            bool early = random.Below(2) == 0;
            if (!early) Until(runtime, random, () => guild.IsReady);
            for (int i = 0; i < 5; i++)
            {
                Script script = Script.Draw(random, $"fork {group} {i}");
                if (i == 4) script = script with { Persona = "" };
                bool inGuild = random.Below(2) == 0;
                string whole = (inGuild ? lore + "\n\n" + faction : lore) + (script.Persona.Length == 0 ? "" : "\n\n" + script.Persona);
                Actor forked = new(script, inGuild ? guild : world, random);
                if (i == 3 && early)
                {
                    guild.Dispose();
                    world.Dispose();
                }

                Until(runtime, random, () =>
                {
                    Tick(runtime, random);
                    return forked.GoOn(random);
                });
                int[] log = Log(forked.Npc);
                forked.Npc.Dispose();
                Actor fresh = new(script with { Persona = whole }, none, random);
                Until(runtime, random, () =>
                {
                    Tick(runtime, random);
                    return fresh.GoOn(random);
                });
                Assert.That(forked.Said, Is.EqualTo(fresh.Said), script.Name);
                Assert.That(log, Is.EqualTo(Log(fresh.Npc)), script.Name);
                fresh.Npc.Dispose();
                if (i == 3 && early) break;
            }

            guild.Dispose();
            world.Dispose();
        }
    }

    [Test]
    public void Prefix_TurnTemplateOrPlainFormat_IsShared()
    {
        foreach (bool template in (bool[])[true, false])
        {
            NpcRuntime runtime = Use(Roomy with { Model = Sizes.Chat with { ChatTemplate = template } });
            Prefix world = World(runtime, Lore);
            Npc npc = world.CreateNpc("Mira", "You keep the gate.");
            Assert.That(npc.SharedTokens, Is.GreaterThan(world.Tokens / 2));
            string text = Say(runtime, npc, "Who goes there?", new ReplyOptions { MaxTokens = 8, Temperature = 0 });
            Assert.That(text, Is.Not.Empty);
            Assert.That(runtime.Tokenizer.Decode(Log(npc)),
                Does.Contain("You keep the gate.").And.Contain("Who goes there?").And.Contain(Lore));
        }
    }

    [Test]
    public void Prefix_FiftyMinds_IsStoredOnce()
    {
        NpcRuntime runtime = Use(new Sizes { Context = 2400, Device = 2400 + 50 * 160, MaxNpcs = 50, MaxRows = 64 });
        TinyRandom random = new(5);
        string lore = Words(random, 700);
        while (runtime.Tokenizer.Encode(lore).Length < 2000) lore += " " + Words(random, 20);
        Prefix world = World(runtime, lore);
        Until(runtime, random, () => world.IsReady);
        int copy = runtime.Engine.Transfer.Blocks - runtime.Tick(FrameBudget.FromMilliseconds(1)).KvBlocks.Free;
        Npc[] npcs = [.. Enumerable.Range(0, 50).Select(i => world.CreateNpc($"npc {i}", Words(random, 5)))];
        foreach (Npc npc in npcs) npc.Hear("Player", Words(random, 5), new ReplyOptions { MaxTokens = 4 });
        Until(runtime, random, () =>
        {
            runtime.Tick(FrameBudget.FromMilliseconds(50));
            Wait(runtime);
            return npcs.All(n => n.Reply!.IsDone);
        });
        TickReport last = runtime.Tick(FrameBudget.FromMilliseconds(1));
        int used = last.KvBlocks.Total - last.KvBlocks.Free, own = npcs.Sum(n => (n.Tokens - n.SharedTokens + 7) / 8);
        Assert.That(world.Tokens, Is.GreaterThanOrEqualTo(2000));
        Assert.That(used, Is.LessThanOrEqualTo(1.1 * copy + own + 50),
            $"{copy} blocks of the world, {own} of own tokens, a copied block for each");
        TestContext.Out.WriteLine($"{used} blocks used; the world takes {copy}, own tokens {own}");
    }

    /// <summary>Who it is and what is said to it.</summary>
    private sealed record Script(string Name, string Persona, (string Text, ReplyOptions Options)[] Turns)
    {
        public static Script Draw(TinyRandom random, string name) =>
            new(name, Words(random, 1 + random.Below(6)),
                [.. Enumerable.Range(0, 1 + random.Below(3))
                    .Select(_ => (Words(random, 1 + random.Below(6)), ConversationTests.Options(random)))]);
    }

    /// <summary>A character that goes through its script.</summary>
    private sealed class Actor
    {
        private int _turn;

        public Actor(Script script, Prefix world, TinyRandom random)
        {
            Script = script;
            Npc = world.CreateNpc(script.Name, script.Persona);
            Npc.Priority = (NpcPriority)random.Below(3);
        }

        public Script Script { get; }

        public Npc Npc { get; }

        public List<string> Said { get; } = [];

        /// <summary>Hears the next when the reply has ended, with <paramref name="random"/> after a while; true at the end.</summary>
        public bool GoOn(TinyRandom? random)
        {
            if (Npc.Reply is { IsDone: false }) return false;
            if (Said.Count < _turn) Said.Add(Npc.Reply!.Text);
            if (_turn == Script.Turns.Length) return true;
            if (random is not null && random.Below(3) > 0) return false;
            (string text, ReplyOptions options) = Script.Turns[_turn++];
            Npc.Hear("Player", text, options);
            return false;
        }
    }
}
