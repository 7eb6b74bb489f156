using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>A verb for <see cref="Deed"/>.</summary>
internal enum Verb
{
    Nothing,
    Turn,
    Walk,
    Give,
    Open,
    Light,
}

/// <summary>The Tavern's action.</summary>
[NpcAction]
internal sealed record Deed(Verb Do, [property: ActionText(24)] string To);

/// <summary>What is legal changes while characters think: replies keep to it, and ticks allocate nothing (reports/tick-allocs).</summary>
internal sealed class LegalTickTests : RuntimeTest
{
    private const int Rounds = 2;
    private static readonly Sizes Home = new() { Context = 320, Device = 320 * 12 };
    private static readonly string[] Names = ["Player", "nothing", "Osbert", "the door", "the lamp", "Garlin"];

    /// <summary>What a game does before the replies' first tick, and in their middle.</summary>
    private static readonly (string Name, Action<LegalActions, int>? Before, Action<LegalActions, int>? During)[] Scenarios =
    [
        ("unchanged", null, null),
        ("changed before", (legal, i) => legal.Allow("to", "nothing", Names[2 + (i % 4)]), null),
        ("changed during", null, (legal, i) => legal.Allow("to", "nothing", Names[2 + (i % 4)])),
        ("new names before", (legal, i) => legal.Allow("to", "nothing", $"thing number {i}", $"person {i}", $"other {i}"), null),
        ("new names during", null, (legal, i) => legal.Allow("to", $"thing number {i}", $"person {i}", "é\"\\")),
        ("rows before", (legal, i) => legal.AllowOnly(Rows(i)), null),
        ("rows during", null, (legal, i) => legal.AllowOnly(Rows(i))),
        ("freed member during", (legal, i) => legal.AllowOnly(Rows(i)), (legal, _) => legal.AllowAll("to")),
        ("free text", (legal, _) => legal.AllowAll(), (legal, i) => legal.Allow("do", "Give", i % 2 == 0 ? "Walk" : "Turn")),
    ];

    [TestCase(false)]
    [TestCase(true)]
    public void Tick_LegalActionsChange_AllocatesNothing(bool prepared)
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "This tavern is the Sleeping Owl.");
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.Allow("to", Names);
        if (prepared) runtime.Prepare(legal.Type, legal);
        Npc[] npcs = [.. Enumerable.Range(0, 5).Select(i => world.CreateNpc($"npc {i}", "You."))];
        ReplyOptions options = new() { Temperature = 1, RepetitionPenalty = 1, MaxTokens = 3, Action = legal.Type, LegalActions = legal };
        for (int i = 0; i < 3; i++) Round(runtime, npcs, options, () => { }, () => { });
        int taken = 0;
        List<string> allocating = [];
        for (int i = 0; i < Rounds; i++)
            foreach ((string name, Action<LegalActions, int>? before, Action<LegalActions, int>? during) in Scenarios)
            {
                legal.AllowAll();
                legal.Allow("to", Names);
                long bytes = Round(runtime, npcs, options, () => before?.Invoke(legal, i), () => during?.Invoke(legal, i));
                if (bytes > 0) allocating.Add($"{name} {i}: {bytes}");
                foreach (Npc npc in npcs)
                {
                    string text = Written(npc.Reply!);
                    Assert.That(npc.Reply!.TryTakeAction(out Deed? deed), $"{name} {i}: {text}");
                    Assert.That(ActionType.Of<Deed>().TryParse(ActionType.Of<Deed>().Write(deed!), out _, legal), $"{name} {i}: {text}");
                    taken++;
                }
            }

        Assert.That(taken, Is.EqualTo(Rounds * Scenarios.Length * npcs.Length));
        Assert.That(allocating, Is.Empty);
    }

    [Test]
    public void Tick_NewGrammarOfSpeech_AllocatesNothing()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        Npc[] npcs = [.. Enumerable.Range(0, 3).Select(i => world.CreateNpc($"npc {i}", "You."))];
        for (int i = 0; i < 6; i++)
        {
            // Nested brackets: a state for each depth.
            Grammar grammar = Grammar.Parse($"root ::= [a-z]+ list\nlist ::= \"[\" (list | [0-9{(char)('a' + i)}])* \"]\"", $"grammar {i}");
            ReplyOptions options = new() { Temperature = 1, MaxTokens = 30, Grammar = grammar };
            long bytes = Round(runtime, npcs, options, () => { }, () => { });
            if (i > 1) Assert.That(bytes, Is.Zero, $"grammar {i}");
        }
    }

    [Test]
    public void TryTakeAction_NotLegalAnyMore_IsFalseUntilItIsAgain()
    {
        NpcRuntime runtime = Use(Home);
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.AllowOnly(new Deed(Verb.Light, "the lamp"));
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 2, Action = legal.Type, LegalActions = legal });
        Finish(runtime, new TinyRandom(3));
        legal.AllowOnly(new Deed(Verb.Light, "Garlin"), new Deed(Verb.Give, "the lamp"));
        Assert.That(reply.TryTakeAction(out Deed? _), Is.False);
        legal.AllowOnly(new Deed(Verb.Light, "the lamp"));
        Assert.That(reply.TryTakeAction(out Deed? deed) && deed == new Deed(Verb.Light, "the lamp"));
        Assert.That(reply.TryTakeAction(out Deed? _), Is.False);
    }

    private static Deed[] Rows(int round) =>
        [new(Verb.Light, "the lamp"), new(Verb.Give, "Garlin"), new(Verb.Give, $"person {round}"), new(Verb.Nothing, "nothing")];

    /// <summary>Lets all answer; the bytes that the ticks allocated.</summary>
    private static long Round(NpcRuntime runtime, Npc[] npcs, ReplyOptions options, Action before, Action during)
    {
        foreach (Npc npc in npcs) npc.Hear("Player", "Please light the lamp.", options);
        before();
        long bytes = 0;
        bool changed = false;
        while (npcs.Any(n => !n.Reply!.IsDone))
        {
            if (!changed && npcs.Any(n => n.Reply!.InAction && n.Reply.ActionConstraint!.Bytes.Length > 2))
            {
                during();
                changed = true;
            }

            long start = GC.GetAllocatedBytesForCurrentThread();
            runtime.Tick(FrameBudget.FromMilliseconds(2));
            bytes += GC.GetAllocatedBytesForCurrentThread() - start;
            Wait(runtime);
        }

        return bytes;
    }
}
