using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace NpcMind.Benchmarks;

/// <summary>
/// What it takes to read a mind of 2,000 tokens, and to restore it from a save in memory to its next word, three times by turns.
/// </summary>
internal static class Restoring
{
    private const int Days = 91, Context = 2304, Rounds = 3; // so many days are about 2,000 tokens of a large vocabulary

    public static void Run(string model)
    {
        using NpcRuntime runtime = NpcRuntime.Load(model,
            new NpcRuntimeOptions { ContextTokens = Context, MaxNpcs = 2, DeviceKvTokens = 3 * Context, CacheFolder = "" });
        using Prefix nothing = runtime.CreatePrefix("");
        runtime.DefaultReplyOptions = new ReplyOptions { MaxTokens = 1, Temperature = 0 };
        StringBuilder persona = new();
        for (int day = 1; day <= Days; day++)
            persona.Append(CultureInfo.InvariantCulture,
                $"On day {day} the ship number {day * 7 % 31} came to the harbour with {day % 5 + 2} barrels of salt. ");
        for (int round = 0; round < Rounds; round++)
        {
            long started = Stopwatch.GetTimestamp();
            Npc npc = nothing.CreateNpc("Reader", persona.ToString());
            NextWord(runtime, npc);
            double read = Stopwatch.GetElapsedTime(started).TotalSeconds;

            using MemoryStream save = new();
            npc.Save(save);
            save.Position = 0;
            started = Stopwatch.GetTimestamp();
            npc = runtime.LoadNpc(save, nothing);
            double loaded = Stopwatch.GetElapsedTime(started).TotalSeconds;
            NextWord(runtime, npc);
            double restored = Stopwatch.GetElapsedTime(started).TotalSeconds;
            Console.WriteLine(
                string.Create(CultureInfo.InvariantCulture,
                    $"{npc.Tokens} tokens, {save.Length / 1e6:F1} MB: read {read:F2} s; restored {restored:F3} s, of which loading " +
                    $"{loaded:F3} s: 1/{read / restored:F0}"));
            npc.Dispose();
        }
    }

    private static void NextWord(NpcRuntime runtime, Npc npc)
    {
        npc.Hear("Player", "Good evening.");
        if (!runtime.ThinkUntilIdle(TimeSpan.FromMinutes(5))) throw new InvalidOperationException("No word came within five minutes.");
    }
}
