using Tavern.World;

namespace Tavern.Game.Tests;

/// <summary>Saves without minds.</summary>
public sealed class SaveGameTests
{
    [Test]
    public void World_comes_back()
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
    public void What_somebody_does_goes_on_and_the_player_stops()
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
    public void Damaged_saves_are_refused_and_change_nothing()
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
    public void Slots_are_names_not_paths()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        Assert.That(game.Save("../a"), Is.False);
        Assert.That(game.Message.Text, Does.Contain("letters"));
    }

    [Test]
    public void World_file_is_followed_and_what_is_bad_stays_out()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.World.Do(game.World.Bodies[1], new Deed(DeedVerb.Walk, "the window"));
        Worlds.Run(game, 8);
        worlds.Edit(Worlds.Small.Replace("baker", "cook", StringComparison.Ordinal));
        Worlds.Run(game, 2);
        Assert.That(game.Message.Last, Does.Contain("Marbel begins anew").And.Contain("forget"));
        Assert.That(game.World.Facts.Facts(), Does.Contain("Marbel is the cook.").And.Contain("Osbert is by the window."), "who was not edited stays where it went");
        worlds.Edit("{ \"tavern\": 1 }");
        Worlds.Run(game, 2);
        Assert.That(game.Message.Last, Does.Contain("line 1").And.Contain("The old world stays."));
        Assert.That(game.World.Facts.Facts(), Does.Contain("Marbel is the cook."));
        worlds.Edit(Worlds.Small.Replace("baker", "cook", StringComparison.Ordinal).Replace("red apple", "white bell", StringComparison.Ordinal));
        Worlds.Run(game, 2);
        Assert.That(game.Message.Last, Does.Contain("nobody forgets"));
        Assert.That(game.Scene.Parts, Has.Some.Matches<ScenePart>(p => p.Kind == ThingKind.Bell));
    }
}
