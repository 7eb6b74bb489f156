using NpcMind;
using Tavern.World;

namespace Tavern.Game;

/// <summary>Makes the minds of a world's people.</summary>
internal static class MindMaker
{
    /// <summary>Fills a list with a mind for each person, and removes the runtime's minds of others.</summary>
    /// <param name="runtime">Where they live.</param>
    /// <param name="prefix">What they begin with.</param>
    /// <param name="people">Whose minds.</param>
    /// <param name="persona">Who they are, where there is no memory.</param>
    /// <param name="memories">Saved minds by name.</param>
    /// <param name="npcs">The list.</param>
    /// <param name="legal">What may be done with an answer that somebody was giving; null for nothing.</param>
    /// <param name="lenient">Whether somebody whose memory cannot be read begins anew.</param>
    /// <returns>How many had to begin anew.</returns>
    public static int Make(NpcRuntime runtime, Prefix prefix, IReadOnlyList<Person> people, Func<Person, string> persona,
        IReadOnlyDictionary<string, byte[]> memories, List<Npc> npcs, Func<Person, LegalActions>? legal = null, bool lenient = false)
    {
        List<Npc> made = [];
        int lost = 0;
        foreach (Person person in people)
        {
            if (memories.TryGetValue(person.Name, out byte[]? memory))
            {
                try
                {
                    made.Add(runtime.LoadNpc(new MemoryStream(memory, writable: false), prefix, legal?.Invoke(person) ?? Deed.Legal([])));
                    continue;
                }
                catch (Exception e) when (lenient && e is ArgumentException or NpcMindException)
                {
                    lost++;
                }
            }

            runtime.Npcs.FirstOrDefault(n => n.Name == person.Name)?.Dispose();
            made.Add(prefix.CreateNpc(person.Name, persona(person)));
        }

        foreach (Npc npc in runtime.Npcs.Except(made).ToArray()) npc.Dispose();
        npcs.Clear();
        npcs.AddRange(made);
        return lost;
    }
}
