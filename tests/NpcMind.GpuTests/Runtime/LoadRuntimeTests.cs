namespace NpcMind.GpuTests.Runtime;

/// <summary>Loading a runtime: progress, cancellation, files that are not there, threads.</summary>
internal sealed class LoadRuntimeTests
{
    private static NpcRuntimeOptions Options =>
        new() { Host = VulkanHost.CreateOwn(), CacheFolder = "", ContextTokens = 128, MaxNpcs = 2, MaxPrefixes = 1 };

    [Test]
    public async Task LoadAsync_Listener_HearsOfEveryStageInOrderWhateverItThrows()
    {
        List<LoadProgress> heard = [];
        using NpcRuntime runtime = await NpcRuntime.LoadAsync(TinyEngines.Path(Sizes.Chat), Options, new Listener(p =>
        {
            heard.Add(p);
            throw new InvalidOperationException("The listener is broken.");
        }));
        Assert.That(heard.Select(p => p.Stage).Distinct(),
            Is.EqualTo((LoadStage[])[LoadStage.Weights, LoadStage.Calibration, LoadStage.Ready]));
        Assert.That(heard, Is.Ordered.By(nameof(LoadProgress.Stage)).Then.By(nameof(LoadProgress.Fraction)));
        Assert.That(heard.Select(p => p.Fraction), Is.All.InRange(0, 1));
    }

    [Test]
    public void LoadAsync_Cancelled_FreesWhatWasLoaded()
    {
        using CancellationTokenSource stop = new();
        Assert.That(
            async () => await NpcRuntime.LoadAsync(TinyEngines.Path(Sizes.Chat), Options, new Listener(_ => stop.Cancel()), stop.Token),
            Throws.InstanceOf<OperationCanceledException>());
    }

    [TestCase("/nowhere/model.gguf", "no such f")]
    [TestCase("/tmp", "folder")]
    public void Load_FileThatCannotBeRead_NamesIt(string path, string problem) =>
        Assert.That(() => NpcRuntime.Load(path),
            Throws.TypeOf<FileReadException>().With.Message.Contains(path).And.Message.Contains(problem));

    [Test]
    public void CountTokens_Text_IsWhatThePrefixGrowsBy()
    {
        using NpcRuntime runtime = NpcRuntime.Load(TinyEngines.Path(Sizes.Chat), Options);
        Assert.That(runtime.CountTokens(""), Is.Zero);
        Assert.That(runtime.CountTokens("the miller"), Is.GreaterThan(0));
        Assert.That(runtime.KvFormat, Is.EqualTo(KvFormat.F32), "a software driver keeps keys and values as they are");
    }

    [Test]
    public void Calls_FromAnotherThread_AreRefusedWhereThatIsChecked()
    {
        using NpcRuntime runtime = NpcRuntime.Load(TinyEngines.Path(Sizes.Chat), Options with { ChecksThread = true });
        Npc npc = runtime.CreatePrefix("The gate.").CreateNpc("Mira", "You.");
        Exception?[] errors = new Exception?[10];
        Thread other = new(() =>
        {
            Action[] calls = [() => npc.Hear("Player", "Who?", new ReplyOptions { MaxTokens = 8 }),
                () => runtime.Tick(FrameBudget.FromMilliseconds(1)), npc.Forget, npc.Dispose, npc.Prefix.Dispose, runtime.DiscardFrame,
                () => npc.Priority = NpcPriority.Background, () => npc.GetConversation(), () => npc.Save(Stream.Null),
                () => runtime.Prepare(ActionType.Of<Gesture>())];
            for (int i = 0; i < calls.Length; i++)
            {
                try
                {
                    calls[i]();
                }
                catch (InvalidOperationException e)
                {
                    errors[i] = e;
                }
            }
        });
        other.Start();
        other.Join();
        Assert.That(errors, Is.All.Not.Null.And.All.Message.Contains("thread"));
        npc.Hear("Player", "Who?", new ReplyOptions { MaxTokens = 8 });
    }

    private sealed class Listener(Action<LoadProgress> listen) : IProgress<LoadProgress>
    {
        public void Report(LoadProgress value) => listen(value);
    }
}
