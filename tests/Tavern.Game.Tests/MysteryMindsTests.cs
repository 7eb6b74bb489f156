using System.Diagnostics;
using NpcMind;
using NpcMind.Reference;

namespace Tavern.Game.Tests;

/// <summary>The mystery with minds: a tiny random model, which knows what it is told and says nothing that means anything.</summary>
[Category("Gpu")]
public sealed class MysteryMindsTests
{
    private static readonly string Data = TestContext.CurrentContext.TestDirectory;

    [Test]
    public void NewGame_WithMinds_TellsEachWhatItsPartKnowsAndSavesBringItBack()
    {
        using Worlds worlds = new();
        File.Copy(Path.Combine(Data, "tavern.json"), worlds.WorldFile, overwrite: true);
        string model = Path.Combine(worlds.Folder, "tiny.gguf");
        TinyModels.Write(model, new TinyModelOptions
        {
            Blocks = 1,
            Embedding = 32,
            Heads = 1,
            KvHeads = 1,
            HeadDimension = 32,
            FeedForward = 32,
            Context = 8192,
            Tokenizer = true,
            ChatTemplate = true,
        });
        using GameLoop game = new(new GameOptions
        {
            WorldFile = worlds.WorldFile,
            SaveFolder = Path.Combine(worlds.Folder, "saves"),
            Gossip = false,
            StoryFile = Path.Combine(Data, "horse.json"),
            BeginsStory = true,
            Minds = new MindSettings { ContextTokens = 4000, MaxTokens = 12, CacheFolder = "", Host = VulkanHost.CreateOwn() },
        });
        game.Budget = 50;
        Assert.That(game.Minds.Load(model, null));
        Run(() => !game.Minds.IsLoading);
        Assert.That(game.Minds.IsReady, game.Message.Last);
        Assert.That(game.Minds.Facts, Does.Contain("Last night somebody took the mayor's horse.").And.Not.Contain("saw a wolf"));

        Assert.That(game.NewGame("Osbert", 3), Is.Null);
        Cast cast = game.Mystery.Cast!;
        for (int i = 0; i < game.World.Bodies.Count; i++)
        {
            string name = game.World.Bodies[i].Name, persona = game.Minds.Of(i)!.Persona;
            Assert.That(persona.Contains("Your secret: you took", StringComparison.Ordinal), Is.EqualTo(name == "Osbert"), name);
            Assert.That(persona.Contains("you saw Osbert", StringComparison.Ordinal), Is.EqualTo(name == cast.People["witness"]), name);
        }

        // Over somebody's words: the game answers, and what the mind had not yet said it does not remember.
        int witness = game.World.IndexOf(game.World.Find(cast.People["witness"])!);
        Assert.That(game.Say(witness, "What did you see last night?"));
        Run(() => game.Talk.Of(cast.People["witness"]) is { Shown: > 2 });
        Assert.That(game.Say(witness, "Osbert did it!"));
        Assert.That(game.Minds.Of(witness)!.Reply!.IsDone);
        Run(() => !game.Talk.IsAnswering);
        Assert.That(game.Talk.LastAnswer, Does.StartWith("Osbert? What do you know of it?"));

        Assert.That(game.Save("a"), game.Message.Last);
        Assert.That(game.NewGame("Selna", 1), Is.Null);
        Assert.That(game.Minds.Of(witness)!.TurnCount, Is.Zero, "everybody begins anew");
        Assert.That(game.Load("a"), game.Message.Last);
        Assert.That(game.Minds.Of(witness)!.Persona, Does.Contain("you saw Osbert"));
        Assert.That(game.Minds.Of(witness)!.TurnCount, Is.GreaterThan(0));
        game.EndStory();
        Assert.That(game.Minds.Facts, Does.Contain("saw a wolf").And.Not.Contain("horse"));

        void Run(Func<bool> done)
        {
            for (Stopwatch watch = Stopwatch.StartNew(); !done();)
            {
                game.Update(0.05f, default);
                if (game.Tick().Status != TickStatus.Worked) Thread.Sleep(1);
                Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromMinutes(3)), game.Message.Last);
            }
        }
    }
}
