using System.Text;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Replies that are awaited or streamed instead of polled.</summary>
internal sealed class AwaitTests : RuntimeTest
{
    private static readonly ReplyOptions Short = new() { MaxTokens = 8, Temperature = 0 };

    private SynchronizationContext? _context;

    /// <summary>NUnit's context moves what follows an await to other threads; a game's brings it to its own.</summary>
    [SetUp]
    public void LeaveNUnitsContext()
    {
        _context = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null);
    }

    [TearDown]
    public void ReturnToNUnitsContext() => SynchronizationContext.SetSynchronizationContext(_context);

    [Test]
    public void Await_ReplyUnderWay_GoesOnInTheTickThatEndsIt()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Good morning.", Short);
        int thread = 0;
        Task<string> text = Text();
        Assert.That(text.IsCompleted, Is.False);
        Until(runtime, new TinyRandom(1), () => reply.IsDone);
        Assert.That(text.IsCompletedSuccessfully);
        Assert.That((text.Result, thread), Is.EqualTo((reply.Text, Environment.CurrentManagedThreadId)));
        Assert.That(reply.Completion.IsCompletedSuccessfully, "one that is over is there at once");

        async Task<string> Text()
        {
            Reply done = await reply;
            thread = Environment.CurrentManagedThreadId;
            return done.Text;
        }
    }

    [Test]
    public void AwaitForeach_ReplyUnderWay_StreamsAllOfItAndCanAskAgain()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        List<string> said = [];
        int pieces = 0;
        Task talk = Talk();
        Until(runtime, new TinyRandom(2), () => talk.IsCompleted);
        Assert.That(talk.IsCompletedSuccessfully, talk.Exception?.ToString());
        Assert.That(said, Is.EqualTo(npc.History.Select(t => t.Said)));
        Assert.That(pieces, Is.GreaterThan(3));

        async Task Talk()
        {
            foreach (string question in (string[])["Who?", "What?", "The river?"])
            {
                StringBuilder text = new();
                await foreach (string piece in npc.Hear("Player", question, Short))
                {
                    text.Append(piece);
                    pieces++;
                }

                said.Add(text.ToString());
            }
        }
    }

    [Test]
    public void Await_ReplyThatFails_ThrowsWhatEveryFailureDerivesFrom()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Good morning.", Short);
        Task<Reply> completion = reply.Completion;
        Task<int> streamed = Count();
        runtime.Scheduler.GiveUpAll("the test says so");
        runtime.Tick(FrameBudget.FromMilliseconds(1));
        Wait(runtime);
        Assert.That(async () => await completion,
            Throws.InstanceOf<NpcMindException>().With.Message.Contains("Mira").And.Message.Contains("the test says so"));
        Assert.That(async () => await streamed, Throws.InstanceOf<ReplyFailedException>());

        async Task<int> Count()
        {
            int pieces = 0;
            await foreach (string _ in reply) pieces++;
            return pieces;
        }
    }

    [Test]
    public void Await_RuntimeDisposed_IsNotWaitedForEver()
    {
        Task<Reply> completion;
        using (NpcRuntime runtime = Runtimes.New(new Sizes()))
        {
            Npc npc = runtime.CreatePrefix("The gate.").CreateNpc("Mira", "You.");
            completion = npc.Hear("Player", "Good morning.", Short).Completion;
        }

        Assert.That(completion.Result.End, Is.EqualTo(ReplyEnd.Interrupted));
    }

    [Test]
    public void Await_AfterTheDeviceWasLost_FailsAtOnce()
    {
        using NpcRuntime runtime = Runtimes.New(new Sizes());
        Reply reply = runtime.CreatePrefix("The gate.").CreateNpc("Mira", "You.").Hear("Player", "Good morning.", Short);
        runtime.IsLost = true;
        Task<Reply> completion = reply.Completion;
        Assert.That(completion.IsFaulted);
        Assert.That(completion.Exception!.InnerException, Is.TypeOf<ReplyFailedException>().With.Message.Contains("lost"));
    }

    [Test]
    public void Await_CancelledStream_StopsTheWaitingOnly()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Good morning.", Short);
        using CancellationTokenSource stop = new();
        Task stream = Stream();
        stop.Cancel();
        runtime.Tick(FrameBudget.FromMilliseconds(0));
        Assert.That(async () => await stream, Throws.InstanceOf<OperationCanceledException>());
        Until(runtime, new TinyRandom(3), () => reply.IsDone);
        Assert.That(reply.End, Is.EqualTo(ReplyEnd.Length).Or.EqualTo(ReplyEnd.Completed));

        async Task Stream()
        {
            await foreach (string _ in reply.WithCancellation(stop.Token))
            {
            }
        }
    }

    [Test]
    public void Hear_TypedAction_GivesItWithTheReply()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply<Gesture> reply = npc.Hear<Gesture>("Player", "Good morning.", Short);
        Until(runtime, new TinyRandom(4), () => reply.IsDone);
        Assert.That(reply.TryTakeAction(out Gesture gesture));
        Assert.That(Enum.IsDefined(gesture));
        Assert.That(reply.TryTakeAction(out _), Is.False, "once");
        Assert.That(() => npc.Hear<Gesture>("Player", "Well?", new ReplyOptions { Action = ActionType.Of<Trade>() }),
            Throws.ArgumentException);
    }

    [Test]
    public void Await_DeviceLostLater_FailsInTheNextTick()
    {
        using NpcRuntime runtime = Runtimes.New(new Sizes());
        Npc npc = runtime.CreatePrefix("The gate.").CreateNpc("Mira", "You.");
        Task<Reply> completion = npc.Hear("Player", "Good morning.", Short).Completion;
        runtime.IsLost = true;
        Assert.That(completion.IsCompleted, Is.False);
        runtime.Tick(FrameBudget.FromMilliseconds(1));
        Assert.That(completion.Exception!.InnerException, Is.TypeOf<ReplyFailedException>().With.Message.Contains("lost"));
    }

    [Test]
    public void Await_WaiterThatThrows_KeepsNobodyElseWaiting()
    {
        NpcRuntime runtime = Use(new Sizes());
        Reply reply = World(runtime, "The gate.").CreateNpc("Mira", "You.").Hear("Player", "Good morning.", Short);
        reply.GetAwaiter().OnCompleted(() => throw new InvalidOperationException("a fault of the game"));
        bool isTold = false;
        reply.GetAwaiter().OnCompleted(() => isTold = true);
        Until(runtime, new TinyRandom(1), () => reply.IsDone);
        Assert.That(isTold);
    }

    [Test]
    public void ThinkUntilIdle_ReplyThatWaitsForTheDevice_IsThoughtToItsEnd()
    {
        NpcRuntime runtime = Use(new Sizes());
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        for (int i = 0; i < 5; i++)
        {
            Reply reply = npc.Hear("Player", "Good morning.", Short with { Grammar = Grammar.Parse("root ::= [a-z ]+", "letters") });
            while (reply.Words.Tokens == 0) runtime.Tick(FrameBudget.FromMilliseconds(20));
            Thread.Sleep(10);
            runtime.Tick(FrameBudget.FromMilliseconds(20));
            Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(1)));
            Assert.That(reply.IsDone);
        }
    }

    [Test]
    public void ThinkUntilIdle_RuntimeDisposedByAWaiter_Ends()
    {
        using NpcRuntime runtime = Runtimes.New(new Sizes());
        Prefix world = runtime.CreatePrefix("The gate.");
        Task game = Game(world.CreateNpc("Mira", "You.").Hear("Player", "Good morning.", Short));
        world.CreateNpc("Tom", "You.").Hear("Player", "Good morning.", Short with { MaxTokens = 60 });
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(1)), Is.False);
        Assert.That(game.IsCompletedSuccessfully);

        async Task Game(Reply reply)
        {
            await reply;
            runtime.Dispose();
        }
    }
}
