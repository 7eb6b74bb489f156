// The bare SDK: one model, one world, two characters, a frame loop. Usage: HelloNpc MODEL.gguf
using System.Diagnostics;
using NpcMind;

if (args.Length != 1) throw new ArgumentException("Usage: HelloNpc MODEL.gguf");
using NpcRuntime runtime = NpcRuntime.Load(args[0], new NpcRuntimeOptions { ContextTokens = 1024 });
Console.WriteLine($"{runtime.ModelName} on {runtime.DeviceName}");

using Prefix world = runtime.CreatePrefix("A small harbour town. Last night somebody stole the golden bell from the church. The old baker saw a tall man with a red scarf run to the harbour.");
Npc mira = world.CreateNpc("Mira", "You are Mira, the old baker. You answer in one or two short sentences.");
Npc tom = world.CreateNpc("Tom", "You are Tom, a shy fisherman. You answer in one or two short sentences.");

ReplyOptions brief = new() { MaxTokens = 48, Temperature = 0.5f, Action = ActionType.Of<Gesture>() };
foreach ((Npc npc, string question) in new[] { (mira, "Did you see the thief?"), (tom, "What is your trade?"), (mira, "What did he wear?") })
{
    Console.Write($"\nPlayer: {question}\n{npc.Name}: ");
    Reply reply = npc.Hear("Player", question, brief);
    while (!reply.IsDone)
    {
        Stopwatch frame = Stopwatch.StartNew();
        runtime.Tick(FrameBudget.FromMilliseconds(8)); // a game renders here; the minds take 8 ms of its GPU
        while (reply.TryRead(out ReadOnlySpan<char> text)) Console.Out.Write(text);
        Thread.Sleep(Math.Max(0, 16 - (int)frame.ElapsedMilliseconds));
    }

    while (reply.TryRead(out ReadOnlySpan<char> rest)) Console.Out.Write(rest);
    Console.WriteLine(reply.TryTakeAction(out Gesture gesture) ? $"  [{gesture}]" : "");
}

/// <summary>What a character can do while it speaks.</summary>
[NpcAction]
internal enum Gesture
{
    None,
    Nod,
    Shrug,
    Point,
}
