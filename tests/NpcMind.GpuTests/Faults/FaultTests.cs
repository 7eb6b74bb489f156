using System.Globalization;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Faults;

/// <summary>
/// Every Vulkan call of a load, of ticks and of the end fails, once and for good. As given, so many occurrences of each function are
/// tried as take about a minute, always the same; with NPCMIND_ALL_FAULTS=1 all of them are.
/// </summary>
internal sealed class FaultTests
{
    private const int OutOfHostMemory = -1, OutOfDeviceMemory = -2;
    private const int TickOccurrences = 2;
    private static readonly bool All = Environment.GetEnvironmentVariable("NPCMIND_ALL_FAULTS") == "1";
    private static readonly TinyLlama4Options Model =
        TinyLlama4Options.Scout with { Blocks = 2, Tokenizer = true, ChatTemplate = true, Chunk = 40 };
    private string _folder = "";

    [OneTimeSetUp]
    public void MakeFolder() => _folder = Directory.CreateTempSubdirectory("npcmind-faults").FullName;

    [OneTimeTearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Load_WhenAnyVulkanCallFails_LeaksNothing()
    {
        using FaultDriver driver = new();
        Load().Dispose(); // from now on shaders and costs are known
        (string Function, int Count)[] calls = driver.Count(() => Load().Dispose());
        Assert.That(driver.Leaks, Is.Empty);
        Assert.That(calls.Select(c => c.Function),
            Is.SupersetOf((string[])["vkCreateInstance", "vkCreateDevice", "vkCreateComputePipelines", "vkQueueSubmit2",
                "vkGetPipelineCacheData"]));
        int tried = 0, loaded = 0, turn = 0;
        foreach ((string function, int count) in calls)
            foreach (int at in All ? Enumerable.Range(1, count) : turn % 4 < 2 ? [1] : [count])
                foreach (bool forGood in OnceOrForGood(++turn))
                {
                    string what = $"{function} {at} of {count}, {(forGood ? "for good" : "once")}";
                    // Waits and the cache of shaders cannot fail a load whose work is done; calls of the end are in the count.
                    driver.Fail(function, at, forGood, at % 2 == 0 ? OutOfHostMemory : OutOfDeviceMemory);
                    NpcRuntime? runtime = null;
                    try
                    {
                        runtime = Load();
                        loaded++;
                    }
                    catch (Exception e) when (e is VulkanException or InsufficientGpuMemoryException or GpuUnavailableException)
                    {
                        Assert.That(e.Message, Is.Not.Empty, what);
                    }

                    Assert.That(() => runtime?.Dispose(), Throws.Nothing, what);
                    driver.Clear();
                    Assert.That(driver.Failed, Is.GreaterThan(0), what);
                    Assert.That(driver.Leaks, Is.Empty, what);
                    tried++;
                }

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tried} of {2 * calls.Sum(c => c.Count)} failures of a load; {loaded} loads came to an end all the same"));
    }

    [Test]
    public void Tick_WhenAnyVulkanCallFails_SaysTheSameWords()
    {
        using FaultDriver driver = new();
        using NpcRuntime runtime = Load();
        string expected = Scene(runtime, 1);
        (string Function, int Count)[] calls = driver.Count(() => Assert.That(Scene(runtime, 1), Is.EqualTo(expected)));
        Assert.That(calls.Select(c => c.Function),
            Is.SupersetOf((string[])["vkBeginCommandBuffer", "vkEndCommandBuffer", "vkQueueSubmit2", "vkGetSemaphoreCounterValue",
                "vkGetQueryPoolResults", "vkResetCommandPool"]));
        int tried = 0, seed = 0;
        foreach ((string function, int count) in calls)
            foreach (int at in Occurrences(count, 4 * TickOccurrences))
            {
                string what = $"{function} {at} of {count}, once";
                driver.Fail(function, at, forGood: false);
                string? said = null;
                Assert.That(() => said = Scene(runtime, ++seed), Throws.Nothing, what);
                driver.Clear();
                Assert.That(said, Is.EqualTo(expected), what);
                tried++;
            }

        foreach ((string function, int count) in calls)
            foreach (int at in Occurrences(count, TickOccurrences))
            {
                string what = $"{function} {at} of {count}, for good";
                driver.Fail(function, at, forGood: true);
                Assert.That(() => Scene(runtime, ++seed, mayFail: true), Throws.Nothing, what);
                driver.Clear();
                Assert.That(Scene(runtime, ++seed), Is.EqualTo(expected), $"after {what}");
                tried++;
            }

        TestContext.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{tried} of {2 * calls.Sum(c => c.Count)} failures of ticks"));
    }

