using Tavern.World;

namespace Tavern.Game;

/// <summary>What characters know beside the world: a story's facts, each in the minds of those who know it.</summary>
public sealed class Knowledge
{
    private readonly List<string> _shared = [];
    private readonly Dictionary<string, List<string>> _own = new(StringComparer.Ordinal);
    private readonly IReadOnlyList<string> _forgets;

    /// <param name="forgets">As <see cref="Story.Forgets"/>.</param>
    public Knowledge(IReadOnlyList<string> forgets) => _forgets = forgets;

    /// <summary>Nothing beside the world.</summary>
    public static Knowledge None { get; } = new([]);

    /// <summary>Everybody knows a sentence.</summary>
    public void Share(string sentence) => _shared.Add(sentence);

    /// <summary>Somebody knows a sentence.</summary>
    public void Tell(string name, string sentence)
    {
        if (!_own.TryGetValue(name, out List<string>? own)) _own[name] = own = [];
        own.Add(sentence);
    }

    /// <summary>What only somebody knows.</summary>
    public IReadOnlyList<string> Of(string name) => _own.GetValueOrDefault(name, []);

    /// <summary>What all know, with the world: the shared beginning of their minds.</summary>
    public string Facts(TavernWorld world)
    {
        if (_forgets.Contains("lastNight"))
        {
            world = world.Copy();
            world.Events.Clear();
        }

        return string.Join('\n', _shared.Prepend(world.Facts()));
    }

    /// <summary>Who somebody is, with what only it knows.</summary>
    public string Persona(Person person)
    {
        if (_forgets.Contains("rumours") || _forgets.Contains("secrets"))
        {
            person = person.Copy();
            if (_forgets.Contains("rumours")) person.Heard.Clear();
            if (_forgets.Contains("secrets")) person.Secret = null;
        }

        return string.Join(' ', Of(person.Name).Prepend(TavernWorld.Persona(person)));
    }
}
