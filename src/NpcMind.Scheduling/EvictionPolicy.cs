namespace NpcMind.Scheduling;

/// <summary>A sequence whose KV blocks are on the device.</summary>
/// <param name="Id">The sequence.</param>
/// <param name="Blocks">Blocks that become free when it is spilled (those it shares with others do not count).</param>
/// <param name="LastUsedSeconds">When it was last part of a step, on the caller's clock.</param>
/// <param name="Priority">As in <see cref="Candidate"/>: 0 speaks to the player, higher is less urgent.</param>
/// <param name="Pinned">Never to be spilled: a system prefix, or in use by a step under way.</param>
internal readonly record struct Resident(int Id, int Blocks, double LastUsedSeconds, int Priority, bool Pinned);

/// <summary>Chooses whose blocks leave the device when there are not enough.</summary>
internal static class EvictionPolicy
{
    // Beyond this priorities cool alike: the factor is meant as a preference, not as a way around recency.
    private const int CoolingSteps = 8;

    /// <summary>
    /// Writes the ids to spill, coldest first, until they free <paramref name="blocksNeeded"/> blocks, and returns how many ids it wrote.
    /// Coldness is the time unused, doubled for each step down in priority. Pinned residents and those that would free nothing are never
    /// chosen.
    /// </summary>
    /// <param name="residents">All of them, with distinct ids.</param>
    /// <param name="blocksNeeded">Blocks to free; nothing is chosen when it is not above 0.</param>
    /// <param name="chosen">Room for as many ids as there are residents.</param>
    /// <param name="freed">Blocks that the chosen free: less than needed when all that may leave are not enough.</param>
    /// <exception cref="ArgumentException"><paramref name="chosen"/> is too short.</exception>
    public static int Choose(ReadOnlySpan<Resident> residents, int blocksNeeded, Span<int> chosen, out long freed)
    {
        if (chosen.Length < residents.Length)
            throw new ArgumentException($"{residents.Length} residents need room for as many ids, not for {chosen.Length}.",
                nameof(chosen));
        double newest = double.NegativeInfinity;
        foreach (Resident r in residents) newest = Math.Max(newest, r.LastUsedSeconds);

        int count = 0, last = -1;
        freed = 0;
        while (freed < blocksNeeded)
        {
            int next = -1;
            for (int i = 0; i < residents.Length; i++)
            {
                if (residents[i].Pinned || residents[i].Blocks <= 0) continue;
                if (last >= 0 && !IsColder(residents, last, i, newest)) continue;
                if (next < 0 || IsColder(residents, i, next, newest)) next = i;
            }
            if (next < 0) break;
            chosen[count++] = residents[next].Id;
            freed += residents[next].Blocks;
            last = next;
        }
        return count;
    }

    // A total order, so that the same residents leave in the same order however they are listed; index only parts equal ids.
    private static bool IsColder(ReadOnlySpan<Resident> residents, int a, int b, double newest)
    {
        Resident first = residents[a], second = residents[b];
        int order = Coldness(second, newest).CompareTo(Coldness(first, newest));
        if (order == 0) order = second.Priority.CompareTo(first.Priority);
        if (order == 0) order = second.Blocks.CompareTo(first.Blocks);
        if (order == 0) order = first.Id.CompareTo(second.Id);
        return order == 0 ? a < b : order < 0;
    }

    private static double Coldness(in Resident resident, double newest) =>
        (newest - resident.LastUsedSeconds) * (1 << Math.Clamp(resident.Priority, 0, CoolingSteps));
}
