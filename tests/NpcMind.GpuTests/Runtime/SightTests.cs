using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Vision;

namespace NpcMind.GpuTests.Runtime;

/// <summary>What characters see: the same whatever the frames, shared, remembered, saved, forgotten.</summary>
internal sealed class SightTests : RuntimeTest
{
    private static readonly TinyLlama4Options Model = TinyLlama4Options.Scout
        with
    { Blocks = 4, Tokenizer = true, ChatTemplate = true, Chunk = 40 };
    private static readonly Sizes Home = new() { Model = Model, Eyes = new TinyEyesOptions(), Context = 320 };
    private static readonly Sizes Elsewhere = Home with { MaxRows = 16, Device = 1600, Quantum = 2 };

    [Test]
    public void See_EncodedInFrames_EqualsEncodedAtOnce()
    {
        NpcRuntime runtime = Use(Home);
        using GgufFile file = GgufFile.Open(TinyEngines.Path(Model)), mmproj = GgufFile.Open(TinyEngines.Path(new TinyEyesOptions()));
        using InferenceEngine engine = InferenceEngine.Load(GpuFixture.Device, file,
            new EngineOptions { ContextTokens = Home.Context, Features = true });
        using VisionEncoder eyes = VisionEncoder.Load(GpuFixture.Device, mmproj, engine.Config.Width, file.Path);
        Prefix world = World(runtime, "You keep the gate.");
        TinyRandom random = new(1);
        for (int scenario = 0; scenario < Scenarios.Count(8); scenario++)
        {
            int width = 8 + random.Below(150), height = 8 + random.Below(150);
            byte[] rgba = TestPictures.Rgba(width, height, scenario + 1);
            Npc npc = world.CreateNpc($"sees {scenario}", "");
            if (random.Below(2) == 0) Say(runtime, npc, "Good morning.", Options(random), random);
            npc.See(NpcImage.FromRgba(width, height, rgba));
            if (random.Below(2) == 0) Tick(runtime, random);
            string said = Say(runtime, npc, "What?", new ReplyOptions { MaxTokens = 6, Temperature = 0, RepetitionPenalty = 1 }, random);

            PicturePlan plan = eyes.Config.Plan(width, height, 1);
            using VisionJob job = eyes.CreateJob(plan, new Picture(width, height, rgba));
            eyes.Encode(job);
            int[] log = Log(npc);
            int first = npc.Reply!.FirstToken;
            Assert.That(log[..first].Count(t => t < 0), Is.EqualTo(4), "a tile is four rows");
            using TokenGenerator generator = new(engine, GpuFixture.Device, new Inference.SamplerSettings());
            generator.Prefill(MindSaves.Plain(runtime, log.AsSpan(0, first)), job.Features, runtime.ImageQueue!.Format.SlotToken);
            int[] expected = [.. Enumerable.Range(0, log.Length - first).Select(_ => generator.Next()!.Value)];
            Assert.That(log[first..], Is.EqualTo(expected), $"scenario {scenario}: {said}");
            npc.Dispose();
        }
    }

