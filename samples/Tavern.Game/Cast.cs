using System.Text.RegularExpressions;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Who plays which part of a story, and what was drawn: it fills the placeholders of the story's texts.</summary>
public sealed partial class Cast
{
    /// <summary>What texts can say of somebody: {thief}, {thief.cloak}.</summary>
    internal static readonly string[] Sides = ["", "cloak", "trade", "place", "item"];
    private readonly Dictionary<string, string> _words = new(StringComparer.Ordinal);
    private readonly Story _story;

    /// <param name="story">Whose placeholders.</param>
    /// <param name="people">Name of each role.</param>
    /// <param name="drawn">Text of each draw.</param>
    /// <param name="world">Who these people are.</param>
    /// <param name="player">What the player is called.</param>
    /// <exception cref="InvalidDataException">A role or draw is missing, or somebody is not in the world.</exception>
    public Cast(Story story, IReadOnlyDictionary<string, string> people, IReadOnlyDictionary<string, string> drawn, TavernWorld world,
        string player)
    {
        ArgumentNullException.ThrowIfNull(story);
        (_story, People, Drawn) = (story, people, drawn);
        foreach (string role in story.Roles)
        {
            if (!people.TryGetValue(role, out string? name) || world.People.Find(p => p.Name == name) is not { } person)
                throw new InvalidDataException($"nobody plays the {role} of the story");
            Add(role, person);
        }

        foreach ((string draw, string[] texts) in story.Draws)
            _words[draw] = drawn.TryGetValue(draw, out string? text) && texts.Contains(text) ? text
                : throw new InvalidDataException($"nothing was drawn for '{draw}'");
        if (story.Thing is { } thing) _words["thing"] = thing.Name;
        _words["player"] = player;
    }

    /// <summary>Names by role.</summary>
    public IReadOnlyDictionary<string, string> People { get; }

    /// <summary>Texts by draw.</summary>
    public IReadOnlyDictionary<string, string> Drawn { get; }

    /// <summary>Who did it.</summary>
    public string Culprit => People[_story.Roles[0]];

    /// <summary>Deals the parts. The same arguments deal the same.</summary>
    /// <param name="story">Whose parts.</param>
    /// <param name="world">Who is there.</param>
    /// <param name="culprit">Who did it.</param>
    /// <param name="seed">Decides the rest.</param>
    /// <param name="player">What the player is called.</param>
    /// <exception cref="InvalidDataException">There are too few people, or the culprit is not among them.</exception>
    public static Cast Deal(Story story, TavernWorld world, string culprit, int seed, string player)
    {
        ArgumentNullException.ThrowIfNull(story);
        ArgumentNullException.ThrowIfNull(world);
        string[] others = [.. world.People.Select(p => p.Name).Where(n => n != culprit)];
        if (others.Length == world.People.Count) throw new InvalidDataException($"nobody is called '{culprit}'");
        if (world.People.Count < story.Roles.Count)
            throw new InvalidDataException(
                $"the story '{story.Title}' needs {story.Roles.Count} people, and {world.People.Count} are here");
        Random random = new(seed);
        random.Shuffle(others);
        // Whoever is to see the thing must be somewhere where things can be looked at.
        if (story.Thing is { } thing && story.Roles.ToList().IndexOf(thing.SeenBy) is var at and > 0)
        {
            int seer = Array.FindIndex(others, n => Surfaces.Before(world.People.First(p => p.Name == n).Place) is not null);
            if (seer >= 0) (others[at - 1], others[seer]) = (others[seer], others[at - 1]);
        }

        Dictionary<string, string> people = new(StringComparer.Ordinal) { [story.Roles[0]] = culprit }, drawn = new(StringComparer.Ordinal);
        for (int i = 1; i < story.Roles.Count; i++) people[story.Roles[i]] = others[i - 1];
        foreach ((string draw, string[] texts) in story.Draws) drawn[draw] = texts[random.Next(texts.Length)];
        return new Cast(story, people, drawn, world, player);
    }

    /// <summary>The names in braces of a text.</summary>
    internal static IEnumerable<string> Placeholders(string text) => Braces().Matches(text).Select(m => m.Groups[1].Value);

    /// <summary>A text with its placeholders filled; those that mean nothing here stay.</summary>
    public string Fill(string text, params ReadOnlySpan<(string Name, string Text)> more)
    {
        foreach ((string name, string word) in more) text = text.Replace($"{{{name}}}", word, StringComparison.Ordinal);
        return Braces().Replace(text, m => _words.GetValueOrDefault(m.Groups[1].Value, m.Value));
    }

    /// <summary>Says where the hidden thing is.</summary>
    internal void Place(string surface) => _words["surface"] = surface;

    private void Add(string role, Person person)
    {
        string[] sides = [person.Name, person.Cloak is { } cloak ? Lexicon.Colours[(int)cloak] : "plain", person.Trade ?? "stranger",
            person.Place ?? "in the room", person.Item ?? "nothing"];
        for (int i = 0; i < Sides.Length; i++) _words[i == 0 ? role : $"{role}.{Sides[i]}"] = sides[i];
    }

    [GeneratedRegex(@"\{([^{}]*)\}")]
    private static partial Regex Braces();
}
