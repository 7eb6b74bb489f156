using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Conversations that a game reads and edits.</summary>
internal sealed class ConversationEditTests : RuntimeTest
{
    private static readonly ReplyOptions Short = new() { MaxTokens = 6, Temperature = 0 };

    private static readonly ConversationTurn[] History =
    [
        new(ConversationTurnKind.Overheard, "Tom", "The river is high."),
        new(ConversationTurnKind.Heard, "Player", "Good morning."),
        new(ConversationTurnKind.Said, "Mira", "Good morning, miller."),
        new(ConversationTurnKind.Heard, "", "The night falls."),
        new(ConversationTurnKind.Overheard, "Tom", "Bread?"),
    ];

    [Test]
    public void GetConversation_AfterTalk_HoldsEveryLineWithItsSpeaker()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        npc.Overhear("Tom", "The river.");
        npc.Overhear("", "The night.");
        string answer = Say(runtime, npc, "Who: are you?", Short);
        npc.Overhear("Tom", "Bread?");
        ConversationTurn[] expected =
        [
            new(ConversationTurnKind.Overheard, "Tom", "The river."),
            new(ConversationTurnKind.Overheard, "", "The night."),
            new(ConversationTurnKind.Heard, "Player", "Who: are you?"),
            new(ConversationTurnKind.Said, "Mira", answer),
            new(ConversationTurnKind.Overheard, "Tom", "Bread?"),
        ];
        Assert.That(npc.GetConversation(), Is.EqualTo(expected.Where(l => l.Text.Length > 0)));
    }

    [Test]
    public void SetConversation_HistoryOfTheGame_IsRememberedAsIfItHadBeenTalk()
    {
        NpcRuntime runtime = Use(new Sizes());
        Prefix world = World(runtime, "The gate.");
        Npc npc = world.CreateNpc("Mira", "You.");
        Say(runtime, npc, "What?", Short);
        npc.SetConversation(History);
        Assert.That(npc.GetConversation(), Is.EqualTo(History));
        string next = Say(runtime, npc, "Who?", Short);
        int[] log = Log(npc);
        npc.Dispose();
        Npc other = world.CreateNpc("Mira", "You.");
        other.SetConversation(History);
        Assert.That((Say(runtime, other, "Who?", Short), Log(other)), Is.EqualTo((next, log)), "what was before the history is gone");
    }

    [Test]
    public void SetConversation_AnswerToNothing_ChangesNothing()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        npc.SetConversation(History);
        int[] log = Log(npc);
        Assert.That(() => npc.SetConversation([History[2]]), Throws.ArgumentException.With.Message.Contains("answers nothing"));
        Assert.That(() => npc.SetConversation([new(ConversationTurnKind.Heard, "Player", new string('a', 100_000))]),
            Throws.TypeOf<ContextOverflowException>());
        Assert.That((Log(npc), npc.GetConversation()), Is.EqualTo((log, History)));
    }

    [Test]
    public void SetConversation_LongerThanTheContext_KeepsTheLatestTurns()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        npc.SetConversation(Enumerable.Range(0, 100).SelectMany(i => (ConversationTurn[])
            [new(ConversationTurnKind.Heard, "Player", $"Question {i}?"), new(ConversationTurnKind.Said, "Mira", $"Answer {i}.")]));
        Assert.That(npc.TurnCount, Is.InRange(2, 99));
        Assert.That(npc.GetConversation()[^1].Text, Is.EqualTo("Answer 99."));
        Assert.That(npc.Tokens, Is.LessThanOrEqualTo(224));
    }

    [Test]
    public void Forget_OldestTurns_LeavesWhatCameAfterThem()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        foreach (string text in (string[])["One?", "Two?", "Three?"]) Say(runtime, npc, text, Short);
        npc.Forget(2);
        Assert.That(npc.History.Select(t => t.Heard), Is.EqualTo((string[])["Player: Three?"]));
        Say(runtime, npc, "Four?", Short);
        npc.Forget();
        Assert.That((npc.TurnCount, npc.GetConversation()), Is.EqualTo((0, Array.Empty<ConversationTurn>())));
        Say(runtime, npc, "Five?", Short);
        Assert.That(npc.TurnCount, Is.EqualTo(1));
    }

    [Test]
    public void Persona_Changed_IsWhatTheMindBeginsWith()
    {
        NpcRuntime runtime = Use(new Sizes());
        Prefix world = World(runtime, "The gate.");
        Npc npc = world.CreateNpc("Mira", "You are the miller.");
        npc.SetConversation(History);
        npc.Persona = "You are the dragon of the hill.";
        string answer = Say(runtime, npc, "Who?", Short);
        int[] log = Log(npc);
        Assert.That(() => npc.Persona = new string('a', 100_000), Throws.TypeOf<ContextOverflowException>());
        Assert.That(npc.Persona, Is.EqualTo("You are the dragon of the hill."));
        npc.Dispose();
        Npc other = world.CreateNpc("Mira", "You are the dragon of the hill.");
        other.SetConversation(History);
        Assert.That((Say(runtime, other, "Who?", Short), Log(other)), Is.EqualTo((answer, log)));
    }

    [Test]
    public void SetConversation_DuringAReply_InterruptsIt()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "What?", new ReplyOptions { MaxTokens = 40, Temperature = 1 });
        Until(runtime, new TinyRandom(5), () => reply.Words.Tokens > 2);
        npc.SetConversation(History);
        Assert.That(reply.End, Is.EqualTo(ReplyEnd.Interrupted));
        Say(runtime, npc, "Who?", Short);
        Assert.That(npc.TurnCount, Is.EqualTo(3));
    }

    [Test]
    public void SetConversationAndPersona_DuringAReplyAndTooLong_LeaveTheReplyAlone()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", new string('a', 60), new ReplyOptions { MaxTokens = 60, Temperature = 1 });
        Until(runtime, new TinyRandom(5), () => reply.Words.Tokens > 2);
        string said = reply.Text;
        int[] log = Log(npc);
        Assert.That(() => npc.SetConversation([new(ConversationTurnKind.Heard, "Player", new string('a', 100_000))]),
            Throws.TypeOf<ContextOverflowException>());
        // It fits alone, and not beside what was said.
        int room = runtime.Options.ContextTokens - Conversation.Reserve(runtime.Options.ContextTokens);
        string persona = string.Concat(Enumerable.Repeat("b", room));
        while (persona.Length > 1 && !Fits(persona)) persona = persona[..^1];
        Assert.That(() => npc.Persona = persona, Throws.TypeOf<ContextOverflowException>());
        Assert.That((reply.IsDone, reply.Text, npc.Persona), Is.EqualTo((false, said, "You.")));
        Assert.That(Log(npc), Is.EqualTo(log));
        Until(runtime, new TinyRandom(6), () => reply.IsDone);
        Assert.That(reply.End, Is.Not.EqualTo(ReplyEnd.Interrupted));

        bool Fits(string text)
        {
            try
            {
                npc.Prefix.CreateNpc("Probe", text).Dispose();
                return true;
            }
            catch (ContextOverflowException)
            {
                return false;
            }
        }
    }

    [TestCase("You.")]
    [TestCase("You are the dragon of the hill. You sleep.")]
    [TestCase("You are the miller of the hill.")]
    public void Interrupt_AfterThePersonaChanged_CutsTheAnswerAndSaves(string persona)
    {
        NpcRuntime runtime = Use(new Sizes());
        Prefix world = World(runtime, "The gate.");
        Npc npc = world.CreateNpc("Mira", "You are the miller.");
        Say(runtime, npc, "What?", Short);
        Reply reply = npc.Hear("Player", "Who?", new ReplyOptions { MaxTokens = 12, Temperature = 1 });
        Until(runtime, new TinyRandom(5), () => reply.IsDone);
        Assert.That(reply.Characters, Is.GreaterThan(2));
        if (persona == "You.") npc.Forget(1);
        else npc.Persona = persona;
        npc.Interrupt(2);
        using MemoryStream stream = new();
        npc.Save(stream);
        ConversationTurn[] cut = [.. npc.GetConversation()];
        Assert.That((cut[^1].Text, reply.Text), Is.EqualTo((reply.Text, npc.History[^1].Said)));
        Assert.That(reply.Characters, Is.LessThanOrEqualTo(2));
        string next = Say(runtime, npc, "Why?", Short);
        int[] log = Log(npc);
        npc.Save(new MemoryStream());
        npc.Dispose();
        Npc other = world.CreateNpc("Mira", persona == "You." ? "You are the miller." : persona);
        other.SetConversation(cut);
        Assert.That((Say(runtime, other, "Why?", Short), Log(other)), Is.EqualTo((next, log)), "as if it had been said so");
    }

    [Test]
    public void SetConversation_LinesThatLackSomething_AreRefused()
    {
        Npc npc = World(Use(new Sizes()), "The gate.").CreateNpc("Mira", "You.");
        foreach (ConversationTurn line in (ConversationTurn[])[null!, new(ConversationTurnKind.Heard, null!, "Who?"),
            new(ConversationTurnKind.Overheard, "Tom", null!), new((ConversationTurnKind)9, "Tom", "Who?")])
            Assert.That(() => npc.SetConversation([History[1], line]), Throws.ArgumentException.With.Message.Contains("Line 1"));
        Assert.That(npc.TurnCount, Is.Zero);
    }

    [Test]
    public void TurnsForgotten_CountsWhatDidNotFitAndNotWhatTheGameRemoved()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        runtime.Tick(FrameBudget.FromMilliseconds(1));
        npc.SetConversation(History);
        npc.Forget();
        Assert.That(runtime.Tick(FrameBudget.FromMilliseconds(1)).TurnsForgotten, Is.Zero);
        npc.SetConversation(Enumerable.Range(0, 100)
            .Select(i => new ConversationTurn(ConversationTurnKind.Heard, "Player", $"Number {i}?")));
        Assert.That(runtime.Tick(FrameBudget.FromMilliseconds(1)).TurnsForgotten, Is.EqualTo(100 - npc.TurnCount).And.GreaterThan(0));
    }
}
