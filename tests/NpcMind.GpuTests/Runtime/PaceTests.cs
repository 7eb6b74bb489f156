using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Who speaks when: readers, deadlines and priorities.</summary>
internal sealed class PaceTests : RuntimeTest
{
    /// <summary>
    /// Ticks after which something has stopped rather than being slow: a busy machine puts as little as one part of a dispatch into a tick.
    /// </summary>
    private const int SlowestMachine = 100_000;

    private static readonly Clock Time = new();
    private static readonly Sizes Home = new() { Clock = Time };

    [TestCase(10, 2)]
    [TestCase(30, 6)]
    public void Pace_Reader_TextLeadsByLeadOnly(double pace, int lead)
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        TinyRandom random = new(71);
        Npc npc = world.CreateNpc("Mira", "You."), other = world.CreateNpc("Ned", "You.");
        Reply reply = npc.Hear("Player", "Tell me.",
            new ReplyOptions { MaxTokens = 40, Temperature = 1, CharactersPerSecond = pace, LeadTokens = lead });
        Reply free = other.Hear("Player", "Tell me.", new ReplyOptions { MaxTokens = 40, Temperature = 1 });
        int waits = 0, tooLate = 0;
        double started = double.NaN, freeDone = double.NaN;
        for (int tick = 0; !reply.IsDone; tick++)
        {
            for (int i = 0; i < 3; i++)
            {
                runtime.Tick(FrameBudget.FromMilliseconds(20));
                Wait(runtime);
            }

            Assert.That(tick, Is.LessThan(SlowestMachine));
            double now = Time.Seconds;
            if (double.IsNaN(started) && reply.Characters > 0) started = now;
            if (double.IsNaN(freeDone) && free.IsDone) freeDone = now;
            if (npc.Waiting == NpcWait.Reader) waits++;
            if (reply.Words.Tokens > lead && !reply.IsDone)
            {
                double average = (double)reply.Characters / reply.Words.Tokens,
                ahead = (reply.Characters - (now - started) * pace) / average;
                // One more was chosen while there was room for it; it can be longer than the average was.
                Assert.That(ahead, Is.LessThan(lead + 3), $"token {reply.Words.Tokens}");
                if (ahead < 0) tooLate++;
            }

            Time.Advance(1 / 60.0);
        }

        Assert.That(waits, Is.GreaterThan(20));
        Assert.That(tooLate, Is.LessThan(waits / 4), "the reader seldom waits");
        Assert.That(freeDone - started, Is.LessThan((Time.Seconds - started) / 2), "without a reader it thinks ahead");
        Assert.That(reply.SecondsToFirstWord, Is.LessThan(0.5));
    }

    [Test]
    public void Schedule_UrgentCharacter_SpeaksBeforeTwentyOthers()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "The guard at the gate.");
        TinyRandom random = new(73);
        Npc[] others = [.. Enumerable.Range(0, 20).Select(i => world.CreateNpc($"npc {i}", Words(random, 15)))];
        foreach (Npc npc in others) npc.Hear("Player", Words(random, 15), new ReplyOptions { MaxTokens = 20 });
        for (int i = 0; i < 3; i++) Tick(runtime, random);
        Npc urgent = world.CreateNpc("Mira", Words(random, 15));
        urgent.Priority = NpcPriority.Foreground;
        Reply reply = urgent.Hear("Player", Words(random, 15), new ReplyOptions { MaxTokens = 20, Temperature = 1 });
        int before = others.Count(n => n.Reply!.Words.Tokens > 0), waited = 0;
        for (; reply.Words.Tokens == 0; waited++)
        {
            Assert.That(waited, Is.LessThan(SlowestMachine));
            runtime.Tick(FrameBudget.FromMilliseconds(1));
            Wait(runtime);
            Time.Advance(1 / 60.0);
        }

        Assert.That(others.Count(n => n.Reply!.Words.Tokens > 0) - before, Is.LessThanOrEqualTo(3));
        Assert.That(() => urgent.Priority = (NpcPriority)3, Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public void Schedule_EarlierDeadline_SpeaksFirst()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        TinyRandom random = new(74);
        Npc patient = world.CreateNpc("Patient", Words(random, 20)), hurried = world.CreateNpc("Hurried", Words(random, 20));
        Reply late = patient.Hear("Player", Words(random, 30),
            new ReplyOptions { MaxTokens = 5, FirstWordDeadline = TimeSpan.FromSeconds(20) });
        Reply soon = hurried.Hear("Player", Words(random, 30),
            new ReplyOptions { MaxTokens = 5, FirstWordDeadline = TimeSpan.FromSeconds(0.1) });
        for (int tick = 0; soon.Words.Tokens == 0; tick++)
        {
            Assert.That(late.Words.Tokens, Is.Zero);
            Assert.That(tick, Is.LessThan(SlowestMachine));
            runtime.Tick(FrameBudget.FromMilliseconds(0.5));
            Wait(runtime);
            Time.Advance(1 / 60.0);
        }

        Finish(runtime, random);
    }

    [Test]
    public void Tick_ZeroBudget_RecordsNothing()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 3 });
        for (int i = 0; i < 5; i++)
        {
            TickReport report = runtime.Tick(FrameBudget.FromMilliseconds(0));
            Assert.That((report.Status, report.Dispatches, report.PredictedMilliseconds), Is.EqualTo((TickStatus.Idle, 0, 0.0)));
        }

        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromSeconds(20)));
        Assert.That(npc.Reply!.IsDone);
        Assert.That(() => FrameBudget.FromMilliseconds(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private sealed class Clock : TimeProvider
    {
        private long _ticks;

        public double Seconds => (double)_ticks / TimestampFrequency;

        public override long TimestampFrequency => 10_000_000;

        public override long GetTimestamp() => _ticks;

        public void Advance(double seconds) => _ticks += (long)(seconds * TimestampFrequency);
    }
}
