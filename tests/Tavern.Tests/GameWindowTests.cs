using NpcMind.Reference;

namespace Tavern.Tests;

/// <summary>
/// The whole game in its window, with a tiny model and the validation layer, played from outside: keys, files, the frame's buttons.
/// </summary>
[Category("Window")]
public sealed class GameWindowTests
{
    private const nuint Enter = 0xff0d, Escape = 0xff1b, F1 = 0xffbe, F5 = 0xffc2;

    /// <summary>Somebody whose place is unknown stands before the player.</summary>
    private const string World = """
        { "tavern": "Golden Owl", "town": "Ashford", "people": [ { "name": "Marbel", "trade": "baker", "cloak": "red" } ] }
        """;
    private string _folder = "", _model = "", _other = "", _corrupt = "", _note = "", _world = "";

    [SetUp]
    public void WriteFiles()
    {
        _folder = Directory.CreateTempSubdirectory("tavern window ").FullName;
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
        TinyModels.Write(_model = Path.Combine(_folder, "first.gguf"), chat);
        TinyModels.Write(_other = Path.Combine(_folder, "second.gguf"), chat with { Seed = 2 });
        byte[] whole = File.ReadAllBytes(_model);
        File.WriteAllBytes(_corrupt = Path.Combine(_folder, "corrupt.gguf"), whole[..(whole.Length / 2)]);
        File.WriteAllText(_note = Path.Combine(_folder, "notes.txt"), "No model.");
        File.WriteAllText(_world = Path.Combine(_folder, "world.json"), World);
    }

    [TearDown]
    public void DeleteFiles() => Directory.Delete(_folder, recursive: true);

    [Test]
    [Platform("Linux")]
    public void Game_PlayedResizedMinimisedAndGivenFiles_Closes()
    {
        using XServer server = XServer.Start();
        using GameProcess game = new(server.Display, _folder, "--world", _world, "--model", _model, "--size", "640x360", "--budget", "20",
            "--validate");
        nuint window = 0;
        game.WaitUntil(() => (window = server.Find("The Tavern")) != 0, "there is a window");
        game.WaitFor("thinks now");
        game.WaitUntil(() => server.Pixel(window, 639, 359) is > 0, "the room is drawn");

        server.Press(window, Enter);
        server.Type(window, "Who are you + why?");
        server.Press(window, Enter);
        game.WaitFor("Player to Marbel: Who are you + why?");
        game.WaitFor("Marbel to Player: ");
        server.Type(window, "+");
        game.WaitFor("The minds may take 20.5 ms");
        server.Press(window, F1);
        server.Press(window, F5);
        game.WaitFor("Saved (quick)");

        server.Resize(window, 800, 500);
        game.WaitUntil(() => server.Pixel(window, 799, 499) is > 0, "the room fills the larger window");
        server.SetMinimized(window, minimized: true);
        server.Drop(window, _corrupt);
        game.WaitFor("corrupt.gguf was refused: ");
        server.SetMinimized(window, minimized: false);
        game.WaitUntil(() => server.Pixel(window, 799, 499) is > 0, "the room is drawn again");
        server.Resize(window, 320, 200);
        game.WaitUntil(() => server.Pixel(window, 319, 199) is > 0, "the room is in the smaller window");

        server.Drop(window, _note);
        game.WaitFor("notes.txt is no model");
        server.Drop(window, _other);
        game.WaitFor("thinks now", times: 2);
        server.Press(window, Escape);
        server.Press(window, F5);
        game.WaitFor("Saved (quick)", times: 2);

        server.Close(window);
        Assert.That(game.End(), Is.Zero, game.Problems);
        Assert.That(game.Problems, Is.Empty);
    }
}
