using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Rotation with the write into the cache, and attention over it.</summary>
internal static class AttentionCases
{
    private const int Block = KvCache.BlockTokens, Blocks = 64 / Block;

    public static IEnumerable<KernelCase> All()
    {
        foreach (bool neox in new[] { false, true })
            foreach ((int headDim, int rotated) in new[] { (64, 64), (20, 12), (128, 64) })
                yield return RopeAndKvWrite(3, 1, headDim, rotated, neox, 5);
        yield return RopeAndKvWrite(4, 4, 16, 16, neox: false, 1);
        yield return RopeAndKvWrite(5, 1, 88, 88, neox: false, 3, normalizes: true);
        yield return RopeAndKvWrite(4, 2, 128, 0, neox: false, 3, scalesQueries: true);
        foreach ((int heads, int kvHeads) in new[] { (1, 1), (3, 1), (9, 3) })
            foreach (int headDim in new[] { 16, 20, 64, 128 })
                foreach (int context in new[] { 1, 31, 32, 33, 600 })
                    yield return Attention(heads, kvHeads, headDim, context, 1);
        foreach ((int heads, int kvHeads, int headDim) in new[] { (3, 1, 64), (4, 4, 32), (9, 3, 96), (2, 1, 128) })
        {
            yield return RopeAndKvWriteQ8(heads, kvHeads, headDim, 5);
            foreach (int context in new[] { 1, 33, 600 }) yield return Attention(heads, kvHeads, headDim, context, 1, q8: true);
        }

        yield return Attention(4, 4, 64, 515, 4, q8: true);
        yield return Attention(3, 1, 64, 40, 2);
        yield return Attention(9, 3, 20, 33, 2);
        yield return Attention(4, 4, 64, 515, 4);
        foreach ((AttentionSpanKind kind, int tokens) in new[] { (AttentionSpanKind.Chunk, 24), (AttentionSpanKind.Chunk, 520), (AttentionSpanKind.Window, 7), (AttentionSpanKind.Window, 600) })
            foreach ((int context, int queries) in new[] { (25, 4), (49, 1), (1042, 4), (1563, 2), (2049, 4) })
                yield return Attention(4, 4, 32, context, queries, span: new AttentionSpan(kind, tokens));
    }

    /// <summary>Queries, keys and values of the last <paramref name="rows"/> positions of 40 tokens; the rest of the cache must stay zero.</summary>
    public static KernelCase RopeAndKvWrite(int heads, int kvHeads, int headDim, int rotated, bool neox, int rows, bool normalizes = false, bool scalesQueries = false) => new(
        "rope_kv_write", $"{heads}/{kvHeads} heads of {headDim}, {rotated} {(neox ? "neox" : "in pairs")} x{rows}{(normalizes ? " normalized" : "")}{(scalesQueries ? " scaled" : "")}", null, 1e-13, 8.0 * rows * headDim * (heads + 2 * kvHeads), 3.0 * rows * rotated * (heads + kvHeads), rig =>
        {
            int first = 40 - rows, pairs = rotated / 2, q = heads * headDim, kv = kvHeads * headDim;
            RopeSettings settings = new(rotated, Neox: neox);
            float[] qkv = CaseData.Normal(1, rows * (q + 2 * kv));
            List<float> turns = [];
            for (int row = 0; row < rows; row++)
            {
                for (int k = 0; k < pairs; k++) turns.AddRange([(float)Rope.Turn(first + row, k, settings).Cosine, (float)Rope.Turn(first + row, k, settings).Sine]);
                turns.AddRange([1.5f + row, 0]);
            }

            uint[] table = [.. Enumerable.Range(0, Blocks).Reverse().Select(b => (uint)b)];
            Tensor queries = rig.Empty(rows * q * 4), keys = rig.Empty(Blocks * Block * kv * 4), values = rig.Empty(Blocks * Block * kv * 4);
            uint lanes = rig.Library.SmallWorkgroup;
            GraphNode node = rig.Node(
                "rope_kv_write_f32",
                [("workgroupSize", lanes), ("Quads", (uint)headDim / 4), ("Normalizes", normalizes ? 1u : 0u), ("ScalesQueries", scalesQueries ? 1u : 0u)],
                [rig.Floats(qkv).As(TexelFormat.Float4), rig.Floats([.. turns]).As(TexelFormat.Float2), rig.Words(Rows(first, rows)), rig.Words(table), queries, keys, values],
                new Grid((heads + 2 * kvHeads + (int)lanes / 8 - 1) / ((int)lanes / 8), rows),
                ("heads", (uint)heads), ("kvHeads", (uint)kvHeads), ("pairs", (uint)pairs), ("neox", neox ? 1u : 0u), ("stride", (uint)(q + 2 * kv) / 4),
                ("kOffset", (uint)q / 4), ("vOffset", (uint)(q + kv) / 4), ("turnStride", (uint)pairs + 1), ("maxBlocks", (uint)Blocks), ("epsilon", 1e-3f));
            return new KernelRun(
                [node], MatMulCases.Step(rows),
                new KernelOutput(queries, () => Rotated(0, q, heads)),
                new KernelOutput(keys, () => Cache(Zeros(first * kv, Rotated(q, kv, kvHeads)), kvHeads, headDim, table, byToken: false)),
                new KernelOutput(values, () => Cache(Zeros(first * kv, Part(q + kv, kv)), kvHeads, headDim, table, byToken: true)));

            float[] Part(int offset, int width) => [.. Enumerable.Range(0, rows).SelectMany(row => qkv.Skip(row * (q + 2 * kv) + offset).Take(width))];

            float[] Rotated(int offset, int width, int count)
            {
                float[] part = Part(offset, width);
                Rope.Run(part, count, headDim, first, settings);
                if (normalizes) part = Reference.RmsNorm.Run(part, [.. Enumerable.Repeat(1f, headDim)], 1e-3f);
                if (scalesQueries && offset == 0)
                    for (int i = 0; i < part.Length; i++) part[i] *= 1.5f + i / width;
                return part;
            }
        });

