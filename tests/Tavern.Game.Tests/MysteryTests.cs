using System.Text;
using Tavern.World;

namespace Tavern.Game.Tests;

/// <summary>The mystery without minds: what characters say is put into their mouths, and the rules do the rest.</summary>
public sealed class MysteryTests
{
    private static readonly string Data = TestContext.CurrentContext.TestDirectory;
    private Worlds _worlds = null!;
    private GameLoop _game = null!;
    private List<string> _messages = [];

    [SetUp]
    public void Begin()
    {
        (_worlds, _messages) = (new Worlds(), []);
        File.Copy(Path.Combine(Data, "tavern.json"), _worlds.WorldFile, overwrite: true);
        _game = Game();
        Assert.That(_game.NewGame("Garlin", 0), Is.Null);
    }

    [TearDown]
    public void End()
    {
        _game.Dispose();
        _worlds.Dispose();
    }

    [Test]
    public void Hear_AnswersOfThoseWhoKnow_FillTheNotebookAndTheCulpritConfesses()
    {
        Accuse("I accuse Garlin.");
        Assert.That(_game.Talk.LastAnswer, Does.StartWith("Garlin? What do you know of it?"), "no proofs yet");
        Answer("witness", "Last night I saw {thief} {scene}.");
        Answer("thief", "Last night I was {alibi}.");
        Assert.That(_game.Mystery.Clues.Select(c => (c.Id, c.Source)),
            Is.EqualTo(new[] { ("sighting", Name("witness")), ("alibi", "Garlin"), ("lie", "") }));
        Assert.That(_game.Mystery.Proofs, Is.EqualTo(2));
        Assert.That(_messages[^1], Does.StartWith("In your notebook: ").And.Contain("that was a lie."));
        Accuse("It was Garlin who took the horse!", seconds: 4);
        Assert.That(_game.Mystery.End, Is.EqualTo(MysteryEnd.Solved));
        Assert.That(_game.Mystery.LastWords, Is.Empty, "the confession comes first");
        int version = _game.Mystery.Version;
        Worlds.Run(_game, 14);
        Assert.That(_game.Mystery.LastWords, Does.StartWith("You found out"));
        Assert.That(_game.Mystery.Version, Is.Not.EqualTo(version), "the notebook is made anew");
        Assert.That(_game.Talk.LastAnswer, Is.EqualTo("Yes, I took the mayor's horse. I will bring it back tonight."));
        Assert.That(_game.World.Find("Garlin")!.Person.Place, Is.EqualTo("by the door"));
        Assert.That(_messages, Has.Some.StartsWith("You found out who took the mayor's horse: it was Garlin."));
        Assert.That(_game.Minds.HearsayOf("Selna").Lines.Select(l => l.Text), Does.Contain("Last night Garlin took the mayor's horse."));
        Assert.That(_game.Memory.Games, Is.EqualTo((1, 1)));
    }

    [Test]
    public void Hear_WhatSomebodyDoesNotKnowOrDenies_TeachesNothingUntilItWasTold()
    {
        Answer("gossip", "Last night I saw {thief} {scene}.");
        Answer("witness", "I do not know who saw {thief} {scene}.");
        Assert.That(_game.Mystery.Clues, Is.Empty);
        // The witness tells it to somebody far from the player; that one knows it now and tells it on.
        _game.World.Player.Position = new(4.5f, 3.5f);
        Body witness = _game.World.Find(Name("witness"))!, gossip = _game.World.Find(Name("gossip"))!;
        (witness.Position, gossip.Position) = (new(-3, -2.5f), new(-2.4f, -2.5f));
        _game.Mystery.Hear(new Happening(HappeningKind.Said, witness.Name, gossip.Name, Fill("Last night I saw {thief} {scene}.")));
        Assert.That(_game.Mystery.Clues, Is.Empty, "out of earshot");
        Answer("gossip", "Last night I saw {thief} {scene}.");
        Assert.That(_game.Mystery.Clues.Select(c => c.Id), Is.EqualTo(new[] { "sighting" }));
    }

    [Test]
    public void Hear_OthersNearby_IsOverheard()
    {
        Body witness = _game.World.Find(Name("witness"))!;
        _game.World.Player.Position = witness.Position + new System.Numerics.Vector2(0, 2);
        _game.Mystery.Hear(new Happening(HappeningKind.Said, witness.Name, Name("gossip"), Fill("Last night I saw {thief} {scene}.")));
        Assert.That(_game.Mystery.Has("sighting"));
    }

