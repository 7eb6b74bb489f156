using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;
using NpcMind.Text;

namespace NpcMind.GpuTests.Runtime;

/// <summary>What a device returns is input: logits that are no numbers, rows that no token has, tokens that a mask forbids.</summary>
public sealed class BrokenLogitsTests : RuntimeTest
{
    private const int Padding = 124;
    private static readonly Sizes Home = new() { Context = 320 };
    private static readonly TinyModelOptions Padded = Sizes.Chat with { Vocabulary = 260 + Padding, PaddedRows = Padding };
    private static readonly Grammar Digits = Grammar.Parse("root ::= [0-9]+", "digits");
    private readonly List<string> _files = [];

    public static IEnumerable<TestCaseData> Replies =>
    [
        new TestCaseData(new ReplyOptions { Grammar = Digits, MaxTokens = 8 }).SetArgDisplayNames("grammar"),
        new TestCaseData(new ReplyOptions { Grammar = Digits, MaxTokens = 8, Temperature = 0 }).SetArgDisplayNames("greedy grammar"),
        new TestCaseData(new ReplyOptions { MaxTokens = 8 }).SetArgDisplayNames("free"),
        new TestCaseData(new ReplyOptions { MaxTokens = 8, Temperature = 0 }).SetArgDisplayNames("greedy"),
        new TestCaseData(new ReplyOptions { MaxTokens = 8, TopK = 5, Action = ActionType.Of<Gesture>() }).SetArgDisplayNames("action"),
    ];

    [TearDown]
    public void DeleteFiles()
    {
        foreach (string file in _files) File.Delete(file);
        _files.Clear();
    }

    /// <summary>The case of reports/nan-logits-grammar-never-ends, without a grammar too.</summary>
    [TestCaseSource(nameof(Replies))]
    public void Tick_MatrixOfNaN_EndsTheReplyAsFailed(ReplyOptions options)
    {
        string path = Break("blk.0.ffn_down.weight", _ => true);
        using NpcRuntime runtime = Load(path);
        Npc npc = runtime.CreatePrefix("").CreateNpc("Mira", "You.");
        foreach (string said in new[] { "Well?", "Again?" })
        {
            Reply reply = npc.Hear("Player", said, options);
            for (int i = 0; i < 100 && !reply.IsDone; i++)
            {
                runtime.Tick(FrameBudget.FromMilliseconds(50));
                Wait(runtime);
            }

            Assert.That(reply.End, Is.EqualTo(ReplyEnd.Failed));
            Assert.That(reply.Error, Does.Contain("logits"));
            Assert.That(reply.Text, Is.Empty);
            Assert.That(reply.TryTakeAction(out Gesture _), Is.False);
        }
    }

    [Test]
    public void Tick_OneRowOfNaN_IsNeverChosen()
    {
        int width = Sizes.Chat.Embedding, first = Said(Use(Home), 0)[0];
        using NpcRuntime broken = Load(Break("output.weight", element => element / width == first));
        Assert.That(Said(broken, 0), Has.Length.Positive.And.None.EqualTo(first));
    }

    /// <summary>The case of reports/rows-without-a-token.</summary>
    [Test]
    public void Tick_PaddedVocabulary_SaysOnlyTokens()
    {
        NpcRuntime runtime = Use(Home with { Model = Padded });
        for (int seed = 0; seed < 20; seed++) Assert.That(Said(runtime, seed), Has.All.LessThan(260), $"seed {seed}");
    }

    [Test]
    public void Next_PaddedVocabulary_YieldsOnlyTokens()
    {
        using InferenceEngine engine = TinyEngines.Load(Padded);
        Assert.That((engine.Config.Vocabulary, engine.Config.Tokens), Is.EqualTo((260 + Padding, 260)));
        for (int seed = 0; seed < 20; seed++)
        {
            Inference.SamplerSettings sampler = new() { Temperature = seed % 3, Seed = (ulong)seed };
            using TokenGenerator generator = new(engine, GpuFixture.Device, sampler);
            generator.Prefill([1, 2, 3]);
            for (int i = 0; i < 30; i++) Assert.That(generator.Next(), Is.LessThan(260), $"seed {seed}");
        }
    }

