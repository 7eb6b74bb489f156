using NpcMind.Gpu;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Runtimes on a game's device and in its command buffers, and runtimes that are used badly.</summary>
[Validated]
internal sealed class HostTests : RuntimeTest
{
    private static readonly Sizes Home = new();

    /// <summary>
    /// Lavapipe has one queue: the queue that the game submits to is the one it shares. On a device with more, the device of the tests
    /// still makes one.
    /// </summary>
    [Test]
    public void UseExisting_GameCommandBuffers_MindsSayTheSame()
    {
        string[] expected = Conversation(Use(Home), (runtime, milliseconds) =>
        {
            runtime.Tick(FrameBudget.FromMilliseconds(milliseconds));
            Wait(runtime);
        });
        using GpuDevice device = Runtimes.NewDevice();
        VulkanHost host = VulkanHost.UseExisting(device.Instance.Handle, device.Physical.Handle, device.Handle.Handle, device.Queue.Handle,
            device.QueueFamily, new object());
        using (NpcRuntime shared = Runtimes.New(Home, host))
        {
            Assert.That(shared.DeviceName, Is.EqualTo(device.Limits.Name));
            Assert.That(Conversation(shared, (runtime, milliseconds) =>
            {
                runtime.Tick(FrameBudget.FromMilliseconds(milliseconds));
                Wait(runtime);
            }), Is.EqualTo(expected), "in submissions of its own");
            using GameFrames frames = new(device);
            int behind = 0;
            Assert.That(Conversation(shared, (runtime, milliseconds) =>
            {
                if (frames.Tick(runtime, milliseconds).Status == TickStatus.DeviceBehind) behind++;
            }), Is.EqualTo(expected), "in the game's command buffers");
            frames.Wait();
            Assert.That(behind, Is.Zero);
        }

        // The device stays with the game.
        using (NpcRuntime again = Runtimes.New(Home, host)) Assert.That(again.ThinkUntilIdle(TimeSpan.FromSeconds(5)));
        GpuFixture.CheckValidation(device);
    }

