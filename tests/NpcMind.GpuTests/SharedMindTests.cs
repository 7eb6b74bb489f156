using System.Text;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Minds of a real model: what sharing and restoring are worth. NPCMIND_SCENARIOS above 1 has more and longer ones.</summary>
[Category("Shared")]
internal sealed class SharedMindTests
{
    private static readonly bool Long = Scenarios.Factor > 1;
    private static readonly int Lore = Long ? 2000 : 500;

    private static string Model => TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf");

    /// <summary>How long both take is measured by <c>NpcMind.Benchmarks restoring</c>; here it is counted what is done.</summary>
    [Test]
    public void LoadNpc_LongMind_ReadsNothingButWhatIsNew()
    {
        using NpcRuntime runtime = NpcRuntime.Load(Model,
            new NpcRuntimeOptions { ContextTokens = 2304, MaxNpcs = 4, DeviceKvTokens = 3 * 2304, CacheFolder = "" });
        using Prefix nothing = runtime.CreatePrefix("");
        runtime.DefaultReplyOptions = new ReplyOptions { MaxTokens = 1, Temperature = 0 };
        Npc npc = nothing.CreateNpc("Reader", Words(Lore, runtime, nothing));
        (int read, _) = Say(runtime, npc);
        int before = npc.Tokens;

        using MemoryStream save = new();
        npc.Save(save);
        save.Position = 0;
        npc = runtime.LoadNpc(save, nothing);
        (int readAgain, int broughtBack) = Say(runtime, npc);
        TestContext.Out.WriteLine(
            $"{before} tokens, {save.Length / 1e6:F1} MB: {read} tokens read, {readAgain} after restoring; then {npc.Tokens} tokens");
        Assert.That(npc.TurnCount, Is.EqualTo(2));
        Assert.That(read, Is.GreaterThan(Lore));
        Assert.That(broughtBack, Is.EqualTo(1));
        Assert.That(readAgain, Is.InRange(1, npc.Tokens - before + 1)); // the word said last was not read yet
    }

    [Test]
    public void CreateNpc_ManyOnASharedWorld_CostOneWorldAndTheirOwnWords()
    {
        using NpcRuntime runtime = NpcRuntime.Load(Model,
            new NpcRuntimeOptions
            {
                ContextTokens = 2304,
                MaxNpcs = 51,
                DeviceKvTokens = 2304 + 51 * 96,
                HostKvTokens = 256,
                CacheFolder = ""
            });
        using Prefix nothing = runtime.CreatePrefix("");
        using Prefix world = runtime.CreatePrefix(Words(Lore, runtime, nothing));
        Assert.That(world.Tokens, Is.GreaterThanOrEqualTo(Lore));
        Npc[] npcs = [.. Enumerable.Range(0, Long ? 50 : 10)
            .Select(i =>
                world.CreateNpc($"Guest {i}",
                    $"You are guest number {i} of the inn, you came from the north and you like to sing. Tonight you sit at table {i} " +
                    $"and wait for somebody who has not come."))];
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)));
        (int free, int all) = runtime.Tick(FrameBudget.FromMilliseconds(0)).KvBlocks;
        int worldBlocks = (world.Tokens + 7) / 8, ownTokens = npcs.Sum(n => n.Tokens - n.SharedTokens);
        double copies = (all - free) / (worldBlocks + ownTokens / 8.0);
        TestContext.Out.WriteLine($"{all - free} blocks; one world {worldBlocks}, own tokens {ownTokens} ({ownTokens / 8.0:F1} blocks): " +
            $"{copies:F3} x; without sharing {npcs.Sum(n => (n.Tokens + 7) / 8)}");
        Assert.That(npcs.Min(n => n.SharedTokens), Is.GreaterThan(Lore - 10));
        Assert.That(copies, Is.LessThanOrEqualTo(1.1));
    }

    /// <summary>Lets it answer.</summary>
    /// <returns>Tokens that were read for it, and minds that came back from host memory.</returns>
    private static (int Read, int BroughtBack) Say(NpcRuntime runtime, Npc npc)
    {
        Reply reply = npc.Hear("Player", "Good evening.");
        int read = 0, broughtBack = 0;
        while (runtime.Tick(FrameBudget.FromMilliseconds(50)) is { Status: not TickStatus.Idle } report)
        {
            read += report.TokensProcessed;
            broughtBack += report.Restored;
            Assert.That(runtime.TryFlush());
        }

        Assert.That(reply.IsDone);
        return (read, broughtBack);
    }

    /// <summary>Text of at least so many tokens.</summary>
    private static string Words(int tokens, NpcRuntime runtime, Prefix prefix)
    {
        StringBuilder text = new();
        for (int day = 1; runtime.Tokenizer.Encode(text.ToString()).Length < tokens; day++)
            text.Append($"On day {day} the ship number {day * 7 % 31} came to the harbour with {day % 5 + 2} barrels of salt. ");
        return text.ToString();
    }
}
