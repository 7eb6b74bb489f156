using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Saves that players' machines and a campaign of bad inputs brought up, with the shipped mind (tests/golden/reports).</summary>
internal sealed class ReportedSaveTests
{
    private NpcRuntime _runtime = null!;
    private Prefix _world = null!;

    [OneTimeSetUp]
    public void Load()
    {
        string models = Path.Combine(TestData.Root, "samples", "Tavern", "models");
        _runtime = NpcRuntime.Load(
            Path.Combine(models, "mind.gguf"),
            new NpcRuntimeOptions
            {
                ImageEncoderPath = Path.Combine(models, "eyes.gguf"),
                ContextTokens = 512,
                CacheFolder = "",
                MaxNpcs = 4
            });
        _world = _runtime.CreatePrefix("");
    }

    [OneTimeTearDown]
    public void Free() => _runtime.Dispose();

    [TestCase("save-names-a-picture-of-no-turn", "ghost-picture-nokv.save", "belongs to")]
    [TestCase("refused-save-replaces-the-living", "crafted-changed-grammar-optional-10000x2.save", "can be followed")]
    public void LoadNpc_ReportedSave_IsRefusedAndTheLivingTalkOn(string report, string file, string expected)
    {
        using Prefix world = _runtime.CreatePrefix("You are in a tavern.");
        using Npc living = world.CreateNpc("Mira", "You live.");
        Reply reply = living.Hear("Player", "Who are you?", new ReplyOptions { MaxTokens = 4 });
        Assert.That(
            () => _runtime.LoadNpc(TestData.Golden("reports", report, file), world),
            Throws.InstanceOf<SaveFormatException>().With.Message.Contains(expected));
        Assert.That((living.IsDisposed, living.Reply), Is.EqualTo((false, reply)));
        Assert.That(_runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)));
        Assert.That(reply.IsDone);
    }

    [Test]
    public void LoadNpc_TokenBetweenTokenizerAndRows_IsRefusedAndTheLivingTalkOn()
    {
        using NpcRuntime runtime = NpcRuntime.Load(
            TestData.Golden("reports", "rows-without-a-token", "model.gguf"),
            new NpcRuntimeOptions { ContextTokens = 256, CacheFolder = "" });
        Prefix world = runtime.CreatePrefix("You");
        Npc npc = world.CreateNpc("Mira", "y");
        Reply reply = npc.Hear("Player", "Hi", new ReplyOptions { MaxTokens = 4 });
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)));
        using MemoryStream stream = new();
        npc.Save(stream);
        SavedLies sound = new(stream.ToArray());
        int[] tokens = [.. sound.Mind.Tokens];
        tokens[^1] = runtime.Tokenizer.VocabularySize + 1;
        Assert.That(runtime.Engine.Config.Vocabulary, Is.GreaterThan(tokens[^1]), "a row that no token has");
        Assert.That(
            () => runtime.LoadNpc(new MemoryStream(sound.Write(sound.Mind with { Tokens = tokens })), world),
            Throws.InstanceOf<SaveFormatException>().With.Message.Contains("below 260"));
        Assert.That((npc.IsDisposed, npc.Reply), Is.EqualTo((false, reply)));
        try
        {
            runtime.LoadNpc(
                TestData.Golden("reports", "refused-save-replaces-the-living", "crafted-changed-said-token-beyond-tokenizer.save"), world);
        }
        catch (SaveFormatException e)
        {
            Assert.That(e.Message, Does.Contain("below 260"));
            Assert.That(npc.IsDisposed, Is.False);
        }

        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)));
    }

    [TestCase("turns-250.save")]
    [TestCase("turns-500.save")]
    [TestCase("turns-1000.save")]
    public void LoadNpc_ManyTurnsThatDoNotFit_RendersTheLatestOnly(string file)
    {
        long before = _runtime.Format.Renderings;
        using Npc npc = _runtime.LoadNpc(TestData.Golden("reports", "loading-many-turns-is-quadratic", file), _world);
        Assert.That(_runtime.Format.Renderings - before, Is.LessThan(50));
        Assert.That(npc.TurnCount, Is.InRange(5, 60));
        Assert.That(npc.Tokens, Is.InRange(450, 512));
    }

    [Test]
    public void LoadNpc_PendingPictureLargerThanTheContext_IsForgottenAndTheCharacterHears()
    {
        using Npc npc = _runtime.LoadNpc(TestData.Golden("reports", "deaf-for-ever", "save-live-hear-ArgumentException-884.save"), _world);
        Assert.That(npc.PendingImages, Is.Empty);
        Reply reply = npc.Hear("Player", "Who are you?", new ReplyOptions { MaxTokens = 4 });
        Assert.That(_runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)));
        Assert.That(reply.IsDone);
    }
}
