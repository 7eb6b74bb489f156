using System.Buffers.Binary;
using NpcMind.GpuTests.Faults;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Saves that go on over ticks: they hold the moment of the call, and nothing waits for them.</summary>
internal sealed class AsyncSaveTests : RuntimeTest
{
    private const string Lore = "The old miller said that there was a light in the tower. Nobody had been there for seven winters.";
    private static readonly Sizes Home = new();
    private static readonly Sizes Elsewhere = new() { MaxRows = 16, Device = 1600, Quantum = 2 };
    private static readonly Sizes Seeing = new()
    {
        Model = TinyLlama4Options.Scout with { Blocks = 4, Tokenizer = true, ChatTemplate = true, Chunk = 40 },
        Eyes = new TinyEyesOptions(),
        Context = 320,
    };
    private static readonly ReplyOptions Short = new() { MaxTokens = 6, Temperature = 0 };

    [TestCase(false)]
    [TestCase(true)]
    public void SaveAsync_WhileOthersTalk_HoldsWhatSaveHoldsAtTheCall(bool sees)
    {
        NpcRuntime home = Use(sees ? Seeing : Home), elsewhere = Use(sees ? Seeing with { MaxRows = 16, Device = 1600 } : Elsewhere);
        Prefix world = World(home, Lore), there = World(elsewhere, Lore);
        TinyRandom random = new(31 + Scenarios.Seed);
        Until(elsewhere, random, () => there.IsReady);
        Npc bard = world.CreateNpc("Bard", "You sing.");
        int scenarios = Scenarios.Count(sees ? 18 : 42), withKv = 0, spilled = 0, underWay = 0;
        for (int scenario = 0; scenario < scenarios; scenario++)
        {
            Npc npc = world.CreateNpc($"save {scenario}", Words(random, 3));
            if (sees && random.Below(2) == 0) npc.See(NpcImage.FromRgba(50, 30, TestPictures.Rgba(50, 30, scenario)));
            if (random.Below(4) > 0) Say(home, npc, Words(random, 1 + random.Below(8)), Options(random), random);
            if (bard.Reply is null or { IsDone: true }) bard.Hear("Player", Words(random, 6), new ReplyOptions { MaxTokens = 20 });
            if (random.Below(4) > 0) npc.Hear("Player", Words(random, 1 + random.Below(12)), Options(random, 12));
            for (int ticks = random.Below(4) * random.Below(12); ticks > 0; ticks--) Tick(home, random);
            if (npc.Mind is { Slot: >= 0, RowsInStep: 0 } && random.Below(2) == 0 && home.Engine.Transfer.Spill(npc.Mind.Slot)) spilled++;
            if (npc.Mind.RowsInStep > 0) underWay++;
            npc.Reply?.TryRead(out _);

            using MemoryStream atOnce = new(), overTicks = new();
            npc.Save(atOnce);
            Task saving = npc.SaveAsync(overTicks);
            Change(npc, scenario % 6, random);
            Await(home, saving, random);
            Assert.That(saving.IsCompletedSuccessfully, $"scenario {scenario}: {saving.Exception}");
            Assert.That(Body(overTicks), Is.EqualTo(Body(atOnce)), $"scenario {scenario}");

            atOnce.Position = overTicks.Position = 0;
            Npc loaded = elsewhere.LoadNpc(atOnce, there);
            string next = Words(random, 4), expected = GoOn(elsewhere, loaded, next, random);
            loaded = Await(elsewhere, elsewhere.LoadNpcAsync(overTicks, there), random).Result;
            if (loaded.Mind.Slot >= 0) withKv++;
            Assert.That(overTicks.Position, Is.EqualTo(overTicks.Length));
            Assert.That(GoOn(elsewhere, loaded, next, random), Is.EqualTo(expected), $"scenario {scenario}");
            loaded.Dispose();
            npc.Dispose();
        }

        TestContext.Out.WriteLine($"{withKv} of {scenarios} with keys and values, {spilled} spilled, {underWay} within a step");
        Assert.That(withKv, Is.GreaterThan(scenarios / 3));
    }

