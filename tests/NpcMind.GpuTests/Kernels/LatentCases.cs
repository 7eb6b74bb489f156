using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Latent attention: the row of a token that stands for its keys and values.</summary>
internal static class LatentCases
{
    private const int Block = KvCache.BlockTokens, Blocks = 8;

    public static IEnumerable<KernelCase> All()
    {
        yield return Write(new LatentSpec(4, 40, 16, 24, 32, 0), 5, KvFormat.F32);
        yield return Write(new LatentSpec(2, 512, 64, 128, 128, 0), 2, KvFormat.F32);
        yield return Write(new LatentSpec(2, 512, 64, 128, 128, 0), 3, KvFormat.Q8);
        yield return Write(new LatentSpec(2, 512, 64, 128, 128, 0), 3, KvFormat.Q4);
        yield return Write(new LatentSpec(4, 40, 16, 24, 32, 0), 5, KvFormat.Q4);
        foreach ((int block, int blocks) in new[] { (4, 5), (8, 7), (16, 3), (32, 9), (64, 8), (256, 2) })
            yield return Rotation(block, blocks, 3);
        yield return Attention(4, 56, 40, 33, 2);
        yield return Attention(16, 576, 512, 600, 1);
        yield return Attention(6, 56, 40, 515, 1);
    }

    /// <summary>
    /// The rope parts of the queries behind latent parts that are there already, and the rows of the last positions of 40 tokens.
    /// </summary>
    private static KernelCase Write(LatentSpec spec, int rows, KvFormat format) => new(
        "latent_kv_write_" + StoredKv.Suffix(format), $"{spec.Heads} heads of {spec.Plain} + {spec.Rope}, latent {spec.Latent} x{rows}",
        null, format switch { KvFormat.F32 => 1e-13, KvFormat.Q8 => 1e-4, _ => 1e-3 },
        4.0 * rows * (spec.Heads * spec.QueryWidth + spec.RowWidth), 0, rig =>
        {
            int first = 40 - rows, pairs = spec.Rope / 2, width = spec.Heads * spec.QueryWidth;
            RopeSettings settings = new(spec.Rope, Neox: false);
            float[] projected = CaseData.Normal(1, rows * width), latent = CaseData.Normal(2, rows * spec.RowWidth),
                q = CaseData.Normal(3, rows * spec.Heads * spec.RowWidth);
            List<float> turns = [];
            for (int row = 0; row < rows; row++)
                for (int k = 0; k < pairs; k++)
                    turns.AddRange([(float)Rope.Turn(first + row, k, settings).Cosine, (float)Rope.Turn(first + row, k, settings).Sine]);
            uint[] table = [.. Enumerable.Range(0, Blocks).Reverse().Select(b => (uint)b)];
            Tensor queries = rig.Floats(q), keys = rig.Empty((long)Blocks * Block * StoredKv.Words(format, spec.RowWidth) * 4);
            GraphNode node = new LatentKvWrite(rig.Library).Node(
                "latent", spec, rig.Floats(projected), width, rig.Floats(latent), spec.RowWidth,
                new RopeAngles(rig.Floats([.. turns]), pairs, 0, pairs), AttentionCases.RowTable(rig, first, rows),
                queries,
                new KvPlace(keys, keys, rig.Words(table), Blocks, StoredKv.Suffix(format),
                    format == KvFormat.F32 ? TexelFormat.Float4 : TexelFormat.UInt1),
                s => s.Rows);
            KernelOutput turned = new(queries, () =>
            {
                for (int row = 0; row < rows; row++)
                    for (int head = 0; head < spec.Heads; head++)
                        Turned(projected, row * width + head * spec.QueryWidth + spec.Plain, row).CopyTo(
                            q, (row * spec.Heads + head) * spec.RowWidth + spec.Latent);
                return q;
            });
            return format == KvFormat.F32
                ? new KernelRun([node], MatMulCases.Step(rows), turned,
                    new KernelOutput(keys, () => AttentionCases.Cache(CacheRows(), 1, spec.RowWidth, table, byToken: false)))
                : new KernelRun([node], MatMulCases.Step(rows), turned, new KernelOutput(
                    keys, () => AttentionCases.Bytes(StoredKv.Pack(CacheRows(), 1, spec.RowWidth, table, byToken: false, format)),
                    Bytes: true));

            float[] CacheRows()
            {
                float[] all = new float[40 * spec.RowWidth];
                for (int row = 0; row < rows; row++)
                {
                    latent.AsSpan(row * spec.RowWidth, spec.Latent).CopyTo(all.AsSpan((first + row) * spec.RowWidth));
                    Turned(latent, row * spec.RowWidth + spec.Latent, row).CopyTo(all, (first + row) * spec.RowWidth + spec.Latent);
                }

                return format == KvFormat.Q4
                    ? Reference.Hadamard.Run(all, Inference.Hadamard.BlockElements(spec.Latent | spec.Rope)) : all;
            }

            float[] Turned(float[] from, int at, int row)
            {
                float[] part = from[at..(at + spec.Rope)];
                Rope.Run(part, 1, spec.Rope, first + row, settings);
                return part;
            }
        });

