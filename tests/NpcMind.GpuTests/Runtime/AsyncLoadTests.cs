using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Loads that go on over ticks: nothing changes before the tick that makes the character, and nothing after a failure.</summary>
internal sealed class AsyncLoadTests : RuntimeTest
{
    private const string Lore = "The old miller said that there was a light in the tower. Nobody had been there for seven winters.";
    private static readonly Sizes Home = new();
    private static readonly ReplyOptions Short = new() { MaxTokens = 6, Temperature = 0 };

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
    [Validated]
    public void LoadNpcAsync_Awaited_GoesOnInTheTickThatMakesTheCharacter()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You keep the gate.");
        byte[] save = Save(runtime, npc);
        string expected = Say(runtime, npc, "What?", Short);
        (int Thread, bool HasKv, bool IsOnlyOne) found = default;
        Task<string> talk = Talk();
        Assert.That(npc.IsDisposed, Is.False);
        Assert.That(Await(runtime, talk).Result, Is.EqualTo(expected));
        Assert.That(found, Is.EqualTo((Environment.CurrentManagedThreadId, true, true)));
        Assert.That(npc.IsDisposed);

        async Task<string> Talk()
        {
            using MemoryStream stream = new(save);
            Npc loaded = await runtime.LoadNpcAsync(stream, world);
            found = (Environment.CurrentManagedThreadId, loaded.Mind.Slot >= 0, runtime.Npcs.Single() == loaded);
            return (await loaded.Hear("Player", "What?", Short)).Text;
        }
    }

    [Test]
    public void LoadNpcAsync_DamagedSave_FailsAsLoadNpcDoes()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You keep the gate.");
        byte[] save = Save(runtime, npc);
        byte[] body = [.. save], header = [.. save];
        body[SaveHeader.Bytes + 20] ^= 1;
        header[9] ^= 1;
        string folder = Directory.CreateTempSubdirectory("npcmind-load").FullName, path = Path.Combine(folder, "mira.save");
        try
        {
            foreach (byte[] damaged in (byte[][])[body, header, save[..(SaveHeader.Bytes + 9)], []])
            {
                Exception? expected = Assert.Catch(() => runtime.LoadNpc(new MemoryStream(damaged), world));
                Task<Npc> loading = runtime.LoadNpcAsync(new MemoryStream(damaged), world);
                Assert.That(Failure(loading), Is.TypeOf(expected!.GetType()).With.Message.EqualTo(expected.Message));
                File.WriteAllBytes(path, damaged);
                Assert.That(Failure(runtime.LoadNpcAsync(path, world)), Is.TypeOf<SaveFormatException>().With.Message.Contains(path));
            }

            Assert.That(Failure(runtime.LoadNpcAsync(path + "2", world)), Is.TypeOf<SaveFileException>().With.Message.Contains(path));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        Assert.That(runtime.Npcs, Is.EqualTo(new[] { npc }));
        Assert.That(Say(runtime, npc, "What?", Short), Is.Not.Null);

        Exception Failure(Task<Npc> loading) => Await(runtime, Task.WhenAny(loading)).Result.Exception!.InnerException!;
    }

    [Test]
    public void LoadNpcAsync_Misuse_ThrowsAtOnce()
    {
        NpcRuntime runtime = Use(Home), other = Use(Home with { MaxRows = 16, Device = 1600, Quantum = 2 });
        Prefix world = World(runtime, Lore), gone = World(runtime, "Gone."), foreign = World(other, Lore);
        gone.Dispose();
        using MemoryStream stream = new();
        Assert.That(() => runtime.LoadNpcAsync(stream, foreign), Throws.ArgumentException);
        Assert.That(() => runtime.LoadNpcAsync(stream, gone), Throws.TypeOf<ObjectDisposedException>());
        Assert.That(() => runtime.LoadNpcAsync((Stream)null!, world), Throws.ArgumentNullException);
        Assert.That(runtime.LoadNpcAsync(stream, world, null, new CancellationToken(canceled: true)).IsCanceled);
        Assert.That(runtime.Saves.IsBusy, Is.False);
    }

    [Test]
    public void LoadNpcAsync_CancelledOrPrefixDisposed_ChangesNothing()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore), soonGone = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You keep the gate.");
        byte[] save = Save(runtime, npc);
        using CancellationTokenSource stop = new();
        Task<Npc> stopped = runtime.LoadNpcAsync(new MemoryStream(save), world, null, stop.Token);
        Task<Npc> homeless = runtime.LoadNpcAsync(new MemoryStream(save), soonGone);
        Assert.That((stopped.IsCompleted, homeless.IsCompleted), Is.EqualTo((false, false)));
        stop.Cancel();
        soonGone.Dispose();
        Await(runtime, Task.WhenAny(Task.WhenAll(stopped, homeless)));
        Assert.That(stopped.IsCanceled);
        Assert.That(homeless.Exception!.InnerException, Is.TypeOf<ObjectDisposedException>());
        Assert.That((npc.IsDisposed, runtime.Npcs.Count), Is.EqualTo((false, 1)));
    }

    [TestCase(true)]
    [TestCase(false)]
    public void LoadNpcAsync_WithoutHostMemoryOrBudget_IsReadAgain(bool hasBudget)
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You keep the gate."), other = world.CreateNpc("Tom", "You.");
        byte[] save = Save(runtime, npc);
        Say(runtime, other, "Good morning.", Short);
        string expected = Say(runtime, npc, "What?", Short);
        List<int> taken = [];
        while (hasBudget && runtime.Engine.Host.TryTake(out int block)) taken.Add(block);
        // A copy that is queued, and that no tick makes, may be one of the blocks that the load would take.
        if (!hasBudget) Assert.That(runtime.Engine.Transfer.Spill(other.Mind.Slot));
        Task<Npc> loading = runtime.LoadNpcAsync(new MemoryStream(save), world);
        for (int i = 0; !loading.IsCompleted; i++)
        {
            Assert.That(i, Is.LessThan(20_000));
            runtime.Tick(FrameBudget.FromMilliseconds(hasBudget ? 5 : 0));
            Wait(runtime);
            Thread.Sleep(1);
        }

        foreach (int block in taken) runtime.Engine.Host.Pool.Return(block);
        Assert.That(loading.Result.Mind.Slot, Is.Negative);
        Assert.That(Say(runtime, loading.Result, "What?", Short), Is.EqualTo(expected));
    }

    [Test]
    public void LoadNpcAsync_RuntimeDisposed_Fails()
    {
        byte[] save = Save(Use(Home), World(Use(Home), Lore).CreateNpc("Mira", "You keep the gate."));
        Task<Npc> early, late;
        using (NpcRuntime runtime = Runtimes.New(Home))
        {
            Prefix world = runtime.CreatePrefix(Lore);
            Until(runtime, new TinyRandom(1), () => world.IsReady);
            early = runtime.LoadNpcAsync(new MemoryStream(save), world);
            for (int i = 0; i < 2; i++)
            {
                runtime.Tick(FrameBudget.FromMilliseconds(0));
                Thread.Sleep(20);
            }

            late = runtime.LoadNpcAsync(new MemoryStream(save), world);
        }

        Assert.That(Task.WhenAny(Task.WhenAll(early, late)).Wait(TimeSpan.FromMinutes(1)));
        foreach (Task<Npc> task in (Task<Npc>[])[early, late])
            Assert.That(task.Exception!.InnerException, Is.TypeOf<ObjectDisposedException>());
    }

    /// <summary>A save of a character that has talked, with its keys and values.</summary>
    private static byte[] Save(NpcRuntime runtime, Npc npc)
    {
        Say(runtime, npc, "Good morning.", Short);
        using MemoryStream stream = new();
        npc.Save(stream);
        return stream.ToArray();
    }
}
