using System.Text;

namespace Tavern.Game.Tests;

/// <summary>World files and games of the tests, in a folder of their own.</summary>
internal sealed class Worlds : IDisposable
{
    public const string Small = """
        {
          "tavern": "Golden Owl",
          "town": "Ashford",
          "lamp": "dark",
          "people": [
            { "name": "Marbel", "trade": "baker", "cloak": "red", "place": "by the hearth", "item": "a gold coin" },
            { "name": "Osbert", "trade": "smith", "cloak": "blue", "place": "at the bar" }
          ],
          "things": [ { "kind": "chest", "colour": "red", "spot": "on the bar" } ],
          "tables": { "long table": [ "red apple", "blue book" ] }
        }
        """;

    public Worlds()
    {
        Folder = Directory.CreateTempSubdirectory("tavern-").FullName;
        WorldFile = Path.Combine(Folder, "tavern.json");
        File.WriteAllText(WorldFile, Small);
    }

    public string Folder { get; }

    public string WorldFile { get; }

    public static TavernPlan Plan(string json = Small) => TavernFile.Parse("tavern.json", Encoding.UTF8.GetBytes(json));

    public GameLoop Game(MindSettings? minds = null) =>
        new(new GameOptions
        {
            WorldFile = WorldFile,
            SaveFolder = Path.Combine(Folder, "saves"),
            Minds = minds ?? new MindSettings(),
            Gossip = false
        });

    /// <summary>Writes another world, with a time that differs whatever the file system's grain.</summary>
    public void Edit(string json)
    {
        DateTime before = File.GetLastWriteTimeUtc(WorldFile);
        File.WriteAllText(WorldFile, json);
        File.SetLastWriteTimeUtc(WorldFile, before.AddSeconds(2));
    }

    public static void Run(GameLoop game, double seconds, PlayerInput input = default)
    {
        for (double passed = 0; passed < seconds; passed += 0.05) game.Update(0.05f, input);
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
