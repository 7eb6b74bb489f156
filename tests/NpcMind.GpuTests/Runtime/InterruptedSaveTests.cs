using NpcMind.Gpu;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>Saves that are cancelled, or whose stream, frames, device or runtime fail them: all come to an end.</summary>
internal sealed class InterruptedSaveTests : RuntimeTest
{
    private const string Lore = "The old miller said that there was a light in the tower. Nobody had been there for seven winters.";
    private static readonly Sizes Home = new();
    private static readonly Sizes Seeing = new()
    {
        Model = TinyLlama4Options.Scout with { Blocks = 4, Tokenizer = true, ChatTemplate = true, Chunk = 40 },
        Eyes = new TinyEyesOptions(),
        Context = 320,
    };
    private static readonly ReplyOptions Short = new() { MaxTokens = 6, Temperature = 0 };

    [Test]
    public void SaveAsync_Cancelled_StopsWhereverItIs()
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, Lore).CreateNpc("Mira", "You.");
        Say(runtime, npc, "Good morning.", Short);
        using MemoryStream stream = new();
        Assert.That(npc.SaveAsync(stream, new CancellationToken(canceled: true)).IsCanceled);

        using CancellationTokenSource copying = new(), writing = new();
        Task early = npc.SaveAsync(stream, copying.Token);
        copying.Cancel();
        Assert.That(Await(runtime, early).IsCanceled);
        Assert.That(stream.Length, Is.Zero);

        using SlowStream slow = new();
        Task late = npc.SaveAsync(slow, writing.Token);
        Until(runtime, new TinyRandom(1), () =>
        {
            Thread.Sleep(1);
            return slow.HasBegun;
        });
        writing.Cancel();
        slow.Open();
        Assert.That(Await(runtime, late).IsCanceled);
        npc.Save(stream);
        Assert.That(slow.Length, Is.InRange(1, stream.Length - 1));
    }

    [Test]
    public void SaveAsync_StreamThatThrows_FailsTheTaskAlone()
    {
        NpcRuntime runtime = Use(Home);
        Prefix world = World(runtime, Lore);
        Npc npc = world.CreateNpc("Mira", "You.");
        string folder = Path.Combine(Path.GetTempPath(), Guid.NewGuid().ToString());
        using MemoryStream closed = new();
        closed.Dispose();
        Task toStream = npc.SaveAsync(closed), toFile = npc.SaveAsync(Path.Combine(folder, "mira.save"));
        Say(runtime, npc, "Good morning.", Short);
        Await(runtime, Task.WhenAny(Task.WhenAll(toStream, toFile)));
        Assert.That(toStream.Exception!.InnerException, Is.TypeOf<ObjectDisposedException>());
        Assert.That(toFile.Exception!.InnerException, Is.TypeOf<SaveFileException>().With.Message.Contains(folder));
        npc.Dispose();
        Assert.That(() => npc.SaveAsync(closed), Throws.TypeOf<ObjectDisposedException>());
    }

    [TestCase(false)]
    [TestCase(true)]
    public void SaveAsync_RuntimeDisposedOrDeviceLost_WritesWhatIsThere(bool isLost)
    {
        using MemoryStream saved = new(), seen = new();
        using SlowStream slow = new();
        Task all, writing;
        string said;
        using (NpcRuntime runtime = Runtimes.New(Seeing))
        {
            Prefix world = runtime.CreatePrefix(Lore);
            Npc npc = world.CreateNpc("Mira", "You are Mira."), other = world.CreateNpc("Tom", "You are Tom.");
            said = Say(runtime, npc, "Good morning.", Short);
            Say(runtime, other, "Good morning.", Short);
            writing = npc.SaveAsync(slow);
            Until(runtime, new TinyRandom(1), () =>
            {
                Thread.Sleep(1);
                return slow.HasBegun;
            });
            other.See(NpcImage.FromRgba(60, 50, TestPictures.Rgba(60, 50, 3)));
            all = Task.WhenAll(npc.SaveAsync(saved), other.SaveAsync(seen));
            if (!isLost) Tick(runtime, new TinyRandom(2));
            runtime.IsLost = isLost;
            for (int i = 0; isLost && !all.IsCompleted && i < 10_000; i++)
            {
                Assert.That(runtime.Tick(FrameBudget.FromMilliseconds(5)).Status, Is.EqualTo(TickStatus.DeviceLost));
                Thread.Sleep(1);
            }

            if (isLost) Assert.That(all.IsCompletedSuccessfully);
        }

        Assert.That(writing.IsCompleted, Is.False, "a stream that hangs is not waited for");
        slow.Open();
        Assert.That(Task.WhenAll(all, writing).Wait(TimeSpan.FromMinutes(1)));
        NpcRuntime next = Use(Seeing);
        Prefix again = World(next, Lore);
        foreach (MemoryStream stream in (MemoryStream[])[saved, seen, slow])
        {
            stream.Position = 0;
            Npc loaded = next.LoadNpc(stream, again);
            Assert.That(loaded.TurnCount, Is.EqualTo(1));
            if (loaded.Name == "Mira") Assert.That(loaded.History[0].Said, Is.EqualTo(said));
        }
    }

    [Test]
    [Validated]
    public void SaveAsync_WhenFramesAreDropped_HoldsWhatWasSaid()
    {
        using GpuDevice device = Runtimes.NewDevice();
        VulkanHost host = VulkanHost.UseExisting(device.Instance.Handle, device.Physical.Handle, device.Handle.Handle, device.Queue.Handle,
            device.QueueFamily, new object());
        ReplyOptions options = new() { MaxTokens = 12, Temperature = 1 };
        string expected = Say(Use(Home), World(Use(Home), "The gate.").CreateNpc("Mira", "You."), "Well?", options);
        foreach (Fate fate in (Fate[])[Fate.Discarded, Fate.Forgotten])
        {
            using NpcRuntime shared = Runtimes.New(Home, host);
            using GameFrames frames = new(device);
            Prefix world = shared.CreatePrefix("The gate.");
            Npc npc = world.CreateNpc("Mira", "You.");
            TinyRandom fates = new(84); // not in step with a slow device
            Reply reply = npc.Hear("Player", "Well?", options);
            while (reply.Words.Tokens < 3) frames.Tick(shared, 2);
            for (int i = 0; i < 4; i++)
            {
                using MemoryStream stream = new();
                Play(npc.SaveAsync(stream));
                stream.Position = 0;
                Task<Npc> loading = shared.LoadNpcAsync(stream, world);
                Play(loading);
                npc = loading.Result;
            }

            for (int i = 0; !npc.Reply!.IsDone; i++)
            {
                Assert.That(i, Is.LessThan(10_000));
                frames.Tick(shared, 2);
            }

            Assert.That(npc.Reply!.Text, Is.EqualTo(expected), $"{fate}");

            void Play(Task task)
            {
                for (int i = 0; !task.IsCompleted; i++)
                {
                    Assert.That(i, Is.LessThan(10_000));
                    frames.Tick(shared, 2, fates.Below(3) == 0 ? fate : Fate.Submitted);
                    Thread.Sleep(1);
                }

                Assert.That(task.IsCompletedSuccessfully, task.Exception?.ToString());
            }
        }

        GpuFixture.CheckValidation(device);
    }
}
