using Tavern.World;

namespace Tavern.Game.Tests;

/// <summary>Saves without minds.</summary>
public sealed class SaveGameTests
{
    [Test]
    public void Load_SavedWorld_ComesBack()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.World.Do(game.World.Bodies[0], new Deed(DeedVerb.Give, "Osbert"));
        Worlds.Run(game, 8);
        string facts = game.World.Facts.Facts();
        System.Numerics.Vector2 at = game.World.Bodies[0].Position;
        string[] heard = [.. game.Minds.HearsayOf("Osbert").Lines.Select(l => l.Text)];
        Assert.That(heard, Does.Contain("Osbert now carries a gold coin."));
        Assert.That(game.Save("a"));
        game.World.Do(game.World.Bodies[0], new Deed(DeedVerb.Walk, "the door"));
        game.World.Do(game.World.Bodies[1], new Deed(DeedVerb.Light, "the lamp"));
        Worlds.Run(game, 8);
        Assert.That(game.World.Facts.Facts(), Is.Not.EqualTo(facts));
        Assert.That(game.Load("a"));
        Assert.That(game.World.Facts.Facts(), Is.EqualTo(facts));
        Assert.That(game.World.Bodies[0].Position, Is.EqualTo(at));
        Assert.That(game.World.LampIsLit, Is.False);
        Assert.That(game.Minds.HearsayOf("Osbert").Lines.Select(l => l.Text), Is.EqualTo(heard));
    }

    [Test]
    public void Load_DeedsInProgress_GoOnAndPlayerStops()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.World.Do(game.World.Bodies[0], new Deed(DeedVerb.Open, "the door"));
        Worlds.Run(game, 1);
        Assert.That(game.Save("a"));
        Worlds.Run(game, 8);
        game.Player.WalkTo(new System.Numerics.Vector2(-3, 3));
        Assert.That(game.Load("a"));
        Assert.That(game.World.DoorIsOpen, Is.False);
        Assert.That(game.Player.IsOnItsWay, Is.False);
        Worlds.Run(game, 8);
        Assert.That(game.World.DoorIsOpen);
    }

    [Test]
    public void Load_ReplyInProgress_GoesOnAndIsOverheard()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        List<string> said = [];
        game.Happened += h => said.Add(h.Text);
        game.World.Bodies[1].Position = new(1.5f, -2.0f); // within earshot
        game.Talk.Resume(
            [new BubbleState("Marbel", Deed.Player, "I am the baker of this town.", 4, true, true, false,
                new Deed(DeedVerb.Open, "the door"))]);
        Worlds.Run(game, 0.5);
        int shown = game.Talk.Of("Marbel")!.Shown;
        Assert.That(shown, Is.InRange(5, 20));
        Assert.That(game.Save("a"));
        string saved = System.Text.Encoding.UTF8.GetString(SaveContainer.Read(game.Saves.PathOf("a"))["state"]);
        Worlds.Run(game, 2.5);
        Assert.That(game.World.Bodies[0].Doing, Is.Not.Null);
        Assert.That(game.Load("a"), game.Message.Last);
        Assert.That(game.Talk.Of("Marbel"), Has.Property("Shown").EqualTo(shown).And.Property("Listener").EqualTo(Deed.Player));
        Assert.That(game.Minds.HearsayOf("Osbert").Lines, Is.Empty);
        Assert.That(game.World.Bodies[0].Doing, Is.Null, "it has not spoken yet");
        Assert.That(game.Talk.IsAnswering);
        said.Clear();
        Worlds.Run(game, 2);
        Assert.That(said, Does.Contain("I am the baker of this town."));
        Assert.That(game.Minds.HearsayOf("Osbert").Lines.Select(l => l.Text), Does.Contain("I am the baker of this town."));
        Assert.That(game.World.Bodies[0].Doing, Is.Not.Null);

        // A save of before there were bubbles in it.
        int from = saved.IndexOf(",\"Bubbles\":", StringComparison.Ordinal);
        Dictionary<string, byte[]> parts = SaveContainer.Read(game.Saves.PathOf("a"));
        parts["state"] = System.Text.Encoding.UTF8.GetBytes(saved[..from] + "}");
        SaveContainer.Write(game.Saves.PathOf("old"), parts);
        Assert.That(game.Load("old"), game.Message.Last);
        Assert.That(game.Talk.IsAnybodySpeaking, Is.False);
    }

    [Test]
    public void Load_FacedCharacterGone_DoesNotFail()
    {
        using Worlds worlds = new();
        const string Marbel =
            """{ "name": "Marbel", "trade": "baker", "cloak": "red", "place": "by the hearth", "item": "a gold coin" },""";
        worlds.Edit(Worlds.Small.Replace(Marbel, "", StringComparison.Ordinal));
        using GameLoop game = worlds.Game();
        game.Save("quick");
        worlds.Edit(Worlds.Small);
        Worlds.Run(game, 2);
        game.World.Player.Position = game.World.Bodies[1].Position + new System.Numerics.Vector2(0, 1);
        game.Player.Face(Targets.Gaze(game.World.Bodies[1]));
        Assert.That(game.Faced, Is.EqualTo(1));
        game.Press(GameKeys.Load);
        Assert.That(game.Message.Last, Does.StartWith("Loaded (quick)"));
        Assert.That(game.Faced, Is.LessThan(game.World.Bodies.Count));
    }

    [Test]
    public void Load_DamagedSave_IsRefusedAndChangesNothing()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.Save("a");
        string path = game.Saves.PathOf("a"), facts = game.World.Facts.Facts();
        byte[] good = File.ReadAllBytes(path);
        Random random = new(9);
        for (int i = 0; i < 200; i++)
        {
            byte[] bad = i % 2 == 0 ? good[..random.Next(good.Length)] : [.. good];
            if (i % 2 == 1) bad[random.Next(bad.Length)] ^= (byte)(1 + random.Next(255));
            File.WriteAllBytes(path, bad);
            Assert.That(game.Load("a"), Is.False);
            Assert.That(game.Message.Text, Does.StartWith("a: not loaded: it is"));
            Assert.That(game.World.Facts.Facts(), Is.EqualTo(facts));
        }

        File.WriteAllBytes(path, good);
        Assert.That(game.Load("a"));
    }

    [Test]
    public void Load_SaveOfLostDevice_IsUsedUntilLaterSave()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.Press(GameKeys.Save);
        Assert.That(game.SaveLost(), Does.Contain("was saved (lost)"));
        File.SetLastWriteTimeUtc(game.Saves.PathOf("quick"), DateTime.UtcNow.AddSeconds(-5));
        game.Press(GameKeys.Load);
        Assert.That(game.Message.Last, Does.StartWith("Loaded (lost)"));
        File.SetLastWriteTimeUtc(game.Saves.PathOf("quick"), DateTime.UtcNow.AddSeconds(5));
        game.Press(GameKeys.Load);
        Assert.That(game.Message.Last, Does.StartWith("Loaded (quick)"));
    }

    [Test]
    public void Edit_ComparesWithCurrentFactsNotOldFile()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.Save("a");
        string edited = Worlds.Small.Replace("red\", \"spot", "green\", \"spot", StringComparison.Ordinal);
        worlds.Edit(edited);
        Worlds.Run(game, 2);
        game.Load("a");
        Assert.That(game.World.Facts.Facts(), Does.Contain("The red chest"));
        worlds.Edit(edited.Replace("red apple", "white bell", StringComparison.Ordinal));
        Worlds.Run(game, 2);
        Assert.That(game.World.Facts.Facts(), Does.Contain("The green chest"));
        Assert.That(game.Message.Last, Does.Contain("everybody reads it again"));
    }

    [Test]
    public void Load_WorldFileWarnings_AreShown()
    {
        using Worlds worlds = new();
        worlds.Edit(Worlds.Small.Replace("baker", "astronomer", StringComparison.Ordinal));
        using GameLoop game = worlds.Game();
        List<string> said = [];
        game.Happened += h => said.Add(h.Text);
        Worlds.Run(game, 1);
        Assert.That(said, Has.One.Contains("astronomer"));
        Assert.That(game.Message.Text, Does.Contain("astronomer"));
    }

    [Test]
    public void Slot_Name_IsNoPath()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        Assert.That(game.Save("../a"), Is.False);
        Assert.That(game.Message.Text, Does.Contain("letters"));
    }

    [Test]
    public void Watch_WorldFile_FollowsGoodEditsOnly()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.World.Do(game.World.Bodies[1], new Deed(DeedVerb.Walk, "the window"));
        Worlds.Run(game, 8);
        worlds.Edit(Worlds.Small.Replace("baker", "cook", StringComparison.Ordinal));
        Worlds.Run(game, 2);
        Assert.That(game.Message.Last, Does.Contain("Marbel begins anew").And.Contain("forget"));
        Assert.That(game.World.Facts.Facts(), Does.Contain("Marbel is the cook.").And.Contain("Osbert is by the window."),
            "who was not edited stays where it went");
        worlds.Edit("{ \"tavern\": 1 }");
        Worlds.Run(game, 2);
        Assert.That(game.Message.Last, Does.Contain("line 1").And.Contain("The old world stays."));
        Assert.That(game.World.Facts.Facts(), Does.Contain("Marbel is the cook."));
        worlds.Edit(Worlds.Small.Replace("baker", "cook", StringComparison.Ordinal)
            .Replace("red apple", "white bell", StringComparison.Ordinal));
        Worlds.Run(game, 2);
        Assert.That(game.Message.Last, Does.Contain("nobody forgets"));
        Assert.That(game.Scene.Parts, Has.Some.Matches<ScenePart>(p => p.Kind == ThingKind.Bell));
    }
}