    /// <summary>The same into bytes, byte for byte. Turns by 0 degrees, because a rotated value may round otherwise than the reference's, and its code with it.</summary>
    public static KernelCase RopeAndKvWriteQ8(int heads, int kvHeads, int headDim, int rows) => new("rope_kv_write_q8_0", $"{heads}/{kvHeads} heads of {headDim} x{rows}", null, 0, 4.0 * rows * headDim * (heads + 2 * kvHeads), 0, rig =>
    {
        int first = 40 - rows, q = heads * headDim, kv = kvHeads * headDim, cacheBytes = Blocks * Block * kv * 9 / 8;
        float[] qkv = CaseData.Normal(1, rows * (q + 2 * kv), outlier: true);
        qkv.AsSpan(q, 32).Clear(); // a block of zeros has no scale
        uint[] table = [.. Enumerable.Range(0, Blocks).Reverse().Select(b => (uint)b)];
        Tensor keys = rig.Empty(cacheBytes), values = rig.Empty(cacheBytes);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node(
            "rope_kv_write_q8_0",
            [("workgroupSize", lanes), ("Quads", (uint)headDim / 4), ("Normalizes", 0u), ("ScalesQueries", 0u)],
            [rig.Floats(qkv).As(TexelFormat.Float4), rig.Floats([.. Enumerable.Range(0, rows * headDim).Select(i => i % 2 == 0 ? 1f : 0f)]).As(TexelFormat.Float2), rig.Words(Rows(first, rows)), rig.Words(table), rig.Empty(rows * q * 4), keys, values],
            new Grid((heads + 2 * kvHeads + (int)lanes / 8 - 1) / ((int)lanes / 8), rows),
            ("heads", (uint)heads), ("kvHeads", (uint)kvHeads), ("pairs", (uint)headDim / 2), ("neox", 0u), ("stride", (uint)(q + 2 * kv) / 4),
            ("kOffset", (uint)q / 4), ("vOffset", (uint)(q + kv) / 4), ("turnStride", (uint)headDim / 2), ("maxBlocks", (uint)Blocks), ("epsilon", 0f));
        return new KernelRun(
            [node], MatMulCases.Step(rows),
            new KernelOutput(keys, () => Bytes(CacheQ8(Zeros(first * kv, Part(q)), kvHeads, headDim, table, byToken: false)), Bytes: true),
            new KernelOutput(values, () => Bytes(CacheQ8(Zeros(first * kv, Part(q + kv)), kvHeads, headDim, table, byToken: true)), Bytes: true));

        float[] Part(int offset) => [.. Enumerable.Range(0, rows).SelectMany(row => qkv.Skip(row * (q + 2 * kv) + offset).Take(kv))];
    });

    /// <summary>The bytes of words, low first.</summary>
    public static float[] Bytes(uint[] words) => [.. words.SelectMany(w => new float[] { w & 255, w >> 8 & 255, w >> 16 & 255, w >> 24 })];

