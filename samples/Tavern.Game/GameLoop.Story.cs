namespace Tavern.Game;

/// <summary>Stories in the game: beginning one, and following what is said for it.</summary>
public sealed partial class GameLoop
{
    private const double Patience = 5;
    private const string Loading = "A model is being loaded: wait for it, then try again.";
    private string _toAccuse = "";
    private double _askedAt;
    private int _spoken;
    private string _opening = "";

    /// <summary>
    /// Begins the story in the world as it is: everybody begins anew with what it knows of it. Another culprit than the last time, unless
    /// one is named.
    /// </summary>
    /// <param name="culprit">Who did it; null to draw one.</param>
    /// <param name="seed">Decides who plays the other parts; null to draw one, too.</param>
    /// <returns>What keeps it from being played; null when it has begun.</returns>
    public string? BeginStory(string? culprit = null, int? seed = null)
    {
        if (_story is null) return "There is no story: start with --story FILE.";
        if (Minds.IsLoading) return Loading;
        string? problem = Memory.Read();
        string[] names = [.. World.Bodies.Select(b => b.Name)], others = [.. names.Where(n => n != Memory.LastCulprit)];
        string[] drawn = others.Length > 0 ? others : names;
        culprit ??= drawn[Random.Shared.Next(drawn.Length)];
        try
        {
            Cast cast = Cast.Deal(_story, World.Facts, culprit, seed ?? Random.Shared.Next(), Memory.Name ?? "stranger");
            Knowledge knowledge = Mystery.KnowledgeOf(_story, cast);
            Minds.Remake(World.Facts.People, knowledge.Facts(World.Facts), new Dictionary<string, byte[]>(), knowledge: knowledge);
            foreach (Body body in World.Bodies) Minds.HearsayOf(body.Name).Clear();
            Mystery.Begin(_story, cast);
            (_opening, IsNotebookShown) = (cast.Fill(_story.Opening), Hints.IsOn);
        }
        catch (Exception e) when (e is InvalidDataException or ArgumentException or InvalidOperationException)
        {
            return $"The story cannot be played: {Lines.One(e)}";
        }

        Remembrance.Begin();
        Memory.Begin(culprit);
        problem ??= Memory.Write();
        if (problem is not null) Say(problem);
        return null;
    }

    /// <summary>Whether the player looks into its notebook.</summary>
    public bool IsNotebookShown { get; private set; }

    /// <summary>Whether the player, who plays with keys, knows how to talk by now.</summary>
    public bool HasTalked => Hints.IsOn && _spoken > 2;

    /// <summary>Leaves the story: everybody begins anew and knows nothing of it.</summary>
    public void EndStory()
    {
        if (Mystery.Story is null) return;
        Mystery.Stop();
        Minds.Remake(World.Facts.People, World.Facts.Facts(), new Dictionary<string, byte[]>());
    }

    /// <summary>A new game: the room as the world file has it, everybody anew, and the story from its beginning.</summary>
    /// <param name="culprit">As <see cref="BeginStory"/>.</param>
    /// <param name="seed">As <see cref="BeginStory"/>.</param>
    /// <returns>What keeps it from being played; null when it has begun.</returns>
    public string? NewGame(string? culprit = null, int? seed = null)
    {
        if (Minds.IsLoading) return Loading;
        Talk.Silence();
        World.Restore(World.Plan);
        Player.Stop();
        Player.Pitch = 0;
        return BeginStory(culprit, seed);
    }

    /// <summary>The first press asks, the second accuses: a slip of the finger accuses nobody.</summary>
    private void Accuse()
    {
        if (!Mystery.IsOpen) return;
        if (Faced is var faced && faced < 0) Say("Face whom you accuse.");
        else if (_toAccuse == World.Bodies[faced].Name && Now - _askedAt < Patience) Mystery.Accuse(faced);
        else
        {
            (_toAccuse, _askedAt) = (World.Bodies[faced].Name, Now);
            Say($"Do you accuse {_toAccuse}? Press Q again.");
            return;
        }

        _toAccuse = "";
    }

    /// <summary>Everything said or done is heard by the story first: what follows from it comes after it.</summary>
    private void Follow(Happening happening)
    {
        Happened?.Invoke(happening);
        if (happening is { Kind: HappeningKind.Said, Who: Tavern.World.Deed.Player }) _spoken++;
        Mystery.Hear(happening);
        Remembrance.Hear(happening);
    }

    /// <summary>Once nothing is loading: the messages of that would take its place before anybody has read it.</summary>
    private void SayOpening()
    {
        if (_opening.Length == 0 || Minds.IsLoading) return;
        Say(_opening);
        _opening = "";
    }

    private void RememberEnd(MysteryEnd end)
    {
        IsNotebookShown = true;
        if (end == MysteryEnd.Solved) Memory.Solve();
        if (Memory.Write() is { } problem) Say(problem);
    }
}
