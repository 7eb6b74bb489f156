using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Operations that work row by row.</summary>
internal static class RowCases
{
    public static IEnumerable<KernelCase> All()
    {
        foreach (int dim in new[] { 24, 576, 4096 })
            foreach (int rows in new[] { 1, 3 })
                yield return RmsNorm(dim, rows);
        yield return RmsNorm(96, 2, outliers: true);
        foreach (int width in new[] { 4, 96, 1536 }) yield return SwiGlu(width, 3, 1);
        yield return SwiGlu(64, 2, 100);
        yield return SwiGlu(96, 5, 1, weighted: true);
        foreach (int experts in new[] { 2, 6, 8, 70 }) yield return Router(experts, Math.Min(experts, 3), 9, ties: false);
        yield return Router(8, 3, 12, ties: true);
        yield return Router(130, 8, 5, ties: true);
        yield return Router(128, 1, 9, ties: true, sigmoid: true);
        yield return Router(16, 2, 9, ties: false, sigmoid: true);
        yield return ExpertCombine(96, 2, 5);
        yield return ExpertCombine(96, 2, 5, weighted: false);
        yield return ExpertCombine(512, 3, 1);
        yield return GatherRows(96, [4, 0, 4, 2], 5);
        foreach (int vocabulary in new[] { 1, 31, 64, 515, 2048, 2049, 49152 }) yield return MaskLogits(vocabulary, 3);
        yield return Tiles(6, 2, 1, 1);
        yield return Tiles(6, 2, 9, 4);
        yield return Tiles(40, 3, 33, 16);
        yield return Tiles(130, 8, 64, 8);
    }

    public static KernelCase RmsNorm(int dim, int rows, bool outliers = false) => new("rms_norm", $"{dim} x{rows}{(outliers ? " outliers" : "")}", null, 1e-13, 4.0 * dim * (2 * rows + 1), 4.0 * dim * rows, rig =>
    {
        int stride = CaseData.RoundUp(dim, 64);
        float[] x = CaseData.Normal(1, rows * dim, outliers), weight = CaseData.Normal(2, dim);
        Tensor y = rig.Empty((long)rows * stride * 4);
        Tensor input = rig.Floats(CaseData.Pad(x, dim, stride, rows)).As(TexelFormat.Float4), weights = rig.Floats(CaseData.Pad(weight, dim, stride, 1)).As(TexelFormat.Float4);
        GraphNode node = rig.Node("rms_norm", rig.Library.RowWorkgroup, [input, weights, y], new Grid(rows), ("dim", (uint)dim), ("quads", (uint)stride / 4), ("epsilon", 1e-5f));
        return new KernelRun([node], MatMulCases.Step(rows), y, () => CaseData.Pad(Reference.RmsNorm.Run(x, weight, 1e-5f), dim, stride, rows));
    });

    /// <param name="width">Elements of gate and of up, a multiple of 4.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="largest">Gates go from minus to plus this.</param>
    /// <param name="weighted">Gate and up are multiplied by a weight per row.</param>
    public static KernelCase SwiGlu(int width, int rows, float largest, bool weighted = false) => new("swiglu", $"{width} x{rows} up to {largest}{(weighted ? " weighted" : "")}", null, 1e-13, 12.0 * width * rows, 5.0 * width * rows, rig =>
    {
        int stride = CaseData.RoundUp(width, 64);
        float[] gate = CaseData.Normal(1, rows * width), up = CaseData.Normal(2, rows * width);
        if (largest > 1)
            for (int i = 0; i < gate.Length; i++) gate[i] = largest * (2f * i / (gate.Length - 1) - 1);
        List<float> gateUp = [];
        for (int row = 0; row < rows; row++) gateUp.AddRange([.. gate.AsSpan(row * width, width), .. up.AsSpan(row * width, width)]);
        Tensor y = rig.Empty((long)rows * stride * 4);
        uint lanes = rig.Library.SmallWorkgroup;
        float[] weights = CaseData.Normal(3, rows);
        GraphNode node = rig.Node("swiglu", [("workgroupSize", lanes), ("Weighted", weighted ? 1u : 0u)], [rig.Floats([.. gateUp]).As(TexelFormat.Float4), y, rig.Floats(weights)], new Grid((width / 4 + (int)lanes - 1) / (int)lanes, rows), ("quads", (uint)width / 4), ("stride", (uint)stride / 4));
        return new KernelRun([node], MatMulCases.Step(rows), y, () =>
            CaseData.Pad(weighted ? Reference.SwiGlu.Run(Scaled(gate), Scaled(up)) : Reference.SwiGlu.Run(gate, up), width, stride, rows));

        float[] Scaled(float[] x) => [.. x.Select((v, i) => v * weights[i / width])];
    });

