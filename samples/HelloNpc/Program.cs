// The bare SDK: one model, one world, two characters, a frame loop. Usage: HelloNpc MODEL.gguf
using System.Diagnostics;
using NpcMind;

if (args.Length != 1) throw new ArgumentException("Usage: HelloNpc MODEL.gguf");
try
{
    using CancellationTokenSource cancel = new();
    Console.CancelKeyPress += (_, key) =>
    {
        key.Cancel = true;
        cancel.Cancel();
    };
    LoadingScreen screen = new();
    using NpcRuntime runtime = await NpcRuntime.LoadAsync(args[0], new NpcRuntimeOptions { ContextTokens = 1024 }, screen, cancel.Token);
    Console.WriteLine($"\r{runtime.ModelName} on {runtime.DeviceName}");

    using Prefix world = runtime.CreatePrefix(
        "A small harbour town. Last night somebody stole the golden bell from the church. The old baker saw a tall man with a red scarf " +
            "run to the harbour.");
    Npc mira = world.CreateNpc("Mira", "You are Mira, the old baker. You answer in one or two short sentences.");
    Npc tom = world.CreateNpc("Tom", "You are Tom, a shy fisherman. You answer in one or two short sentences.");

    Task talk = Talk(mira, tom);
    while (!talk.IsCompleted)
    {
        cancel.Token.ThrowIfCancellationRequested();
        Stopwatch frame = Stopwatch.StartNew();
        // A game moves and draws here.
        runtime.Tick(FrameBudget.FromMilliseconds(8)); // the minds take 8 ms of the frame's GPU time; Talk goes on at its end
        Thread.Sleep(Math.Max(0, 16 - (int)frame.ElapsedMilliseconds));
    }

    await talk;
    return 0;
}
catch (NpcMindException e) // a file, a model, the driver, a reply: what happened, and what to do
{
    Console.Error.WriteLine(e.Message);
    return 1;
}
catch (OperationCanceledException)
{
    return 2;
}

static async Task Talk(Npc mira, Npc tom)
{
    ReplyOptions brief = new() { MaxTokens = 48, Temperature = 0.5f };
    foreach ((Npc npc, string question) in new[] { (mira, "Did you see the thief?"), (tom, "What is your trade?"),
        (mira, "What did he wear?") })
    {
        Console.Write($"\nPlayer: {question}\n{npc.Name}: ");
        Reply<Gesture> reply = npc.Hear<Gesture>("Player", question, brief);
        await foreach (string text in reply) Console.Write(text); // as it comes, a word or so a frame
        Console.WriteLine(reply.TryTakeAction(out Gesture gesture) ? $"  [{gesture}]" : "");
    }

    Console.WriteLine($"\nWhat {mira.Name} remembers:");
    foreach (ConversationTurn line in mira.GetConversation()) Console.WriteLine($"  {line.Speaker}: {line.Text}");
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

/// <summary>Shows how far the model is loaded.</summary>
internal sealed class LoadingScreen : IProgress<LoadProgress>
{
    public void Report(LoadProgress value) => Console.Write($"\r{value.Stage}: {value.Fraction:P0}   ");
}
