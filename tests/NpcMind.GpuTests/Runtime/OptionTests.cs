namespace NpcMind.GpuTests.Runtime;

/// <summary>Options and names that a game gets wrong.</summary>
public sealed class OptionTests : RuntimeTest
{
    [Test]
    public void CreateNpc_NameOfALivingCharacter_IsRefusedAndNobodyIsLost()
    {
        NpcRuntime runtime = Use(new Sizes());
        Prefix world = World(runtime, "The gate.");
        Npc first = world.CreateNpc("Mira", "You.");
        Assert.That(() => world.CreateNpc("Mira", "Another."), Throws.ArgumentException.With.Message.Contains("'Mira'"));
        Assert.That(() => World(runtime, "The hill.").CreateNpc("Mira", "Another."), Throws.ArgumentException);
        Assert.That(runtime.Npcs, Is.EqualTo((Npc[])[first]));
        using MemoryStream save = new();
        first.Save(save);
        save.Position = 0;
        Npc loaded = runtime.LoadNpc(save, world);
        Assert.That((first.IsDisposed, runtime.Npcs.Single()), Is.EqualTo((true, loaded)));
        loaded.Dispose();
        world.CreateNpc("Mira", "You.");
    }

    [Test]
    public void Hear_AbsurdOptions_AreRefusedByNameAndChangeNothing()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        int[] log = Log(npc);
        LegalActions legal = new(ActionType.Of<Trade>());
        Assert.That(() => npc.Hear("Player", "Well?", new ReplyOptions { LegalActions = legal }),
            Throws.ArgumentException.With.Message.Contains("Legal").And.Message.Contains("Action"));
        Assert.That(() => npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = int.MaxValue }), Throws.InstanceOf<ArgumentException>()
            .With.Message.Contains("MaxTokens").And.Message.Contains("2147483647").And.Message.Contains("from 1 to 224"));
        Assert.That(() => runtime.DefaultReplyOptions = new ReplyOptions { MaxTokens = 0 },
            Throws.InstanceOf<ArgumentException>().With.Message.Contains("MaxTokens"));
        Assert.That(() => runtime.DefaultReplyOptions = null!, Throws.ArgumentNullException);
        Assert.That(Log(npc), Is.EqualTo(log));
        Assert.That(npc.Turns, Is.Zero);
    }
}
