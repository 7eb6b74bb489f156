using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>
/// Layers that see a window or a chunk keep only what can still be seen: on the device, in host memory and in saves. What they gave back
/// changes no bit.
/// </summary>
internal sealed class LimitedSpanTests : GpuTest
{
    private const int Tokens = 144, Context = 160, Rows = 16;

    [TestCase("gemma2", null)]
    [TestCase("gemma3-1b-form", null)]
    [TestCase("gpt-oss-mxfp4", null)]
    [TestCase("olmo3", null)]
    [TestCase("llama4-scout-top2", null)]
    [TestCase("phi3_longrope_long", "phi3.attention.sliding_window")]
    public void ReleaseUnseen_WindowsAndChunks_HoldOnlyWhatIsSeen(string name, string? windowKey)
    {
        string golden = TestData.Golden("architectures", name, "model.gguf");
        string path = windowKey is null ? golden : ReportedModelTests.Rewrite(golden, keys => keys[windowKey] = 12u);
        using InferenceEngine engine = TinyEngines.Load(path, new EngineOptions
        {
            ContextTokens = Context,
            MaxSequences = 2,
            MaxRows = Rows,
            MaxOutputs = Rows,
            HostKvTokens = 2 * Context,
        });
        if (windowKey is not null) File.Delete(path);
        int[] ids = TinyEngines.Ids(Context, 5, engine.Config.Vocabulary);
        float[] expected = engine.ReadFresh(ids, Rows)[(Tokens * engine.Config.Vocabulary)..];
        KvTransfer transfer = engine.Transfer;
        int full = engine.Kv.Layout.Groups.Count(g => g.Span.Kind == AttentionSpanKind.Full);
        long fullBytes = full * (Tokens / KvCache.BlockTokens) * transfer.BlockBytes;
        long limitedBytes = LimitedBlocks(engine) * transfer.BlockBytes;
        Assert.That(engine.Kv.Layout.Forgets);
        Assert.That(limitedBytes, Is.LessThan((transfer.Groups - full) * (Tokens / KvCache.BlockTokens) * transfer.BlockBytes));

        // in memory
        int slot = engine.Open(new Inference.SamplerSettings());
        for (int at = 0; at < Tokens; at += Rows)
        {
            engine.Read(slot, ids.AsSpan(at, Rows), Rows);
            transfer.ReleaseUnseen(slot);
            Assert.That(transfer.HeldBytes(slot).Limited, Is.LessThanOrEqualTo(limitedBytes), $"after {at + Rows} tokens");
        }

        Assert.That(transfer.HeldBytes(slot).Full, Is.EqualTo(fullBytes));

        // evicted and restored
        int free = engine.Host.Pool.Free;
        Assert.That(transfer.Spill(slot));
        transfer.Flush();
        Assert.That((free - engine.Host.Pool.Free) * transfer.BlockBytes, Is.LessThanOrEqualTo(fullBytes + limitedBytes));
        Assert.That(transfer.Restore(slot));

        // saved: no block before what the next token sees
        Assert.That(transfer.SavedBlocks(0, Tokens) * transfer.BlockBytes, Is.LessThanOrEqualTo(fullBytes + limitedBytes));
        TinyEngines.AssertSameBits(Reloaded(engine, slot, ids), expected, $"{name}, loaded");
        TinyEngines.AssertSameBits(engine.Read(slot, ids.AsSpan(Tokens), Rows), expected, $"{name}, restored");
        engine.Close(slot);
    }

    /// <summary>Most blocks of limited groups: the span, the slack for taking tokens back, and a part of a block at either end.</summary>
    private static int LimitedBlocks(InferenceEngine engine) => engine.Kv.Layout.Groups.Where(g => g.Span.Kind != AttentionSpanKind.Full)
        .Sum(g => (g.Span.Tokens + KvLayout.SlackTokens) / KvCache.BlockTokens + 2);

    private static float[] Reloaded(InferenceEngine engine, int slot, int[] ids)
    {
        List<byte[]> blocks = [];
        engine.Transfer.Export(slot, 0, Tokens, 0, int.MaxValue, (_, bytes) => blocks.Add(bytes.ToArray()));
        int loaded = engine.Open(new Inference.SamplerSettings());
        Assert.That(engine.Transfer.Import(loaded, Tokens));
        for (int i = 0; i < blocks.Count; i++) blocks[i].CopyTo(engine.Transfer.ImportBlock(loaded, 0, Tokens, i));
        Assert.That(engine.Transfer.Restore(loaded));
        Assert.That(
            engine.Transfer.HeldBytes(loaded).Limited, Is.LessThanOrEqualTo(LimitedBlocks(engine) * engine.Transfer.BlockBytes), "loaded");
        float[] logits = engine.Read(loaded, ids.AsSpan(Tokens), Rows);
        engine.Close(loaded);
        return logits;
    }
}