    [Test]
    public void Scene_TheThing_IsSeenByCharactersAndByThePlayerOnceItIsNamed()
    {
        Body finder = _game.World.Find(Name("finder"))!;
        Assert.That(Bells(_game.World.Player), Is.Zero);
        Assert.That(Bells(finder), Is.EqualTo(1));
        Answer("thief", "I see a purple bell.", expected: Eyes.Sees(_game.World, _game.World.Find("Garlin")!, _game.World.Hidden!) ? 1 : 0);
        _game.NewGame("Garlin", 0);
        Answer("finder", "The purple bell is nice.");
        Assert.That(_game.Mystery.Clues, Is.Empty, "it does not say that it sees it");
        Answer("finder", "I see a red apple and a purple bell.");
        Assert.That(_game.Mystery.Has("bell"));
        Assert.That(_game.Mystery.Clues[0].Text, Does.Contain("blue wool"));
        Assert.That(Bells(_game.World.Player), Is.EqualTo(1));

        int Bells(Body eyes) => Eyes.Scene(_game.World, eyes)
            .Parts.Count(p => p.Kind == ThingKind.Bell && p.Tint == Palette.Of(Colour.Purple));
    }

    [Test]
    public void Accuse_Wrongly_CostsATryAndTheLastOneEndsTheStory()
    {
        Prove();
        string[] innocent = [.. _game.World.Bodies.Select(b => b.Name).Where(n => n != "Garlin").Take(3)];
        Accuse($"{innocent[0]} did it", index: _game.World.IndexOf(_game.World.Find(innocent[0])!));
        Assert.That(_game.Talk.LastAnswer, Does.StartWith("I did not take the mayor's horse!"));
        Assert.That(_game.Mystery.AccusationsLeft, Is.EqualTo(2));
        Accuse($"I accuse {innocent[0]} and {innocent[1]}");
        Assert.That((_game.Mystery.AccusationsLeft, _messages[^1]),
            Is.EqualTo((2, $"You cannot accuse {innocent[0]} and {innocent[1]} together: name one.")));
        Accuse($"I accuse {innocent[1]}", index: _game.World.IndexOf(_game.World.Find("Garlin")!));
        Assert.That(_game.Talk.LastAnswer, Is.EqualTo($"{innocent[1]} did not take the horse. Think again."));
        Accuse($"I accuse {innocent[2]}", index: _game.World.IndexOf(_game.World.Find("Garlin")!));
        Assert.That((_game.Mystery.AccusationsLeft, _game.Mystery.End), Is.EqualTo((0, MysteryEnd.Unsolved)));
        Assert.That(_messages, Has.Some.EndsWith("It was Garlin who took the mayor's horse."));
        Assert.That(_game.Mystery.TakeAccusation(0, "I accuse Garlin"), Is.False, "it is over: words are words");
        Assert.That(_game.Memory.Games, Is.EqualTo((2, 0)).Or.EqualTo((1, 0)));
    }

    [Test]
    public void Keys_Q_AccusesWhoIsFacedAtTheSecondPress()
    {
        Prove();
        FaceUp("thief");
        _game.Press(GameKeys.Accuse);
        Assert.That((_game.Mystery.End, _messages[^1]), Is.EqualTo((MysteryEnd.None, "Do you accuse Garlin? Press Q again.")));
        _game.Press(GameKeys.Accuse);
        Assert.That(_game.Mystery.End, Is.EqualTo(MysteryEnd.Solved));
    }

    [Test]
    public void Update_APlayerWhoLearnsNothing_GetsHintsFromVagueToPlain()
    {
        Worlds.Run(_game, 76);
        Assert.That(_messages.Where(m => m.StartsWith("Hint", StringComparison.Ordinal)),
            Is.EqualTo(new[] { "Hint: somebody was awake last night. Ask people what they saw." }));
        for (int i = 0; i < 12; i++) _game.Press(GameKeys.Hint);
        Assert.That(_messages, Does.Contain($"Hint: ask {Name("witness")}: what did you see last night?"));
        Assert.That(_messages.Count(m => m.Contains("Garlin", StringComparison.Ordinal) && m.StartsWith("Hint",
            StringComparison.Ordinal)), Is.LessThan(3), "a hint is no answer");
        Prove();
        _game.Press(GameKeys.Hint);
        Assert.That(_messages[^1], Does.StartWith("Hint: You have proofs enough."));
    }

