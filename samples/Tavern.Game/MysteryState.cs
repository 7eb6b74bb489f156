using Tavern.World;

namespace Tavern.Game;

/// <summary>A story as a save holds it, beside the story's own file.</summary>
internal sealed class MysteryState
{
    public required Dictionary<string, string> People { get; init; }

    public required Dictionary<string, string> Drawn { get; init; }

    public required string Player { get; init; }

    /// <summary>Where the hidden thing is; null where there is none.</summary>
    public string? Surface { get; init; }

    public required List<ClueState> Clues { get; init; }

    /// <summary>By fact: who was told it.</summary>
    public required Dictionary<string, List<string>> Heard { get; init; }

    public required Dictionary<string, int> Hints { get; init; }

    public int HintsGiven { get; init; }

    public int Mistakes { get; init; }

    public int End { get; init; }

    public double Seconds { get; init; }

    /// <summary>What is still to come of the end: nothing, the last words, or a confession before these.</summary>
    public int Finale { get; init; }

    /// <summary>Who plays it.</summary>
    /// <exception cref="InvalidDataException">A part is not played.</exception>
    public Cast CastOf(Story story, TavernWorld world) => new(story, People, Drawn, world, Player);

    /// <summary>Holds the state against its story and its world.</summary>
    /// <exception cref="InvalidDataException">The first field that cannot be: which, and why.</exception>
    public void Check(Story story, TavernWorld world)
    {
        if (People is null || Drawn is null || Player is null || Clues is null || Heard is null || Hints is null)
            throw Wrong("a part of its story is missing");
        if (Player.Length > SaveCheck.MostText || Player.Any(Lines.Breaks)) throw Wrong("the player's name has line breaks or is too long");
        try
        {
            CastOf(story, world);
        }
        catch (InvalidDataException e)
        {
            throw Wrong(e.Message);
        }

        if (Surface is not null && !Surfaces.All.Contains(Surface)) throw Wrong($"there is no '{Surface}' for a thing to stand on");
        if (People.Count != story.Roles.Count) throw Wrong("its story has other roles");
        if (People.Values.Distinct().Count() < People.Count) throw Wrong("somebody plays two parts of its story");
        HashSet<string> ids = [.. story.Facts.Where(f => f.IsClue).Select(f => f.Id), .. story.Conclusions.Select(c => c.Id)];
        HashSet<string> names = [.. world.People.Select(p => p.Name), ""];
        foreach (string id in Clues.Select(c => c?.Id ?? "").Concat(Heard.Keys).Concat(Hints.Keys))
            if (!ids.Contains(id)) throw Wrong($"its story has no clue '{id}'");
        foreach (string name in Clues.Select(c => c.Source).Concat(Heard.Values.SelectMany(h => h ?? [])))
            if (name is null || !names.Contains(name)) throw Wrong($"a clue comes from '{name}', who is not in its world");
        if (Clues.Select(c => c.Id).Distinct().Count() < Clues.Count || Heard.Values.Any(h => h is null))
            throw Wrong("a clue is there twice or empty");
        if (HintsGiven < 0 || Mistakes < 0 || Mistakes > story.Accusations || !double.IsFinite(Seconds) || Seconds < 0
            || Hints.Values.Any(h => h < 0))
            throw Wrong("a number of its story is none that can be");
        if (Finale is < 0 or > 2) throw Wrong($"its story cannot go on with {Finale}");
        if (!Enum.IsDefined((MysteryEnd)End)) throw Wrong($"its story ends in {End} ways");
    }

    private static InvalidDataException Wrong(string problem) => new("it is damaged: " + Lines.One(problem));
}

/// <param name="Id">Of the fact or conclusion.</param>
/// <param name="Source">Who told it.</param>
internal sealed record ClueState(string Id, string Source);
