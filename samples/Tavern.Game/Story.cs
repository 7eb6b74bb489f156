using Tavern.World;

namespace Tavern.Game;

/// <summary>
/// A mystery as data: who knows what, what the player can find out, and how it ends. samples/Tavern/data/README.md says how to write
/// one. Texts hold placeholders in braces, which a <see cref="Cast"/> fills.
/// </summary>
public sealed record Story
{
    public required string Title { get; init; }

    /// <summary>What the player has to find out.</summary>
    public required string Question { get; init; }

    /// <summary>What the player reads when it begins.</summary>
    public required string Opening { get; init; }

    /// <summary>Parts that people play. The first is the culprit's.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Words that differ from game to game: one of each list is drawn.</summary>
    public IReadOnlyDictionary<string, string[]> Draws { get; init; } = new Dictionary<string, string[]>();

    /// <summary>Parts of the world file that nobody knows while this is played: <see cref="Forgettable"/>.</summary>
    public IReadOnlyList<string> Forgets { get; init; } = [];

    /// <summary>How accusations name the deed.</summary>
    public required Crime Crime { get; init; }

    /// <summary>Something that only characters notice; null for none.</summary>
    public HiddenThing? Thing { get; init; }

    public required IReadOnlyList<StoryFact> Facts { get; init; }

    /// <summary>What follows from several facts.</summary>
    public IReadOnlyList<Conclusion> Conclusions { get; init; } = [];

    /// <summary>How many proofs an accusation needs.</summary>
    public required int Proofs { get; init; }

    /// <summary>How often the player may accuse somebody.</summary>
    public required int Accusations { get; init; }

    /// <summary>Seconds without anything new after which the player gets a hint.</summary>
    public required int HintAfter { get; init; }

    /// <summary>What characters ask each other; {0} is somebody.</summary>
    public IReadOnlyList<string> Gossip { get; init; } = [];

    public required StoryWords Words { get; init; }

    /// <summary>The file as it was read: a save holds it.</summary>
    public required byte[] Json { get; init; }

    /// <summary>What <see cref="Forgets"/> can name.</summary>
    public static IReadOnlyList<string> Forgettable { get; } = ["lastNight", "rumours", "secrets"];
}

/// <summary>A sentence that some characters know.</summary>
/// <param name="Id">What conclusions and scripts call it.</param>
/// <param name="Known">Roles of those who know it; empty for everybody.</param>
/// <param name="Says">The sentence in their minds; "" for a fact that is only seen.</param>
/// <param name="Holds">Words that an answer must hold to tell it, each text all of its long words; empty for one that is no clue.</param>
/// <param name="Note">What the player's notebook says when it is learnt.</param>
/// <param name="Hints">What a player reads who has not learnt it and is lost, one after the other.</param>
/// <param name="IsProof">Whether it counts as a proof.</param>
public sealed record StoryFact(string Id, IReadOnlyList<string> Known, string Says, IReadOnlyList<string> Holds, string Note,
    IReadOnlyList<string> Hints, bool IsProof)
{
    /// <summary>Whether the player can learn it.</summary>
    public bool IsClue => Note.Length > 0;
}

/// <summary>What follows once all of some facts are learnt.</summary>
public sealed record Conclusion(string Id, IReadOnlyList<string> Needs, string Note, bool IsProof);

/// <summary>A thing that only characters see until one of them has named it.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Colour">Its colour.</param>
/// <param name="SeenBy">The role of whoever looks at where it stands.</param>
/// <param name="Fact">The fact that is learnt when it is named.</param>
public sealed record HiddenThing(ThingKind Kind, Colour Colour, string SeenBy, string Fact)
{
    /// <summary>As it is spoken of.</summary>
    public string Name => new Thing(Kind, Colour, "").Name;
}

/// <summary>What is said at the turns of a story.</summary>
/// <param name="TooSoon">To the player who accuses without proofs.</param>
/// <param name="Wrong">By whoever is told, of somebody who did not do it.</param>
/// <param name="Denial">By the one accused wrongly, face to face.</param>
/// <param name="Right">By whoever is told.</param>
/// <param name="Confession">By the culprit.</param>
/// <param name="Solved">The last words, when it is solved.</param>
/// <param name="Unsolved">The last words, when it is not.</param>
/// <param name="Truth">What everybody knows afterwards.</param>
/// <param name="Greeting">By somebody, to a player who comes again: {player}.</param>
/// <param name="Promised">By the one that the player promised something: {promise}.</param>
public sealed record StoryWords(string TooSoon, string Wrong, string Denial, string Right, string Confession, string Solved,
    string Unsolved, string Truth, string Greeting, string Promised);
