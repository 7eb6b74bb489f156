using System.Diagnostics;
using NpcMind.Reference;
using NpcMind.SaveVictim;
using NpcMind.Tests.Gguf;
using NUnit.Framework;

namespace NpcMind.Tests.Persistence;

/// <summary>
/// Processes that save 4 MB minds in a loop are killed with SIGKILL at random moments, 150 times, or NPCMIND_SCENARIOS times that. Each
/// time the file must hold a whole mind: the one before the save in
/// progress or that one. This is the death of the process, not of the machine: what the disk keeps when power fails rests on fsync.
/// </summary>
internal sealed class SaveKillTests
{
    private static readonly int Kills = Scenarios.Count(150);
    private const int Workers = 3;

    [Test]
    public void Save_ProcessKilled_LeavesEarlierOrNewSave()
    {
        using TestFolder folder = new();
        long began = Stopwatch.GetTimestamp();
        int started = 0, inside = 0, during = 0;
        Exception? failure = null;
        Thread[] workers = [.. Enumerable.Range(0, Workers).Select(worker => new Thread(() =>
        {
            try
            {
                string path = folder.File($"mind {worker}");
                TinyRandom random = new(worker);
                int version = 0;
                SaveFile.WriteAtomically(path, stream =>
                    SaveCodec.Write(stream, VersionedMind.Create(0), (block, bytes) => VersionedMind.WriteBlock(0, block, bytes)));
                while (Volatile.Read(ref failure) is null && Interlocked.Increment(ref started) <= Kills)
                {
                    int announced = Kill(path, version + 1, random);
                    if (Leftovers(path) > 0) Interlocked.Increment(ref inside);
                    int loaded = Load(path);
                    if (loaded != announced && loaded != announced - 1)
                        throw new AssertionException($"save {announced} was in progress, version {loaded} was found");
                    if (loaded == announced - 1) Interlocked.Increment(ref during);
                    version = loaded;
                }
            }
            catch (Exception e)
            {
                Volatile.Write(ref failure, e);
            }
        }))];
        foreach (Thread worker in workers) worker.Start();
        foreach (Thread worker in workers) worker.Join();
        Assert.That(failure, Is.Null, failure?.ToString());
        TestContext.Out.WriteLine($"{Kills} kills: {inside} fell while the new file lay beside the old one, {during} left the old " +
            $"version, {Kills - during} the new one; {Stopwatch.GetElapsedTime(began).TotalSeconds:F0} s");
        Assert.That(inside, Is.GreaterThan(Kills / 5),
            "the kills must fall into saves; on a busy machine many fall before the victim has got as far as the file");
        Assert.That(Directory.GetFiles(Path.GetDirectoryName(folder.File("x"))!, "*.saving"), Has.Length.LessThanOrEqualTo(Workers),
            "each save removes what the killed one before it left");
    }

    /// <summary>
    /// Starts a victim, kills it a random time after a random one of its first saves began, and returns the last save it announced.
    /// </summary>
    private static int Kill(string path, int version, TinyRandom random)
    {
        using Process victim = Process.Start(new ProcessStartInfo(VictimPath, [path, $"{version}"]) { RedirectStandardOutput = true })!;
        Stream announcements = victim.StandardOutput.BaseStream;
        byte[] word = new byte[4];
        try
        {
            // The first save of a process is slow (its code is compiled), the later ones take 2 ms or so: a random time alone would hit
            // mostly the first.
            for (int saves = random.Below(6); saves >= 0; saves--) announcements.ReadExactly(word);
            long until = Stopwatch.GetTimestamp() + (long)(random.Uniform() * 0.004 * Stopwatch.Frequency);
            while (Stopwatch.GetTimestamp() < until) Thread.Sleep(0);
        }
        finally
        {
            victim.Kill();
        }

        int announced = BitConverter.ToInt32(word);
        while (announcements.ReadAtLeast(word, 4, throwOnEndOfStream: false) == 4) announced = BitConverter.ToInt32(word);
        victim.WaitForExit();
        Assert.That(victim.ExitCode, Is.EqualTo(128 + 9), "the victim died of something else than the kill");
        return announced;
    }

    private static int Load(string path)
    {
        LoadedMind loaded = SaveFile.Read(path, stream =>
        {
            LoadedMind mind = SaveCodec.Read(stream, (mind, block, bytes) => VersionedMind.IsBlock(int.Parse(mind.Name), block, bytes));
            Assert.That(stream.Position, Is.EqualTo(stream.Length));
            return mind;
        });
        int version = int.Parse(loaded.Mind.Name);
        Assert.That((loaded.KvBlocks, loaded.KvDamaged), Is.EqualTo((VersionedMind.Blocks, false)));
        Assert.That(SavedMinds.Describe(loaded.Mind), Is.EqualTo(SavedMinds.Describe(VersionedMind.Create(version))));
        return version;
    }

    private static int Leftovers(string path) => Directory.GetFiles(Path.GetDirectoryName(path)!, "*.saving")
        .Count(f => f.StartsWith(path, StringComparison.Ordinal));

    // The victim is built with the tests, into the same place below its own project.
    private static string VictimPath { get; } = Path.Combine(
        TestData.Root, "tests", "NpcMind.SaveVictim",
        Path.GetRelativePath(Path.Combine(TestData.Root, "tests", "NpcMind.Tests"), AppContext.BaseDirectory), "NpcMind.SaveVictim");
}
