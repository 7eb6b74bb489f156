using Tavern.World;

namespace Tavern.Game;

/// <summary>Follows the world file while the game runs.</summary>
internal sealed class WorldReload(WorldWatcher watcher, GameWorld world, Minds minds)
{
    public event Action<string>? Message;

    public void Update(double now)
    {
        if (minds.IsLoading) return;
        try
        {
            if (!watcher.HasChanged(now)) return;
            Message?.Invoke(Reload(TavernFile.Read(watcher.Path)));
        }
        catch (Exception e) when (e is WorldFileException or IOException or UnauthorizedAccessException)
        {
            Message?.Invoke($"{Lines.One(e)} The old world stays.");
        }
        catch (Exception e)
        {
            Message?.Invoke($"{Path.GetFileName(watcher.Path)} does not fit into the minds: {Lines.One(e)} The old world stays.");
        }
    }

    private string Reload(TavernPlan plan)
    {
        (TavernWorld next, HashSet<string> anew) = world.Merge(plan);
        // Loading a game brings back the facts of then, while the plan stays the file's: both may differ from the file.
        bool sameFacts = plan.World.Facts() == world.Plan.World.Facts() && next.Facts() == world.Facts.Facts();
        int before = world.Bodies.Count;
        // Somebody of whom nothing is known can leave without a change of facts.
        bool samePeople = next.People.Select(p => p.Name).SequenceEqual(world.Bodies.Select(b => b.Name));
        if (minds.IsReady && (!sameFacts || anew.Count > 0 || !samePeople))
        {
            Dictionary<string, byte[]> memories = minds.SilenceAndSave();
            foreach (string name in anew) memories.Remove(name);
            minds.Remake(next.People, sameFacts ? minds.Facts : world.Knowledge.Facts(next), memories);
        }

        foreach (string name in anew) minds.HearsayOf(name).Clear();
        world.Take(plan, next, anew);
        string text = anew.Count > 0
            ? $"The world changed: {string.Join(", ", anew)} {(anew.Count == 1 ? "begins" : "begin")} anew and " +
            $"{(anew.Count == 1 ? "forgets" : "forget")} what was said"
            : sameFacts ? "The room changed; nobody forgets anything"
            : "The world changed: everybody reads it again and forgets nothing";
        if (anew.Count > 0 && anew.Count < before)
            text += sameFacts ? "; the others are as before" : "; the others read it again and forget nothing";
        return plan.Warnings.Count == 0
            ? text + "." : $"{text}. But {plan.Warnings[0]}{(plan.Warnings.Count > 1 ? $" ({plan.Warnings.Count - 1} more)" : "")}.";
    }
}
