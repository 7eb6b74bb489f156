using Tavern.World;

namespace Tavern.Game;

/// <summary>How a mystery has ended.</summary>
public enum MysteryEnd
{
    None,
    Solved,
    Unsolved,
}

/// <summary>A line of the player's notebook.</summary>
/// <param name="Id">Of the fact or conclusion.</param>
/// <param name="Source">Who told or saw it; "" for what the player concluded.</param>
/// <param name="Text">What it says.</param>
/// <param name="IsProof">Whether it counts as a proof.</param>
public readonly record struct Clue(string Id, string Source, string Text, bool IsProof);

/// <summary>
/// A story as it is played: what the player has learnt, by whose words or eyes, whom it accused, and how it ended. Reads what is said by
/// rules and never asks a mind.
/// </summary>
public sealed class Mystery(GameWorld world, Minds minds, Talk talk)
{
    /// <summary>Words that an answer may leave out.</summary>
    private static readonly string[] SmallWords = ["a", "an", "the", "at", "by", "in", "on", "of", "to", "and", "was", "is"];
    private readonly List<Clue> _clues = [];
    private readonly Dictionary<string, HashSet<string>> _heard = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _hints = new(StringComparer.Ordinal);
    private double _quiet;
    private Finale _finale;

    /// <summary>What a culprit does when it has confessed.</summary>
    private static Deed Leaving => new(DeedVerb.Walk, "the door");

    /// <summary>What is still to come of the end.</summary>
    private enum Finale
    {
        None,
        LastWords,
        Confession,
    }

    /// <summary>One line that the player should read.</summary>
    public event Action<string>? Message;

    /// <summary>It has ended.</summary>
    public event Action<MysteryEnd>? Ended;

    /// <summary>Goes up when what the notebook shows changes.</summary>
    public int Version { get; private set; }

    /// <summary>The story; null while none is played.</summary>
    public Story? Story { get; private set; }

    /// <summary>Who plays it; null while none is played.</summary>
    public Cast? Cast { get; private set; }

    public MysteryEnd End { get; private set; }

    /// <summary>Whether there is something to find out.</summary>
    public bool IsOpen => Story is not null && End == MysteryEnd.None;

    /// <summary>What the player has learnt, in order.</summary>
    public IReadOnlyList<Clue> Clues => _clues;

    public int Proofs => _clues.Count(c => c.IsProof);

    /// <summary>How often the player was wrong.</summary>
    public int Mistakes { get; private set; }

    /// <summary>How often the player may still accuse somebody.</summary>
    public int AccusationsLeft => Story is null ? 0 : Math.Max(0, Story.Accusations - Mistakes);

    /// <summary>Hints given so far.</summary>
    public int HintsGiven { get; private set; }

    /// <summary>Seconds that it has been played.</summary>
    public double Seconds { get; private set; }

    /// <summary>What the player reads when it is over and all that belongs to the end was said; "" before.</summary>
    public string LastWords => Story is null || Cast is null || _finale != Finale.None ? "" : End switch
    {
        MysteryEnd.Solved => Cast.Fill(Story.Words.Solved),
        MysteryEnd.Unsolved => Cast.Fill(Story.Words.Unsolved),
        _ => "",
    };

    /// <summary>Whether a clue or conclusion was learnt.</summary>
    public bool Has(string id) => _clues.Exists(c => c.Id == id);

    /// <summary>What characters know when a story with this cast is played.</summary>
    public static Knowledge KnowledgeOf(Story story, Cast cast)
    {
        ArgumentNullException.ThrowIfNull(story);
        Knowledge knowledge = new(story.Forgets);
        foreach (StoryFact fact in story.Facts.Where(f => f.Says.Length > 0))
        {
            if (fact.Known.Count == 0) knowledge.Share(cast.Fill(fact.Says));
            foreach (string role in fact.Known) knowledge.Tell(cast.People[role], cast.Fill(fact.Says));
        }

        return knowledge;
    }

    /// <summary>Begins a story in this world. The minds must be made anew with <see cref="GameWorld.Knowledge"/>.</summary>
    public void Begin(Story story, Cast cast)
    {
        Clear();
        string? surface = story.Thing is { } thing ? world.RoomFor(world.Find(cast.People[thing.SeenBy])?.Person.Place) : null;
        Take(story, cast, surface);
    }

    /// <summary>Ends the story without an end: nobody knows of it any more once the minds are made anew.</summary>
    public void Stop()
    {
        Clear();
        (Story, Cast, world.Knowledge, world.Hidden) = (null, null, Knowledge.None, null);
        world.Touch();
    }

