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

    /// <summary>What one of these people can aim at: the player, the others and the furniture.</summary>
    public static IEnumerable<string> Aims(IEnumerable<Person> people, Person actor) =>
        [Player, .. people.Where(p => p != actor).Select(p => p.Name), .. Lexicon.Furniture];

    /// <summary>
    /// Everything that one of these people can do now: turn and walk to the player, the others and the furniture, give what it
    /// carries to people, open and light what can be.
    /// </summary>
    public static IEnumerable<Deed> Doable(IReadOnlyCollection<Person> people, Person actor)
    {
        ArgumentNullException.ThrowIfNull(actor);
        foreach (string aim in Aims(people, actor))
        {
            bool isPerson = !Lexicon.Furniture.Contains(aim);
            yield return new Deed(DeedVerb.Turn, aim);
            yield return new Deed(DeedVerb.Walk, aim);
            if (isPerson && actor.Item is not null) yield return new Deed(DeedVerb.Give, aim);
            if (!isPerson && Lexicon.CanBeOpened.Contains(aim)) yield return new Deed(DeedVerb.Open, aim);
            if (!isPerson && Lexicon.CanBeLit.Contains(aim)) yield return new Deed(DeedVerb.Light, aim);
        }
    }

    /// <summary>These deeds, whole, or nothing.</summary>
    public static LegalActions Legal(IEnumerable<Deed> deeds)
    {
        LegalActions legal = new(ActionType.Of<Deed>());
        legal.AllowOnly(deeds.Prepend(None));
        return legal;
    }
}
