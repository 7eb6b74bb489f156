using System.Diagnostics;
using System.Reflection;
using NpcMind;
using NpcMind.Reference;

namespace Tavern.Game.Tests;

/// <summary>Conversations with tiny random models: what they say means nothing, what becomes of it does.</summary>
[Category("Gpu")]
public sealed partial class MindsTests
{
    private static readonly MindSettings Tiny = new()
    { ContextTokens = 1400, MaxTokens = 10, CacheFolder = "", Host = VulkanHost.CreateOwn() };
    private string _models = "", _first = "", _second = "", _corrupt = "", _seeing = "", _eyes = "";
    private Worlds _worlds = null!;
    private GameLoop _game = null!;
    private List<Happening> _happened = [];

    [OneTimeSetUp]
    public void WriteModels()
    {
        _models = Directory.CreateTempSubdirectory("tavern-models-").FullName;
        TinyModelOptions chat = new()
        {
            Blocks = 2,
            Embedding = 64,
            Heads = 2,
            KvHeads = 1,
            HeadDimension = 32,
            FeedForward = 96,
            Context = 2048,
            Tokenizer = true,
            ChatTemplate = true
        };
        TinyModels.Write(_first = Path.Combine(_models, "first.gguf"), chat);
        TinyModels.Write(_second = Path.Combine(_models, "second.gguf"), chat with { Seed = 2, Blocks = 3 });
        TinyModels.Write(_seeing = Path.Combine(_models, "seeing.gguf"),
            TinyLlama4Options.Scout with { Blocks = 4, Tokenizer = true, ChatTemplate = true, Context = 2048 });
        TinyEyes.Write(_eyes = Path.Combine(_models, "mmproj-seeing.gguf"), new TinyEyesOptions());
        byte[] whole = File.ReadAllBytes(_first);
        File.WriteAllBytes(_corrupt = Path.Combine(_models, "corrupt.gguf"), whole[..(whole.Length / 2)]);
    }

    [OneTimeTearDown]
    public void DeleteModels() => Directory.Delete(_models, recursive: true);

    [SetUp]
    public void Begin()
    {
        (_worlds, _happened) = (new Worlds(), []);
        _game = _worlds.Game(Tiny);
        _game.Budget = 20;
        _game.Happened += _happened.Add;
        Assert.That(_game.Minds.Load(_first, null));
        Run(() => !_game.Minds.IsLoading);
        Assert.That(_game.Minds.IsReady, _game.Message.Last);
    }

    [TearDown]
    public void End()
    {
        _game.Dispose();
        _worlds.Dispose();
    }

    [Test]
    public void Reply_Comes_NeighboursOverhearBothSides()
    {
        _game.World.Bodies[1].Position = new(1.5f, -2.0f); // within earshot
        _game.World.Player.Position = new(0.2f, -1.6f);
        Assert.That(_game.Say(0, "Who are you?"));
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(_game.Talk.LastAnswer, Is.Not.Empty);
        Assert.That(_game.Minds.HearsayOf("Osbert").Lines.Where(l => l.Speaker.Length > 0).Select(l => (l.Speaker, l.Text)),
            Is.EqualTo(new[] { ("Player", "Who are you?"), ("Marbel", _game.Talk.LastAnswer) }));
        Assert.That(_game.Minds.HearsayOf("Marbel").Lines.Where(l => l.Speaker.Length > 0), Is.Empty);
        Assert.That(_happened.Count(h => h.Kind == HappeningKind.Said), Is.EqualTo(2));
        int before = _game.Minds.Of(1)!.TurnCount;
        Assert.That(_game.Say(1, "What did Marbel say?"));
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(_game.Minds.HearsayOf("Osbert").Lines.Where(l => l.Speaker.Length > 0), Is.Empty, "it has them in mind now");
        Assert.That(_game.Minds.Of(1)!.TurnCount, Is.EqualTo(before + 1));
    }

    [Test]
    public void Say_ToACharacter_TurnsItToThePlayerAndKeepsTheWordsUntilTheyAreAnswered()
    {
        Body marbel = _game.World.Bodies[0];
        System.Numerics.Vector3 gaze = marbel.Gaze;
        _game.World.Player.Position = new(-2.5f, -2.6f);
        float before = marbel.Yaw, wanted = Body.YawTo(marbel.Position, _game.World.Player.Position);
        Assert.That(_game.Say(0, "Who?"));
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(MathF.IEEERemainder(marbel.Yaw - wanted, MathF.Tau), Is.Zero.Within(0.01));
        Assert.That(marbel.Gaze, Is.EqualTo(gaze), "what it sees stays what it looked at");
        Run(() =>
        {
            bool isAnswered = _game.Talk.Of("Marbel") is not { IsOpen: true };
            Assert.That(isAnswered || _game.Talk.PlayersWords is { All: "Who?", Listener: "Marbel" });
            return isAnswered;
        });
        Run(() => _game.Talk.PlayersWords is null);
        Run(() => MathF.Abs(MathF.IEEERemainder(marbel.Yaw - before, MathF.Tau)) < 0.01f);
        _game.Talk.Ask(1, 0, "Where is the chest?");
        _game.Update(0.05f, default);
        Assert.That((marbel.Partner?.Name, _game.World.Bodies[1].Partner?.Name), Is.EqualTo(("Osbert", "Marbel")));
    }

