using NpcMind.Gpu;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>What distinguishes the runtimes of the tests.</summary>
internal sealed record Sizes
{
    public static TinyModelOptions Chat { get; } = new()
    { Blocks = 2, Embedding = 64, Heads = 2, KvHeads = 1, HeadDimension = 32, FeedForward = 96, Tokenizer = true, ChatTemplate = true };

    /// <summary>A <see cref="TinyModelOptions"/> or a <see cref="TinyLlama4Options"/>.</summary>
    public object Model { get; init; } = Chat;

    /// <summary>A <see cref="TinyEyesOptions"/> or a path; null for a model without eyes.</summary>
    public object? Eyes { get; init; }

    /// <summary>Null for a runtime without embedding model.</summary>
    public TinyBertOptions? Embeddings { get; init; }

    public int Tiles { get; init; } = 1;

    public int Context { get; init; } = 224;

    public int Device { get; init; } = 3200;

    public int Host { get; init; } = 640;

    public int MaxRows { get; init; } = 32;

    public double Quantum { get; init; } = 0.5;

    public int MaxNpcs { get; init; } = 24;

    public KvFormat Kv { get; init; }

    public TimeProvider Clock { get; init; } = TimeProvider.System;
}

/// <summary>
/// Runtimes on tiny models, with and without validation, each loaded when a test first asks for it and then shared: a test must leave
/// nothing
/// behind.
/// </summary>
[SetUpFixture]
internal sealed class Runtimes
{
    private static readonly Dictionary<(Sizes, bool), NpcRuntime> Loaded = [];
    private static readonly Dictionary<bool, GpuDevice> Devices = []; // with and without validation

    [OneTimeTearDown]
    public void Free()
    {
        foreach (NpcRuntime runtime in Loaded.Values)
        {
            runtime.Dispose();
            Assert.That(runtime.ValidationMessages, Is.Empty);
        }

        Loaded.Clear();
        foreach (GpuDevice device in Devices.Values)
        {
            device.Dispose();
            Assert.That(device.ValidationMessages, Is.Empty);
        }

        Devices.Clear();
    }

    internal static NpcRuntime Get(Sizes sizes)
    {
        (Sizes, bool) key = (sizes, Validation.IsOn);
        return Loaded.TryGetValue(key, out NpcRuntime? runtime) ? runtime : Loaded[key] = New(sizes);
    }

    /// <summary>A device of a game.</summary>
    internal static GpuDevice NewDevice() => GpuDevice.Create(new GpuOptions { Validate = Validation.IsOn });

    /// <summary>The device of runtimes that are given none, whose pipelines they have in common.</summary>
    private static GpuDevice Common =>
        Devices.TryGetValue(Validation.IsOn, out GpuDevice? device) ? device : Devices[Validation.IsOn] = NewDevice();

    internal static NpcRuntime New(Sizes sizes, VulkanHost? host = null) =>
        NpcRuntime.Load(TinyEngines.Path(sizes.Model), new NpcRuntimeOptions
        {
            Host = host ?? VulkanHost.Lend(Common),
            CacheFolder = "",
            ImageEncoderPath = sizes.Eyes is null ? null : TinyEngines.Path(sizes.Eyes),
            EmbeddingModelPath = sizes.Embeddings is null ? null : TinyEngines.Path(sizes.Embeddings),
            MaxImageTiles = sizes.Tiles,
            ContextTokens = sizes.Context,
            DeviceKvTokens = sizes.Device,
            HostKvTokens = sizes.Host,
            MaxTokensPerStep = sizes.MaxRows,
            MaxNpcs = sizes.MaxNpcs,
            MaxDispatchMilliseconds = sizes.Quantum,
            KvFormat = sizes.Kv,
            Clock = sizes.Clock,
            Seed = 7,
        });
}

/// <summary>
/// Base of tests of the SDK: after each, characters and prefixes are removed, and every block and slot must be free and the validation
/// layer silent.
/// </summary>
internal abstract class RuntimeTest
{
    private static readonly double[] Budgets = [0.05, 1, 3, 10, 20, 20];
    private readonly List<NpcRuntime> _used = [];
    private readonly List<Prefix> _prefixes = [];

