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
        yield return RopeAndKvWrite(5, 1, 88, 88, neox: false, 3, norm: HeadNorm.AfterRope);
        yield return RopeAndKvWrite(4, 2, 128, 0, neox: false, 3, scalesQueries: true);
        yield return RopeAndKvWrite(4, 2, 40, 40, neox: true, 3, norm: HeadNorm.BeforeRope);
        foreach ((int heads, int kvHeads) in new[] { (1, 1), (3, 1), (9, 3) })
            foreach (int headDim in new[] { 16, 20, 64, 128 })
                foreach (int context in new[] { 1, 31, 32, 33, 600 })
                    yield return Attention(heads, kvHeads, headDim, context, 1);
        foreach ((int heads, int kvHeads, int headDim) in new[] { (3, 1, 64), (4, 4, 32), (9, 3, 96), (2, 1, 128) })
        {
            yield return RopeAndKvWriteQuantized(heads, kvHeads, headDim, 5, KvFormat.Q8);
            foreach (int context in new[] { 1, 33, 600 }) yield return Attention(heads, kvHeads, headDim, context, 1, KvFormat.Q8);
        }

        foreach ((int heads, int kvHeads, int headDim) in new[] { (3, 1, 64), (4, 4, 32), (9, 3, 96), (2, 1, 128), (3, 1, 80), (2, 2, 24),
            (2, 1, 256) })
        {
            yield return RopeAndKvWriteQuantized(heads, kvHeads, headDim, 5, KvFormat.Q4);
            foreach (int context in new[] { 33, 600 }) yield return Attention(heads, kvHeads, headDim, context, 1, KvFormat.Q4);
        }

        foreach (KvFormat kv in (KvFormat[])[KvFormat.Q8, KvFormat.Q4]) yield return Attention(4, 4, 64, 515, 4, kv);
        yield return Attention(4, 2, 24, 40, 4, softCap: 3);
        yield return Attention(4, 4, 32, 40, 3, ahead: true);
        yield return Attention(4, 4, 32, 40, 4, span: new AttentionSpan(AttentionSpanKind.Window, 2),
            ahead: true); // a window smaller than the picture
        yield return Attention(4, 4, 32, 514, 4, span: new AttentionSpan(AttentionSpanKind.Window, 1),
            ahead: true); // seen ahead: another split
        yield return Attention(4, 2, 32, 40, 4, hasSinks: true);
        yield return Attention(4, 2, 32, 600, 2, span: new AttentionSpan(AttentionSpanKind.Window, 128), hasSinks: true);
        yield return Attention(3, 1, 64, 40, 2);
        yield return Attention(9, 3, 20, 33, 4);
        yield return Attention(8, 1, 96, 70, 2);
        yield return Attention(4, 4, 64, 515, 4);
        foreach ((AttentionSpanKind kind, int tokens) in new[] { (AttentionSpanKind.Chunk, 24), (AttentionSpanKind.Chunk, 520),
            (AttentionSpanKind.Window, 7), (AttentionSpanKind.Window, 600) })
            foreach ((int context, int queries) in new[] { (25, 4), (49, 1), (1042, 4), (1563, 2), (2049, 4) })
                yield return Attention(4, 4, 32, context, queries, span: new AttentionSpan(kind, tokens));
    }

    /// <summary>For workgroups of GPUs: heads whose quads are fetched two and four at a time, with and without a rest.</summary>
    public static IEnumerable<KernelCase> GpuWorkgroups() =>
    [
        Attention(4, 1, 64, 600, 1), Attention(4, 1, 20, 33, 2), Attention(9, 3, 96, 600, 2, KvFormat.Q8),
        Attention(2, 2, 24, 33, 4, KvFormat.Q4),
    ];

    /// <summary>
    /// Queries, keys and values of the last <paramref name="rows"/> positions of 40 tokens; the rest of the cache must stay zero. The table
    /// of turns is the second of two.
    /// </summary>
    public static KernelCase RopeAndKvWrite(int heads, int kvHeads, int headDim, int rotated, bool neox, int rows,
        HeadNorm norm = HeadNorm.None, bool scalesQueries = false) => new(
        "rope_kv_write", $"{heads}/{kvHeads} heads of {headDim}, {rotated} {(neox ? "neox" : "in pairs")} "
            + $"x{rows}{(norm == HeadNorm.None ? "" : $" norm {norm}")}{(scalesQueries ? " scaled" : "")}",
        null, 1e-13, 8.0 * rows * headDim * (heads + 2 * kvHeads), 3.0 * rows * rotated * (heads + kvHeads), rig =>
        {
            const int Before = 3;
            int first = 40 - rows, pairs = rotated / 2, q = heads * headDim, kv = kvHeads * headDim;
            RopeSettings settings = new(rotated, Neox: neox);
            float[] qkv = CaseData.Normal(1, rows * (q + 2 * kv)), normWeights = CaseData.Normal(2, 2 * headDim);
            List<float> turns = [];
            for (int row = 0; row < rows; row++)
            {
                turns.AddRange(CaseData.Normal(row, 2 * Before));
                for (int k = 0; k < pairs; k++)
                    turns.AddRange([(float)Rope.Turn(first + row, k, settings).Cosine, (float)Rope.Turn(first + row, k, settings).Sine]);
                turns.AddRange([1.5f + row, 0]);
            }

            uint[] table = [.. Enumerable.Range(0, Blocks).Reverse().Select(b => (uint)b)];
            Tensor queries = rig.Empty(rows * q * 4), keys = rig.Empty(Blocks * Block * kv * 4),
                values = rig.Empty(Blocks * Block * kv * 4);
            AttentionSpec spec =
                new(heads, kvHeads, headDim, 1) { Rope = new RopeForm(0, neox), Norm = norm, ScalesQueries = scalesQueries };
            GraphNode node = new RopeKvWrite(rig.Library, rig.Nothing).Node(
                "rope", spec, rig.Floats(qkv), q + 2 * kv, q, q + kv,
                new RopeAngles(rig.Floats([.. turns]), Before + pairs + 1, Before, pairs), rig.Words(Rows(first, rows)),
                norm == HeadNorm.BeforeRope ? rig.Floats(normWeights) : null, 1e-3f, queries,
                new KvPlace(keys, values, rig.Words(table), Blocks, "f32", TexelFormat.Float4), s => s.Rows);
            return new KernelRun(
                [node], MatMulCases.Step(rows),
                new KernelOutput(queries, () => Rotated(0, q, heads)),
                new KernelOutput(keys, () => Cache(Zeros(first * kv, Rotated(q, kv, kvHeads)), kvHeads, headDim, table, byToken: false)),
                new KernelOutput(values, () => Cache(Zeros(first * kv, Part(q + kv, kv)), kvHeads, headDim, table, byToken: true)));

            float[] Part(int offset, int width) =>
                [.. Enumerable.Range(0, rows).SelectMany(row => qkv.Skip(row * (q + 2 * kv) + offset).Take(width))];

            float[] Rotated(int offset, int width, int count)
            {
                float[] part = Part(offset, width);
                if (norm == HeadNorm.BeforeRope)
                    part = Reference.RmsNorm.Run(part, normWeights.AsSpan(offset == 0 ? 0 : headDim, headDim), 1e-3f);
                Rope.Run(part, count, headDim, first, settings);
                if (norm == HeadNorm.AfterRope) part = Reference.RmsNorm.Run(part, [.. Enumerable.Repeat(1f, headDim)], 1e-3f);
                if (scalesQueries && offset == 0)
                    for (int i = 0; i < part.Length; i++) part[i] *= 1.5f + i / width;
                return part;
            }
        });

    /// <summary>
    /// The same into few bits, byte for byte. Turns by 0 degrees, because a turned value may round otherwise than the reference's, and its
    /// code with it.
    /// </summary>
    public static KernelCase RopeAndKvWriteQuantized(int heads, int kvHeads, int headDim, int rows, KvFormat format) => new(
        "rope_kv_write_" + StoredKv.Suffix(format), $"{heads}/{kvHeads} heads of {headDim} x{rows}", null, 0,
        4.0 * rows * headDim * (heads + 2 * kvHeads), 0, rig =>
    {
        int first = 40 - rows, q = heads * headDim, kv = kvHeads * headDim;
        long cacheBytes = StoredKv.Words(format, headDim) * 4L * Blocks * Block * kvHeads;
        float[] qkv = CaseData.Normal(1, rows * (q + 2 * kv), outlier: true);
        qkv.AsSpan(q, 32).Clear(); // a block of zeros has no scale
        uint[] table = [.. Enumerable.Range(0, Blocks).Reverse().Select(b => (uint)b)];
        Tensor keys = rig.Empty(cacheBytes), values = rig.Empty(cacheBytes), queries = rig.Empty(rows * q * 4);
        Tensor turns = rig.Floats([.. Enumerable.Range(0, rows * headDim).Select(i => i % 2 == 0 ? 1f : 0f)]);
        GraphNode node = new RopeKvWrite(rig.Library, rig.Nothing).Node(
            "rope", new AttentionSpec(heads, kvHeads, headDim, 1) { Rope = new RopeForm() }, rig.Floats(qkv), q + 2 * kv, q, q + kv,
            new RopeAngles(turns, headDim / 2, 0, headDim / 2), rig.Words(Rows(first, rows)), null, 0, queries,
            new KvPlace(keys, values, rig.Words(table), Blocks, StoredKv.Suffix(format), TexelFormat.UInt1), s => s.Rows);
        return new KernelRun(
            [node], MatMulCases.Step(rows),
            new KernelOutput(queries, () => Part(0, q)),
            new KernelOutput(keys, () => Stored(q, byToken: false), Bytes: true),
            new KernelOutput(values, () => Stored(q + kv, byToken: true), Bytes: true));

        float[] Stored(int offset, bool byToken) =>
            Bytes(StoredKv.Pack(Zeros(first * kv, Part(offset, kv)), kvHeads, headDim, table, byToken, format));

        float[] Part(int offset, int width)
        {
            float[] part = [.. Enumerable.Range(0, rows).SelectMany(row => qkv.Skip(row * (q + 2 * kv) + offset).Take(width))];
            return format == KvFormat.Q4 ? Reference.Hadamard.Run(part, Inference.Hadamard.BlockElements(headDim)) : part;
        }
    });

    /// <summary>The bytes of words, low first.</summary>
    public static float[] Bytes(uint[] words) => [.. words.SelectMany(w => new float[] { w & 255, w >> 8 & 255, w >> 16 & 255, w >> 24 })];

    /// <summary>The last <paramref name="queries"/> positions of a context, in one tile, over scattered blocks.</summary>
    public static KernelCase Attention(int heads, int kvHeads, int headDim, int context, int queries, KvFormat format = KvFormat.F32,
        AttentionSpan span = default, float softCap = 0, bool hasSinks = false, bool ahead = false) => new(
        "attention_" + StoredKv.Suffix(format),
        $"{heads}/{kvHeads} heads of {headDim}, {context} tokens x{queries}{(span.Tokens > 0 ? $" {span.Kind} {span.Tokens}" : "")}"
            + $"{(softCap > 0 ? $" capped at {softCap}" : "")}{(hasSinks ? " with sinks" : "")}{(ahead ? " that see one another" : "")}",
        null, 3e-12, 8.0 * StoredKv.Words(format, headDim) * context * kvHeads, 4.0 * context * heads * headDim * queries, rig =>
        {
            const int SplitPages = 16;
            int first = context - queries, quads = headDim / 4, blocks = CaseData.RoundUp(context, KvCache.PageTokens) / Block,
                splits = span.Tokens == 0 ? GraphBuilder.SplitsOf(context - 1)
                : Math.Min(GraphBuilder.SplitsOf(context - 1), (span.Tokens + (ahead ? queries : 4)) / 512 + 2),
                stride = CaseData.RoundUp(heads * headDim, 64);
            float scale = (float)(1.5 / Math.Sqrt(headDim));
            float[] q = CaseData.Normal(1, queries * heads * headDim), k = CaseData.Normal(2, context * kvHeads * headDim),
                v = CaseData.Normal(3, context * kvHeads * headDim);
            uint[] table = [.. Enumerable.Range(0, blocks).Select(i => (uint)(blocks - 1 - i))];
            Tensor parts = rig.Empty((long)queries * heads * splits * (headDim + 4) * 4), output = rig.Empty(queries * stride * 4),
                rows = rig.Words(Rows(first, queries, ahead));
            float[] sinks = CaseData.Normal(4, heads);
            AttentionSpec spec = new(heads, kvHeads, headDim, scale) { Span = span, SoftCap = softCap, HasSinks = hasSinks };
            AttendingRows attending = new(rows, rig.Words([0, (uint)queries, 0, 0]), splits, SplitPages);
            KvPlace cache = new(Stored(k, byToken: false), Stored(v, byToken: true), rig.Words(table), blocks, StoredKv.Suffix(format),
                format == KvFormat.F32 ? TexelFormat.Float4 : TexelFormat.UInt1);
            Inference.Attention attention = new(rig.Library, rig.Nothing);
            Tensor? factors = hasSinks ? rig.Floats(sinks) : null;
            Tensor direct = rig.Empty(queries * stride * 4), input = rig.Floats(q);
            List<GraphNode> nodes =
            [
                attention.Parts("attention", spec, attending, [queries], input, cache, parts, _ => (1, splits, 0), null),
                attention.Combine("combine", spec, attending, parts, factors, output, stride, s => s.Rows, null),
            ];
            List<KernelOutput> outputs = [new(output, Expected)];
            // In one split: the same without parts.
            if (GraphBuilder.SplitsOf(context - 1) == 1)
            {
                nodes.Add(attention.Parts("direct", spec, attending, [queries], input, cache, parts, _ => (1, 1, 0), null,
                    new JoinedAttention(direct, stride, factors)));
                outputs.Add(new(direct, Expected));
            }

            return new KernelRun(nodes, MatMulCases.Step(queries), [.. outputs]);

            float[] Expected() => CaseData.Pad(
                ahead ? Ahead() : Reference.Attention.Run(
                    q, StoredKv.Seen(k, headDim, format), StoredKv.Seen(v, headDim, format), heads, kvHeads, context, first, scale,
                    span.Kind == AttentionSpanKind.Chunk ? span.Tokens : 0, span.Kind == AttentionSpanKind.Window ? span.Tokens : 0,
                    softCap, hasSinks ? sinks : null),
                heads * headDim, stride, queries);

            // Each row sees as if it stood last, but no farther back than from its place.
            float[] Ahead() => [.. Enumerable.Range(0, queries).SelectMany(i => Reference.Attention.Run(
                q.AsSpan(i * heads * headDim, heads * headDim), k, v, heads, kvHeads, context, context - 1, scale,
                window: span.Kind == AttentionSpanKind.Window ? span.Tokens + queries - 1 - i : 0))];

            Tensor Stored(float[] x, bool byToken) => format == KvFormat.F32
                ? rig.Floats(Cache(x, kvHeads, headDim, table, byToken)).As(TexelFormat.Float4)
                : rig.Words(StoredKv.Pack(x, kvHeads, headDim, table, byToken, format)).As(TexelFormat.UInt1);
        });

    /// <summary>The rows of the last positions, on the device.</summary>
    public static Tensor RowTable(KernelRig rig, int first, int count) => rig.Words(Rows(first, count));

    private static uint[] Rows(int first, int count, bool ahead = false) =>
        [.. Enumerable.Range(first, count).SelectMany(p => new[] { 0u, (uint)p, 0u, ahead ? (uint)(first + count - 1 - p) << 16 : 0u })];

    private static float[] Zeros(int count, float[] rest) => [.. new float[count], .. rest];

    /// <summary>[tokens, kvHeads, headDim] as the cache keeps it (shaders/lib/kv_layout.glsl).</summary>
    public static float[] Cache(float[] values, int kvHeads, int headDim, uint[] table, bool byToken)
    {
        float[] cache = new float[table.Length * Block * kvHeads * headDim];
        int quads = headDim / 4;
        for (int i = 0; i < values.Length; i++)
        {
            int token = i / (kvHeads * headDim), head = i / headDim % kvHeads, quad = i % headDim / 4,
            start = ((int)table[token / Block] * kvHeads + head) * quads * Block;
            cache[(start + (byToken ? token % Block * quads + quad : quad * Block + token % Block)) * 4 + i % 4] = values[i];
        }

        return cache;
    }
}