    [Test]
    public void Runtime_Misuse_ThrowsAndHarmsNothing()
    {
        NpcRuntime runtime = Use(Home), other = Use(Home with { MaxRows = 64 });
        Prefix world = World(runtime, ""), elsewhere = World(other, "");
        Npc npc = world.CreateNpc("Mira", "You.");
        string expected = Say(runtime, npc, "Well?", new ReplyOptions { MaxTokens = 5 });
        Assert.That(() => npc.Hear("Player", "x", new ReplyOptions { Temperature = -1 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => npc.Hear("Player", "x", new ReplyOptions { MaxTokens = 0 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => npc.Hear("Player", "x", new ReplyOptions { StopStrings = [""] }), Throws.InstanceOf<ArgumentException>());
        Assert.That(() => npc.Hear("Player", "x", new ReplyOptions { CharactersPerSecond = 0 }), Throws.InstanceOf<ArgumentException>());
        Assert.That(
            () => npc.Hear("Player", "x",
                new ReplyOptions { Action = ActionType.Of<Walk>(), LegalActions = new LegalActions(ActionType.Of<Trade>()) }),
                Throws.InstanceOf<ArgumentException>());
        Assert.That(() => npc.Hear(null!, "x"), Throws.InstanceOf<ArgumentNullException>());
        Assert.That(() => npc.Interrupt(-1), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => world.CreateNpc("", "You."), Throws.ArgumentException);
        using MemoryStream save = new();
        npc.Save(save);
        save.Position = 0;
        Assert.That(() => runtime.LoadNpc(save, elsewhere), Throws.ArgumentException);
        Assert.That(() => runtime.LoadNpc(new MemoryStream(), world), Throws.InstanceOf<SaveFormatException>());
        Assert.That(() => runtime.LoadNpc("/no/such/save", world), Throws.InstanceOf<SaveFileException>());
        Assert.That(() => npc.Save("/no/such/folder/save"), Throws.InstanceOf<SaveFileException>());
        Assert.That(npc.IsDisposed, Is.False);

        while (runtime.Npcs.Count < Home.MaxNpcs) world.CreateNpc($"npc {runtime.Npcs.Count}", "You.");
        Assert.That(() => world.CreateNpc("One more", "You."), Throws.InvalidOperationException.With.Message.Contains("MaxNpcs"));
        save.Position = 0;
        npc = runtime.LoadNpc(save, world); // takes the place of the one that lives
        while (true)
        {
            try
            {
                World(runtime, "Another.");
            }
            catch (InvalidOperationException e)
            {
                Assert.That(e.Message, Does.Contain("MaxPrefixes"));
                break;
            }
        }

        npc.Dispose();
        Assert.That(Say(runtime, world.CreateNpc("Mira", "You."), "Well?", new ReplyOptions { MaxTokens = 5 }), Is.EqualTo(expected));
    }

    [Test]
    public void Load_InvalidOptionsOrDisposedRuntime_Throws()
    {
        string path = TinyEngines.Path(Sizes.Chat);
        NpcRuntimeOptions good = new() { CacheFolder = "", Host = VulkanHost.CreateOwn(validate: true), ContextTokens = 256 };
        foreach (NpcRuntimeOptions bad in (NpcRuntimeOptions[])[good with { MaxNpcs = 0 }, good with { MaxPrefixes = 0 },
            good with { ContextTokens = 10 }, good with { DeviceKvTokens = 100 }, good with { MaxTokensPerStep = 30 },
            good with { MaxTokensPerStep = 0 }, good with { MaxDispatchMilliseconds = 0 }, good with { MaxFramesPerStep = 0 }])
            Assert.That(() => NpcRuntime.Load(path, bad).Dispose(), Throws.InstanceOf<ArgumentException>(), $"{bad}");
        Assert.That(() => NpcRuntime.Load("/no/such/model.gguf", good), Throws.TypeOf<FileReadException>());

        NpcRuntime runtime = NpcRuntime.Load(path, good);
        Prefix world = runtime.CreatePrefix("The gate.");
        Npc npc = world.CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Well?");
        runtime.Tick(FrameBudget.FromMilliseconds(5));
        runtime.Dispose();
        runtime.Dispose();
        Assert.That(reply.End, Is.EqualTo(ReplyEnd.Interrupted));
        Assert.That(() => runtime.Tick(FrameBudget.FromMilliseconds(1)), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => runtime.CreatePrefix(""), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => world.CreateNpc("Ned", ""), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => npc.Hear("Player", "Hello?"), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(() => runtime.LoadNpc(new MemoryStream(), world), Throws.InstanceOf<ObjectDisposedException>());
        world.Dispose();
        Assert.That(runtime.ValidationMessages, Is.Empty);
    }

    private static string[] Conversation(NpcRuntime runtime, Action<NpcRuntime, double> tick)
    {
        using Prefix world = runtime.CreatePrefix("The old miller said that there was a light in the tower.");
        TinyRandom random = new(81), budgets = new(82);
        Npc[] npcs = [.. Enumerable.Range(0, 4).Select(i => world.CreateNpc($"npc {i}", Words(random, 4)))];
        List<string> said = [];
        for (int turn = 0; turn < 2; turn++)
        {
            foreach (Npc npc in npcs) npc.Hear("Player", Words(random, 5), new ReplyOptions { MaxTokens = 8, Temperature = 1 });
            for (int i = 0; npcs.Any(n => !n.Reply!.IsDone); i++)
            {
                Assert.That(i, Is.LessThan(100_000));
                tick(runtime, 0.2 + budgets.Below(3));
            }

            said.AddRange(npcs.Select(n => n.Reply!.Text));
        }

        foreach (Npc npc in npcs) npc.Dispose();
        return [.. said];
    }
}