    [Test]
    public void Tick_SaveAndLoadUnderWay_NeverWaitsForTheDevice()
    {
        using FaultDriver driver = new();
        using NpcRuntime runtime = Runtimes.New(Home, VulkanHost.CreateOwn());
        Prefix world = runtime.CreatePrefix(Lore);
        Npc npc = world.CreateNpc("Mira", "You."), other = world.CreateNpc("Tom", "You.");
        Say(runtime, npc, "Good morning.", Short);
        other.Hear("Player", "Where is the river?", new ReplyOptions { MaxTokens = 40 });
        using MemoryStream stream = new();
        (string Function, int Count)[] calls = driver.Count(() =>
        {
            Task saving = npc.SaveAsync(stream);
            TickUntil(runtime, saving);
            stream.Position = 0;
            TickUntil(runtime, runtime.LoadNpcAsync(stream, world));
        });
        Assert.That(calls.Select(c => c.Function), Does.Contain("vkQueueSubmit2"));
        Assert.That(calls.Select(c => c.Function), Has.None.Contains("Wait"));
        Assert.That(npc.IsDisposed, "another has its place");
        TestContext.Out.WriteLine($"keys and values: {runtime.Npcs[^1].Mind.Slot >= 0}");

        static void TickUntil(NpcRuntime runtime, Task task)
        {
            for (int i = 0; !task.IsCompleted; i++)
            {
                Assert.That(i, Is.LessThan(5000));
                runtime.Tick(FrameBudget.FromMilliseconds(5));
                Thread.Sleep(10);
            }

            Assert.That(task.IsCompletedSuccessfully, task.Exception?.ToString());
        }
    }

    [Test]
    public void SaveAsync_TicksWithoutBudget_DoesWithoutKeysAndValues()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You.");
        Say(runtime, npc, "Good morning.", Short);
        ulong submitted = runtime.Engine.Timeline.Submitted;
        using MemoryStream stream = new();
        Task saving = npc.SaveAsync(stream);
        int ticks = 0;
        for (; !saving.IsCompleted; ticks++)
        {
            Assert.That(runtime.Tick(FrameBudget.FromMilliseconds(0)).Status, Is.EqualTo(TickStatus.Idle));
            Assert.That(ticks, Is.LessThan(20_000));
            if (ticks > 100) Thread.Sleep(1);
        }

