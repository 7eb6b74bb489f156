using NpcMind.Gpu;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Frames that the game records and never submits, as when its swapchain is out of date (report share-dropped-frame).</summary>
internal sealed class DroppedFrameTests : RuntimeTest
{
    private static readonly Sizes Home = new() { Device = 320, MaxRows = 16 };
    private static readonly Sizes Eyed = new()
    {
        Model = TinyLlama4Options.Scout with { Blocks = 2, Tokenizer = true, ChatTemplate = true, Chunk = 40 },
        Eyes = new TinyEyesOptions(),
        Device = 320,
        MaxRows = 16,
    };

    private static IEnumerable<TestCaseData> Cases => from eyes in (bool[])[false, true]
                                                      from fate in (string[])["discarded", "forgotten", "both", "seldom"]
                                                      from small in (bool[])[false, true]
                                                      where Scenarios.Factor > 1 || small == (eyes == (fate is "discarded" or "both"))
                                                      select Case(eyes, fate, small);

    [TestCaseSource(nameof(Cases))]
    public void Tick_WhenAThirdOfFramesIsDropped_SaysTheSameWords(bool eyes, string fate, bool small)
    {
        Sizes sizes = eyes ? Eyed : Home;
        string[] expected = Conversation(Use(sizes), eyes, milliseconds =>
        {
            Use(sizes).Tick(FrameBudget.FromMilliseconds(milliseconds));
            Wait(Use(sizes));
        });
        using GpuDevice device = Runtimes.NewDevice();
        VulkanHost host = VulkanHost.UseExisting(device.Instance.Handle, device.Physical.Handle, device.Handle.Handle, device.Queue.Handle,
            device.QueueFamily, new object());
        using (NpcRuntime shared = Runtimes.New(sizes, host))
        using (GameFrames frames = new(device))
        {
            // Not every third frame, exactly: a device that is slow in step with that would see the same work dropped for ever.
            TinyRandom fates = new(83);
            int frame = 0, dropped = 0, forgotten = 0;
            string[] said = Conversation(shared, eyes, milliseconds =>
            {
                // Seldom: so that nothing waits for the frame before any more, and work is lost with it.
                frame++;
                bool drops = fate == "seldom" ? frame % (small ? 400 : 37) == 20 : fates.Below(3) == 0;
                Fate next = !drops ? Fate.Submitted : fate == "discarded" || (fate == "both" && fates.Below(2) == 0) ? Fate.Discarded
                    : Fate.Forgotten;
                if (next != Fate.Submitted) dropped++;
                // holds nothing: the frame before it is not meant
                if (frame % 5 == 0 && fate != "forgotten") frames.Tick(shared, 0, Fate.Discarded);
                TickReport report = frames.Tick(shared, small ? milliseconds / 3 : milliseconds, next);
                Assert.That(report.Status, Is.AnyOf(TickStatus.Worked, TickStatus.Idle, TickStatus.DeviceBehind), report.Error);
                forgotten += report.Dropped;
            });
            TestContext.Out.WriteLine($"{dropped} of {frame} frames dropped, {forgotten} times a mind was read again");
            Assert.That(said, Is.EqualTo(expected));
            Assert.That(dropped, Is.GreaterThan(fate == "seldom" ? 0 : 5));
            if (fate == "discarded") Assert.That(forgotten, Is.Zero, "nothing is lost with a frame that was discarded in so many words");
        }

        GpuFixture.CheckValidation(device);
    }

    [Test]
    public void Save_WhenAFrameWasDropped_HoldsWhatWasSaid()
    {
        using GpuDevice device = Runtimes.NewDevice();
        VulkanHost host = VulkanHost.UseExisting(device.Instance.Handle, device.Physical.Handle, device.Handle.Handle, device.Queue.Handle,
            device.QueueFamily, new object());
        ReplyOptions options = new() { MaxTokens = 64, Temperature = 1 };
        string expected = Say(Use(Home), World(Use(Home), "The gate.").CreateNpc("Mira", "You."), "Well?", options);
        foreach (Fate fate in (Fate[])[Fate.Discarded, Fate.Forgotten])
        {
            using NpcRuntime shared = Runtimes.New(Home, host);
            using GameFrames frames = new(device);
            Prefix world = shared.CreatePrefix("The gate.");
            Npc npc = world.CreateNpc("Mira", "You.");
            Reply reply = npc.Hear("Player", "Well?", options);
            for (int i = 0; reply.Words.Tokens < 3; i++) frames.Tick(shared, 2);
            for (int i = 0; i < 3; i++)
            {
                frames.Tick(shared, 2, fate);
                using MemoryStream save = new();
                npc.Save(save);
                save.Position = 0;
                npc = shared.LoadNpc(save, world);
                for (int n = 0; n < 2; n++) frames.Tick(shared, 2);
            }

            for (int i = 0; !npc.Reply!.IsDone; i++)
            {
                Assert.That(i, Is.LessThan(10_000));
                frames.Tick(shared, 2);
            }

            Assert.That(npc.Reply!.Text, Is.EqualTo(expected), $"{fate}");
        }

        GpuFixture.CheckValidation(device);
    }

    [Test]
    public void DiscardFrame_WithoutACommandBuffer_DoesNothing()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 4 });
        runtime.DiscardFrame();
        Until(runtime, new TinyRandom(1), () =>
        {
            runtime.DiscardFrame();
            return reply.IsDone;
        });
        Assert.That(reply.End, Is.Not.EqualTo(ReplyEnd.Failed));
    }

    private static TestCaseData Case(bool eyes, string fate, bool small)
    {
        TestCaseData data = new TestCaseData(eyes, fate, small)
            .SetArgDisplayNames(eyes ? "eyes" : "no eyes", fate, small ? "small frames" : "frames");
        return fate == "both" ? data.SetCategory(ValidatedAttribute.Category) : data;
    }

    private static string[] Conversation(NpcRuntime runtime, bool eyes, Action<double> tick)
    {
        using Prefix world = runtime.CreatePrefix("The old miller said that there was a light in the tower.");
        TinyRandom random = new(81), budgets = new(82);
        Npc[] npcs = [.. Enumerable.Range(0, 4).Select(i => world.CreateNpc($"npc {i}", Words(random, 4)))];
        List<string> said = [];
        for (int turn = 0; turn < 2; turn++)
        {
            if (eyes) npcs[turn].See(NpcImage.FromRgba(60, 50, TestPictures.Rgba(60, 50, turn)));
            foreach (Npc npc in npcs) npc.Hear("Player", Words(random, 5), new ReplyOptions { MaxTokens = 8, Temperature = 1 });
            for (int i = 0; npcs.Any(n => !n.Reply!.IsDone); i++)
            {
                Assert.That(i, Is.LessThan(300_000));
                tick(0.2 + budgets.Below(3));
            }

            Assert.That(npcs.Select(n => n.Reply!.End), Has.None.EqualTo(ReplyEnd.Failed),
                npcs.Select(n => n.Reply!.Error).FirstOrDefault(t => t is not null) ?? "");
            said.AddRange(npcs.Select(n => n.Reply!.Text));
        }

        foreach (Npc npc in npcs) npc.Dispose();
        return [.. said];
    }
}