    [Test]
    public void Say_WhatAsksForNothing_IsAnsweredWithoutADeedAndARequestWithOneThatFollows()
    {
        foreach (string words in (string[])["Please fly to the moon and bring me cheese.", "What do you think of Osbert?",
            "Light the lamp.", "Light the lamp, Marbel!"])
        {
            Assert.That(_game.Say(0, words));
            Run(() => !_game.Talk.IsAnswering);
        }

        Assert.That(_happened.Where(h => h.Kind == HappeningKind.Did).Select(h => h.Text),
            Has.All.StartsWith("Marbel lights the lamp").Or.Contains("Marbel is now"));
    }

    [Test]
    public void Interrupt_Mind_RemembersWhatWasShownAndDoesNothing()
    {
        Assert.That(_game.Say(0, "Tell me all."));
        Run(() => _game.Talk.Of("Marbel") is { Shown: > 4 });
        Bubble bubble = _game.Talk.Of("Marbel")!;
        string heard = bubble.Text.ToString();
        Assert.That(_game.Interrupt());
        Reply reply = _game.Minds.Of(0)!.Reply!;
        Assert.That(reply.IsDone);
        Assert.That(bubble.All, Is.EqualTo(heard.TrimEnd()));
        Assert.That(heard, Does.StartWith(reply.Text), "to the last whole token");
        Assert.That(_game.World.Bodies[0].Doing, Is.Null);
        Assert.That(_game.Say(0, "And now?"));
        Assert.That(_game.Say(0, "Wait: what?"), "over its words");
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(_game.Minds.Of(0)!.TurnCount, Is.EqualTo(3));
    }

    [Test]
    public void Type_ToSpeaker_StopsSpeaker()
    {
        _game.World.Player.Position = _game.World.Bodies[0].Position + new System.Numerics.Vector2(0, 1.2f);
        _game.Player.Face(Targets.Gaze(_game.World.Bodies[0]));
        Assert.That(_game.Faced, Is.Zero);
        Assert.That(_game.Say(0, "Tell me all."));
        Run(() => _game.Talk.Of("Marbel") is { Shown: > 4 });
        _game.Press(GameKeys.Enter);
        _game.Type("\t");
        Assert.That(_game.Talk.IsSpeaking("Marbel"), "the line is open, and nothing is typed");
        _game.Type("W");
        Assert.That(_game.Talk.IsSpeaking("Marbel"), Is.False);
        Assert.That(_game.Minds.Of(0)!.Reply!.IsDone);
        string heard = _game.Talk.LastAnswer;
        _game.Type("ait. Who?");
        _game.Press(GameKeys.Enter);
        Assert.That(_happened.Where(h => h.Kind == HappeningKind.Said).Select(h => h.Text),
            Is.EqualTo(new[] { "Tell me all.", heard, "Wait. Who?" }));
    }

    [Test]
    public void Save_WordsDuringPicture_AreInBubbleToo()
    {
        Assert.That(_game.Minds.Load(_seeing, _eyes));
        Run(() => !_game.Minds.IsLoading);
        Assert.That(_game.Minds.EyesFile, Is.EqualTo(_eyes), _game.Message.Last);
        _game.Talk.Ask(0, 1, "Where is the chest?");
        List<string> saves = [];
        Run(() =>
        {
            // Another picture every time: Marbel's mind is never done with them.
            byte[] grey = new byte[16 * 16 * 4];
            Array.Fill(grey, (byte)saves.Count);
            _game.Minds.Of(0)!.See(NpcImage.FromRgba(16, 16, grey));
            saves.Add($"s{saves.Count}");
            Assert.That(_game.Save(saves[^1]), _game.Message.Last);
            return _game.Talk.Of("Osbert") is { IsComplete: true };
        });
        string whole = _game.Talk.Of("Osbert")!.All;
        foreach (string save in saves)
        {
            Assert.That(_game.Load(save), _game.Message.Last);
            Run(() => _game.Talk.Of("Osbert") is { IsComplete: true });
            Assert.That(_game.Talk.Of("Osbert")!.All, Is.EqualTo(whole), save);
        }
    }