    [TearDown]
    public void CheckEverythingIsFreed()
    {
        foreach (Prefix prefix in _prefixes) prefix.Dispose();
        _prefixes.Clear();
        foreach (NpcRuntime runtime in _used)
        {
            foreach (Npc npc in runtime.Npcs.ToArray()) npc.Dispose();
            Until(runtime, new TinyRandom(1), () => runtime.Tick(FrameBudget.FromMilliseconds(50)).Status == TickStatus.Idle, 1000);
            runtime.Engine.Transfer.Flush();
            Assert.That(runtime.Engine.Kv.Pool.Free, Is.EqualTo(runtime.Engine.Kv.Pool.Count), "blocks of the device");
            Assert.That(runtime.Engine.Host.Pool.Free, Is.EqualTo(runtime.Engine.Host.Pool.Count), "blocks of the host");
            Assert.That(runtime.ValidationMessages, Is.Empty);
        }

        _used.Clear();
    }

    internal NpcRuntime Use(Sizes sizes)
    {
        NpcRuntime runtime = Runtimes.Get(sizes);
        if (!_used.Contains(runtime)) _used.Add(runtime);
        return runtime;
    }

    internal Prefix World(NpcRuntime runtime, string text, Prefix? parent = null)
    {
        Prefix prefix = parent is null ? runtime.CreatePrefix(text) : parent.CreatePrefix(text);
        _prefixes.Add(prefix);
        return prefix;
    }

    /// <summary>One tick of a random budget; waits for the device, without doing what only a tick may do.</summary>
    internal static TickReport Tick(NpcRuntime runtime, TinyRandom random)
    {
        TickReport report = runtime.Tick(FrameBudget.FromMilliseconds(Budgets[random.Below(Budgets.Length)]));
        Wait(runtime);
        return report;
    }

    internal static void Wait(NpcRuntime runtime) => runtime.Engine.Timeline.Wait(runtime.Engine.Timeline.Submitted);

    internal static void Until(NpcRuntime runtime, TinyRandom random, Func<bool> done, int most = 20000)
    {
        int read = 0, said = 0, spilled = 0, restored = 0, dropped = 0;
        for (int i = 0; !done(); i++)
        {
            TickReport report = Tick(runtime, random);
            if (i > most / 2)
                (read, said, spilled, restored, dropped) = (read + report.TokensProcessed, said + report.TokensGenerated,
                    spilled + report.Spilled, restored + report.Restored, dropped + report.Dropped);
            if (i < most) continue;
            Assert.Fail($"Nothing comes of it after {most} ticks. In the last half: {read} read, {said} said, {spilled} spilled, " +
                $"{restored} restored, {dropped} dropped. {report}\n"
                + string.Join('\n',
                    runtime.Npcs.Select(
                        n => $"{n.Name}: {n.Waiting}, {n.Tokens} tokens, {runtime.Scheduler.Prefilled(n.Mind)} read, slot {n.Mind.Slot}, " +
                        $"priority {n.Priority}, {n.Reply?.End}, awaits {n.Mind.AwaitsToken}, {n.Mind.RowsInStep} rows")));
        }
    }

    /// <summary>Ticks until a task is over; other threads may have a part in it.</summary>
    internal static T Await<T>(NpcRuntime runtime, T task, TinyRandom? random = null)
        where T : Task
    {
        random ??= new TinyRandom(5);
        Until(runtime, random, () =>
        {
            if (!task.IsCompleted) Thread.Sleep(1);
            return task.IsCompleted;
        });
        return task;
    }

    /// <summary>Ticks until all replies have ended.</summary>
    internal static void Finish(NpcRuntime runtime, TinyRandom random) =>
        Until(runtime, random, () => runtime.Npcs.All(n => n.Reply is null or { IsDone: true }));

    internal static string Say(NpcRuntime runtime, Npc npc, string text, ReplyOptions options, TinyRandom? random = null)
    {
        Reply reply = npc.Hear("Player", text, options);
        Until(runtime, random ?? new TinyRandom(3), () => reply.IsDone);
        return reply.Text;
    }

    internal static int[] Log(Npc npc) => [.. npc.Mind.Tokens];

    internal static string Written(Reply reply) => reply.ActionConstraint is { } action
        ? System.Text.Encoding.UTF8.GetString(action.Bytes) : "";

    /// <summary>A few words that the tiny vocabulary has tokens for, and some it has not.</summary>
    internal static string Words(TinyRandom random, int count)
    {
        string[] words = ["the", "miller", "Good", "morning.", "gate", "river", "What?", "dragon", "Zwölf", "night,", "bread", "\u9f8d",
            "hill", "you", "north"];
        return string.Join(' ', Enumerable.Range(0, count).Select(_ => words[random.Below(words.Length)]));
    }

    internal static ReplyOptions Options(TinyRandom random, int most = 9) => new()
    {
        Temperature = random.Below(2),
        TopP = random.Below(2) == 0 ? 1 : 0.9f,
        MaxTokens = 2 + random.Below(most - 1),
    };
}