    [Test]
    public void Save_AStory_ComesBackAsItWasAndOlderSavesHaveNone()
    {
        Answer("witness", "Last night I saw {thief} {scene}.");
        Answer("finder", "I see a purple bell.");
        _game.Press(GameKeys.Hint);
        string? surface = _game.World.Hidden!.Surface;
        Dictionary<string, string> people = new(_game.Mystery.Cast!.People);
        Clue[] clues = [.. _game.Mystery.Clues];
        Assert.That(_game.Save("a"));
        Answer("thief", "Last night I was {alibi}.");
        Accuse("I accuse Garlin.");
        Assert.That(_game.NewGame("Osbert", 5), Is.Null);
        Assert.That(_game.Load("a"), _game.Message.Last);
        Assert.That(_game.Mystery.Clues, Is.EqualTo(clues));
        Assert.That(_game.Mystery.Cast.People, Is.EquivalentTo(people));
        Assert.That((_game.Mystery.End, _game.Mystery.HintsGiven, _game.World.Hidden!.Surface, _game.World.Hidden.IsFound),
            Is.EqualTo((MysteryEnd.None, 1, surface, true)));
        Assert.That(_game.World.Knowledge.Of(Name("witness")), Has.Some.Contains("you saw Garlin"));
        Accuse("I accuse Garlin.");
        Assert.That(_game.Mystery.End, Is.EqualTo(MysteryEnd.Solved));

        // As games before stories wrote it.
        Dictionary<string, byte[]> parts = SaveContainer.Read(_game.Saves.PathOf("a"));
        string state = Encoding.UTF8.GetString(parts["state"]);
        parts.Remove("story");
        parts["state"] = Encoding.UTF8.GetBytes(state[..state.IndexOf(",\"Mystery\":", StringComparison.Ordinal)] + "}");
        SaveContainer.Write(_game.Saves.PathOf("old"), parts);
        Assert.That(_game.Load("old"), _game.Message.Last);
        Assert.That((_game.Mystery.Story, _game.World.Hidden, _game.World.Knowledge),
            Is.EqualTo(((Story?)null, (Hidden?)null, Knowledge.None)));
    }

    [TestCase("\"thief\":\"Garlin\"", "\"thief\":\"Nobody\"", "nobody plays the thief")]
    [TestCase("\"thief\":\"Garlin\"", "\"thief\":\"Osbert\",\"witness\":\"Osbert\"", "it is damaged")]
    [TestCase("\"Clues\":[{\"Id\":\"sighting\"", "\"Clues\":[{\"Id\":\"other\"", "its story has no clue 'other'")]
    [TestCase("\"End\":0", "\"End\":7", "its story ends in 7 ways")]
    [TestCase("\"Mistakes\":0", "\"Mistakes\":-1", "a number of its story")]
    [TestCase("\"Surface\":\"", "\"Surface\":\"the ", "for a thing to stand on")]
    public void Load_AStoryThatCannotBe_IsRefusedAndTheGameGoesOn(string old, string replacement, string says)
    {
        Answer("witness", "Last night I saw {thief} {scene}.");
        Assert.That(_game.Save("a"));
        Dictionary<string, byte[]> parts = SaveContainer.Read(_game.Saves.PathOf("a"));
        string state = Encoding.UTF8.GetString(parts["state"]);
        Assert.That(state, Does.Contain(old));
        parts["state"] = Encoding.UTF8.GetBytes(state.Replace(old, replacement, StringComparison.Ordinal));
        SaveContainer.Write(_game.Saves.PathOf("a"), parts);
        Assert.That(_game.Load("a"), Is.False);
        Assert.That(_game.Message.Last, Does.Contain(says));
        Assert.That(_game.Mystery.Has("sighting"));
    }

    [Test]
    public void SecondGame_ThePlayer_IsRememberedAndTheCulpritIsAnother()
    {
        _game.Mystery.Begin(_game.Mystery.Story!, _game.Mystery.Cast!);
        Say("witness", "Hello, I am Anna. I promise to bring you a hammer.");
        string witness = Name("witness");
        Assert.That((_game.Memory.Name, _game.Memory.Promises[0]), Is.EqualTo(("Anna", new PlayerPromise(witness, "bring me a hammer"))));
        _game.Dispose();
        _game = Game();
        for (int i = 0; i < 8; i++)
        {
            string? before = _game.Memory.LastCulprit;
            Assert.That(_game.NewGame(), Is.Null);
            Assert.That(_game.Mystery.Cast!.Culprit, Is.Not.EqualTo(before ?? "Garlin"));
        }

        FaceUp(witness);
        Worlds.Run(_game, 8);
        Assert.That(_game.Talk.LastAnswer, Is.EqualTo("Welcome back, Anna. You promised me to bring me a hammer."));
        Assert.That(_game.Minds.HearsayOf(witness).Lines.Select(l => l.Text), Has.Some.Contains("Welcome back, Anna"));
        string other = _game.World.Bodies.First(b => b.Name != witness).Name;
        FaceUp(other);
        Worlds.Run(_game, 6);
        Assert.That(_game.Talk.Of(other), Is.Null, "only the first, and who was promised something");
    }