    [Test]
    public void SwapModel_CarriesConversationsAndBadFileChangesNothing()
    {
        _game.Say(0, "Remember this.");
        Run(() => !_game.Talk.IsAnswering);
        int turns = _game.Minds.Of(0)!.TurnCount;
        Npc before = _game.Minds.Of(0)!;

        _game.Drop(_corrupt);
        Assert.That(_game.Minds.Load(_second, null), Is.False, "one at a time");
        Run(() => !_game.Minds.IsLoading);
        Assert.That(_game.Message.Last, Does.StartWith("corrupt.gguf was refused: ").And.Contain("goes on thinking").And.Not.Contain("\n"));
        Assert.That(_game.Minds.Of(0), Is.SameAs(before));
        _game.Drop(Path.Combine(_models, "missing.gguf"));
        Run(() => !_game.Minds.IsLoading);
        Assert.That(_game.Message.Last, Does.StartWith("missing.gguf was refused: "));
        _game.Drop("notes.txt");
        Assert.That(_game.Message.Last, Does.Contain("no model"));

        _game.Say(0, "While it loads.");
        _game.Drop(_second);
        Run(() => !_game.Minds.IsLoading);
        Assert.That(_game.Minds.Model, Is.EqualTo(_second), _game.Message.Last);
        Assert.That(_game.Minds.Of(0)!.TurnCount, Is.EqualTo(turns + 1));
        Assert.That(_game.Minds.Of(0), Is.Not.SameAs(before));
        Assert.That(before.IsDisposed);
        Assert.That(_game.Say(0, "And now?"));
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(_game.Minds.Of(0)!.TurnCount, Is.EqualTo(turns + 2));
    }

    [Test]
    public void Load_OldSave_RemovesLaterMemory()
    {
        _game.Say(0, "First.");
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(_game.Save("old"), _game.Message.Last);
        int turns = _game.Minds.Of(0)!.TurnCount, tokens = _game.Minds.Of(0)!.Tokens;
        _game.Say(0, "Second.");
        Run(() => !_game.Talk.IsAnswering);
        Assert.That(_game.Load("old"), _game.Message.Last);
        Assert.That(_game.Minds.Of(0)!.TurnCount, Is.EqualTo(turns));
        Assert.That(_game.Minds.Of(0)!.Tokens, Is.EqualTo(tokens));

        using (GameLoop bare = _worlds.Game())
        {
            Assert.That(bare.Load("old"), Is.False, "the next save would lose the memories");
            Assert.That(bare.Message.Last, Does.Contain("no model"));
        }

        // A mind that cannot be read leaves everything as it was.
        Dictionary<string, byte[]> parts = SaveContainer.Read(_game.Saves.PathOf("old"));
        byte[] mind = parts["mind/Osbert"];
        mind[100] ^= 0xFF; // damage behind its words only costs reading them again
        SaveContainer.Write(_game.Saves.PathOf("bad"), parts);
        _game.Say(0, "Third.");
        Run(() => !_game.Talk.IsAnswering);
        tokens = _game.Minds.Of(0)!.Tokens;
        Assert.That(_game.Load("bad"), Is.False);
        Assert.That(_game.Message.Last, Does.StartWith("bad: not loaded: "));
        Assert.That(_game.Minds.Of(0)!.Tokens, Is.EqualTo(tokens));
        Assert.That(_game.Say(1, "Are you there?"));
        Run(() => !_game.Talk.IsAnswering);
    }

    [Test]
    public void Load_TalkBetweenCharacters_GoesOn()
    {
        _game.Talk.Ask(0, 1, "Where is the chest?");
        Run(() => _game.Talk.Of("Osbert") is { Shown: > 2 });
        int shown = _game.Talk.Of("Osbert")!.Shown;
        Assert.That(_game.Save("talk"), _game.Message.Last);
        Run(() => !_game.Talk.IsAnybodySpeaking);
        string whole = _game.Talk.Of("Osbert")!.All;
        Assert.That(_game.Load("talk"), _game.Message.Last);
        Bubble bubble = _game.Talk.Of("Osbert")!;
        Assert.That((bubble.Listener, bubble.Shown), Is.EqualTo(("Marbel", shown)));
        Assert.That(_game.Talk.IsAnswering, Is.False, "nobody answers the player");
        Run(() => !_game.Talk.IsAnybodySpeaking);
        Assert.That(bubble.All, Is.EqualTo(whole));
    }