    public static KernelCase Router(int experts, int used, int rows, bool ties, bool sigmoid = false) => new("router_top_k", $"{used} of {experts} x{rows}{(ties ? " ties" : "")}{(sigmoid ? " sigmoid" : "")}", null, 1e-12, 4.0 * rows * experts, 3.0 * rows * experts, rig =>
    {
        int stride = CaseData.RoundUp(experts, 64);
        float[] logits = CaseData.Normal(1, rows * experts);
        if (ties)
            for (int i = 0; i < logits.Length; i++) logits[i] = MathF.Round(logits[i]);
        Tensor chosen = rig.Empty(rows * used * 4), weights = rig.Empty(rows * used * 4);
        GraphNode node = rig.Node("router_top_k", [("workgroupSize", rig.Library.SmallWorkgroup), ("Sigmoid", sigmoid ? 1u : 0u)], [rig.Floats(CaseData.Pad(logits, experts, stride, rows)), chosen, weights], new Grid(rows), ("experts", (uint)experts), ("used", (uint)used), ("stride", (uint)stride));
        (int[] Experts, float[] Weights)[] choices = [.. Enumerable.Range(0, rows).Select(row => sigmoid ? RouterTopK.Sigmoid(logits.AsSpan(row * experts, experts), used) : RouterTopK.Run(logits.AsSpan(row * experts, experts), used))];
        return new KernelRun([node], MatMulCases.Step(rows), new KernelOutput(chosen, () => [.. choices.SelectMany(c => c.Experts).Select(e => (float)e)], Words: true), new KernelOutput(weights, () => [.. choices.SelectMany(c => c.Weights)]));
    });

    public static KernelCase ExpertCombine(int dim, int used, int rows, bool weighted = true) => new("expert_combine", $"{dim} from {used} x{rows}{(weighted ? "" : " without weights")}", null, 1e-13, 4.0 * dim * rows * (used + 2), 2.0 * dim * used * rows, rig =>
    {
        int stride = CaseData.RoundUp(dim, 64);
        float[] y = CaseData.Normal(1, rows * used * stride), weights = CaseData.Normal(2, rows * used), x = CaseData.Normal(3, rows * stride);
        float[] ones = [.. Enumerable.Repeat(1f, used)];
        Tensor output = rig.Floats(x);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node("expert_combine", [("workgroupSize", lanes), ("Weighted", weighted ? 1u : 0u)], [rig.Floats(y).As(TexelFormat.Float4), rig.Floats(weights), output], new Grid((stride / 4 + (int)lanes - 1) / (int)lanes, rows), ("used", (uint)used), ("quads", (uint)stride / 4));
        return new KernelRun([node], MatMulCases.Step(rows), output, () =>
        [
            .. Enumerable.Range(0, rows).SelectMany(row => Reference.ExpertCombine.Run(y.AsSpan(row * used * stride, used * stride), weighted ? weights.AsSpan(row * used, used) : ones)).Zip(x, (a, b) => a + b),
        ]);
    });