    /// <summary>Rows of some blocks, and what lies behind them, which stays.</summary>
    private static KernelCase Rotation(int block, int blocks, int rows) => new(
        "hadamard", $"{blocks} blocks of {block} x{rows}", null, 1e-13, 8.0 * rows * block * blocks, 0, rig =>
        {
            int width = block * blocks, stride = width + 8;
            float[] x = CaseData.Normal(1, rows * stride, outlier: true);
            Tensor tensor = rig.Floats(x);
            GraphNode node = new Inference.Hadamard(rig.Library).Node("hadamard", block, tensor, width, stride, s => s.Rows);
            return new KernelRun([node], MatMulCases.Step(rows), tensor, () =>
            {
                for (int row = 0; row < rows; row++)
                    Reference.Hadamard.Run(x.AsSpan(row * stride, width), block).CopyTo(x.AsSpan(row * stride));
                return x;
            });
        });

    /// <summary>Every head attends over the same rows, whose first elements are the values.</summary>
    private static KernelCase Attention(int heads, int rowWidth, int latent, int context, int queries) => new(
        "attention_latent", $"{heads} heads over rows of {rowWidth}, {context} tokens x{queries}", null, 3e-12, 4.0 * context * rowWidth,
        2.0 * context * heads * (rowWidth + latent) * queries, rig =>
        {
            const int SplitPages = 16;
            int first = context - queries, blocks = CaseData.RoundUp(context, KvCache.PageTokens) / Block,
                splits = GraphBuilder.SplitsOf(context - 1), stride = heads * latent;
            float scale = (float)(1.5 / Math.Sqrt(rowWidth));
            float[] q = CaseData.Normal(1, queries * heads * rowWidth), k = CaseData.Normal(2, context * rowWidth);
            float[] v = [.. Enumerable.Range(0, context).SelectMany(t => k.Skip(t * rowWidth).Take(latent))];
            uint[] table = [.. Enumerable.Range(0, blocks).Select(i => (uint)(blocks - 1 - i))];
            Tensor parts = rig.Empty(Inference.Attention.PartBytes(queries, heads, latent, splits)),
                output = rig.Empty(queries * stride * 4), rows = AttentionCases.RowTable(rig, first, queries);
            AttentionSpec spec = new(heads, 1, rowWidth, scale) { SharedValueDim = latent };
            AttendingRows attending = new(rows, rig.Words([0, (uint)queries, 0, 0]), splits, SplitPages);
            Tensor keys = rig.Floats(AttentionCases.Cache(k, 1, rowWidth, table, byToken: false));
            KvPlace cache = new(keys, keys, rig.Words(table), blocks, "f32", TexelFormat.Float4);
            Inference.Attention attention = new(rig.Library, rig.Nothing);
            return new KernelRun(
                [
                    attention.Parts("attention", spec, attending, [queries], rig.Floats(q), cache, parts, _ => (1, splits, 0), null),
                    attention.Combine("combine", spec, attending, parts, null, output, stride, s => s.Rows, null),
                ],
                MatMulCases.Step(queries), output, () => Reference.Attention.Run(q, k, v, heads, 1, context, first, scale));
        });
}
