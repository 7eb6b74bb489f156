using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>A tick never throws for what others did, and what one character cannot do the others can.</summary>
public sealed class PromiseTests : RuntimeTest
{
    private static readonly Sizes Home = new();

    [Test]
    public void Tick_WhenOneMindCannotGoOn_EndsItsReplyAlone()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "The gate.");
        ReplyOptions options = new() { MaxTokens = 6, Temperature = 0 };
        string expected = Say(runtime, world.CreateNpc("Tobin", "You."), "Well?", options);
        foreach (Npc npc in runtime.Npcs.ToArray()) npc.Dispose();
        Npc broken = world.CreateNpc("Mira", "You."), sound = world.CreateNpc("Tobin", "You.");
        Reply lost = broken.Hear("Player", "Well?", options), kept = sound.Hear("Player", "Well?", options);
        broken.Mind.Tokens[^1] = PictureToken.Of(5, 3); // of no picture
        Until(runtime, new TinyRandom(1), () => lost.IsDone && kept.IsDone);
        Assert.That((lost.End, kept.Text), Is.EqualTo((ReplyEnd.Failed, expected)));
        Assert.That(lost.Error, Does.Contain("Mira"));
    }

    [Test]
    public void Tick_WhenTheClockThrows_FailsAndGoesOnLater()
    {
        BadClock clock = new();
        using NpcRuntime runtime = Runtimes.New(Home with { Clock = clock });
        ReplyOptions options = new() { MaxTokens = 6, Temperature = 0 };
        Prefix world = runtime.CreatePrefix("The gate.");
        string expected = Say(runtime, world.CreateNpc("Mira", "You."), "Well?", options);
        runtime.Npcs[0].Dispose();
        Reply reply = world.CreateNpc("Mira", "You.").Hear("Player", "Well?", options);
        clock.IsBroken = true;
        TickReport report = default;
        Assert.That(() => report = runtime.Tick(FrameBudget.FromMilliseconds(5)), Throws.Nothing);
        Assert.That((report.Status, report.Error), Is.EqualTo((TickStatus.Failed, "The clock has stopped.")));
        clock.IsBroken = false;
        Until(runtime, new TinyRandom(2), () => reply.IsDone);
        Assert.That(reply.Text, Is.EqualTo(expected));
    }

    [Test]
    public void Tick_WhenTheDiskOfTheTraceIsFull_GoesOn()
    {
        NpcRuntime runtime = Use(Home);
        using FullDisk disk = new();
        NpcTrace trace = new(disk);
        runtime.Trace = trace;
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 8 });
        Until(runtime, new TinyRandom(1), () => reply.IsDone);
        for (int i = 0; i < 3000 && trace.Error is null; i++) runtime.Tick(FrameBudget.FromMilliseconds(0));
        runtime.Trace = null;
        Assert.That((reply.End, trace.Error), Is.EqualTo((reply.End, "No space left on device")));
        Assert.That(reply.End, Is.Not.EqualTo(ReplyEnd.Failed));
        Assert.That(trace.Dispose, Throws.Nothing);
    }

    private sealed class BadClock : TimeProvider
    {
        public bool IsBroken { get; set; }

        public override long GetTimestamp() => IsBroken ? throw new InvalidOperationException("The clock has stopped.")
            : base.GetTimestamp();
    }

    private sealed class FullDisk : MemoryStream
    {
        public override void Write(byte[] buffer, int offset, int count) => throw new IOException("No space left on device");

        public override void Write(ReadOnlySpan<byte> buffer) => throw new IOException("No space left on device");
    }
}