    [Test]
    public void Save_DeviceLost_SavesMinds()
    {
        _game.Say(0, "Remember this.");
        Run(() => !_game.Talk.IsAnswering);
        int turns = _game.Minds.Of(0)!.TurnCount;
        object runtime = typeof(Minds).GetField("_runtime", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(_game.Minds)!;
        typeof(NpcRuntime).GetProperty("IsLost", BindingFlags.Instance | BindingFlags.NonPublic)!.SetValue(runtime, true);
        Assert.That(_game.Tick().Status, Is.EqualTo(TickStatus.DeviceLost));
        Assert.That(_game.SaveLost(), Does.Contain("was saved (lost)"));
        _game.Dispose();
        _game = _worlds.Game(Tiny);
        _game.Budget = 20;
        _game.Minds.Load(_first, null);
        Run(() => !_game.Minds.IsLoading);
        _game.Press(GameKeys.Load);
        Assert.That(_game.Message.Last, Does.StartWith("Loaded (lost)"));
        Assert.That(_game.Minds.Of(0)!.TurnCount, Is.EqualTo(turns));
    }

    [Test]
    public void Drop_ModelAndImageEncoderTogether_LoadsBoth()
    {
        _game.Drop([Path.Combine(_models, "mmproj-none.gguf"), _second]);
        Run(() => !_game.Minds.IsLoading);
        Assert.That(_game.Message.Last, Does.StartWith("second.gguf was refused: ").And.Contain("mmproj-none.gguf"),
            "there are no such eyes");
    }

    [Test]
    public void Load_GameEnds_IsCancelled()
    {
        GameLoop other = _worlds.Game(Tiny);
        Assert.That(other.Minds.Load(_second, null));
        List<string> said = [];
        other.Happened += h => said.Add(h.Text);
        other.Dispose();
        Assert.That(said, Is.Empty);
    }

    [Test]
    public void Edit_Characters_BeginAnewAndOthersRemember()
    {
        foreach (int i in (int[])[0, 1])
        {
            _game.Say(i, "Hello.");
            Run(() => !_game.Talk.IsAnswering);
        }

        _worlds.Edit(Worlds.Small.Replace("baker", "cook", StringComparison.Ordinal));
        Run(() => _game.Message.Last.Contains("anew", StringComparison.Ordinal));
        Assert.That(_game.Minds.Of(0)!.TurnCount, Is.Zero);
        Assert.That(_game.Minds.Of(0)!.Persona, Does.Contain("You are the cook."));
        Assert.That(_game.Minds.Of(1)!.TurnCount, Is.EqualTo(1));
        Assert.That(_game.Minds.Facts, Does.Contain("Marbel is the cook."));
        Run(() => _game.Minds.KnowTheWorld);
        Assert.That(_game.Say(1, "Hello again."));
        Run(() => !_game.Talk.IsAnswering);

        // Somebody of whom nothing is known comes first and goes again: no fact changes, and everybody keeps its own mind.
        string cook = Worlds.Small.Replace("baker", "cook", StringComparison.Ordinal);
        _worlds.Edit(cook.Replace("\"people\": [", "\"people\": [ { \"name\": \"Garlin\" },", StringComparison.Ordinal));
        Run(() => _game.World.Bodies.Count == 3);
        Assert.That(_game.Minds.Of(2)!.Name, Is.EqualTo("Osbert"));
        _worlds.Edit(cook);
        Run(() => _game.World.Bodies.Count == 2);
        Assert.That(_game.Minds.Of(1)!.Name, Is.EqualTo("Osbert"));
        Assert.That(_game.Minds.Of(1)!.TurnCount, Is.EqualTo(2));
        Assert.That(_game.Minds.Of(2), Is.Null);
    }

    [Test]
    public void Gossip_Quiet_NeighboursTalk()
    {
        _game.World.Bodies[1].Position = new(1.5f, -2.0f);
        _game.Gossip.IsOn = true;
        Run(() => _happened.Count(h => h.Kind == HappeningKind.Said) >= 2);
        Assert.That(_happened.First(h => h.Kind == HappeningKind.Said).To, Is.AnyOf("Marbel", "Osbert"));
    }

    /// <summary>
    /// Plays until something is so. Game time waits for the device as it does in a game that draws, but goes on faster than real time; the
    /// limit is of real time.
    /// </summary>
    private void Run(Func<bool> done)
    {
        Stopwatch watch = Stopwatch.StartNew();
        while (!done())
        {
            _game.Update(0.05f, default);
            if (_game.Tick().Status != TickStatus.Worked) Thread.Sleep(1);
            Assert.That(watch.Elapsed, Is.LessThan(TimeSpan.FromMinutes(1)), $"{_game.Message.Last} {_game.Overlay.Last}");
        }
    }
}