        Assert.That(ticks, Is.GreaterThan(20));
        Assert.That(runtime.Engine.Timeline.Submitted, Is.EqualTo(submitted));
        Assert.That(Saved(stream).Kv, Is.Null);
        string expected = Say(runtime, npc, "What?", Short);
        Assert.That(Say(runtime, runtime.LoadNpc(stream, world), "What?", Short), Is.EqualTo(expected));
    }

    [Test]
    public void SaveAsync_HostMemoryFull_DoesWithoutKeysAndValues()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, Lore).CreateNpc("Mira", "You.");
        Say(runtime, npc, "Good morning.", Short);
        List<int> taken = [];
        while (runtime.Engine.Host.TryTake(out int block)) taken.Add(block);
        using MemoryStream stream = new();
        Task saving = npc.SaveAsync(stream);
        Await(runtime, saving);
        foreach (int block in taken) runtime.Engine.Host.Pool.Return(block);
        Assert.That(Saved(stream).Kv, Is.Null);
    }

    [Test]
    [Validated]
    public void ThinkUntilIdle_SaveUnderWay_WaitsForIt()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, Lore).CreateNpc("Mira", "You.");
        Say(runtime, npc, "Good morning.", Short);
        using MemoryStream stream = new();
        Task saving = npc.SaveAsync(stream);
        Assert.That(saving.IsCompleted, Is.False);
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromMinutes(1)));
        Assert.That(saving.IsCompletedSuccessfully);
        Assert.That(Saved(stream).Kv!.Tokens, Is.GreaterThan(0));
    }

    [Test]
    [Validated]
    public void SaveAsync_ImagePending_WaitsForItAlsoWhenTheCharacterIsRemoved()
    {
        NpcRuntime runtime = Use(Seeing);
        Prefix world = World(runtime, "You keep the gate.");
        string expected = Ask(7, world.CreateNpc("Mira", ""));
        Npc npc = world.CreateNpc("Mira", "");
        npc.See(NpcImage.FromRgba(60, 50, TestPictures.Rgba(60, 50, 7)));
        using MemoryStream stream = new();
        Task saving = npc.SaveAsync(stream);
        npc.Dispose();
        for (int i = 0; i < 5; i++) runtime.Tick(FrameBudget.FromMilliseconds(0));
        Assert.That(saving.IsCompleted, Is.False);
        Assert.That(Await(runtime, saving).IsCompletedSuccessfully);
        stream.Position = 0;
        Npc loaded = runtime.LoadNpc(stream, world);
        Assert.That((loaded.PendingImages.Count, loaded.PendingImages[0].IsReady), Is.EqualTo((1, true)));
        Assert.That(Ask(0, loaded), Is.EqualTo(expected));

        string Ask(int picture, Npc asked)
        {
            if (picture > 0) asked.See(NpcImage.FromRgba(60, 50, TestPictures.Rgba(60, 50, picture)));
            string said = Say(runtime, asked, "What?", Short);
            asked.Dispose();
            return said;
        }
    }

    [Test]
    public void SaveAsync_TwoIntoOneStream_StandInTheOrderOfTheCalls()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc read = world.CreateNpc("Mira", "You."), unread = world.CreateNpc("Tom", "You.");
        Say(runtime, read, "Good morning.", Short);
        using MemoryStream stream = new();
        Task first = read.SaveAsync(stream), second = unread.SaveAsync(stream);
        Await(runtime, Task.WhenAll(first, second));
        Assert.That((first.IsCompletedSuccessfully, second.IsCompletedSuccessfully), Is.EqualTo((true, true)));
        stream.Position = 0;
        Task<Npc[]> both = Task.WhenAll(runtime.LoadNpcAsync(stream, world), runtime.LoadNpcAsync(stream, world));
        Assert.That(Await(runtime, both).Result.Select(n => n.Name), Is.EqualTo(new[] { "Mira", "Tom" }));
        Assert.That(runtime.Npcs, Is.EqualTo(both.Result));
    }

    [Test]
    public void SaveAsync_ToAFile_ReplacesItWhole()
    {
        string folder = Directory.CreateTempSubdirectory("npcmind-save").FullName, path = Path.Combine(folder, "mira.save");
        try
        {
            NpcRuntime runtime = Use(Home);
            Prefix world = World(runtime, Lore);
            Npc npc = world.CreateNpc("Mira", "You.");
            Assert.That(Await(runtime, npc.SaveAsync(path)).IsCompletedSuccessfully);
            byte[] before = File.ReadAllBytes(path);
            string said = Say(runtime, npc, "Good morning.", Short);
            using CancellationTokenSource stop = new();
            Task stopped = npc.SaveAsync(path, stop.Token);
            stop.Cancel();
            Assert.That(Await(runtime, stopped).IsCanceled);
            Assert.That(File.ReadAllBytes(path), Is.EqualTo(before));
            // A load waits for the save before it.
            Task saving = npc.SaveAsync(path);
            Npc loaded = Await(runtime, runtime.LoadNpcAsync(path, world)).Result;
            Assert.That((saving.IsCompletedSuccessfully, loaded.History[0].Said), Is.EqualTo((true, said)));
            Assert.That(Directory.GetFiles(folder), Has.Length.EqualTo(1));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Tick_AfterSavesAndLoads_AllocatesNothing()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You.");
        long worst = 0;
        for (int round = 0; round < 4; round++)
        {
            using MemoryStream stream = new();
            Await(runtime, npc.SaveAsync(stream));
            stream.Position = 0;
            npc = Await(runtime, runtime.LoadNpcAsync(stream, world)).Result;
            npc.Hear("Player", "What?", Short);
            for (int i = 0; i < 3000 && !npc.Reply!.IsDone; i++)
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                runtime.Tick(FrameBudget.FromMilliseconds(1));
                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Wait(runtime);
                if (round >= 2) worst = Math.Max(worst, allocated);
            }
        }

        Assert.That(worst, Is.Zero);
    }

    /// <summary>What becomes of the one that is being saved.</summary>
    private static void Change(Npc npc, int what, TinyRandom random)
    {
        if (what == 1) npc.Interrupt(0);
        else if (what == 2) npc.Forget();
        else if (what == 3) npc.Dispose();
        else if (what == 4) npc.Hear("Player", Words(random, 5), Options(random));
        else if (what == 5) npc.Persona = "You are another.";
    }

    private static string GoOn(NpcRuntime runtime, Npc npc, string next, TinyRandom random)
    {
        string before = Tokens();
        Reply? reply = npc.Reply;
        Until(runtime, random, () => reply is null or { IsDone: true });
        string after = Tokens(), said = Say(runtime, npc, next, Short, random);
        return $"{before}\n{reply?.Text} {reply?.End}\n{after}\n{said}\n{Tokens()}";

        string Tokens() => string.Join(' ', MindSaves.Plain(runtime, Log(npc)));
    }

    private static byte[] Body(MemoryStream stream)
    {
        byte[] bytes = stream.ToArray();
        return bytes[..(SaveHeader.Bytes + BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(12)))];
    }

    private static SavedMind Saved(MemoryStream stream)
    {
        stream.Position = 0;
        SavedMind mind = SaveCodec.Read(stream, null).Mind;
        stream.Position = 0;
        return mind;
    }

    [Test]
    public void Save_WhileASaveToTheSameFileIsUnderWay_IsTheOneThatStays()
    {
        string folder = Directory.CreateTempSubdirectory("npcmind-save").FullName, path = Path.Combine(folder, "mira.save");
        try
        {
            NpcRuntime runtime = Use(Home);
            Prefix world = World(runtime, Lore);
            Npc npc = world.CreateNpc("Mira", "You.");
            Say(runtime, npc, "Good morning.", Short);
            Task earlier = npc.SaveAsync(path);
            Say(runtime, npc, "Who?", Short);
            npc.Save(path);
            Await(runtime, earlier);
            Assert.That(runtime.LoadNpc(path, world).TurnCount, Is.EqualTo(2));
            File.Delete(path);
            Task saving = runtime.Npcs[^1].SaveAsync(path);
            Assert.That(runtime.LoadNpc(path, world).TurnCount, Is.EqualTo(2), "a load waits for the save before it");
            Assert.That(Await(runtime, saving).IsCompletedSuccessfully);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void LoadNpc_TwiceForOneCharacter_LastOneAskedForLives(bool isAsync)
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You.");
        using MemoryStream small = new(), large = new();
        npc.Save(small);
        for (int i = 0; i < 4; i++) Say(runtime, npc, "Where is the river, and where is the light?", Short);
        npc.Save(large);
        small.Position = large.Position = 0;
        Task<Npc> first = runtime.LoadNpcAsync(large, world);
        Npc last = isAsync ? Await(runtime, runtime.LoadNpcAsync(small, world)).Result : runtime.LoadNpc(small, world);
        Assert.That(Await(runtime, first).Result.IsDisposed);
        Assert.That((last.IsDisposed, last.TurnCount, runtime.Npcs.Count), Is.EqualTo((false, 0, 1)));
    }
}