    public static KernelCase GatherRows(int stride, uint[] rows, int sources) => new("gather_rows", $"{rows.Length} of {sources} rows of {stride}", null, 0, 8.0 * stride * rows.Length, 0, rig =>
    {
        float[] x = CaseData.Normal(1, sources * stride);
        Tensor y = rig.Empty((long)rows.Length * stride * 4);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node("gather_rows", lanes, [rig.Floats(x), rig.Words([.. rows.SelectMany(r => new[] { r, 0u, 0u, 0u })]), y], new Grid((stride + (int)lanes - 1) / (int)lanes, rows.Length), ("stride", (uint)stride));
        return new KernelRun([node], MatMulCases.Step(sources), y, () => [.. rows.SelectMany(r => x.Skip((int)r * stride).Take(stride))]);
    });

    /// <summary>Every output but the second has a mask; padding must stay as it is.</summary>
    public static KernelCase MaskLogits(int vocabulary, int outputs) => new("mask_logits", $"{vocabulary} x{outputs}", null, 0, outputs * (vocabulary * 4.0 + vocabulary / 8.0), 0, rig =>
    {
        const int ChunkTokens = 2048;
        int stride = CaseData.RoundUp(vocabulary, 64), words = (vocabulary + 31) / 32;
        TinyRandom random = new(2);
        float[] logits = CaseData.Normal(1, outputs * stride);
        uint[] masks = [.. Enumerable.Range(0, outputs * words).Select(_ => (uint)random.Below(1 << 16) << 16 | (uint)random.Below(1 << 16))];
        uint[] rows = [.. Enumerable.Range(0, outputs).SelectMany(o => new[] { 0u, 0u, 0u, o == 1 ? 0u : 1u })];
        Tensor output = rig.Floats(logits);
        DispatchNode node = rig.Library.Pipeline("mask_logits", ("workgroupSize", rig.Library.SmallWorkgroup), ("ChunkTokens", ChunkTokens)).Node(
            "mask_logits", [rig.Words(rows), rig.Words(masks).As(TexelFormat.UInt1), output], ("vocabulary", (uint)vocabulary), ("stride", (uint)stride), ("words", (uint)words));
        return new KernelRun([new GraphNode([node], _ => new Grid((vocabulary + ChunkTokens - 1) / ChunkTokens, outputs))], MatMulCases.Step(outputs), output, () =>
        [
            .. Enumerable.Range(0, outputs).SelectMany(o => o == 1
                ? logits[(o * stride)..((o + 1) * stride)]
                : [.. Reference.MaskLogits.Run(logits.AsSpan(o * stride, vocabulary), masks.AsSpan(o * words, words)), .. logits[(o * stride + vocabulary)..((o + 1) * stride)]]),
        ]);
    });

    /// <summary>Pairs sorted by expert, and tiles that cover each expert's run.</summary>
    public static KernelCase Tiles(int experts, int used, int rows, int tileRows) => new("expert_tiles", $"{used} of {experts} x{rows} by {tileRows}", null, 0, 8.0 * rows * used, 0, rig =>
    {
        int pairs = rows * used;
        uint[] chosen = MatMulCases.Choose(experts, used, rows);
        Tensor order = rig.Empty(pairs * 4), tiles = rig.Words([.. Enumerable.Repeat(7u, pairs * 4)]);
        GraphNode node = rig.Node("expert_tiles", rig.Library.SmallWorkgroup, [rig.Words(chosen).As(TexelFormat.UInt1), rig.Words([(uint)rows, 0, 0, 0]), order, tiles], new Grid(1), ("experts", (uint)experts), ("used", (uint)used), ("tileRows", (uint)tileRows), ("maxTiles", (uint)pairs));
        int[] sorted = [.. Enumerable.Range(0, pairs).OrderBy(p => chosen[p]).ThenBy(p => p)];
        List<float> expected = [];
        for (int at = 0; at < pairs;)
        {
            uint expert = chosen[sorted[at]];
            int count = sorted.Skip(at).Take(tileRows).Count(p => chosen[p] == expert);
            expected.AddRange([expert, at, count, 0]);
            at += count;
        }

        expected.AddRange(new float[pairs * 4 - expected.Count]);
        return new KernelRun([node], MatMulCases.Step(rows), new KernelOutput(order, () => [.. sorted.Select(p => (float)p)], Words: true), new KernelOutput(tiles, () => [.. expected], Words: true));
    });
}
