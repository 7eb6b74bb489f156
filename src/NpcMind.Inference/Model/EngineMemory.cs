using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Device bytes that an engine will take, a little over, known before anything is allocated.</summary>
internal static class EngineMemory
{
    /// <summary>Bytes of the buffers that hold weights, cache and workspace.</summary>
    public static long ReservedBytes(
        long alignment, GgufFile file, ModelConfig config, EngineOptions options, KvLayout layout, long blocks)
    {
        ArenaPlan plan = new(alignment: alignment);
        IEnumerable<long> sizes = [
            .. StepTables(config, options, layout.Groups.Count), .. Cache(config, options.Kv, layout, blocks),
            .. Workspace(file, config, options), .. WeightLoader.TensorBytes(file),
        ];
        foreach (long bytes in sizes) plan.Place(Math.Max(1, bytes));
        // The loader joins tensors and so fills chunks in another way: a chunk and a sixteenth part of the others.
        return plan.ReservedBytes + plan.UsedBytes / 64 + ArenaPlan.DefaultChunkBytes;
    }

    /// <summary>What <see cref="KvCache"/> allocates.</summary>
    private static IEnumerable<long> Cache(ModelConfig config, KvFormat format, KvLayout layout, long blocks)
    {
        int tensors = layout.LayersPerBlock * (config.LatentWidth > 0 ? 1 : 2);
        return Enumerable.Repeat(KvCache.BlockBytes(config, layout, format) / tensors * blocks, tensors);
    }

    /// <summary>What <see cref="StepInputs"/> allocates, and the log of tokens.</summary>
    private static IEnumerable<long> StepTables(ModelConfig config, EngineOptions options, int groups)
    {
        const int RowWords = 4 + 4;
        long slots = options.MaxSequences, tables = (options.ContextTokens + KvCache.PageTokens) / KvCache.BlockTokens + KvCache.PageTokens;
        yield return options.MaxRows * RowWords * 4L;
        yield return options.MaxRows * (2L * config.Rope.Dims + 4) * 4;
        yield return groups * slots * tables * 4;
        yield return options.MaxOutputs * (config.Vocabulary / 8 + 4L);
        yield return slots * (StepInputs.SamplerWords + options.ContextTokens + 1L) * 4;
    }

    /// <summary>Buffers of <see cref="GraphBuilder"/>, those of the widest feed-forward block included.</summary>
    private static IEnumerable<long> Workspace(GgufFile file, ModelConfig c, EngineOptions options)
    {
        const int ResidualBuffers = 4;
        long rows = options.BufferRows(options.MaxRows), outputs = options.BufferRows(options.MaxOutputs);
        int heads = c.Heads * c.HeadDim, width = Inference.Workspace.Stride(c.Width);
        int splits = GraphBuilder.SplitsOf(options.ContextTokens - 1);
        int hidden = (int)file.Tensors.Where(t => t.Slabs == 1 && t.Name.Contains("ffn_up", StringComparison.Ordinal))
            .Select(t => Math.Min(t.Rows, int.MaxValue / 8)).Append(c.FeedForward).Max();
        for (int i = 0; i < ResidualBuffers; i++) yield return rows * width * 4;
        // Queries, keys and values as projected; queries as attended to; what is attended. Latent attention has two more of that size.
        yield return rows * (heads + 2L * c.KvHeads * c.HeadDim + 3 * 64) * 4;
        for (int i = 0; i < (c.LatentWidth > 0 ? 4 : 2); i++) yield return rows * Inference.Workspace.Stride(heads) * 4;
        yield return Attention.PartBytes(rows, c.Heads, c.HeadDim, splits);
        yield return rows * 3 * (hidden + 64L) * 4;
        if (c.Experts > 0)
            yield return (rows * c.ExpertsUsed * (3 * (c.ExpertFeedForward + 64L) + width + 256) + rows * (c.Experts + 128L)) * 4;
        if (options.Precision != Precision.Exact) // MatMul.IntegersOf: two bytes and the rest of a block make 20 words of 32
            foreach (long columns in (long[])[c.Width, heads, hidden, c.Experts > 0 ? (long)c.ExpertsUsed * c.ExpertFeedForward : 0])
                yield return rows * (columns + 256) * 4 * 20 / 32;
        yield return outputs * Inference.Workspace.Stride(c.Vocabulary) * 4;
        yield return outputs * width * 2 * 4;
        var sampler = Sampler.Bytes(options.MaxOutputs, c.Vocabulary);
        yield return sampler.Best + sampler.Histograms + sampler.State + 2 * sampler.Sums;
    }
}
