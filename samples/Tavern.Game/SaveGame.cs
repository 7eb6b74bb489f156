using System.Text.Json;
using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>
/// Games in slots: the world, where everybody stands, what is being said, and the minds. Loading an old one removes what came later from
/// all memories.
/// </summary>
public sealed class SaveGame(string folder, GameWorld world, PlayerBody player, Minds minds, Talk talk, Mystery mystery)
{
    private const string WorldPart = "world", StatePart = "state", StoryPart = "story", MindPart = "mind/";

    /// <summary>The file of a slot.</summary>
    public string PathOf(string slot) => Path.Combine(folder, slot + ".save");

    /// <summary>Saves, atomically. Waits for the device.</summary>
    /// <exception cref="SaveGameException">It cannot be written, whatever the cause; an earlier save in the slot is unchanged.</exception>
    public void Save(string slot)
    {
        Check(slot);
        Dictionary<string, byte[]> parts = new(StringComparer.Ordinal);
        try
        {
            // Minds come first: a picture may have to be finished for one, and then words come of the others, which the bubbles hold too.
            foreach ((string name, byte[] mind) in minds.Save()) parts[MindPart + name] = mind;
            parts[WorldPart] = TavernFile.Write(world.Now());
            parts[StatePart] = StateNow().ToJson();
            if (mystery.Story is { } story) parts[StoryPart] = story.Json;
            SaveContainer.Write(PathOf(slot), parts);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SaveGameException(slot, $"not saved: {Lines.One(e).TrimEnd('.')}",
                "Free space, or choose a folder that can be written to.", e);
        }
        catch (Exception e)
        {
            throw new SaveGameException(slot, $"not saved: {Lines.One(e).TrimEnd('.')}", "Try again.", e);
        }
    }

    /// <summary>Loads. Minds saved with another model are read again, over the next frames.</summary>
    /// <exception cref="SaveGameException">There is none, it is damaged, or its minds cannot be used; the running game goes on.</exception>
    public void Load(string slot)
    {
        Check(slot);
        if (minds.IsLoading) throw new SaveGameException(slot, "a model is being loaded", "Wait for it, then try again.");
        if (!File.Exists(PathOf(slot))) throw new SaveGameException(slot, "there is no such save", "Save first (F5).");
        try
        {
            Dictionary<string, byte[]> parts = SaveContainer.Read(PathOf(slot));
            Dictionary<string, byte[]> memories = TakeMinds(parts);
            TavernPlan plan = TavernFile.Parse(slot, Take(parts, WorldPart));
            GameState state = GameState.FromJson(Take(parts, StatePart));
            Story? story = state.Mystery is null ? null : StoryFile.Parse(slot, Take(parts, StoryPart));
            if (parts.Count > 0)
                throw new InvalidDataException(
                    $"it has a part '{parts.Keys.First()}', which this game does not know: it is newer, or damaged");
            SaveCheck.Check(state, plan, memories.Keys);
            if (story is not null) state.Mystery!.Check(story, plan.World);
            Knowledge knowledge = story is null ? Knowledge.None : Mystery.KnowledgeOf(story, state.Mystery!.CastOf(story, plan.World));
            if (memories.Count > 0 && !minds.IsReady)
                throw new SaveGameException(slot, "it holds memories, and there is no model to remember them",
                    "Load a model, then try again.");
            minds.Remake(plan.World.People, state.Facts.Length > 0 ? state.Facts : knowledge.Facts(plan.World), memories, LegalOf,
                knowledge);

            // An answer that was being given may still do what it was asked for then.
            LegalActions LegalOf(Person person) =>
                Deed.Legal(state.Bubbles.Find(b => b.Speaker == Deed.Player && b.Listener == person.Name) is { } asked
                    ? Requests.Of(asked.Text, plan.World, person) : []);
            talk.Silence();
            Apply(plan, state, story);
        }
        catch (JsonException e)
        {
            throw NotLoaded(slot, $"it is damaged: its state cannot be read ({Lines.One(e).TrimEnd('.')})", e);
        }
        catch (Exception e) when (e is NpcMindException or ArgumentException or InvalidOperationException)
        {
            throw new SaveGameException(slot, $"not loaded: {Lines.One(e).TrimEnd('.')}",
                "Use the model that it was saved with, or a larger context; the game goes on as it was.", e);
        }
        catch (Exception e) when (e is not SaveGameException)
        {
            // Whatever a file made somebody throw: it is no reason to end the game.
            throw NotLoaded(slot, Lines.One(e).TrimEnd('.'), e);
        }
    }

    private static SaveGameException NotLoaded(string slot, string problem, Exception e) =>
        new(slot, $"not loaded: {problem}", "Load another save; the game goes on as it was.", e);

    private static byte[] Take(Dictionary<string, byte[]> parts, string name) =>
        parts.Remove(name, out byte[]? part) ? part : throw new InvalidDataException($"it is damaged: its part '{name}' is missing");

    private static Dictionary<string, byte[]> TakeMinds(Dictionary<string, byte[]> parts)
    {
        Dictionary<string, byte[]> minds = new(StringComparer.Ordinal);
        foreach (string part in parts.Keys.Where(p => p.StartsWith(MindPart, StringComparison.Ordinal)).ToArray())
            minds[part[MindPart.Length..]] = Take(parts, part);
        return minds;
    }

    private GameState StateNow() => new()
    {
        Facts = minds.Facts,
        Bodies = [.. world.Bodies.Append(world.Player).Select(BodyState.Of)],
        PlayerItem = world.Player.Person.Item,
        Pitch = player.Pitch,
        Bubbles = talk.Save(),
        Mystery = mystery.Save(),
        Hearsay = world.Bodies.ToDictionary(b => b.Name,
            b => minds.HearsayOf(b.Name).Lines.Select(l => new LineState(l.Matter, l.Speaker, l.Text)).ToList(), StringComparer.Ordinal),
    };

    private void Apply(TavernPlan plan, GameState state, Story? story)
    {
        world.Restore(plan);
        if (story is null) mystery.Stop();
        else mystery.Restore(story, state.Mystery!);
        foreach (BodyState body in state.Bodies)
            if (world.Find(body.Name) is { } found) body.Apply(found);
        // When everybody is in place: the ways lead around others.
        foreach (BodyState body in state.Bodies)
            if (body.Deed is { } deed && world.Find(body.Name) is { } found && found != world.Player) world.Do(found, deed);
        world.Player.Person.Item = state.PlayerItem;
        player.Pitch = state.Pitch;
        player.Stop();
        foreach (Body body in world.Bodies)
            minds.HearsayOf(body.Name)
                .Set(state.Hearsay.GetValueOrDefault(body.Name, []).Select(l => new Hearsay.Line(l.Matter, l.Speaker, l.Text)));
        talk.Resume(state.Bubbles);
    }

    private static void Check(string slot)
    {
        if (slot.Length is 0 or > 40 || slot.Any(c => !char.IsLetterOrDigit(c) && c is not ('-' or '_')))
            throw new SaveGameException(slot, "no name for a slot", "Use letters, digits, - and _.");
    }
}
