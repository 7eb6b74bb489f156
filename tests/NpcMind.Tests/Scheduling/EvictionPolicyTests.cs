using CsCheck;
using NpcMind.Scheduling;
using NUnit.Framework;

namespace NpcMind.Tests.Scheduling;

internal sealed class EvictionPolicyTests
{
    private static readonly Gen<Resident[]> Residents =
        Gen.Select(Gen.Int[0, 6], Gen.Double[0, 100], Gen.Int[0, 3], Gen.Bool).Array[0, 20]
        .Select(all => all.Select((r, i) => new Resident(i, r.Item1, r.Item2, r.Item3, r.Item4)).ToArray());

    [Test]
    public void Choose_Enough_TakesFewestColdestAndNeverPinned() =>
        Gen.Select(Residents, Gen.Int[-2, 60]).Sample((residents, needed) =>
    {
        int[] chosen = Choose(residents, needed, out long freed);
        long possible = residents.Where(r => !r.Pinned).Sum(r => (long)r.Blocks);
        Assert.That(chosen, Is.Unique);
        Assert.That(freed, Is.EqualTo(chosen.Sum(id => residents[id].Blocks)));
        Assert.That(freed, Is.GreaterThanOrEqualTo(Math.Min(Math.Max(needed, 0), possible)));
        Assert.That(chosen.Select(id => residents[id]), Is.All.Matches<Resident>(r => !r.Pinned && r.Blocks > 0));
        if (chosen.Length > 0) Assert.That(freed - residents[chosen[^1]].Blocks, Is.LessThan(needed), "the last was not needed");

        double newest = residents.Select(r => r.LastUsedSeconds).DefaultIfEmpty().Max();
        double[] coldness = [.. chosen.Select(id => Coldness(residents[id], newest))];
        Assert.That(coldness, Is.Ordered.Descending);
        foreach (Resident kept in residents.Where(r => !r.Pinned && r.Blocks > 0 && !chosen.Contains(r.Id)))
            if (coldness.Length > 0) Assert.That(Coldness(kept, newest), Is.LessThanOrEqualTo(coldness[^1]));
    }, iter: 1000);

    [Test]
    public void Choose_OrderOfList_DoesNotMatter() => Gen.Select(Residents, Gen.Int[0, 60]).Sample((residents, needed) =>
        Choose(residents, needed, out _).SequenceEqual(Choose([.. residents.Reverse()], needed, out _)));

    [Test]
    public void Choose_EquallyOld_EvictsLessUrgent() =>
        Assert.That(Choose([new(0, 4, 10, 0, false), new(1, 4, 10, 2, false), new(2, 4, 20, 0, false)], 4, out _), Is.EqualTo(new[] { 1 }));

    [Test]
    public void Choose_TooSmallIdBuffer_IsRefused() =>
        Assert.Throws<ArgumentException>(() => EvictionPolicy.Choose([new Resident(0, 1, 0, 0, false)], 1, [], out _));

    private static double Coldness(Resident r, double newest) => (newest - r.LastUsedSeconds) * Math.Pow(2, r.Priority);

    private static int[] Choose(Resident[] residents, int needed, out long freed)
    {
        int[] chosen = new int[residents.Length];
        return chosen[..EvictionPolicy.Choose(residents, needed, chosen, out freed)];
    }
}