    /// <summary>Lets time pass: gives hints to who is lost, and lets the culprit confess when its time has come.</summary>
    public void Update(double seconds)
    {
        if (Story is null || Cast is null) return;
        if (_finale != Finale.None && !talk.IsAnswering) GoOn();
        if (!IsOpen) return;
        if (!Cast.People.Values.All(n => world.Find(n) is not null))
        {
            Message?.Invoke($"{Story.Title}: somebody of the story has left, and it ends here.");
            Stop();
            return;
        }

        Seconds += seconds;
        if (talk.IsAnswering) return;
        _quiet += seconds;
        if (_quiet >= Story.HintAfter) GiveHint();
    }

    /// <summary>Takes what the player says when it accuses somebody: then the game answers and no mind.</summary>
    /// <param name="listener">The character that is told.</param>
    /// <param name="words">What the player says.</param>
    /// <returns>Whether it was an accusation.</returns>
    public bool TakeAccusation(int listener, string words)
    {
        if (!IsOpen) return false;
        Body told = world.Bodies[listener];
        IReadOnlyList<string> accused = Accusations.Of(words, world.Facts, told.Person, Story!.Crime);
        if (accused.Count == 0) return false;
        if (accused.Count > 1) Message?.Invoke($"You cannot accuse {string.Join(" and ", accused)} together: name one.");
        else talk.Answer(listener, words, Judge(told.Name, accused[0]),
            End == MysteryEnd.Solved && told.Name == Cast!.Culprit ? Leaving : null);
        return true;
    }

    /// <summary>Accuses somebody to its face.</summary>
    public void Accuse(int index) => TakeAccusation(index, $"{world.Bodies[index].Name}, I accuse you.");

    /// <summary>Hears what was said: whoever tells a clue that it knows lets all nearby know it, the player among them.</summary>
    public void Hear(in Happening said)
    {
        if (!IsOpen || said.Kind != HappeningKind.Said || world.Find(said.Who) is not { } speaker) return;
        if (speaker == world.Player)
        {
            if (PlayerWords.IsLost(said.Text)) GiveHint();
            return;
        }

        foreach (StoryFact fact in Story!.Facts)
        {
            bool isSeen = Story.Thing?.Fact == fact.Id;
            if (!fact.IsClue || !(isSeen ? Names(speaker, said.Text) : Knows(speaker.Name, fact) && Tells(said.Text, fact))) continue;
            foreach (Body body in world.Bodies)
                if (body.Name == said.To || body.DistanceTo(speaker) <= Talk.Earshot) Spread(fact, body.Name);
            if (said.To == Deed.Player || world.Player.DistanceTo(speaker) <= Talk.Earshot) Learn(fact, speaker.Name);
        }
    }

    /// <summary>Gives the next hint.</summary>
    public void GiveHint()
    {
        if (!IsOpen || NextHint() is not { } hint) return;
        (HintsGiven, _quiet) = (HintsGiven + 1, 0);
        Message?.Invoke($"Hint: {hint}");
    }

    /// <summary>As a save holds it; null while no story is played.</summary>
    internal MysteryState? Save() => Story is null || Cast is null ? null : new MysteryState
    {
        People = new(Cast.People),
        Drawn = new(Cast.Drawn),
        Player = Cast.Fill("{player}"),
        Surface = world.Hidden?.Surface,
        Clues = [.. _clues.Select(c => new ClueState(c.Id, c.Source))],
        Heard = _heard.ToDictionary(h => h.Key, h => h.Value.ToList(), StringComparer.Ordinal),
        Hints = new(_hints),
        HintsGiven = HintsGiven,
        Mistakes = Mistakes,
        End = (int)End,
        Seconds = Seconds,
        Finale = (int)_finale,
    };

    /// <summary>Goes on where a save has left it; what it holds was checked.</summary>
    internal void Restore(Story story, MysteryState state)
    {
        Clear();
        Take(story, state.CastOf(story, world.Facts), state.Surface);
        foreach ((string id, List<string> names) in state.Heard) _heard[id] = [.. names];
        foreach ((string id, int given) in state.Hints) _hints[id] = given;
        foreach (ClueState clue in state.Clues) Note(clue.Id, clue.Source);
        (HintsGiven, Mistakes, End, Seconds, _finale) = (state.HintsGiven, state.Mistakes, (MysteryEnd)state.End, state.Seconds,
            (Finale)state.Finale);
        world.Touch();
    }

    private void Clear()
    {
        _clues.Clear();
        _heard.Clear();
        _hints.Clear();
        (_quiet, _finale, End, Mistakes, HintsGiven, Seconds) = (0, Finale.None, MysteryEnd.None, 0, 0, 0);
        Version++;
    }

    private void Take(Story story, Cast cast, string? surface)
    {
        (Story, Cast) = (story, cast);
        world.Hidden = story.Thing is { } thing && surface is not null ? new Hidden(new Standing(thing.Kind, thing.Colour), surface) : null;
        cast.Place(surface ?? Surfaces.All[^1]);
        world.Knowledge = KnowledgeOf(story, cast);
        world.Touch();
    }

