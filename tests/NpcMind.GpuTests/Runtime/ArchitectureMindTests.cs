using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>
/// A mind on a tiny model of each architecture does what the tutorial's does: hears, acts, is interrupted, forgets, is saved and loaded.
/// What it says means nothing.
/// </summary>
internal sealed class ArchitectureMindTests : RuntimeTest
{
    public static IEnumerable<string> Cases => GoldenModelTests.Cases.Where(n => !n.StartsWith("quant_", StringComparison.Ordinal));

    [TestCaseSource(nameof(Cases))]
    public void Mind_OfEachArchitecture_TalksActsAndComesBack(string name) => Play(name, default);

    [TestCase("gemma3-1b-form")]
    [TestCase("deepseek2-v3")]
    public void Mind_WithKvInQ4_TalksActsAndComesBack(string name) => Play(name, KvFormat.Q4);

    private static void Play(string name, KvFormat kv)
    {
        string path = Path.Combine(AppContext.BaseDirectory, $"talking-{name}-{Environment.ProcessId}.gguf");
        TalkingModel.Write(TestData.Golden("architectures", name, "model.gguf"), path);
        try
        {
            using NpcRuntime runtime = Runtimes.New(
                new Sizes { Model = path, Context = 224, Device = 896, Host = 448, MaxNpcs = 4, Kv = kv });
            Play(runtime);
            Assert.That(runtime.ValidationMessages, Is.Empty);
        }
        finally
        {
            File.Delete(path);
        }
    }

    private static void Play(NpcRuntime runtime)
    {
        TinyRandom random = new(17);
        Prefix world = runtime.CreatePrefix("The old miller said that there was a light in the tower.");
        Npc npc = world.CreateNpc("Mira", "You are Mira."), twin = world.CreateNpc("Tom", "You are Mira.");
        ReplyOptions options = new() { Temperature = 0, RepetitionPenalty = 1, MaxTokens = 12 };

        // Alone and among others, whatever the budgets: the same words.
        Reply first = npc.Hear("Player", "Good morning.", options), second = twin.Hear("Player", "Good morning.", options);
        Until(runtime, random, () => first.IsDone && second.IsDone);
        Assert.That(second.Text, Is.EqualTo(first.Text));

        Reply acting = npc.Hear("Player", "Bow!", options with { Action = ActionType.Of<Gesture>() });
        Until(runtime, random, () => acting.IsDone);
        Assert.That(acting.TryTakeAction(out Gesture _));
        twin.Dispose();

        Reply cut = npc.Hear("Player", "Where is the river?", options with { MaxTokens = 40 });
        Until(runtime, random, () => cut.IsDone || cut.Characters > 3);
        npc.Interrupt(2);
        Assert.That(cut.IsDone);

        // More than the context holds, so that turns are forgotten and windows move on.
        for (int i = 0; i < 6; i++) Assert.That(Say(runtime, npc, Words(random, 12), options, random), Is.Not.Null);
        Assert.That(npc.TurnCount, Is.LessThan(9));

        // Saved in mid-reply, it says what it would have said.
        Reply going = npc.Hear("Player", "Tell me of the dragon.", options with { MaxTokens = 30 });
        Until(runtime, random, () => going.IsDone || going.Words.Tokens > 4);
        using MemoryStream saved = new();
        npc.Save(saved);
        Until(runtime, random, () => going.IsDone);
        string expected = going.Text;
        saved.Position = 0;
        Npc loaded = runtime.LoadNpc(saved, world);
        Until(runtime, random, () => loaded.Reply is null or { IsDone: true });
        Assert.That(loaded.Reply?.Text ?? expected, Is.EqualTo(expected));
        Assert.That(Say(runtime, loaded, "And now?", options, random), Is.Not.Null);
    }
}