    [Test]
    public void Next_MatrixOfNaN_ThrowsWithASentence()
    {
        using GgufFile file = GgufFile.Open(Break("blk.0.ffn_down.weight", _ => true));
        using InferenceEngine engine = InferenceEngine.Load(GpuFixture.Device, file, TinyEngines.Options);
        using TokenGenerator generator = new(engine, GpuFixture.Device, new Inference.SamplerSettings());
        generator.Prefill([1, 2, 3]);
        Assert.That(() => generator.Next(), Throws.InvalidOperationException.With.Message.Contains("logits"));
    }

    [TestCase(0)]
    [TestCase(1)]
    public void Take_TokenOutsideTheMask_EndsTheReplyAsFailed(int kind)
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        bool action = kind == 1;
        ReplyOptions digits = new() { MaxTokens = 2, Grammar = Digits },
            gesture = new() { MaxTokens = 2, Action = ActionType.Of<Gesture>() };
        Reply reply = npc.Hear("Player", "Well?", action ? gesture : digits);
        Until(runtime, new TinyRandom(1), () => npc.Mind.AwaitsToken && (reply.InAction || !action));
        int end = Enumerable.Range(0, runtime.Tokenizer.VocabularySize).First(runtime.Tokenizer.IsEndOfGeneration);
        runtime.Speech.Take(npc.Mind, end); // nothing complete was written
        Assert.That(reply.End, Is.EqualTo(ReplyEnd.Failed));
        Assert.That(reply.Error, Does.Contain($"Token {end} ").And.Contain("logits"));
        Assert.That(reply.TryTakeAction(out Gesture _), Is.False);
    }

    [TestCase(-1)]
    [TestCase(int.MaxValue)]
    [TestCase(int.MinValue)]
    public void Take_NoToken_EndsTheReplyAsFailed(int token)
    {
        NpcRuntime runtime = Use(Home);
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 2 });
        runtime.Speech.Take(npc.Mind, token);
        Assert.That(reply.End, Is.EqualTo(ReplyEnd.Failed));
        Assert.That(Say(runtime, npc, "And now?", new ReplyOptions { MaxTokens = 2 }), Is.Not.Null);
        Assert.That(npc.Reply!.End, Is.Not.EqualTo(ReplyEnd.Failed));
    }

    [Test]
    public void Take_TokenOfAnOlderMask_IsChosenAnew()
    {
        NpcRuntime runtime = Use(Home);
        LegalActions legal = new(ActionType.Of<Gesture>());
        Npc npc = World(runtime, "").CreateNpc("Mira", "You.");
        Reply reply = npc.Hear("Player", "Well?", new ReplyOptions { MaxTokens = 1, Action = legal.Type, LegalActions = legal });
        TinyRandom random = new(1);
        for (int i = 0; !reply.IsDone; i++)
        {
            Tick(runtime, random);
            Gesture[] all = Enum.GetValues<Gesture>();
            legal.AllowOnly(all[i / 7 % all.Length]);
        }

        Assert.That(reply.End, Is.Not.EqualTo(ReplyEnd.Failed), reply.Error);
    }

    /// <summary>Tokens of a reply, the likeliest ones for seed 0.</summary>
    private int[] Said(NpcRuntime runtime, int seed)
    {
        using Prefix world = runtime.CreatePrefix("");
        using Npc npc = world.CreateNpc($"Mira {seed}", "You.");
        Reply reply = npc.Hear("Player", "hi", new ReplyOptions { MaxTokens = 12, Temperature = seed == 0 ? 0 : 2, TopP = 1 });
        Finish(runtime, new TinyRandom(1));
        Assert.That(reply.End, Is.Not.EqualTo(ReplyEnd.Failed), reply.Error);
        return Log(npc)[reply.FirstToken..];
    }

    private static NpcRuntime Load(string path) =>
        NpcRuntime.Load(path, new NpcRuntimeOptions { CacheFolder = "", ContextTokens = 160, MaxNpcs = 2, MaxRows = 32 });

    /// <summary>The chat model with NaN in some elements of an F16 matrix.</summary>
    private string Break(string tensor, Func<int, bool> elements)
    {
        byte[] bytes = File.ReadAllBytes(TinyEngines.Path(Sizes.Chat));
        using (GgufFile file = GgufFile.Open(TinyEngines.Path(Sizes.Chat)))
        {
            GgufTensor found = file.Find(tensor)!;
            Span<ushort> weights = MemoryMarshal.Cast<byte, ushort>(bytes.AsSpan((int)found.Offset, (int)found.ByteLength));
            for (int i = 0; i < weights.Length; i++)
                if (elements(i)) weights[i] = 0x7E00;
        }

        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        _files.Add(path);
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
