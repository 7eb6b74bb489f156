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
}
