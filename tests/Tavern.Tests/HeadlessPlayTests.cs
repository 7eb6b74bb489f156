using System.Globalization;
using System.Text.Json;
using StbImageSharp;

namespace Tavern.Tests;

/// <summary>
/// The whole game without a display, with the minds and eyes that it ships, once with the validation layer: what is played, said and seen,
/// and what is on disk afterwards.
/// </summary>
[Category("Gpu")]
public sealed class HeadlessPlayTests
{
    private string _folder = "";

    [SetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("tavern play ").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Play_ShippedMinds_SayFactsSeeAndObey()
    {
        using GameProcess game = Play("""
            world
            gossip off
            goto Marbel
            face Marbel
            say Who is the smith?
            reply
            expect Osbert
            goto Osbert
            face Osbert
            look Osbert
            expect red apple
            expect white candle
            expect blue book
            picture smith
            save a
            say Please open the door.
            reply
            wait 6
            load a
            say What do you do?
            reply
            expect smith
            key F1
            wait 1
            picture figures
            """, "--validate");
        Assert.That(game.End(), Is.Zero, game.Problems + "\n" + game.Transcript);
        Assert.That(game.Problems, Is.Empty);
        string[] lines = game.Transcript.Split('\n');
        Assert.That(lines, Has.One.Matches<string>(l => l.EndsWith("* Osbert opens the door.", StringComparison.Ordinal)));
        Assert.That(lines, Has.One.Contains("* Osbert looks around"));
        Assert.That(lines.Where(l => l.Length > 0), Has.All.Match(@"^\[\d\d:[0-5]\d\.\d\] "));

        using JsonDocument figures = JsonDocument.Parse(File.ReadAllText(Path.Combine(_folder, "frames.json")));
        int frames = figures.RootElement.GetProperty("frames").GetInt32();
        Assert.That(frames, Is.GreaterThan(100));
        Assert.That(figures.RootElement.GetProperty("tokens_said").GetInt32(), Is.GreaterThan(20));
        Assert.That(Column("frame"), Is.EqualTo(Enumerable.Range(0, frames)));
        Assert.That(Column("eye_pictures").Sum(), Is.GreaterThan(0), "pictures for somebody's eyes");
        Assert.That(File.ReadAllLines(Path.Combine(_folder, "memory.csv")), Has.Length.GreaterThan(2).And.Some.EndsWith(",mind.gguf"));

        ImageResult smith = Picture("smith"), shown = Picture("figures");
        Assert.That(Share(smith, (r, g, b) => r > 120 && g > 100 && b < r / 2), Is.GreaterThan(0.03), "a yellow cloak");
        Assert.That(Share(smith, (r, g, b) => r > 225 && g > 210 && b > 180), Is.GreaterThan(0.01), "parchment");
        Assert.That(Enumerable.Range(0, smith.Data.Length).Count(i => smith.Data[i] != shown.Data[i]),
            Is.GreaterThan(smith.Data.Length / 20), "the figures stand on it");
    }

    /// <summary>
    /// Rests on what the rules know to be learnt, in any words, and on two of five proofs, so that another mind may be shipped.
    /// </summary>
    [Test]
    public void Story_WithTheShippedMind_IsSolvedByAskingAndSeeingWhoeverDidIt()
    {
        string[] culprits = ["Marbel", "Corvin", "Osbert", "Selna", "Garlin"];
        string solved = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "horse.txt"));
        Assert.That(solved, Does.Contain("mystery on\n"));
        string all = string.Concat(culprits.Select(c => solved.Replace("mystery on\n", $"mystery {c}\n", StringComparison.Ordinal)));
        File.WriteAllText(Path.Combine(_folder, "play.txt"), all);
        using GameProcess game = new("", _folder, "--headless", "--script", Path.Combine(_folder, "play.txt"), "--size", "160x90",
            "--fps", "10", "--budget", "100");
        Assert.That(game.End(), Is.Zero, game.Problems + "\n" + game.Transcript);
        foreach (string culprit in culprits) Assert.That(game.Transcript,
            Does.Contain($"(You found out who took the mayor's horse: it was {culprit}."));
        Assert.That(File.ReadAllText(Path.Combine(_folder, "player.json")), Does.Contain("\"Solved\": 5"));
    }

    [Test]
    public void Play_ZeroBudget_MindsAndImagesWait()
    {
        using GameProcess game = Play("""
            world
            gossip off
            crowd 0.4
            budget 0
            wait 1.95
            budget 100
            crowd 2
            """);
        Assert.That(game.End(), Is.Zero, game.Problems + "\n" + game.Transcript);
        Assert.That(game.Problems, Is.Empty);
        double[] budgets = Column("budget_ms"), eyes = Column("eyes_gpu_ms"), minds = Column("minds_gpu_ms"),
            tokens = [.. Column("tokens_read").Zip(Column("tokens_said"), (read, said) => read + said)];
        int first = Array.IndexOf(budgets, 0), after = Array.LastIndexOf(budgets, 0) + 1;
        Assert.That(after - first, Is.EqualTo(20));
        Assert.That(eyes[first..after], Has.All.Zero);
        Assert.That(eyes[after..].Sum(), Is.GreaterThan(0), "there was more to draw");
        // The minds' clock and what they did is known a frame later.
        Assert.That(minds[(first + 1)..after], Has.All.NaN);
        Assert.That(tokens[(first + 1)..after], Has.All.Zero);
        Assert.That(tokens[after..].Sum(), Is.GreaterThan(0), "and to think");
    }

    [Test]
    public void Play_GoesOtherwise_EndsWithLineAndAdvice()
    {
        using GameProcess game = Play("""
            world
            gossip off
            goto Osbert
            face Osbert
            say Who are you?
            reply
            expect the emperor
            """);
        Assert.That(game.End(), Is.EqualTo(1));
        Assert.That(game.Problems, Does.StartWith("tavern: play.txt, line 7: the last answer was '")
            .And.Contain("expected 'the emperor' in it").And.Not.Contain("\n"));
        Assert.That(game.Transcript, Does.Contain("Player to Osbert: Who are you?"));
    }

    [Test]
    public void Budget_LeftToTheGame_FollowsSlowFrames()
    {
        string file = Path.Combine(_folder, "play.txt");
        File.WriteAllText(file, "world 600\ngossip off\ngoto Marbel\nface Marbel\nsay What is your name?\nreply\nexpect Marbel\n");
        using GameProcess game = new("", _folder, "--headless", "--script", file, "--size", "640x360", "--fps", "10");
        Assert.That(game.End(), Is.Zero, game.Problems);
        double[] drawing = [.. Column("render_gpu_ms").Order()];
        bool slow = drawing[drawing.Length / 2] >= 20; // where drawing is quick, the usual budget suits it
        Assert.That(Column("budget_ms").Max(), slow ? Is.GreaterThan(5) : Is.GreaterThan(0));
        Assert.That(Column("tokens_said").Max(), Is.GreaterThan(slow ? 1 : 0), "several steps in a slow frame");
        Assert.That(File.ReadLines(Path.Combine(_folder, "answers.csv")).Count(), Is.EqualTo(2));
    }

    [TestCase("-1")]
    [TestCase("NaN")]
    [TestCase("1e9")]
    public void Budget_OutsideOfItsRange_IsRefusedAtOnce(string budget)
    {
        using GameProcess game = new("", _folder, "--headless", "--no-minds", "--frames", "1", $"--budget={budget}");
        Assert.That(game.End(), Is.EqualTo(1));
        Assert.That(game.Problems, Does.StartWith("tavern: --budget wants 0 to 100 milliseconds, not "));
    }

    [TestCase("--budget")]
    [TestCase("--fps")]
    public void Play_DecimalComma_IsRefusedWithTheNumberToWrite(string option)
    {
        using GameProcess game = new("", _folder, "--headless", "--no-minds", "--frames", "1", option, "12,5");
        Assert.That(game.End(), Is.EqualTo(1));
        Assert.That(game.Problems, Does.Contain($"{option}: '12,5' is not a number; write 12.5."));
    }

    [Test]
    public void Frame_ThatFails_EndsTheGameWithASaveAndASentence()
    {
        using GameProcess game = Play("picture ../out", "--no-minds");
        Assert.That(game.End(), Is.EqualTo(1));
        Assert.That(game.Problems,
            Does.StartWith("tavern: The game cannot go on: ").And.Contain("The game was saved (lost)").And.Not.Contain("\n"));
        Assert.That(File.Exists(Path.Combine(_folder, "lost.save")));
    }

    [Test]
    public void Play_PictureOutsideFolder_IsNeverWritten()
    {
        using GameProcess game = Play("picture ../out", "--no-minds");
        Assert.That(game.End(), Is.EqualTo(1));
        Assert.That(game.Problems, Does.Contain("../out"));
        Assert.That(File.Exists(Path.Combine(_folder, "..", "out.png")), Is.False);
    }

    [Test]
    public void Play_UnresponsiveDisplay_IsNamedAndHasExitCode()
    {
        using GameProcess game = new(":987", _folder, "--no-minds");
        Assert.That(game.End(), Is.EqualTo(3), "scripts/play.sh plays without a window then");
        Assert.That(game.Problems, Does.Contain("':987'").And.Contain("--headless"));
    }

    private GameProcess Play(string script, params string[] arguments)
    {
        string file = Path.Combine(_folder, "play.txt");
        File.WriteAllText(file, script);
        return new GameProcess("", _folder,
            ["--headless", "--script", file, "--size", "320x180", "--fps", "10", "--budget", "100", .. arguments]);
    }

    /// <summary>A column of frames.csv.</summary>
    private double[] Column(string name)
    {
        string[][] rows = [.. File.ReadLines(Path.Combine(_folder, "frames.csv")).Select(r => r.Split(','))];
        int column = Array.IndexOf(rows[0], name);
        return [.. rows[1..].Select(r => double.Parse(r[column], CultureInfo.InvariantCulture))];
    }

    private ImageResult Picture(string name)
    {
        using FileStream file = File.OpenRead(Path.Combine(_folder, name + ".png"));
        ImageResult picture = ImageResult.FromStream(file, ColorComponents.RedGreenBlue);
        Assert.That((picture.Width, picture.Height), Is.EqualTo((320, 180)));
        return picture;
    }

    private static double Share(ImageResult picture, Func<int, int, int, bool> isSo)
    {
        int pixels = picture.Width * picture.Height;
        return Enumerable.Range(0, pixels).Count(i => isSo(picture.Data[3 * i], picture.Data[(3 * i) + 1], picture.Data[(3 * i) + 2]))
            / (double)pixels;
    }
}
