namespace Tavern.World;

/// <summary>Names that people give themselves: those of players in training, and those that are known without a capital letter.</summary>
public static class GivenNames
{
    private static readonly Lazy<(string[] Train, string[] Held, HashSet<string> All)> Names = new(() =>
    {
        using StreamReader reader = new(typeof(GivenNames).Assembly.GetManifestResourceStream("Tavern.World.given.txt")!);
        string[] names = [.. reader.ReadToEnd().Split('\n').Where(l => l.Length > 0 && l[0] != '#').SelectMany(l => l.Split(' '))];
        string[] held = [.. names.Where(n => n[0] == '~').Select(n => n[1..])], train = [.. names.Where(n => n[0] != '~')];
        return (train, held, new HashSet<string>([.. train, .. held], StringComparer.OrdinalIgnoreCase));
    });

    /// <summary>The names of a split.</summary>
    public static IReadOnlyList<string> Of(Split split) => split == Split.Train ? Names.Value.Train : Names.Value.Held;

    /// <summary>Whether a word is one of them, in capitals or not.</summary>
    public static bool Contains(string word) => Names.Value.All.Contains(word);
}
