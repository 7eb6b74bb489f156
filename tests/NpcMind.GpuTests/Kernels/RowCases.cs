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
        yield return RmsNorm(96, 3, inPlace: true);
        yield return RmsNorm(96, 3, accumulate: true);
        foreach (int width in new[] { 4, 96, 1536 }) yield return GatedActivation(width, 3, 1);
        foreach (GateForm form in Enum.GetValues<GateForm>()) yield return GatedActivation(64, 2, 100, form);
        yield return GatedActivation(96, 5, 1, weighted: true);
        yield return GatedActivation(96, 5, 1, gated: true);
        yield return SoftCap(30, 20);
        yield return SoftCap(5, 1000);
        yield return Positions(96, 2);
        foreach (int experts in new[] { 2, 6, 8, 70 }) yield return Router(experts, Math.Min(experts, 3), 9, ties: false);
        yield return Router(8, 3, 12, ties: true);
        yield return Router(8, 3, 1, ties: true);
        yield return Router(130, 9, 1, ties: true);
        yield return Router(5, 5, 1, ties: false);
        yield return Router(130, 8, 5, ties: true);
        RouterSpec sigmoid = new() { Gate = RouterGate.Sigmoid, Normalizes = false };
        yield return Router(128, 1, 9, ties: true, sigmoid);
        yield return Router(16, 2, 9, ties: false, sigmoid);
        yield return Router(70, 4, 9, ties: false, new RouterSpec { Normalizes = false, Scale = 16 });
        yield return Router(32, 4, 9, ties: false, new RouterSpec { Normalizes = false, Groups = 4, GroupsUsed = 2 });
        yield return Router(256, 8, 5, ties: false,
            new RouterSpec { Gate = RouterGate.Sigmoid, HasSelectionBias = true, Groups = 8, GroupsUsed = 4, Scale = 2.5f });
        yield return ExpertCombine(96, 2, 5);
        yield return ExpertCombine(96, 2, 5, weighted: false);
        yield return ExpertCombine(512, 3, 1, scale: 0.22f);
        yield return GatherRows(96, [4, 0, 4, 2], 5);
        foreach (int vocabulary in new[] { 1, 31, 64, 515, 2048, 2049, 49152 }) yield return MaskLogits(vocabulary, 3);
        yield return Tiles(6, 2, 1, 1);
        yield return Tiles(6, 2, 9, 4);
        yield return Tiles(40, 3, 33, 16);
        yield return Tiles(130, 8, 64, 8);
    }

    /// <summary>Into a row of its own, in place within a wider row, or added.</summary>
    public static KernelCase RmsNorm(int dim, int rows, bool outliers = false, bool inPlace = false, bool accumulate = false) => new(
        "rms_norm", $"{dim} x{rows}{(outliers ? " outliers" : "")}{(inPlace ? " in place" : "")}{(accumulate ? " added" : "")}", null,
        1e-13, 4.0 * dim * (2 * rows + 1), 4.0 * dim * rows, rig =>
        {
            int stride = CaseData.RoundUp(dim, 64), before = inPlace ? 32 : 0, xStride = inPlace ? dim + 64 : stride;
            float[] x = CaseData.Normal(1, rows * dim, outliers), weight = CaseData.Normal(2, dim),
                wide = CaseData.Normal(3, rows * xStride);
            for (int row = 0; row < rows; row++) x.AsSpan(row * dim, dim).CopyTo(wide.AsSpan(row * xStride + before));
            Tensor weights = rig.Floats(CaseData.Pad(weight, dim, stride, 1)),
                input = rig.Floats(inPlace ? wide : CaseData.Pad(x, dim, stride, rows));
            float[] old = CaseData.Normal(4, rows * stride);
            Tensor y = inPlace ? input : accumulate ? rig.Floats(old) : rig.Empty((long)rows * stride * 4);
            GraphNode node = new Norm(rig.Library).Rms(
                "rms_norm", new RowPart(input, xStride, before), weights, new RowPart(y, xStride, before), dim, inPlace ? dim : stride,
                1e-5f, s => s.Rows, accumulate);
            return new KernelRun([node], MatMulCases.Step(rows), y, () =>
            {
                float[] result = Reference.RmsNorm.Run(x, weight, 1e-5f);
                if (!inPlace)
                    return accumulate
                        ? [.. CaseData.Pad(result, dim, stride, rows).Zip(old, (a, b) => a + b)] : CaseData.Pad(result, dim, stride, rows);
                for (int row = 0; row < rows; row++) result.AsSpan(row * dim, dim).CopyTo(wide.AsSpan(row * xStride + before));
                return wide;
            });
        });

    /// <param name="width">Elements of gate and of up, a multiple of 4.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="largest">Gates go from minus to plus this.</param>
    /// <param name="form">Function of the gate.</param>
    /// <param name="weighted">Gate and up are multiplied by a weight per row.</param>
    /// <param name="gated">The result is multiplied by a sigmoid per row.</param>
    public static KernelCase GatedActivation(
        int width, int rows, float largest, GateForm form = GateForm.Silu, bool weighted = false, bool gated = false) => new(
        "gated_activation", $"{form} {width} x{rows} up to {largest}{(weighted ? " weighted" : "")}{(gated ? " gated" : "")}", null, 1e-13,
        12.0 * width * rows, 5.0 * width * rows, rig =>
        {
            int stride = CaseData.RoundUp(width, 64);
            float[] gate = CaseData.Normal(1, rows * width), up = CaseData.Normal(2, rows * width);
            if (largest > 1)
                for (int i = 0; i < gate.Length; i++) gate[i] = largest * (2f * i / (gate.Length - 1) - 1);
            List<float> gateUp = [];
            for (int row = 0; row < rows; row++) gateUp.AddRange([.. gate.AsSpan(row * width, width), .. up.AsSpan(row * width, width)]);
            Tensor y = rig.Empty((long)rows * stride * 4);
            float[] weights = CaseData.Normal(3, rows * 4);
            GraphNode node = new Activation(rig.Library, rig.Nothing).Gated(
                "gated", form, rig.Floats([.. gateUp]), y, width, stride, s => s.Rows, weighted ? rig.Floats(weights) : null,
                gated ? new RowPart(rig.Floats(weights), 4) : null);
            return new KernelRun([node], MatMulCases.Step(rows), y, () =>
            {
                float[] g = weighted ? Scaled(gate) : gate, u = weighted ? Scaled(up) : up;
                float[] result = Gated(form, g, u);
                if (gated) result = [.. result.Select((v, i) => (float)(v / (1 + Math.Exp(-weights[i / width * 4]))))];
                return CaseData.Pad(result, width, stride, rows);
            });

            float[] Scaled(float[] x) => [.. x.Select((v, i) => v * weights[i / width])];
        });

    /// <summary>f(gate) up in double.</summary>
    public static float[] Gated(GateForm form, float[] gate, float[] up) => form switch
    {
        GateForm.Silu => SwiGlu.Run(gate, up),
        GateForm.GeluTanh => [.. Gelu.Tanh(gate).Zip(up, (a, b) => a * b)],
        _ => [.. gate.Zip(
            up, (a, b) => (float)(Math.Min(a, 7) / (1 + Math.Exp(-1.702 * Math.Min(a, 7))) * (Math.Clamp(b, -7, 7) + 1)))],
    };

    public static KernelCase SoftCap(float cap, float largest) =>
        new("soft_cap", $"{cap} up to {largest}", null, 1e-12, 8.0 * 256, 0, rig =>
    {
        float[] y = [.. Enumerable.Range(0, 256).Select(i => largest * (2f * i / 255 - 1))];
        Tensor output = rig.Floats(y);
        GraphNode node = new Activation(rig.Library, rig.Nothing).SoftCap("soft_cap", output, 128, cap, s => s.Rows);
        return new KernelRun([node], MatMulCases.Step(2), output, () => [.. y.Select(v => (float)(cap * Math.Tanh(v / cap)))]);
    });

    public static KernelCase Positions(int width, int offset) =>
        new("position_embed", $"{width} after {offset}", null, 0, 8.0 * width, 0, rig =>
    {
        const int Rows = 3, Known = 9;
        int stride = CaseData.RoundUp(width, 64);
        float[] x = CaseData.Normal(1, Rows * stride), table = CaseData.Normal(2, (Known + offset) * stride);
        uint[] at = [4, 0, 8];
        Tensor output = rig.Floats(x);
        GraphNode node = new Inference.Embed(rig.Library).Positions(
            "positions", rig.Floats(table), rig.Words([.. at.SelectMany(p => new[] { 0u, p, 0u, 0u })]), output, stride, offset);
        return new KernelRun([node], MatMulCases.Step(Rows), output,
            () => [.. x.Select((v, i) => v + table[((int)at[i / stride] + offset) * stride + i % stride])]);
    });

    public static KernelCase Router(int experts, int used, int rows, bool ties, RouterSpec? rule = null) => new(
        "router_top_k", $"{used} of {experts} x{rows}{(ties ? " ties" : "")} {Name(rule ?? new())}", null, 1e-12, 4.0 * rows * experts,
        3.0 * rows * experts, rig =>
        {
            RouterSpec spec = rule ?? new();
            int stride = CaseData.RoundUp(experts, 64);
            float[] logits = CaseData.Normal(1, rows * experts), bias = CaseData.Normal(2, experts);
            if (ties)
                for (int i = 0; i < logits.Length; i++) logits[i] = MathF.Round(logits[i]);
            Tensor chosen = rig.Empty(rows * used * 4), weights = rig.Empty(rows * used * 4);
            Routing routing = new(experts, used, rig.Empty(used * 16), rig.Empty(used * 4));
            GraphNode node = new Router(rig.Library, rig.Nothing).Choose(
                "router", spec, rig.Floats(CaseData.Pad(logits, experts, stride, rows)), stride, routing,
                spec.HasSelectionBias ? rig.Floats(bias) : null, chosen, weights, s => s.Rows);
            RouterTopK.Rule reference = new(
                spec.Gate == RouterGate.Sigmoid, spec.Normalizes, spec.Scale, spec.HasSelectionBias ? bias : null,
                spec.Groups, spec.GroupsUsed);
            (int[] Experts, float[] Weights)[] choices =
                [.. Enumerable.Range(0, rows).Select(row => RouterTopK.Run(logits.AsSpan(row * experts, experts), used, reference))];
            KernelOutput[] outputs = [
                new(chosen, () => [.. choices.SelectMany(c => c.Experts).Select(e => (float)e)], Words: true),
                new(weights, () => [.. choices.SelectMany(c => c.Weights)]),
            ];
            if (rows == 1)
                outputs = [
                    .. outputs,
                    new(routing.Order, () => [.. Enumerable.Range(0, used).Select(n => (float)n)], Words: true),
                    new(routing.Tiles, () => [.. choices[0].Experts.SelectMany((e, n) => new float[] { e, n, 1, 0 })], Words: true),
                ];
            return new KernelRun([node], MatMulCases.Step(rows), outputs);
        });

    public static KernelCase ExpertCombine(int dim, int used, int rows, bool weighted = true, float scale = 1) => new(
        "expert_combine", $"{dim} from {used} x{rows}{(weighted ? "" : " without weights")}{(scale == 1 ? "" : $" times {scale}")}", null,
        1e-13, 4.0 * dim * rows * (used + 2), 2.0 * dim * used * rows, rig =>
        {
            int stride = CaseData.RoundUp(dim, 64);
            float[] y = CaseData.Normal(1, rows * used * stride), weights = CaseData.Normal(2, rows * used),
                x = CaseData.Normal(3, rows * stride);
            float[] ones = [.. Enumerable.Repeat(1f, used)];
            Tensor output = rig.Floats(x);
            GraphNode node = new Router(rig.Library, rig.Nothing).Combine(
                "combine", rig.Floats(y), weighted ? rig.Floats(weights) : null, output, stride, used, scale, s => s.Rows);
            return new KernelRun([node], MatMulCases.Step(rows), output, () =>
            [
                .. Enumerable.Range(0, rows)
                    .SelectMany(row => Reference.ExpertCombine.Run(
                        y.AsSpan(row * used * stride, used * stride), weighted ? weights.AsSpan(row * used, used) : ones))
                    .Zip(x, (a, b) => scale * a + b),
            ]);
        });

    private static string Name(RouterSpec r) =>
        $"{r.Gate}{(r.Normalizes ? " normalised" : "")}{(r.HasSelectionBias ? " biased" : "")}"
            + $"{(r.Groups > 1 ? $" {r.GroupsUsed} of {r.Groups} groups" : "")}{(r.Scale == 1 ? "" : $" times {r.Scale}")}";

    public static KernelCase GatherRows(int stride, uint[] rows, int sources) =>
        new("gather_rows", $"{rows.Length} of {sources} rows of {stride}", null, 0, 8.0 * stride * rows.Length, 0, rig =>
    {
        float[] x = CaseData.Normal(1, sources * stride);
        Tensor y = rig.Empty((long)rows.Length * stride * 4);
        uint lanes = rig.Library.SmallWorkgroup;
        GraphNode node = rig.Node("gather_rows", lanes, [rig.Floats(x), rig.Words([.. rows.SelectMany(r => new[] { r, 0u, 0u, 0u })]), y],
            new Grid((stride + (int)lanes - 1) / (int)lanes, rows.Length), ("stride", (uint)stride));
        return new KernelRun([node], MatMulCases.Step(sources), y, () => [.. rows.SelectMany(r => x.Skip((int)r * stride).Take(stride))]);
    });

    /// <summary>Every output but the second has a mask; padding must stay as it is.</summary>
    public static KernelCase MaskLogits(int vocabulary, int outputs) =>
        new("mask_logits", $"{vocabulary} x{outputs}", null, 0, outputs * (vocabulary * 4.0 + vocabulary / 8.0), 0, rig =>
    {
        const int ChunkTokens = 2048;
        int stride = CaseData.RoundUp(vocabulary, 64), words = (vocabulary + 31) / 32;
        TinyRandom random = new(2);
        float[] logits = CaseData.Normal(1, outputs * stride);
        uint[] masks = [.. Enumerable.Range(0, outputs * words)
            .Select(_ => (uint)random.Below(1 << 16) << 16 | (uint)random.Below(1 << 16))];
        uint[] rows = [.. Enumerable.Range(0, outputs).SelectMany(o => new[] { 0u, 0u, 0u, o == 1 ? 0u : 1u })];
        Tensor output = rig.Floats(logits);
        DispatchNode node = rig.Library.Pipeline("mask_logits", ("workgroupSize", rig.Library.SmallWorkgroup),
            ("ChunkTokens", ChunkTokens)).Node(
            "mask_logits", [rig.Words(rows), rig.Words(masks).As(TexelFormat.UInt1), output], ("vocabulary", (uint)vocabulary),
            ("stride", (uint)stride), ("words", (uint)words));
        return new KernelRun([new GraphNode([node], _ => new Grid((vocabulary + ChunkTokens - 1) / ChunkTokens, outputs))],
            MatMulCases.Step(outputs), output, () =>
        [
            .. Enumerable.Range(0, outputs).SelectMany(o => o == 1
                ? logits[(o * stride)..((o + 1) * stride)]
                : [.. Reference.MaskLogits.Run(logits.AsSpan(o * stride, vocabulary), masks.AsSpan(o * words, words)),
                    .. logits[(o * stride + vocabulary)..((o + 1) * stride)]]),
        ]);
    });

    /// <summary>Pairs sorted by expert, and tiles that cover each expert's run.</summary>
    public static KernelCase Tiles(int experts, int used, int rows, int tileRows) =>
        new("expert_tiles", $"{used} of {experts} x{rows} by {tileRows}", null, 0, 8.0 * rows * used, 0, rig =>
    {
        int pairs = rows * used;
        uint[] chosen = MatMulCases.Choose(experts, used, rows);
        Tensor order = rig.Empty(pairs * 4), tiles = rig.Words([.. Enumerable.Repeat(7u, pairs * 4)]);
        DispatchNode node = rig.Library.Pipeline("expert_tiles", ("workgroupSize", rig.Library.SmallWorkgroup)).Node(
            "tiles", [rig.Words(chosen).As(TexelFormat.UInt1), rig.Words([(uint)rows, 0, 0, 0]), order, tiles],
            ("experts", (uint)experts), ("used", (uint)used), ("tileRows", (uint)tileRows), ("maxTiles", (uint)pairs));
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
        return new KernelRun([new GraphNode([node], _ => new Grid(1))], MatMulCases.Step(rows),
            new KernelOutput(order, () => [.. sorted.Select(p => (float)p)], Words: true),
            new KernelOutput(tiles, () => [.. expected], Words: true));
    });
}
