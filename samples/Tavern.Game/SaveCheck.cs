using Tavern.World;

namespace Tavern.Game;

/// <summary>Holds what a save says against its own world and the limits of the game, before anything of it is used.</summary>
internal sealed class SaveCheck
{
    /// <summary>Longest text of a save, in UTF-16 units.</summary>
    public const int MostText = 20_000;

    /// <summary>Most that one character has noticed since it was last spoken to.</summary>
    public const int MostNoticed = 64;

    private const float MostYaw = 1000, MostDistance = 100, MostPitch = 1.6f;
    private readonly HashSet<string> _names;

    private SaveCheck(TavernPlan plan) => _names = [.. plan.World.People.Select(p => p.Name), Deed.Player];

    /// <summary>Checks every field.</summary>
    /// <param name="state">As it was read.</param>
    /// <param name="plan">The save's own world.</param>
    /// <param name="minds">Whose minds the save holds.</param>
    /// <exception cref="InvalidDataException">The first field that cannot be: which, and why.</exception>
    public static void Check(GameState state, TavernPlan plan, IEnumerable<string> minds)
    {
        SaveCheck check = new(plan);
        foreach (string name in minds)
            if (name == Deed.Player || !check._names.Contains(name)) throw Wrong($"it holds the mind of '{name}', who is not in its world");
        Text(state.Facts, "what the minds began with", isSpoken: true);
        All(state.Bodies, "bodies", check._names.Count, check.Body);
        Distinct(state.Bodies.Select(b => b.Name), "bodies");
        if (state.PlayerItem is not null) Text(state.PlayerItem, "what the player carries");
        Within(state.Pitch, MostPitch, "the player's pitch");
        check.Hearsay(state.Hearsay);
        All(state.Bubbles, "words", check._names.Count, check.Bubble);
        Distinct(state.Bubbles.Select(b => b.Speaker), "words");
    }

    private void Body(BodyState body)
    {
        Known(body.Name, "somebody in the room");
        string whose = $" of {body.Name}";
        Within(body.X, TavernRoom.Half.X, "the position" + whose);
        Within(body.Z, TavernRoom.Half.Y, "the position" + whose);
        Within(body.Yaw, MostYaw, "the yaw" + whose);
        Within(body.GazeX, MostDistance, "the gaze" + whose);
        Within(body.GazeY, MostDistance, "the gaze" + whose);
        Within(body.GazeZ, MostDistance, "the gaze" + whose);
        Done(body.Deed, whose);
    }

    private void Bubble(BubbleState bubble)
    {
        Known(bubble.Speaker, "who speaks");
        Known(bubble.Listener, "who is spoken to");
        Text(bubble.Text, $"what {bubble.Speaker} says", isSpoken: true);
        if (!double.IsFinite(bubble.Shown) || bubble.Shown < 0 || bubble.Shown > MostText)
            throw Wrong($"what is shown of the words of {bubble.Speaker} is no number of characters");
        Done(bubble.Deed, $" of {bubble.Speaker}");
    }

    private void Hearsay(Dictionary<string, List<LineState>> all)
    {
        if (all is null) throw Wrong("what people noticed is missing");
        foreach ((string name, List<LineState> lines) in all)
        {
            Known(name, "who noticed something");
            All(lines, $"lines that {name} noticed", MostNoticed, line =>
            {
                Text(line.Matter, $"a matter that {name} noticed");
                Text(line.Speaker, $"whom {name} heard");
                Text(line.Text, $"what {name} heard", isSpoken: true);
            });
        }
    }

    private void Done(Deed? deed, string whose)
    {
        if (deed is null) return;
        if (!Enum.IsDefined(deed.Do)) throw Wrong($"the deed{whose} is none: {(int)deed.Do}");
        if (deed.To is { } to && (to == Deed.NoTarget || _names.Contains(to) || Lexicon.Furniture.Contains(to))) return;
        throw Wrong($"the deed{whose} aims at '{deed.To}', which is not there");
    }

    private void Known(string name, string what)
    {
        if (name is null || !_names.Contains(name)) throw Wrong($"{what} is '{name}', and nobody is called so in its world");
    }

    private static void All<T>(List<T> all, string what, int most, Action<T> check)
        where T : class
    {
        if (all is null) throw Wrong($"its {what} are missing");
        if (all.Count > most) throw Wrong($"it has {all.Count} {what} and at most {most} are possible");
        foreach (T one in all) check(one ?? throw Wrong($"one of its {what} is empty"));
    }

    private static void Distinct(IEnumerable<string> names, string what)
    {
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (string name in names)
            if (!seen.Add(name)) throw Wrong($"its {what} of {name} are there twice");
    }

    /// <summary>What a mind said may hold whatever tokens hold.</summary>
    private static void Text(string text, string what, bool isSpoken = false)
    {
        if (text is null) throw Wrong($"{what} is missing");
        if (text.Length > MostText) throw Wrong($"{what} has {text.Length} characters and at most {MostText} are possible");
        if (!isSpoken && text.Any(Lines.Breaks)) throw Wrong($"{what} has line breaks or control characters");
    }

    private static void Within(float value, float most, string what)
    {
        if (!float.IsFinite(value) || MathF.Abs(value) > most)
            throw Wrong(FormattableString.Invariant($"{what} is {value}, and only {-most} to {most} is possible"));
    }

    private static InvalidDataException Wrong(string problem) => new("it is damaged: " + Lines.One(problem));
}