    [TestCase("{")]
    [TestCase("{\"Name\":\"A\\nB\"}")]
    [TestCase("{\"Promises\":[null]}")]
    public void Memory_ThatIsDamaged_IsAsGoodAsNone(string json)
    {
        File.WriteAllText(Path.Combine(_worlds.Folder, "saves", "player.json"), json);
        Assert.That(_game.NewGame("Garlin", 0), Is.Null);
        Assert.That(_messages[^1], Does.Contain("nobody remembers you"));
        Assert.That(_game.Memory.Name, Is.Null);
    }

    [Test]
    public void Reload_AWorldWithoutSomebodyOfTheStory_EndsIt()
    {
        string world = File.ReadAllText(_worlds.WorldFile);
        int from = world.IndexOf("    {\n      \"name\": \"Garlin\"", StringComparison.Ordinal),
            to = world.IndexOf("  ],\n  \"things\"", StringComparison.Ordinal);
        string without = world[..from] + world[to..].Replace("{ \"who\": \"Garlin\", \"is\": \"rival\", \"of\": \"Corvin\" }", "",
            StringComparison.Ordinal).Replace("{ \"who\": \"Garlin\", \"what\": \"saw a wolf\" }", "", StringComparison.Ordinal);
        _worlds.Edit(without.Replace("{ \"from\": \"Osbert\", \"about\": \"Garlin\", \"what\": \"met a ghost\" }", "",
            StringComparison.Ordinal));
        Worlds.Run(_game, 2);
        Assert.That(_game.World.Find("Garlin"), Is.Null, _game.Message.Last);
        Assert.That(_game.Mystery.Story, Is.Null);
        Assert.That(_messages, Has.Some.Contains("it ends here"));
    }

    [Test]
    public void Play_AScriptWithoutAStory_KnowsNothingOfIt()
    {
        Assert.That(Game().Mystery.Story, Is.Null, "a game that does not begin with its story");
        _game.EndStory();
        Assert.That(_game.World.Knowledge.Facts(_game.World.Facts), Is.EqualTo(_game.World.Facts.Facts()).And.Contain("saw a wolf"));
    }

    private GameLoop Game()
    {
        GameLoop game = new(new GameOptions
        {
            WorldFile = _worlds.WorldFile,
            SaveFolder = Path.Combine(_worlds.Folder, "saves"),
            Gossip = false,
            StoryFile = Path.Combine(Data, "horse.json"),
        });
        _messages = [];
        game.Happened += h =>
        {
            if (h.Kind == HappeningKind.Message) _messages.Add(h.Text);
        };
        return game;
    }

    private string Name(string role) => _game.Mystery.Cast!.People.GetValueOrDefault(role, role);

    private string Fill(string text) => _game.Mystery.Cast!.Fill(text);

    private void Prove()
    {
        Answer("witness", "Last night I saw {thief} {scene}.");
        Answer("doubter", "I think that {thief} lies.");
        Assert.That(_game.Mystery.Proofs, Is.EqualTo(2));
    }

    private void FaceUp(string role)
    {
        Body body = _game.World.Find(Name(role))!;
        _game.World.Player.Position = body.Position + new System.Numerics.Vector2(0, 0.9f);
        _game.Player.Face(Targets.Gaze(body));
    }

    /// <summary>A character says something to the player, to its end.</summary>
    private void Answer(string role, string text, int? expected = null)
    {
        _game.Talk.Utter(_game.World.IndexOf(_game.World.Find(Name(role))!), Fill(text));
        Worlds.Run(_game, 5);
        if (expected is { } clues) Assert.That(_game.Mystery.Clues, Has.Count.EqualTo(clues));
    }

    private void Say(string role, string text) => _game.Remembrance.Hear(new Happening(HappeningKind.Said, Deed.Player, Name(role), text));

    private void Accuse(string text, int index = 0, double seconds = 6)
    {
        Assert.That(_game.Say(index, text));
        Worlds.Run(_game, seconds);
    }
}
