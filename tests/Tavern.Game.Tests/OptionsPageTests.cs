using System.Numerics;

namespace Tavern.Game.Tests;

public sealed class OptionsPageTests
{
    [Test]
    public void Press_ArrowsOnThePage_SetOptionsThatTheNextGameHas()
    {
        using Worlds worlds = new();
        using (GameLoop game = Game(worlds))
        {
            Press(game, GameKeys.Down, GameKeys.Right);
            Assert.That(game.Options.Settings.TextSize, Is.EqualTo(1), "the page is not open");
            Press(game, GameKeys.Options, GameKeys.Right, GameKeys.Right, GameKeys.Down, GameKeys.Right, GameKeys.Down, GameKeys.Down,
                GameKeys.Left, GameKeys.Down, GameKeys.Enter);
            Assert.That(game.Options.Lines, Is.EqualTo(new[]
            {
                ("Minds' budget", "2.0 ms of each frame"), ("Text size", "125 %"), ("Model", "none: drop a GGUF file on the window"),
                ("Mouse speed", "75 %"), ("Mouse up looks", "down"), ("New game", "Enter"),
            }));
            Assert.That(game.Entry.IsOpen, Is.False, "Enter was the page's");
            Press(game, GameKeys.Escape);
            Assert.That(game.Options.IsShown, Is.False);
        }

        using GameLoop next = Game(worlds);
        Assert.That((next.Budget, next.Options.Settings.TextSize, next.Options.Settings.MouseSpeed,
            next.Options.Settings.MouseIsInverted), Is.EqualTo((2.0, 1.25, 0.75, true)));
        Press(next, GameKeys.Options, GameKeys.Left, GameKeys.Left);
        Assert.That(next.Pace.Chosen, Is.Null, "what suits the frames");
    }

    [TestCase("{")]
    [TestCase("{\"TextSize\": 99}")]
    [TestCase("{\"Model\": \"/nowhere.gguf\"}")]
    public void Settings_ThatCannotBe_AreTheUsual(string json)
    {
        using Worlds worlds = new();
        Directory.CreateDirectory(Path.Combine(worlds.Folder, "saves"));
        File.WriteAllText(Path.Combine(worlds.Folder, "saves", "options.json"), json);
        using GameLoop game = Game(worlds);
        Assert.That((game.Options.Settings.TextSize, game.Options.Settings.Model), Is.EqualTo((1.0, (string?)null)));
    }

    [Test]
    public void Hints_OfKeys_GoAwayWhenFollowedAndInTime()
    {
        using Worlds worlds = new();
        using GameLoop game = Game(worlds);
        Assert.That(game.Hints.Shown.Count(), Is.EqualTo(5));
        game.Update(0.1f, new PlayerInput(new Vector2(0, 1), default, GameKeys.Notebook));
        Assert.That(game.Hints.Shown.Select(h => h.Keys), Is.EqualTo(new[] { "Mouse", "Enter", "F2" }));
        Worlds.Run(game, 91);
        Assert.That(game.Hints.Shown, Is.Empty);
        using GameLoop played = worlds.Game();
        Assert.That(played.Hints.Shown, Is.Empty, "a script needs none");
    }

    [Test]
    public void Heads_OfPeople_TurnToThePlayerAndLeaveWhatTheySeeAlone()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        Body marbel = game.World.Bodies[0];
        Worlds.Run(game, 1);
        Vector2 ahead = new(MathF.Sin(marbel.Yaw), MathF.Cos(marbel.Yaw)), aside = new(ahead.Y, -ahead.X);
        game.World.Player.Position = marbel.Position + (aside * 1.5f);
        int seen = Eyes.Fingerprint(game.World, marbel);
        Tavern.World.Scene before = game.Scene;
        Worlds.Run(game, 2);
        Assert.That(Eyes.Fingerprint(game.World, marbel), Is.EqualTo(seen));
        Assert.That(MathF.Abs(marbel.Head.X), Is.EqualTo(1.1f).Within(0.01), "as far as a head turns");
        Assert.That(game.Scene.Parts.Select(p => p.Head), Does.Contain(marbel.Head));
        Assert.That(game.Scene.ShadowsOf ?? game.Scene, Is.SameAs(before), "nothing but heads moved: no shadow is drawn again");
        Assert.That(Eyes.Scene(game.World, game.World.Bodies[1]).Parts.Select(p => p.Head), Has.All.EqualTo(default(Vector2)),
            "as in the pictures that the mind learned from");
    }

    private static GameLoop Game(Worlds worlds) =>
        new(new GameOptions
        {
            WorldFile = worlds.WorldFile,
            SaveFolder = Path.Combine(worlds.Folder, "saves"),
            Gossip = false,
            HasPlayer = true,
        });

    private static void Press(GameLoop game, params GameKeys[] keys)
    {
        foreach (GameKeys key in keys) game.Press(key);
    }
}