    [Test]
    public void Dispose_WhenAnyVulkanCallFails_FreesEverything()
    {
        using FaultDriver driver = new();
        Load().Dispose(); // from now on shaders and costs are known
        int turn = 0;
        foreach (string function in (string[])["vkWaitSemaphores", "vkQueueSubmit2", "vkBeginCommandBuffer", "vkEndCommandBuffer",
            "vkResetCommandPool", "vkGetSemaphoreCounterValue", "vkQueueWaitIdle", "vkDeviceWaitIdle", "vkGetPipelineCacheData"])
            foreach (bool forGood in OnceOrForGood(++turn))
            {
                bool sees = All || turn % 3 == 0; // an image encoder doubles what is compiled
                NpcRuntime runtime = Load(sees);
                Npc npc = runtime.CreatePrefix("The gate.").CreateNpc("Mira", "You.");
                if (sees) npc.See(NpcImage.FromRgba(40, 40, TestPictures.Rgba(40, 40, 1)));
                npc.Hear("Player", "Well?");
                for (int i = 0; i < 4; i++) runtime.Tick(FrameBudget.FromMilliseconds(2));
                driver.Fail(function, 1, forGood);
                Assert.That(runtime.Dispose, Throws.Nothing, function);
                driver.Clear();
                Assert.That(driver.Leaks, Is.Empty, $"{function}, {(forGood ? "for good" : "once")}");
            }
    }

    [Test]
    [Validated]
    public void Tick_WhenACallFails_UsesNothingThatIsNotThere()
    {
        using FaultDriver driver = new();
        using NpcRuntime runtime = Load();
        string expected = Scene(runtime, 1);
        int seed = 0;
        foreach ((string function, int count) in driver.Count(() => Scene(runtime, 1)))
        {
            driver.Fail(function, (count + 1) / 2, forGood: false);
            Assert.That(Scene(runtime, ++seed), Is.EqualTo(expected), function);
            Assert.That(runtime.ValidationMessages, Is.Empty, function);
        }
    }

