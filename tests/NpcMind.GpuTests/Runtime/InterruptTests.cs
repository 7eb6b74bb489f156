using NpcMind.Reference;
using NpcMind.Text;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Replies that are interrupted and characters that are removed, anywhere.</summary>
internal sealed class InterruptTests : RuntimeTest
{
    private static readonly Sizes Home = new();

    [Test]
    public void Interrupt_Reply_MindKeepsWhatWasHeardAndGoesOn()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "The guard at the gate asks you for the news.");
        TinyRandom random = new(41 + Scenarios.Seed);
        int inPrompt = 0, inSpeech = 0, inAction = 0, after = 0;
        for (int scenario = 0; scenario < Scenarios.Count(40) || (IsRare() && scenario < 400); scenario++)
        {
            // How many tokens a tick brings depends on the machine: the moments inside an action, which are short, are waited for,
            // and scenarios go on until every moment was met.
            bool wantsAction = scenario % 6 == 0;
            Npc npc = world.CreateNpc($"interrupted {scenario}", Words(random, 3));
            if (random.Below(2) == 0) Say(runtime, npc, Words(random, 3), Options(random), random);
            Reply reply = npc.Hear("Player", Words(random, 1 + random.Below(20)),
                Options(random, 14) with { Action = wantsAction || random.Below(3) == 0 ? ActionType.Of<Gesture>() : null });
            int[] heardLog = Log(npc);
            for (int ticks = random.Below(4) * random.Below(16); ticks > 0; ticks--) Tick(runtime, random);
            while (wantsAction && !reply.InAction && !reply.IsDone) Tick(runtime, random);
            if (reply.IsDone) after++;
            else if (reply.InAction) inAction++;
            else if (reply.Words.Tokens > 0) inSpeech++;
            else inPrompt++;
            int[] said = Log(npc)[heardLog.Length..][..reply.Words.Tokens];
            string text = reply.Text;
            int heard = random.Below(text.Length + 2);
            bool cuts = !reply.IsDone || heard < text.Length;
            npc.Interrupt(heard);
            int[] log = Log(npc);
            int kept = log.Length - heardLog.Length;
            Assert.That(log[..heardLog.Length], Is.EqualTo(heardLog));
            if (cuts)
            {
                Assert.That(log[heardLog.Length..], Is.EqualTo(said[..kept]));
                Assert.That(kept, Is.EqualTo(Enumerable.Range(0, said.Length + 1).Last(n => Decode(runtime, said[..n]).Length <= heard)));
                Assert.That(reply.Text, Is.EqualTo(Decode(runtime, said[..kept])));
                Assert.That(reply.TryTakeAction<Gesture>(out _), Is.False);
                Assert.That(reply.IsDone);
            }

            if (random.Below(3) > 0) for (int ticks = random.Below(6); ticks > 0; ticks--) Tick(runtime, random);
            Assert.That(Log(npc), Is.EqualTo(log), "nothing comes after an interruption");
            string next = Words(random, 3);
            ReplyOptions options = Options(random);
            string expected = Say(runtime, npc, next, options, random);
            int[] expectedLog = Log(npc);
            npc.Dispose();
            Npc fresh = Same(world, npc, log);
            Assert.That(Say(runtime, fresh, next, options, random), Is.EqualTo(expected), $"scenario {scenario}");
            Assert.That(Log(fresh), Is.EqualTo(expectedLog));
            fresh.Dispose();
        }

        Assert.That(IsRare(), Is.False, $"{inPrompt} in the prompt, {inSpeech} in speech, {inAction} in actions, {after} after the end");

        bool IsRare() => Math.Min(Math.Min(inPrompt, inSpeech), Math.Min(inAction, after)) < 5;
    }

    [Test]
    public void Hear_DuringReply_InterruptsWhereTheGameHasRead()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "");
        TinyRandom random = new(43 + Scenarios.Seed);
        int cut = 0, scenarios = Scenarios.Count(16);
        for (int scenario = 0; scenario < scenarios || (cut < 4 && scenario < 160); scenario++)
        {
            Npc npc = world.CreateNpc($"busy {scenario}", "You talk and talk.");
            Reply first = npc.Hear("Player", Words(random, 4), new ReplyOptions { MaxTokens = 30, Temperature = 1 });
            string read = "";
            for (int ticks = random.Below(80); ticks > 0; ticks--)
            {
                Tick(runtime, random);
                if (random.Below(4) == 0 && first.TryRead(out ReadOnlySpan<char> text)) read += text.ToString();
            }

            bool open = !first.IsDone;
            Reply second = npc.Hear("Player", "Stop.", new ReplyOptions { MaxTokens = 4 });
            Assert.That(first.IsDone);
            if (open)
            {
                cut++;
                Assert.That(first.End, Is.EqualTo(ReplyEnd.Interrupted));
                Assert.That(read, Does.StartWith(first.Text));
                Assert.That(runtime.Tokenizer.Decode(Log(npc)), Does.Contain("Player: Stop."));
            }

            Until(runtime, random, () => second.IsDone);
            Assert.That(first.TryRead(out _), Is.EqualTo(!open && first.Text.Length > read.Length));
            npc.Dispose();
        }

        Assert.That(cut, Is.GreaterThanOrEqualTo(4));
    }

    [Test]
    public void Npc_CreatedAndDisposedDuringSteps_OthersGoOn()
    {
        NpcRuntime runtime = Use(Home with { Device = 800, Host = 256, Quantum = 0.05 });
        TinyRandom random = new(47 + Scenarios.Seed);
        List<Prefix> worlds = [];
        Dictionary<Npc, Reply> replies = [];
        for (int tick = 0; tick < Scenarios.Count(600); tick++)
        {
            int what = random.Below(12);
            if (what < 3 && runtime.Npcs.Count < Home.MaxNpcs)
            {
                while (worlds.Count < 2) worlds.Add(World(runtime, Words(random, 10 + random.Below(30))));
                Npc npc = worlds[random.Below(2)].CreateNpc($"{tick}", Words(random, 3));
                npc.Priority = (NpcPriority)random.Below(3);
                replies[npc] = npc.Hear("", Words(random, 5), Options(random, 6));
            }
            else if (what < 5 && runtime.Npcs.Count > 0)
            {
                Npc npc = runtime.Npcs[random.Below(runtime.Npcs.Count)];
                npc.Dispose();
                npc.Dispose();
                Assert.That(replies[npc].IsDone);
                Assert.That(() => npc.Save(Stream.Null), Throws.InstanceOf<ObjectDisposedException>());
            }
            else if (what == 5 && random.Below(6) == 0 && worlds.Count > 0)
            {
                worlds[0].Dispose(); // those who began with it live on
                Assert.That(() => worlds[0].CreateNpc("late", ""), Throws.InstanceOf<ObjectDisposedException>());
                Assert.That(() => worlds[0].CreatePrefix("late"), Throws.InstanceOf<ObjectDisposedException>());
                worlds.RemoveAt(0);
            }

            Tick(runtime, random);
        }

        Finish(runtime, random);
    }

    /// <summary>A new character that remembers the same.</summary>
    private static Npc Same(Prefix world, Npc npc, int[] log)
    {
        Npc fresh = world.CreateNpc(npc.Name, npc.Persona);
        fresh.Conversation.Restore([.. log]);
        fresh.Mind.Shared = npc.Mind.Shared;
        fresh.History.Add(new Turn("as before") { HeardTokens = log.Length });
        return fresh;
    }

    /// <summary>Whole characters only.</summary>
    private static string Decode(NpcRuntime runtime, int[] tokens)
    {
        Utf8TokenDecoder decoder = new();
        return string.Concat(tokens.Select(t => decoder.Append(runtime.Tokenizer.Bytes(t)).ToString()));
    }
}