    [Test]
    public void See_AnotherPicture_ChangesReply()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You keep the gate.");
        string[] said = [.. Enumerable.Range(0, 6)
            .Select(i => Ask(runtime, world, $"npc {i}", i == 0 ? null : NpcImage.FromRgba(60, 50, TestPictures.Rgba(60, 50, i))))];
        Assert.That(said.Distinct().Count(), Is.GreaterThanOrEqualTo(5), string.Join(" | ", said));
    }

    [Test]
    public void Load_ImageEncoderAsModel_IsRefusedByName()
    {
        string path = TinyEngines.Path(new TinyEyesOptions());
        Assert.That(() => NpcRuntime.Load(path),
            Throws.InstanceOf<UnsupportedModelException>().With.Message.Contains(path).And.Message.Contains("'clip'"));
    }

    [Test]
    [Validated]
    public void See_SamePicture_IsEncodedOnce()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You keep the gate.");
        byte[] rgba = TestPictures.Rgba(77, 40, 99);
        NpcImage one = NpcImage.FromRgba(77, 40, rgba);
        Npc[] npcs = [.. Enumerable.Range(0, 4).Select(i => world.CreateNpc($"npc {i}", ""))];
        foreach (Npc npc in npcs[..2]) npc.See(one);
        foreach (Npc npc in npcs[2..]) npc.See(NpcImage.FromRgba(77, 40, rgba));
        int seen = 0, known = 0;
        for (int i = 0; i < 3000 && (seen + known < 3); i++)
        {
            TickReport report = Tick(runtime, new TinyRandom(i));
            (seen, known) = (seen + report.Images.Encoded, known + report.Images.Reused);
        }

        Assert.That((seen, known), Is.EqualTo((1, 2)), "one image object for two, and two others with the same pixels");
        Assert.That(one.IsCaptured);
        foreach (Npc npc in npcs) npc.Hear("Player", "What?", new ReplyOptions { MaxTokens = 5, Temperature = 0 });
        Finish(runtime, new TinyRandom(2));
        Assert.That(npcs.Select(n => n.Reply!.Text).Distinct().Count(), Is.EqualTo(1));
        Assert.That(npcs.Select(n => n.Mind.Seen.Single().Features).Distinct().Count(), Is.EqualTo(1), "all share one copy");
    }

    [Test]
    public void Load_SavedMindWithPictures_EqualsNeverSaved()
    {
        NpcRuntime home = Use(Home), elsewhere = Use(Elsewhere);
        Prefix world = World(home, "You keep the gate."), ready = World(elsewhere, "You keep the gate.");
        TinyRandom random = new(21 + Scenarios.Seed);
        Until(elsewhere, random, () => ready.IsReady);
        int scenarios = Scenarios.Count(16), withKv = 0, waiting = 0;
        for (int scenario = 0; scenario < scenarios; scenario++)
        {
            Npc npc = world.CreateNpc($"save {scenario}", "");
            for (int turn = random.Below(3); turn > 0; turn--)
            {
                if (random.Below(3) > 0) npc.See(NpcImage.FromRgba(50, 30, TestPictures.Rgba(50, 30, scenario * 3 + turn)));
                Say(home, npc, Words(random, 1 + random.Below(6)), Options(random), random);
            }

            bool waits = scenario % 4 == 0; // some are saved before a tick looks at the picture
            if (random.Below(2) == 0 || waits) npc.See(NpcImage.FromRgba(30, 50, TestPictures.Rgba(30, 50, scenario + 200)));
            if (random.Below(2) == 0) npc.Hear("Player", Words(random, 4), Options(random));
            for (int ticks = waits ? 0 : random.Below(4) * random.Below(5); ticks > 0; ticks--) Tick(home, random);
            if (npc.Mind.Seen.Any(s => !s.IsReady)) waiting++;
            using MemoryStream stream = new();
            npc.Save(stream);
            int[] before = MindSaves.Plain(home, Log(npc));
            Finish(home, random);
            string expected = Say(home, npc, "Who goes there?", new ReplyOptions { MaxTokens = 7 }, random);
            int[] expectedLog = MindSaves.Plain(home, Log(npc));

            stream.Position = 0;
            bool away = random.Below(2) == 0;
            NpcRuntime runtime = away ? elsewhere : home;
            Npc loaded = runtime.LoadNpc(stream, away ? ready : world);
            Assert.That(stream.Position, Is.EqualTo(stream.Length));
            Assert.That(MindSaves.Plain(runtime, Log(loaded)), Is.EqualTo(before), $"scenario {scenario}");
            if (loaded.Mind.Slot >= 0) withKv++;
            // Half of them read everything again, pictures included.
            if (loaded.Mind.Slot >= 0 && random.Below(2) == 0) runtime.Scheduler.Forget(loaded.Mind, 0);
            Finish(runtime, random);
            Assert.That(Say(runtime, loaded, "Who goes there?", new ReplyOptions { MaxTokens = 7 }, random), Is.EqualTo(expected),
                $"scenario {scenario}");
            Assert.That(MindSaves.Plain(runtime, Log(loaded)), Is.EqualTo(expectedLog), $"scenario {scenario}");
            loaded.Dispose();
            npc.Dispose();
        }

        TestContext.Out.WriteLine($"{withKv} with keys and values, {waiting} saved while a picture waited");
        Assert.That(withKv, Is.GreaterThan(scenarios / 8));
        Assert.That(waiting, Is.GreaterThan(0));
    }

    [Test]
    public void Load_WithoutImageEncoder_KeepsTextDropsImages()
    {
        NpcRuntime home = Use(Home), blind = Use(Home with { Eyes = null });
        Prefix world = World(home, "You keep the gate."), dark = World(blind, "You keep the gate.");
        Npc npc = world.CreateNpc("Mira", "");
        npc.See(NpcImage.FromRgba(50, 30, TestPictures.Rgba(50, 30)));
        Say(home, npc, "The dragon is dead.", new ReplyOptions { MaxTokens = 5 });
        using MemoryStream stream = new();
        npc.Save(stream);
        stream.Position = 0;
        Npc loaded = blind.LoadNpc(stream, dark);
        Assert.That(Log(loaded), Has.All.GreaterThanOrEqualTo(0));
        Assert.That(blind.Tokenizer.Decode(Log(loaded)), Does.Contain("dragon"));
        Say(blind, loaded, "Well?", new ReplyOptions { MaxTokens = 5 });
        Assert.That(() => loaded.See(NpcImage.FromRgba(2, 2, new byte[16])),
            Throws.InvalidOperationException.With.Message.Contains("without an image encoder").And.Message.Contains("ImageEncoderPath"));
    }

    [Test]
    public void Forget_TurnsWithPictures_ForgetsThemToo()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You keep the gate.");
        Npc npc = world.CreateNpc("Mira", "");
        TinyRandom random = new(6);
        List<TurnImage> all = [];
        int forgotten = 0;
        for (int turn = 0; turn < 14; turn++)
        {
            npc.See(NpcImage.FromRgba(40, 40, TestPictures.Rgba(40, 40, turn + 50)));
            all.Add(npc.PendingImages[^1]);
            npc.Hear("Player", Words(random, 6), new ReplyOptions { MaxTokens = 12 });
            Until(runtime, random, () =>
            {
                forgotten += runtime.TurnsForgotten;
                return npc.Reply!.IsDone;
            });
            Assert.That(npc.Mind.Seen, Is.EqualTo(npc.History.SelectMany(t => t.Seen)), "a mind has the pictures of its turns");
            Assert.That(npc.Mind.Tokens.Where(t => t < 0).Select(PictureToken.TurnImage).Distinct(),
                Is.EquivalentTo(npc.Mind.Seen.Select(s => s.Id)));
        }

        Assert.That(npc.TurnCount, Is.LessThan(14), "the context is too small for all");
        Assert.That(all.Count(s => s.References == 0), Is.EqualTo(14 - npc.TurnCount), "nobody holds what was forgotten");
        npc.Dispose();
        Assert.That(all.Select(s => s.References), Has.All.Zero);
    }

    [Test]
    public void Hear_ImageTokensInText_StayText()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You keep the gate.");
        Npc npc = world.CreateNpc("Mira", "");
        npc.See(NpcImage.FromRgba(40, 40, TestPictures.Rgba(40, 40)));
        npc.Hear("Player", "<|image|> <|patch|> \uE000\uE003\uE002", new ReplyOptions { MaxTokens = 3 });
        Finish(runtime, new TinyRandom(4));
        Assert.That(Log(npc).Count(t => t < 0), Is.EqualTo(4));
        Assert.That(Log(npc), Does.Not.Contain(runtime.ImageQueue!.Format.SlotToken));
    }

    [Test]
    public void See_MoreTiles_ShowMoreAndTooManyAreRefused()
    {
        NpcRuntime runtime = Use(Home with { Tiles = 16, Context = 640 });
        Prefix world = World(runtime, "You keep the gate.");
        Npc npc = world.CreateNpc("Mira", "");
        npc.See(NpcImage.FromRgba(150, 100, TestPictures.Rgba(150, 100)));
        Say(runtime, npc, "What?", new ReplyOptions { MaxTokens = 3 });
        Assert.That(Log(npc).Count(t => t < 0), Is.EqualTo(4 * 7), "3 x 2 tiles and the whole");
        NpcRuntime small = Use(Home with { Tiles = 16, Context = 128 });
        Npc other = World(small, "").CreateNpc("Mira", "");
        Assert.That(() => other.See(NpcImage.FromRgba(600, 600, new byte[600 * 600 * 4])),
            Throws.TypeOf<ContextOverflowException>().With.Message.Contains("MaxImageTiles"));
        Assert.That(small.ImageQueue!.IsBusy, Is.False);
    }

    [Test]
    public void Tick_WithImages_AllocatesNothing()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You keep the gate.");
        Npc npc = world.CreateNpc("Mira", "");
        NpcImage[] images = [.. Enumerable.Range(0, 6).Select(i => NpcImage.FromRgba(64, 64, TestPictures.Rgba(64, 64, i + 300)))];
        long worst = 0;
        for (int round = 0; round < images.Length; round++)
        {
            npc.See(images[round]);
            npc.Hear("Player", "What?", new ReplyOptions { MaxTokens = 4 });
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

    [Test]
    [Validated]
    public void See_ImageNotDrawnYet_OnlyItsViewersWait()
    {
        const int Side = 64;
        ReplyOptions options = new() { MaxTokens = 6, Temperature = 0, RepetitionPenalty = 1 };
        using GpuDevice device = Runtimes.NewDevice();
        byte[] rgba = TestPictures.Rgba(Side, Side, 7);
        string expected = Ask(Use(Home), World(Use(Home), "You keep the gate."), "Mira", NpcImage.FromRgba(Side, Side, rgba));
        VulkanHost host = VulkanHost.UseExisting(device.Instance.Handle, device.Physical.Handle, device.Handle.Handle, device.Queue.Handle,
            device.QueueFamily, new object());
        using NpcRuntime runtime = Runtimes.New(Home, host);
        using TestImage rendered = new(device, Side, Side, Silk.NET.Vulkan.Format.R8G8B8A8Unorm, rgba);
        using Prefix world = runtime.CreatePrefix("You keep the gate.");
        NpcImage later = NpcImage.FromVulkan((nint)rendered.Handle.Image, Side, Side, VulkanImageFormat.Rgba8Unorm, isDrawn: false);
        Npc waiting = world.CreateNpc("Mira", ""), other = world.CreateNpc("Tobin", "");
        waiting.See(later);
        Reply reply = waiting.Hear("Player", "What?", options);
        other.See(NpcImage.FromRgba(Side, Side, TestPictures.Rgba(Side, Side, 8)));
        Say(runtime, other, "And you?", options);
        Until(runtime, new TinyRandom(1), () => runtime.Tick(FrameBudget.FromMilliseconds(10)).Status == TickStatus.Idle);
        Assert.That((later.IsDrawn, later.IsCaptured, reply.IsDone, reply.Text), Is.EqualTo((false, false, false, "")));
        using MemoryStream stream = new();
        Assert.That(() => waiting.Save(stream),
            Throws.InvalidOperationException.With.Message.Contains("'Mira'").And.Message.Contains("NpcImage.MarkDrawn"));
        Assert.That(() => waiting.SaveAsync(stream), Throws.InvalidOperationException.With.Message.Contains("NpcImage.MarkDrawn"));
        Assert.That(stream.Length, Is.Zero);
        other.Save(stream);

        later.MarkDrawn();
        Until(runtime, new TinyRandom(2), () => reply.IsDone);
        Assert.That((later.IsCaptured, reply.Text), Is.EqualTo((true, expected)));
        Assert.That(() => waiting.Save(stream), Throws.Nothing);
    }

    [Test]
    public void See_ImageNoLongerWanted_IsReleased()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, "You keep the gate.");
        NpcImage[] images = [.. Enumerable.Range(0, 3).Select(i => NpcImage.FromRgba(40, 40, TestPictures.Rgba(40, 40, i + 300)))];
        Npc npc = world.CreateNpc("Mira", "");
        foreach (NpcImage image in images) npc.See(image);
        npc.Dispose();
        Until(runtime, new TinyRandom(3), () => images.All(i => i.IsCaptured));
        Npc next = world.CreateNpc("Tobin", "");
        next.See(images[0]);
        Assert.That(images[0].IsCaptured, Is.False, "it is to be read again");
        next.Dispose();
        using NpcRuntime gone = Runtimes.New(Home);
        NpcImage unread = NpcImage.FromRgba(40, 40, TestPictures.Rgba(40, 40, 310));
        gone.CreatePrefix("You keep the gate.").CreateNpc("Mira", "").See(unread);
        gone.Dispose();
        Assert.That(unread.IsCaptured);
    }

    [Test]
    [Validated]
    public void See_RenderedFrame_CopiesNoPixelsToHost()
    {
        const int Width = 512, Height = 384;
        using GpuDevice device = Runtimes.NewDevice();
        byte[] rgba = TestPictures.Rgba(Width, Height, 5);
        string expected = Ask(Use(Home), World(Use(Home), "You keep the gate."), "Mira", NpcImage.FromRgba(Width, Height, rgba));
        VulkanHost host = VulkanHost.UseExisting(device.Instance.Handle, device.Physical.Handle, device.Handle.Handle, device.Queue.Handle,
            device.QueueFamily, new object());
        using (NpcRuntime runtime = Runtimes.New(Home, host))
        using (TestImage rendered = new(device, Width, Height, Silk.NET.Vulkan.Format.R8G8B8A8Unorm, rgba))
        using (Prefix world = runtime.CreatePrefix("You keep the gate."))
        {
            Until(runtime, new TinyRandom(1), () => world.IsReady);
            NpcImage image = NpcImage.FromVulkan((nint)rendered.Handle.Image, Width, Height, VulkanImageFormat.Rgba8Unorm);
            Npc npc = world.CreateNpc("Mira", "");
            long before = Transfers(runtime);
            npc.See(image);
            Until(runtime, new TinyRandom(2), () => image.IsCaptured && !runtime.ImageQueue!.IsBusy);
            long moved = Transfers(runtime) - before;
            TestContext.Out.WriteLine($"{moved} bytes passed between host and device; the picture has {rgba.Length}");
            Assert.That(moved, Is.LessThan(rgba.Length / 10), "tables, hash and features");
            Assert.That(Say(runtime, npc, "What?", new ReplyOptions { MaxTokens = 6, Temperature = 0, RepetitionPenalty = 1 }),
                Is.EqualTo(expected), "and shows what the pixels show");
            npc.Dispose();
            Until(runtime, new TinyRandom(3), () => runtime.Tick(FrameBudget.FromMilliseconds(10)).Status == TickStatus.Idle);
        }

        GpuFixture.CheckValidation(device);

        static long Transfers(NpcRuntime runtime) => runtime.Engine.Device.Transfers;
    }

    private static string Ask(NpcRuntime runtime, Prefix world, string name, NpcImage? image)
    {
        using Npc npc = world.CreateNpc(name, "");
        if (image is not null) npc.See(image);
        return Say(runtime, npc, "What?", new ReplyOptions { MaxTokens = 6, Temperature = 0, RepetitionPenalty = 1 });
    }
}
