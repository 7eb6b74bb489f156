namespace Tavern.Game.Tests;

public sealed class ScriptTests
{
    [TestCase("wait\n", 1, "wait SECONDS")]
    [TestCase("# fine\n\ndance now\n", 3, "there is no command 'dance'")]
    [TestCase("wait soon\n", 1, "'soon' is no number")]
    [TestCase("wait NaN\n", 1, "no number")]
    [TestCase("key F12\n", 1, "there is no key 'F12'")]
    [TestCase("interrupt him\n", 1, "takes nothing after it")]
    [TestCase("say\n", 1, "say TEXT")]
    [TestCase("gossip maybe\n", 1, "on or off")]
    [TestCase("repeat 2.5\nend\n", 1, "whole number")]
    [TestCase("wait 1\nend\n", 2, "no repeat")]
    [TestCase("repeat 2\nwait 1\n", 1, "has no end")]
    [TestCase("repeat 2\nrepeat 2\nend\nend\n", 2, "that of line 1")]
    public void Parse_MeaninglessLine_IsRefused(string text, int line, string says)
    {
        ScriptException e = Assert.Throws<ScriptException>(() => Script.Parse("play.txt", text))!;
        Assert.That(e.Message, Does.StartWith($"play.txt, line {line}: ").And.Contain(says));
    }

    [Test]
    public void Repeat_Lines_PlayAsOftenAndKeepNumbers()
    {
        Script script = Script.Parse("play.txt", "wait 1\nrepeat 2\n# twice\nsave a\nkey F1\nend\nworld\n");
        Assert.That(script.Lines.Select(l => (l.Line, l.Verb)),
            Is.EqualTo(new[] { (1, "wait"), (4, "save"), (5, "key"), (4, "save"), (5, "key"), (7, "world") }));
    }

    [Test]
    public void Parse_ShippedPlays_CanBeRead() =>
        Assert.That(Directory.GetFiles(Path.Combine(TestContext.CurrentContext.TestDirectory, "data"), "*.txt")
            .Select(f => Script.Read(f).Lines.Count), Is.All.GreaterThan(0).And.Exactly(5).Items);

    [Test]
    public void Play_CrowdWithoutMinds_OnlyWaits()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        int measured = 0;
        ScriptPlayer player = new(Script.Parse("play.txt", "world\nmeasure\ncrowd 2\n"), game);
        player.MeasureWanted += () => measured++;
        Play(game, player, 5);
        Assert.That(game.Now, Is.EqualTo(2).Within(0.2));
        Assert.That(measured, Is.EqualTo(1));
    }

    [Test]
    public void Keys_PlusAndMinus_ChangeBudgetUnlessTyping()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        game.Budget = 4;
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.None, "++-="));
        Assert.That(game.Budget, Is.EqualTo(5));
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.Enter));
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.None, "1 + 1"));
        Assert.That((game.Budget, game.Entry.Text), Is.EqualTo((5.0, "1 + 1")));
    }

    [Test]
    public void Play_WithoutMinds_Runs()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        using StringWriter written = new();
        using Transcript transcript = new(game, written);
        List<string> pictures = [];
        ScriptPlayer player = new(
            Script.Parse("play.txt", "goto Marbel\nface Marbel\npicture one\nkey F1\nkey +\nwait 1\nbudget 2.5\nsave one\ngoto 2 3\nload " +
                "one\nmessage Loaded (one)\n"), game);
        player.PictureWanted += pictures.Add;
        Play(game, player, 60);
        Assert.That(pictures, Is.EqualTo(new[] { "one" }));
        Assert.That(game.Overlay.IsShown);
        Assert.That(game.Budget, Is.EqualTo(2.5));
        Assert.That(game.World.Player.DistanceTo(game.World.Bodies[0]), Is.LessThan(1.6), "the load put the player back");
        Assert.That(written.ToString(), Does.Contain("(Saved (one).)").And.Contain("[00:0"));
    }

    [Test]
    public void Play_UnexpectedResult_FailsWithItsLine()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        Assert.That(() => Play(game, new(Script.Parse("play.txt", "wait 0.1\nsay Hello\n"), game), 10),
            Throws.TypeOf<ScriptException>().With.Message.Contains("line 2: nobody is faced"));
        Assert.That(() => Play(game, new(Script.Parse("play.txt", "expect bread\n"), game), 10),
            Throws.TypeOf<ScriptException>().With.Message.Contains("expected 'bread'"));
        Assert.That(() => Play(game, new(Script.Parse("play.txt", "goto Nobody\n"), game), 10),
            Throws.TypeOf<ScriptException>().With.Message.Contains("Marbel, Osbert"));
        Assert.That(() => Play(game, new(Script.Parse("play.txt", "goto Marbel\nface Marbel\nsay Hello\n"), game), 20),
            Throws.TypeOf<ScriptException>().With.Message.Contains("no model"));
    }

    [TestCase("load none\n", "there is no such save")]
    [TestCase("save a/b\n", "no name for a slot")]
    public void Play_SaveOrLoadFails_Ends(string text, string says)
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        Assert.That(() => Play(game, new(Script.Parse("play.txt", text), game), 10),
            Throws.TypeOf<ScriptException>().With.Message.Contains("line 1: it was refused: ").And.Message.Contains(says));
    }

    [Test]
    public void Play_Typing_DoesNotWalkAndWallsHold()
    {
        using Worlds worlds = new();
        using GameLoop game = worlds.Game();
        System.Numerics.Vector2 before = game.World.Player.Position;
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.Enter));
        Worlds.Run(game, 1, new PlayerInput(new(0, 1), default));
        Assert.That(game.World.Player.Position, Is.EqualTo(before));
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.None, "Hej \u0007\ud83d\ude00"));
        Assert.That(game.Entry.Text, Is.EqualTo("Hej \ud83d\ude00"));
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.Backspace));
        Assert.That(game.Entry.Text, Is.EqualTo("Hej "));
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.Enter | GameKeys.BudgetUp, "du+"));
        Assert.That(game.Message.Last, Does.StartWith("Nobody hears you"));
        Assert.That(game.Entry.IsOpen, Is.False, "the letters of a frame come before its Enter, and + is a letter");
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.Enter, "a"));
        Assert.That(game.Entry.Text, Is.EqualTo("a"), "or after the Enter that opens the line");
        game.Update(0.02f, new PlayerInput(default, default, GameKeys.Escape));
        Random random = new(3);
        for (int i = 0; i < 600; i++)
        {
            game.Update(0.1f, new PlayerInput(new(random.Next(-1, 2), random.Next(-1, 2)), new(random.NextSingle() - 0.5f, 0)));
            Assert.That(Floor.Push(game.World.Player.Position), Is.EqualTo(game.World.Player.Position));
        }
    }

    private static void Play(GameLoop game, ScriptPlayer player, double limit)
    {
        while (!player.IsDone)
        {
            game.Update(0.05f, player.Advance());
            game.Tick();
            Assert.That(game.Now, Is.LessThan(limit), $"{player.Current}");
        }
    }
}
