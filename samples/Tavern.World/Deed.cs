using NpcMind;

namespace Tavern.World;

/// <summary>What a character can do with its body.</summary>
public enum DeedVerb
{
    Nothing,
    Turn,
    Walk,
    Give,
    Open,
    Light,
}

/// <summary>A typed action: what to do, and to whom or what ("nothing" when nothing is done).</summary>
[NpcAction]
public sealed record Deed(DeedVerb Do, [ActionText(24)] string To)
{
    public const string Player = "Player";
    public const string NoTarget = "nothing";

    /// <summary>Doing nothing.</summary>
    public static Deed None { get; } = new(DeedVerb.Nothing, NoTarget);

    /// <summary>What one of these people may do: walk and turn to the others, the player and the furniture, give to people, open and light what can be.</summary>
    public static LegalActions Legal(IEnumerable<Person> people, Person actor)
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.Allow("to", [Player, NoTarget, .. people.Where(p => p != actor).Select(p => p.Name), .. Lexicon.Furniture]);
        return legal;
    }
}
