using Tavern.World;

namespace Tavern.Forge;

/// <summary>What characters say where no fact is asked for: one way for each nature and topic, from words/answers.txt.</summary>
internal static class Tempers
{
    private static readonly Lazy<Dictionary<string, Dictionary<string, string>>> Answers = new(Read);

    /// <summary>Every topic.</summary>
    public static IEnumerable<string> Topics => Answers.Value.Keys;

    /// <summary>What somebody says about a topic; {0} in it is what it is about.</summary>
    public static string Say(Person self, string topic, string about = "") => Answers.Value[topic][self.Trait]
        .Replace("{me}", self.Name, StringComparison.Ordinal).Replace("{0}", about, StringComparison.Ordinal);

    private static Dictionary<string, Dictionary<string, string>> Read()
    {
        Dictionary<string, Dictionary<string, string>> topics = new(StringComparer.Ordinal);
        string topic = "";
        foreach (string line in Phrases.Lines("answers"))
        {
            if (line[0] == '[') topics[topic = line[1..^1]] = new(StringComparer.Ordinal);
            else topics[topic][line[..line.IndexOf(':', StringComparison.Ordinal)]] = line[(line.IndexOf(':',
                StringComparison.Ordinal) + 2)..];
        }

        return topics;
    }
}
