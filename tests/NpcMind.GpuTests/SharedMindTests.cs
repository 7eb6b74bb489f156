using System.Diagnostics;
using System.Text;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Minds of a real model: what sharing and restoring are worth.</summary>
[Category("Shared")]
public sealed class SharedMindTests
{
    private static string Model => TestData.Shared("models", "SmolLM2-135M-Instruct.Q4_1.gguf");

    [Test]
    public void Restoring_a_mind_of_2000_tokens_takes_a_twentieth_of_reading_it_again()
    {
        using NpcRuntime runtime = NpcRuntime.Load(Model, new NpcRuntimeOptions { ContextTokens = 2304, MaxNpcs = 4, DeviceTokens = 3 * 2304, CacheFolder = "" });
        using Prefix nothing = runtime.CreatePrefix("");
        runtime.DefaultReply = new ReplyOptions { MaxTokens = 1, Temperature = 0 };
        string persona = Words(2000, runtime, nothing);

        Stopwatch reading = Stopwatch.StartNew();
        Npc read = nothing.CreateNpc("Reader", persona);
        Reply first = Say(runtime, read);
        reading.Stop();
        Assert.That(read.Tokens, Is.GreaterThan(2000));

        using MemoryStream save = new();
        read.Save(save);
        save.Position = 0;
        Stopwatch restoring = Stopwatch.StartNew();
        Npc restored = runtime.LoadNpc(save, nothing);
        Reply second = Say(runtime, restored);
        restoring.Stop();
        TestContext.Out.WriteLine($"{read.Tokens} tokens, {save.Length / 1e6:F1} MB: read {reading.Elapsed.TotalSeconds:F2} s, restored {restoring.Elapsed.TotalSeconds:F3} s, 1/{reading.Elapsed / restoring.Elapsed:F0}");
        Assert.That(second.Npc.Turns, Is.EqualTo(2));
        Assert.That(first.IsDone && second.IsDone);
        Assert.That(restoring.Elapsed.TotalSeconds, Is.LessThanOrEqualTo(reading.Elapsed.TotalSeconds / 20));
    }

    [Test]
    public void Fifty_characters_on_a_shared_world_of_2000_tokens_cost_one_world_and_their_own_words()
    {
        using NpcRuntime runtime = NpcRuntime.Load(Model, new NpcRuntimeOptions { ContextTokens = 2304, MaxNpcs = 51, DeviceTokens = 2304 + 51 * 96, HostTokens = 256, CacheFolder = "" });
        using Prefix nothing = runtime.CreatePrefix("");
        using Prefix world = runtime.CreatePrefix(Words(2000, runtime, nothing));
        Assert.That(world.Tokens, Is.GreaterThanOrEqualTo(2000));
        Npc[] npcs = [.. Enumerable.Range(0, 50).Select(i => world.CreateNpc($"Guest {i}", $"You are guest number {i} of the inn, you came from the north and you like to sing. Tonight you sit at table {i} and wait for somebody who has not come."))];
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)));
        (int free, int all) = runtime.Tick(FrameBudget.Milliseconds(0)).KvBlocks;
        int worldBlocks = (world.Tokens + 7) / 8, ownTokens = npcs.Sum(n => n.Tokens - n.SharedTokens);
        double copies = (all - free) / (worldBlocks + ownTokens / 8.0);
        TestContext.Out.WriteLine($"{all - free} blocks; one world {worldBlocks}, own tokens {ownTokens} ({ownTokens / 8.0:F1} blocks): {copies:F3} x; without sharing {npcs.Sum(n => (n.Tokens + 7) / 8)}");
        Assert.That(npcs.Min(n => n.SharedTokens), Is.GreaterThan(1990));
        Assert.That(copies, Is.LessThanOrEqualTo(1.1));
    }

    private static Reply Say(NpcRuntime runtime, Npc npc)
    {
        Reply reply = npc.Hear("Player", "Good evening.");
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5)));
        return reply;
    }

    /// <summary>Text of at least so many tokens.</summary>
    private static string Words(int tokens, NpcRuntime runtime, Prefix prefix)
    {
        StringBuilder text = new();
        for (int day = 1; runtime.Tokenizer.Encode(text.ToString()).Length < tokens; day++) text.Append($"On day {day} the ship number {day * 7 % 31} came to the harbour with {day % 5 + 2} barrels of salt. ");
        return text.ToString();
    }
}
