using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>
/// Actions always parse, are legal when they are complete, and cost no memory per token. Nothing a warm tick does allocates.
/// </summary>
internal sealed class ActionTests : RuntimeTest
{
    private static readonly Sizes Home = new() { Context = 320, Device = 320 * 12 };

    /// <summary>Five types, sixty actions each; NPCMIND_SCENARIOS raises the number.</summary>
    [Test]
    public void Hear_ActionsOfFiveTypes_AllParseAndAreLegal()
    {
        NpcRuntime runtime = Use(Home);
        TinyRandom random = new(61 + Scenarios.Seed);
        LegalActions trade = new(ActionType.Of<Trade>()), walk = new(ActionType.Of<Walk>());
        trade.Allow("goods", "Bread", "Fire");
        trade.AllowRange("coins", 7, 21);
        walk.AllowRange("direction", -90, 45);
        walk.AllowNull("steps", false);
        int all = Write<Gesture>(runtime, random, null) + Write<Trade>(runtime, random, trade) + Write<Walk>(runtime, random, walk)
            + Write<Remember>(runtime, random, null) + Write<Hand>(runtime, random, null);
        Assert.That(all, Is.EqualTo(5 * 20 * Scenarios.Count(3)));
    }

    [Test]
    public void Reply_LegalityChangesMidReply_ActionIsLegalWhenComplete()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        TinyRandom random = new(63 + Scenarios.Seed);
        LegalActions legal = new(ActionType.Of<Trade>());
        int changes = 0, inAction = 0;
        // How many ticks a round takes depends on the machine: rounds go on until there were enough changes.
        for (int round = 0; round < 4 || (Math.Min(changes, inAction) < 6 && round < 40); round++)
        {
            Npc[] npcs = [.. Enumerable.Range(0, 6).Select(i => world.CreateNpc($"{round} {i}", "You trade."))];
            foreach (Npc npc in npcs)
                npc.Hear("Player", Words(random, 3),
                    new ReplyOptions { Temperature = 1, MaxTokens = 2, Action = legal.Type, LegalActions = legal });
            int taken = 0;
            Until(runtime, random, () =>
            {
                foreach (Npc npc in npcs)
                {
                    if (!npc.Reply!.ActionIsReady) continue;
                    string text = Written(npc.Reply);
                    Assert.That(npc.Reply.TryTakeAction(out Trade? action));
                    Assert.That(ActionType.Of<Trade>().TryParse(text, out Trade? same, legal), $"{text} is legal now");
                    Assert.That(same, Is.EqualTo(action));
                    Assert.That(npc.Reply.TryTakeAction<Trade>(out _), Is.False, "once");
                    taken++;
                }

                if (random.Below(12) == 0)
                {
                    changes++;
                    inAction += npcs.Count(n => n.Reply!.InAction && !n.Reply.IsDone);
                    Restrict(legal, random);
                }

                return taken == npcs.Length;
            });
            foreach (Npc npc in npcs) npc.Dispose();
        }

        TestContext.Out.WriteLine($"{changes} changes, during {inAction} actions");
        Assert.That(changes, Is.GreaterThan(5));
        Assert.That(inAction, Is.GreaterThan(5));
    }

    [Test]
    public void Hear_ActionDoesNotFit_IsRefusedBeforeAnythingIsSaid()
    {
        NpcRuntime runtime = Use(new Sizes { Context = 96 });
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        Assert.That(() => npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 40, Action = ActionType.Of<Remember>() }),
            Throws.TypeOf<ContextOverflowException>());
        Reply reply = npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 2, Action = ActionType.Of<Gesture>() });
        Finish(runtime, new TinyRandom(1));
        Assert.That(reply.TryTakeAction(out Gesture _));
    }

    [TestCase(false)]
    [TestCase(true)]
    public void Tick_Warm_AllocatesNothing(bool actions)
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "The guard at the gate.");
        LegalActions legal = new(ActionType.Of<Trade>());
        runtime.Prepare(legal.Type, legal);
        Npc[] npcs = [.. Enumerable.Range(0, 8).Select(i => world.CreateNpc($"npc {i}", "You."))];
        ReplyOptions options = new()
        {
            Temperature = 1,
            RepetitionPenalty = 1,
            MaxTokens = actions ? 3 : 20,
            Action = actions
            ? legal.Type : null,
            LegalActions = actions ? legal : null
        };
        long worst = 0;
        int measured = 0, said = 0;
        for (int round = 0; round < 6; round++)
        {
            foreach (Npc npc in npcs) npc.Hear("Player", "Well?", options);
            while (npcs.Any(n => !n.Reply!.IsDone))
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                TickReport report = runtime.Tick(new FrameBudget(round % 2 == 0 ? 2 : 0.5));
                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Wait(runtime);
                if (round < 4) continue; // jitted, and every state of the grammar was met or prepared
                worst = Math.Max(worst, allocated);
                measured++;
                said += report.TokensGenerated;
            }
        }

        TestContext.Out.WriteLine($"{measured} ticks, {said} tokens said, at most {worst} bytes");
        Assert.That(measured, Is.GreaterThan(50));
        Assert.That(worst, Is.Zero);
    }

    private static void Restrict(LegalActions legal, TinyRandom random)
    {
        legal.AllowAll();
        if (random.Below(2) == 0) legal.Allow("goods", random.Below(2) == 0 ? ["Bread"] : ["Boat", "Fire"]);
        int low = 1 + random.Below(50);
        if (random.Below(2) == 0) legal.AllowRange("coins", low, low + random.Below(40));
        if (random.Below(2) == 0) legal.Allow("haggle", random.Below(2) == 0 ? "true" : "false");
    }

    private int Write<T>(NpcRuntime runtime, TinyRandom random, LegalActions? legal)
    {
        ActionType<T> type = ActionType.Of<T>();
        Prefix world = World(runtime, "The guard at the gate.");
        int written = 0;
        HashSet<string> different = [];
        TinyRandom words = new(67 + Scenarios.Seed); // its own: how many ticks draw from the other depends on time
        for (int round = 0; round < Scenarios.Count(3); round++)
        {
            Npc[] npcs = [.. Enumerable.Range(0, 20).Select(i => world.CreateNpc($"{type.Name} {round} {i}", "You."))];
            foreach (Npc npc in npcs)
                npc.Hear("", Words(words, 2),
                    new ReplyOptions
                    {
                        Temperature = 3, // tiny random models are sure of themselves
                        TopP = 1,
                        RepetitionPenalty = 1,
                        MaxTokens = 1,
                        Action = type,
                        LegalActions = legal
                    });
            Until(runtime, random, () =>
            {
                runtime.Tick(FrameBudget.FromMilliseconds(20));
                Wait(runtime);
                return npcs.All(n => n.Reply!.IsDone);
            });
            foreach (Npc npc in npcs)
            {
                string text = Written(npc.Reply!);
                Assert.That(npc.Reply!.TryTakeAction(out T? action), text);
                Assert.That(type.TryParse(text, out T? legally, legal), text);
                Assert.That(legally, Is.EqualTo(action));
                Assert.That(type.Write(action!), Is.EqualTo(text), "the canonical form");
                different.Add(text);
                written++;
                npc.Dispose();
            }
        }

        Assert.That(different, Has.Count.GreaterThanOrEqualTo(3));
        return written;
    }
}