    [Test]
    public void Tick_WhenACallFailsForGood_EndsRepliesAndGoesOnLater()
    {
        using FaultDriver driver = new();
        using NpcRuntime runtime = Load();
        string expected = Scene(runtime, 1);
        Npc npc = runtime.CreatePrefix("The gate.").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Well?");
        driver.Fail("vkQueueSubmit2", 1, forGood: true, OutOfDeviceMemory);
        TickReport report = default;
        for (int i = 0; i < 1000 && !reply.IsDone; i++) report = runtime.Tick(FrameBudget.FromMilliseconds(5));
        Assert.That((reply.End, report.Status), Is.EqualTo((ReplyEnd.Failed, TickStatus.Failed)));
        Assert.That(reply.Error, Does.Contain("Mira").And.Contain("vkQueueSubmit2"));
        Assert.That(report.Error, Does.Contain("vkQueueSubmit2"));
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromSeconds(20)), Is.False.Or.True); // ends, whatever it says
        driver.Clear();
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromSeconds(60)));
        npc.Dispose();
        Assert.That(Scene(runtime, 2), Is.EqualTo(expected));
    }

    [Test]
    public void SaveAsync_WhenAnyVulkanCallFails_ComesToAnEndAndSaysTheSameWords()
    {
        using FaultDriver driver = new();
        using NpcRuntime runtime = Load();
        Prefix world = runtime.CreatePrefix("You keep the gate of the old town.");
        Npc npc = world.CreateNpc("Mira", "You bake bread.");
        npc.Hear("Player", "Good morning.", new ReplyOptions { MaxTokens = 5, Temperature = 0 });
        Assert.That(runtime.ThinkUntilIdle(TimeSpan.FromSeconds(60)));
        using MemoryStream start = new();
        npc.Save(start);
        (string Function, int Count)[] calls = driver.Count(() => npc = SaveAndLoad(npc));
        string expected = Ask();
        int tried = 0, turn = 0;
        foreach ((string function, int count) in calls)
            foreach (int at in Occurrences(count, TickOccurrences))
                foreach (bool forGood in OnceOrForGood(++turn))
                {
                    string what = $"{function} {at} of {count}, {(forGood ? "for good" : "once")}";
                    start.Position = 0;
                    npc = runtime.LoadNpc(start, world);
                    driver.Fail(function, at, forGood);
                    Assert.That(() => npc = SaveAndLoad(npc), Throws.Nothing, what);
                    driver.Clear();
                    Assert.That(Ask(), Is.EqualTo(expected), what);
                    tried++;
                }

        TestContext.Out.WriteLine($"{tried} of {2 * calls.Sum(c => c.Count)} failures of a save and a load");

        Npc SaveAndLoad(Npc saved)
        {
            using MemoryStream stream = new();
            Task saving = saved.SaveAsync(stream);
            TickUntil(saving);
            stream.Position = 0;
            Task<Npc> loading = runtime.LoadNpcAsync(stream, world);
            TickUntil(loading);
            return loading.Result;
        }

        void TickUntil(Task task)
        {
            for (int i = 0; !task.IsCompleted; i++)
            {
                Assert.That(i, Is.LessThan(20_000));
                runtime.Tick(FrameBudget.FromMilliseconds(5));
                Wait(runtime);
                Thread.Sleep(1);
            }
        }

        string Ask()
        {
            Reply reply = npc.Hear("Player", "What is it?", new ReplyOptions { MaxTokens = 5, Temperature = 0 });
            for (int i = 0; !reply.IsDone; i++)
            {
                Assert.That(i, Is.LessThan(20_000));
                runtime.Tick(FrameBudget.FromMilliseconds(5));
                Wait(runtime);
            }

            return reply.Text;
        }
    }

    /// <summary>Both, or by turns.</summary>
    private static IEnumerable<bool> OnceOrForGood(int turn) => All ? [false, true] : [turn % 2 == 0];

    /// <summary>All of 1 to <paramref name="count"/>, or the first, the last and some between.</summary>
    private static IEnumerable<int> Occurrences(int count, int some) =>
        All || count <= some ? Enumerable.Range(1, count) : Enumerable.Range(0, some)
            .Select(i => 1 + (int)((long)i * (count - 1) / (some - 1))).Distinct();

    /// <summary>Two characters, memory too small for both, and a picture; all removed again. What they said.</summary>
    private static string Scene(NpcRuntime runtime, int seed, bool mayFail = false)
    {
        TinyRandom budgets = new(seed);
        Prefix world = runtime.CreatePrefix("You keep the gate of the old town.");
        Npc mira = world.CreateNpc("Mira", "You bake bread."), ned = world.CreateNpc("Ned", "You mill.");
        ReplyOptions options = new() { MaxTokens = 5, Temperature = 1 };
        List<string> said = [];
        for (int turn = 0; turn < 2; turn++)
        {
            if (turn == 0) Show(mira, NpcImage.FromRgba(60, 50, TestPictures.Rgba(60, 50, seed))); // another each time: none is known
            Reply[] replies = [mira.Hear("Player", "What is it?", options with { Temperature = 0 }),
                ned.Hear("Player", "Good morning.", options)];
            for (int i = 0; replies.Any(r => !r.IsDone); i++)
            {
                Assert.That(i, Is.LessThan(20_000), $"turn {turn}");
                TickReport report = runtime.Tick(FrameBudget.FromMilliseconds(0.5 + budgets.Below(8)));
                Assert.That(report.Status, Is.Not.EqualTo(TickStatus.DeviceLost));
                if (i % 3 == 2) Wait(runtime); // up to three frames are on their way
            }

            if (!mayFail) Assert.That(replies.Select(r => r.End), Has.None.EqualTo(ReplyEnd.Failed),
                replies.Select(r => r.Error).FirstOrDefault(t => t is not null) ?? "");
            said.Add(replies[1].Text);
            if (turn == 1) said.Add(replies[0].Words.Tokens.ToString(CultureInfo.InvariantCulture));
        }

        mira.Dispose();
        ned.Dispose();
        world.Dispose();
        return string.Join(" | ", said);
    }

    private static void Wait(NpcRuntime runtime)
    {
        try
        {
            runtime.Engine.Timeline.Wait(runtime.Engine.Timeline.Submitted);
        }
        catch (VulkanException)
        {
            Thread.Sleep(1); // this call can be the one that is to fail, for good
        }
    }

    /// <summary>What a game does when something cannot be shown: it tries again, once.</summary>
    private static void Show(Npc npc, NpcImage image)
    {
        for (int i = 0; i < 2; i++)
        {
            try
            {
                npc.See(image);
                return;
            }
            catch (Exception e) when (e is VulkanException or InsufficientGpuMemoryException)
            {
                Assert.That(e.Message, Is.Not.Empty);
            }
        }
    }

    private NpcRuntime Load(bool sees = true) => NpcRuntime.Load(TinyEngines.Path(Model), new NpcRuntimeOptions
    {
        Host = VulkanHost.CreateOwn(validate: Validation.IsOn),
        CacheFolder = _folder,
        ImageEncoderPath = sees ? TinyEngines.Path(new TinyEyesOptions()) : null,
        ContextTokens = 224,
        DeviceKvTokens = 320,
        HostKvTokens = 640,
        MaxTokensPerStep = 16,
        MaxNpcs = 4,
        Seed = 7,
    });
}