    private string Judge(string told, string accused)
    {
        StoryWords words = Story!.Words;
        if (Proofs < Story.Proofs) return Cast!.Fill(words.TooSoon, ("accused", accused));
        if (accused == Cast!.Culprit)
        {
            Finish(MysteryEnd.Solved, told == accused ? Finale.LastWords : Finale.Confession);
            return Cast.Fill(told == accused ? words.Confession : words.Right, ("accused", accused));
        }

        Mistakes++;
        Version++;
        if (AccusationsLeft == 0) Finish(MysteryEnd.Unsolved, Finale.LastWords);
        return Cast.Fill(told == accused ? words.Denial : words.Wrong, ("accused", accused));
    }

    private void Finish(MysteryEnd end, Finale finale)
    {
        (End, _finale) = (end, finale);
        Version++;
        minds.Tell(Cast!.Fill(Story!.Words.Truth));
    }

    /// <summary>When the words before are spoken: the confession, then the last words.</summary>
    private void GoOn()
    {
        if (_finale == Finale.Confession && world.Find(Cast!.Culprit) is { } culprit)
        {
            _finale = Finale.LastWords;
            talk.Utter(world.IndexOf(culprit), Cast.Fill(Story!.Words.Confession), Leaving);
            return;
        }

        _finale = Finale.None;
        Version++;
        Message?.Invoke(LastWords);
        Ended?.Invoke(End);
    }

    private bool Knows(string name, StoryFact fact) =>
        fact.Known.Count == 0 || fact.Known.Any(role => Cast!.People[role] == name)
            || (_heard.TryGetValue(fact.Id, out HashSet<string>? heard) && heard.Contains(name));

    private bool Tells(string text, StoryFact fact)
    {
        string[] said = WordsOf(text);
        string spoken = string.Join(' ', said);
        if (spoken.Contains("do not know", StringComparison.Ordinal) || spoken.Contains("don't know", StringComparison.Ordinal))
            return false;
        return fact.Holds.All(hold => WordsOf(Cast!.Fill(hold)).Except(SmallWords).All(said.Contains));
    }

    /// <summary>Whether somebody names the hidden thing, which lies before its eyes.</summary>
    private bool Names(Body speaker, string text) =>
        world.Hidden is { } hidden && Eyes.Sees(world, speaker, hidden)
        && text.Contains(hidden.Thing.ToString(), StringComparison.OrdinalIgnoreCase) && WordsOf(text).Contains("see");

    private void Spread(StoryFact fact, string name)
    {
        if (!_heard.TryGetValue(fact.Id, out HashSet<string>? heard)) _heard[fact.Id] = heard = new(StringComparer.Ordinal);
        heard.Add(name);
    }

    private void Learn(StoryFact fact, string source)
    {
        if (Has(fact.Id)) return;
        int before = _clues.Count;
        Note(fact.Id, source);
        foreach (Conclusion conclusion in Story!.Conclusions)
            if (!Has(conclusion.Id) && conclusion.Needs.All(Has)) Note(conclusion.Id, "");
        _quiet = 0;
        Message?.Invoke($"In your notebook: {string.Join(" ", _clues.Skip(before).Select(c => c.Text))}");
    }

    private void Note(string id, string source)
    {
        StoryFact? fact = Story!.Facts.FirstOrDefault(f => f.Id == id);
        Conclusion? conclusion = Story.Conclusions.FirstOrDefault(c => c.Id == id);
        (string text, bool isProof) = fact is not null ? (fact.Note, fact.IsProof) : (conclusion!.Note, conclusion.IsProof);
        _clues.Add(new Clue(id, source, Cast!.Fill(text, ("source", source)), isProof));
        if (Story.Thing?.Fact == id && world.Hidden is { } hidden) world.Hidden = hidden with { IsFound = true };
        Version++;
        world.Touch();
    }

    private string? NextHint()
    {
        if (Proofs >= Story!.Proofs) return "You have proofs enough. Go up to somebody and say whom you accuse: I accuse ...";
        foreach (StoryFact fact in Story.Facts)
        {
            if (!fact.IsClue || fact.Hints.Count == 0 || Has(fact.Id)
                || (Story.Thing?.Fact == fact.Id && minds.IsReady && minds.EyesFile is null)) continue;
            // The first hint for everything, then the second: nobody is led by the hand who is only slow.
            int given = _hints.GetValueOrDefault(fact.Id);
            if (given >= fact.Hints.Count) continue;
            _hints[fact.Id] = given + 1;
            return Cast!.Fill(fact.Hints[given]);
        }

        if (_hints.Count == 0) return null;
        _hints.Clear();
        return NextHint();
    }

    private static string[] WordsOf(string text) =>
        text.ToLowerInvariant().Split([' ', '.', ',', '!', '?', ';', ':', '"', '\n', '(', ')'], StringSplitOptions.RemoveEmptyEntries);
}