    /// <summary>The last <paramref name="queries"/> positions of a context, in one tile, over scattered blocks.</summary>
    public static KernelCase Attention(int heads, int kvHeads, int headDim, int context, int queries, bool q8 = false, AttentionSpan span = default) => new(
        q8 ? "attention_q8_0" : "attention", $"{heads}/{kvHeads} heads of {headDim}, {context} tokens x{queries}{(span.Tokens > 0 ? $" {span.Kind} {span.Tokens}" : "")}", null, 3e-12, (q8 ? 2.25 : 8.0) * context * kvHeads * headDim, 4.0 * context * heads * headDim * queries, rig =>
        {
            const uint SplitPages = 16;
            int first = context - queries, quads = headDim / 4, blocks = CaseData.RoundUp(context, KvCache.PageTokens) / Block, splits = span.Tokens == 0 ? GraphBuilder.SplitsOf(context - 1) : Math.Min(GraphBuilder.SplitsOf(context - 1), (span.Tokens + 4) / 512 + 2), stride = CaseData.RoundUp(heads * headDim, 64);
            float scale = (float)(1.5 / Math.Sqrt(headDim));
            float[] q = CaseData.Normal(1, queries * heads * headDim), k = CaseData.Normal(2, context * kvHeads * headDim), v = CaseData.Normal(3, context * kvHeads * headDim);
            uint[] table = [.. Enumerable.Range(0, blocks).Select(i => (uint)(blocks - 1 - i))];
            Tensor parts = rig.Empty((long)queries * heads * splits * (headDim + 4) * 4), output = rig.Empty(queries * stride * 4), rows = rig.Words(Rows(first, queries));
            uint slices = rig.Library.Slices, lanes = rig.Library.SmallWorkgroup;
            DispatchNode attention = rig.Library.Pipeline(
                q8 ? "attention_q8_0" : "attention_f32", ("workgroupSize", 8 * slices), ("Quads", (uint)quads), ("Group", (uint)(heads / kvHeads)), ("Queries", (uint)queries), ("Slices", slices), ("SplitPages", SplitPages), ("Span", (uint)span.Kind)).Node(
                "attention",
                [
                    rig.Floats(q).As(TexelFormat.Float4), Stored(k, byToken: false), Stored(v, byToken: true),
                    rig.Words(table).As(TexelFormat.UInt1), rig.Words([0, (uint)queries, 0, 0]).As(TexelFormat.UInt4), rows.As(TexelFormat.UInt4), parts,
                ],
                ("kvHeads", (uint)kvHeads), ("maxBlocks", (uint)blocks), ("maxSplits", (uint)splits), ("scale", scale), ("spanTokens", (uint)span.Tokens));
            GraphNode combine = rig.Node(
                "attention_combine", [("workgroupSize", lanes), ("Span", (uint)span.Kind)], [parts.As(TexelFormat.Float4), rows, output], new Grid((heads * quads + (int)lanes - 1) / (int)lanes, queries),
                ("heads", (uint)heads), ("quads", (uint)quads), ("maxSplits", (uint)splits), ("splitTokens", SplitPages * KvCache.PageTokens), ("stride", (uint)stride / 4), ("spanTokens", (uint)span.Tokens));
            return new KernelRun([new GraphNode([attention], _ => new Grid(kvHeads, 1, splits)), combine], MatMulCases.Step(queries), output, () =>
                CaseData.Pad(Reference.Attention.Run(q, q8 ? QuantizeKv.RoundTrip(k) : k, q8 ? QuantizeKv.RoundTrip(v) : v, heads, kvHeads, context, first, scale, span.Kind == AttentionSpanKind.Chunk ? span.Tokens : 0, span.Kind == AttentionSpanKind.Window ? span.Tokens : 0), heads * headDim, stride, queries));

            Tensor Stored(float[] x, bool byToken) => q8
                ? rig.Words(CacheQ8(x, kvHeads, headDim, table, byToken)).As(TexelFormat.UInt1)
                : rig.Floats(Cache(x, kvHeads, headDim, table, byToken)).As(TexelFormat.Float4);
        });

    private static uint[] Rows(int first, int count) => [.. Enumerable.Range(first, count).SelectMany(p => new[] { 0u, (uint)p, 0u, 0u })];

    private static float[] Zeros(int count, float[] rest) => [.. new float[count], .. rest];

    /// <summary>[tokens, kvHeads, headDim] as the cache keeps it (shaders/lib/kv_layout.glsl).</summary>
    private static float[] Cache(float[] values, int kvHeads, int headDim, uint[] table, bool byToken)
    {
        float[] cache = new float[table.Length * Block * kvHeads * headDim];
        int quads = headDim / 4;
        for (int i = 0; i < values.Length; i++)
        {
            int token = i / (kvHeads * headDim), head = i / headDim % kvHeads, quad = i % headDim / 4, start = ((int)table[token / Block] * kvHeads + head) * quads * Block;
            cache[(start + (byToken ? token % Block * quads + quad : quad * Block + token % Block)) * 4 + i % 4] = values[i];
        }

        return cache;
    }

    /// <summary>The same in bytes, each head of a token followed by its scales.</summary>
    private static uint[] CacheQ8(float[] x, int kvHeads, int headDim, uint[] table, bool byToken)
    {
        (sbyte[] codes, float[] scales) = QuantizeKv.Q8_0(x);
        int quads = headDim / 4, rows = quads + quads / 8;
        uint[] cache = new uint[table.Length * Block * kvHeads * rows];
        for (int i = 0; i < x.Length; i++)
        {
            int token = i / (kvHeads * headDim), head = i / headDim % kvHeads, quad = i % headDim / 4, start = ((int)table[token / Block] * kvHeads + head) * rows * Block;
            cache[At(quad)] |= (uint)(byte)codes[i] << (8 * (i % 4));
            cache[At(quads + quad / 8)] = BitConverter.SingleToUInt32Bits(scales[i / 32]);

            int At(int row) => start + (byToken ? token % Block * rows + row : row * Block + token % Block);
        }

        return cache;
    }
}
