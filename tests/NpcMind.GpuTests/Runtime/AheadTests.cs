using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Steps with tokens that only the device knows yet: several words in a tick.</summary>
internal sealed class AheadTests : RuntimeTest
{
    private static readonly Sizes Home = new();

    [Test]
    public void Tick_LargeBudget_BringsSeveralTokensAndTheSameWords()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You talk and talk.");
        ReplyOptions options = new() { MaxTokens = 12, Temperature = 1, PresencePenalty = 0.5f };
        // With an action, words are followed by what only the host can begin; a pace lets nobody go on before it is due.
        (string alone, int most, _) = Speak("alone", options with { CharactersPerSecond = 1e6, LeadTokens = 1 });
        (string ahead, int several, _) = Speak("ahead", options);
        (string text, _, bool acts) = Speak("acts", options with { Action = ActionType.Of<Gesture>() });
        TestContext.Out.WriteLine($"at most {most} and {several} tokens a tick");
        Assert.That(most, Is.EqualTo(1));
        Assert.That(several, Is.GreaterThan(1));
        Assert.That(ahead, Is.EqualTo(alone));
        Assert.That(text, Is.EqualTo(alone));
        Assert.That(acts);

        (string Text, int MostInATick, bool Acts) Speak(string what, ReplyOptions reply)
        {
            Npc npc = world.CreateNpc("Bard", "You.");
            Reply said = npc.Hear("Player", "Sing.", reply);
            int most = 0;
            for (int ticks = 0; !said.IsDone; ticks++)
            {
                Assert.That(ticks, Is.LessThan(10_000), what);
                int before = said.Words.Tokens;
                runtime.Tick(FrameBudget.FromMilliseconds(1000));
                Wait(runtime);
                most = Math.Max(most, said.Words.Tokens - before);
            }

            bool acts = said.TryTakeAction<Gesture>(out _);
            npc.Dispose();
            return (said.Text, most, acts);
        }
    }

    [Test]
    public void Reply_StoppedByAString_ForgetsWhatTheDeviceWentOnWith()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You talk and talk.");
        ReplyOptions options = new() { MaxTokens = 30, Temperature = 1 };
        Npc whole = world.CreateNpc("Bard", "You.");
        string text = Say(runtime, whole, "Sing.", options, new TinyRandom(1));
        whole.Dispose();
        for (int at = 1; at + 2 < text.Length; at += 7)
        {
            string stop = text.Substring(at, 2);
            Npc npc = world.CreateNpc("Bard", "You.");
            Reply reply = npc.Hear("Player", "Sing.", options with { StopStrings = [stop] });
            while (!reply.IsDone)
            {
                runtime.Tick(FrameBudget.FromMilliseconds(1000));
                Wait(runtime);
            }

            Assert.That(reply.End, Is.EqualTo(ReplyEnd.StopString));
            Assert.That(reply.Text, Is.EqualTo(text[..text.IndexOf(stop, StringComparison.Ordinal)]));
            int[] log = Log(npc);
            string next = Say(runtime, npc, "More.", options, new TinyRandom(2));
            npc.Dispose();
            Npc fresh = world.CreateNpc("Bard", "You.");
            fresh.Conversation.Restore([.. log]);
            fresh.Mind.Shared = npc.Mind.Shared;
            fresh.History.Add(new Turn("as before") { HeardTokens = log.Length });
            Assert.That(Say(runtime, fresh, "More.", options, new TinyRandom(2)), Is.EqualTo(next), stop);
            fresh.Dispose();
        }
    }
}
