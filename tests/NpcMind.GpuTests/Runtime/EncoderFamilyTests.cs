using NpcMind.Gguf;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests.Runtime;

/// <summary>
/// What characters see through each family of image encoders: the same in frames, after eviction, from saves, and with other sizes of
/// steps.
/// </summary>
internal sealed class EncoderFamilyTests : RuntimeTest
{
    private static readonly ReplyOptions Short = new() { MaxTokens = 6, Temperature = 0, RepetitionPenalty = 1 };

    [TestCase("gemma3-smallwindow", "mmproj.gguf")]
    [TestCase("llava15", "mmproj-legacy.gguf")]
    [TestCase("qwen25vl", "mmproj.gguf")]
    public void See_InFramesEvictedSavedAndRestored_SaysTheSame(string family, string mmproj)
    {
        Sizes home = new()
        {
            Model = TestData.Golden("vision", family, "model.gguf"),
            Eyes = TestData.Golden("vision", family, mmproj),
            Context = 512,
        };
        NpcRuntime runtime = Use(home), elsewhere = Use(home with { MaxRows = 16, Device = 1600, Quantum = 2 });
        Prefix world = World(runtime, "You keep the gate."), other = World(elsewhere, "You keep the gate.");
        TinyRandom random = new(family.Length);
        Until(elsewhere, random, () => other.IsReady);
        for (int scenario = 0; scenario < 4; scenario++)
        {
            Npc npc = world.CreateNpc($"sees {scenario}", "");
            See(npc, 60 + 20 * scenario, 90, scenario);
            if (scenario % 2 == 1) See(npc, 40, 50, scenario + 10); // two in a row
            string first = Say(runtime, npc, "What?", Short, random);
            Assert.That(first, Is.EqualTo(AtOnce(runtime, npc, home)), $"{family} {scenario}: as at once");
            using MemoryStream stream = new();
            npc.Save(stream);
            See(npc, 30, 80, 20);
            string second = Say(runtime, npc, "And now?", Short, random);

            foreach ((NpcRuntime where, Prefix begin, int keep) in new[] { (runtime, world, 0), (elsewhere, other, int.MaxValue),
                (elsewhere, other, 30) })
            {
                stream.Position = 0;
                Npc loaded = where.LoadNpc(stream, begin);
                Finish(where, random);
                where.Scheduler.Forget(loaded.Mind, Math.Min(keep, where.Scheduler.Prefilled(loaded.Mind)));
                See(loaded, 30, 80, 20);
                Assert.That(Say(where, loaded, "And now?", Short, random), Is.EqualTo(second), $"{family} {scenario}: keeping {keep}");
                loaded.Dispose();
            }

            npc.Dispose();
        }
    }

    private static void See(Npc npc, int width, int height, int seed) =>
        npc.See(NpcImage.FromRgba(width, height, TestPictures.Rgba(width, height, seed)));

    /// <summary>
    /// What the model says when its prompt is read in the largest steps, the pictures' rows being those that the character has.
    /// </summary>
    private static string AtOnce(NpcRuntime runtime, Npc npc, Sizes sizes)
    {
        using GgufFile file = GgufFile.Open((string)sizes.Model);
        using InferenceEngine engine = InferenceEngine.Load(
            GpuFixture.Device, file, new EngineOptions { ContextTokens = sizes.Context, MaxRows = 64, Features = true });
        int[] log = Log(npc);
        int first = npc.Reply!.FirstToken;
        int[] rows = [.. log[..first].Where(t => t < 0)];
        using TokenGenerator generator = new(engine, GpuFixture.Device, new Inference.SamplerSettings());
        generator.Prefill(
            MindSaves.Plain(runtime, log.AsSpan(0, first)),
            [.. rows.SelectMany(t => npc.Mind.TurnImage(t).Row(PictureToken.Row(t)).ToArray())],
            runtime.ImageQueue!.Format.SlotToken, [.. MindSaves.Places(npc.Mind, log.AsSpan(0, first)).Where(p => p.Count > 0)]);
        int[] expected = [.. Enumerable.Range(0, log.Length - first).Select(_ => generator.Next()!.Value)];
        Assert.That(log[first..], Is.EqualTo(expected));
        return npc.Reply.Text;
    }
}
