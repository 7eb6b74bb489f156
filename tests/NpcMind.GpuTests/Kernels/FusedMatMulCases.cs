using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Matrix products with what stands before and after them in the same dispatch.</summary>
internal static class FusedMatMulCases
{
    private const float Epsilon = 1e-5f;

    public static IEnumerable<KernelCase> All()
    {
        RouterSpec sigmoid = new() { Gate = RouterGate.Sigmoid, HasSelectionBias = true, Scale = 2.5f };
        foreach (int tokens in new[] { 1, 3, 16 })
        {
            yield return Router(4, 4, tokens, 96, new RouterSpec());
            yield return Router(32, 9, tokens, 576, new RouterSpec { Normalizes = false }, normed: true);
            yield return Router(17, 2, tokens, 64, sigmoid, bias: true);
            yield return Router(64, 8, tokens, 96, new RouterSpec { Normalizes = false }, normed: true);
            yield return Router(40, 3, tokens, 64, sigmoid, bias: true);
            yield return Router(8, 1, tokens, 64, new RouterSpec { Gate = RouterGate.Sigmoid, Normalizes = false }, normed: true);
            yield return Normed(TensorType.Q8_0, 70, 96, tokens);
            yield return Normed(TensorType.Q4_1, 33, 576, tokens);
            yield return Normed(TensorType.Q4_K, 33, 256, tokens);
            yield return Gated(TensorType.Q4_1, 64, 96, tokens, GateForm.Silu);
            yield return Gated(TensorType.F16, 32, 64, tokens, GateForm.GeluTanh, normed: true);
            yield return Gated(TensorType.Q8_0, 64, 96, tokens, GateForm.ClampedSilu, bias: true);
            yield return Gated(TensorType.Q8_0, 64, 96, tokens, GateForm.Silu, gatesOutput: true);
            yield return GatedExperts(TensorType.Q8_0, 5, 2, tokens, 96, 64);
            yield return GatedExperts(TensorType.Q4_K, 6, 3, tokens, 256, 32, weighsInput: true);
            yield return Combined(TensorType.Q8_0, 5, 2, tokens, 96, 70);
            yield return Combined(TensorType.Q4_1, 9, 4, tokens, 64, 33, bias: true);
            yield return Combined(TensorType.Q6_K, 5, 3, tokens, 256, 40, weighted: false, scale: 0.22f);
        }
    }

    /// <summary>y = W norm(x).</summary>
    public static KernelCase Normed(TensorType type, int rows, int columns, int tokens) =>
        Case("matmul_normed", $"{rows}x{columns} x{tokens}", type, 1e-11, rig =>
        {
            byte[] blocks = Quantize.Rows(type, CaseData.Normal(1, rows * columns));
            float[] x = CaseData.Normal(2, tokens * columns), weight = CaseData.Normal(3, columns);
            int padded = CaseData.RoundUp(rows, 32), stride = CaseData.RoundUp(columns, 64),
                allocated = CaseData.RoundUp(tokens, Inference.MatMul.MostWideRows);
            Tensor output = rig.Empty((long)allocated * padded * 4);
            GraphNode[] nodes = [.. new Inference.MatMul(rig.Library, rig.Nothing, rig.Integers(tokens)).Nodes(
                "matmul", rig.Matrix(type, blocks, rows, columns), rig.Floats(CaseData.Pad(x, columns, stride, allocated)), stride, output,
                padded, 0, false, s => s.Rows, norm: Norm(rig, weight, stride))];
            return new KernelRun(nodes, MatMulCases.Step(tokens), output, () =>
                CaseData.Pad(Reference.MatMul.Run(type, blocks, RmsNorm.Run(x, weight, Epsilon), columns), rows, padded, tokens));
        });

    /// <summary>Logits and choice in one dispatch.</summary>
    public static KernelCase Router(int experts, int used, int tokens, int columns, RouterSpec spec,
        bool normed = false, bool bias = false) =>
        Case("router_f32", $"{used} of {experts} x{tokens} {spec.Gate}{(normed ? " normed" : "")}{(bias ? " +bias" : "")}", TensorType.F32,
            1e-11, rig =>
            {
                byte[] blocks = Quantize.Rows(TensorType.F32, CaseData.Normal(1, experts * columns));
                float[] x = CaseData.Normal(2, tokens * columns), weight = CaseData.Normal(3, columns),
                    selection = CaseData.Normal(4, experts);
                float[]? biases = bias ? CaseData.Normal(5, experts) : null;
                int stride = CaseData.RoundUp(columns, 64), allocated = CaseData.RoundUp(tokens, Inference.MatMul.MostWideRows);
                Tensor chosen = rig.Empty(allocated * used * 4), weights = rig.Empty(allocated * used * 4);
                Routing routing = new(experts, used, rig.Empty(used * 16), rig.Empty(used * 4));
                RowInput input = new(
                    rig.Floats(CaseData.Pad(x, columns, stride, allocated)), normed ? Norm(rig, weight, stride) : null);
                GraphNode node = new Inference.Router(rig.Library, rig.Nothing).ChooseFrom(
                    "router", spec, rig.Matrix(TensorType.F32, blocks, experts, columns, 1, biases), input, stride, routing,
                    spec.HasSelectionBias ? rig.Floats(selection) : null, chosen, weights);
                float[] logits =
                    Reference.MatMul.Run(TensorType.F32, blocks, normed ? RmsNorm.Run(x, weight, Epsilon) : x, columns);
                for (int i = 0; i < logits.Length; i++) logits[i] += biases?[i % experts] ?? 0;
                RouterTopK.Rule rule = new(spec.Gate == RouterGate.Sigmoid, spec.Normalizes, spec.Scale,
                    spec.HasSelectionBias ? selection : null, 1, 1);
                (int[] Experts, float[] Weights)[] choices =
                    [.. Enumerable.Range(0, tokens).Select(t => RouterTopK.Run(logits.AsSpan(t * experts, experts), used, rule))];
                KernelOutput[] outputs = [
                    new(chosen, () => [.. choices.SelectMany(c => c.Experts).Select(e => (float)e)], Words: true),
                    new(weights, () => [.. choices.SelectMany(c => c.Weights)]),
                ];
                if (tokens == 1)
                    outputs = [
                        .. outputs,
                        new(routing.Tiles, () => [.. choices[0].Experts.SelectMany((e, n) => new float[] { e, n, 1, 0 })], Words: true),
                    ];
                return new KernelRun([node], MatMulCases.Step(tokens), outputs);
            });

    /// <summary>y = f(gate x, up x) of a dense matrix.</summary>
    public static KernelCase Gated(TensorType type, int hidden, int columns, int tokens, GateForm form, bool bias = false,
        bool normed = false, bool gatesOutput = false) =>
        Case("matmul_gated",
            $"{form} {hidden}x{columns} x{tokens}{(bias ? " +bias" : "")}{(normed ? " normed" : "")}{(gatesOutput ? " gated" : "")}", type,
            1e-11, rig =>
            {
                byte[] blocks = Quantize.Rows(type, CaseData.Normal(1, 2 * hidden * columns));
                float[] x = CaseData.Normal(2, tokens * columns), weight = CaseData.Normal(3, columns),
                    gates = CaseData.Normal(5, tokens * 4);
                float[]? biases = bias ? CaseData.Normal(4, 2 * hidden) : null;
                int xStride = CaseData.RoundUp(columns, 64), yStride = CaseData.RoundUp(hidden, 64),
                    allocated = CaseData.RoundUp(tokens, Inference.MatMul.MostWideRows);
                Tensor output = rig.Empty((long)allocated * yStride * 4);
                GatedOutput gated = new(form, null, gatesOutput ? new RowPart(rig.Floats(gates), 4) : null);
                GraphNode[] nodes = [.. new Inference.MatMul(rig.Library, rig.Nothing, rig.Integers(tokens)).Gated(
                    "gated", rig.Matrix(type, blocks, 2 * hidden, columns, 1, biases),
                    rig.Floats(CaseData.Pad(x, columns, xStride, allocated)), xStride, output, yStride, gated,
                    normed ? Norm(rig, weight, xStride) : null)];
                return new KernelRun(nodes, MatMulCases.Step(tokens), output, () =>
                {
                    float[] product = Reference.MatMul.Run(type, blocks, normed ? RmsNorm.Run(x, weight, Epsilon) : x, columns);
                    float[] result = Activate(product, biases, hidden, tokens, form, null);
                    if (gatesOutput)
                        for (int i = 0; i < result.Length; i++) result[i] = (float)(result[i] / (1 + Math.Exp(-gates[i / hidden * 4])));
                    return CaseData.Pad(result, hidden, yStride, tokens);
                });
            });

    /// <summary>The same of each row's experts.</summary>
    public static KernelCase GatedExperts(TensorType type, int experts, int used, int tokens, int columns, int hidden,
        bool weighsInput = false) =>
        Case("matmul_gated_experts", $"{used} of {experts} {hidden}x{columns} x{tokens}{(weighsInput ? " weighted" : "")}", type, 1e-11,
            rig =>
            {
                int pairs = tokens * used, maxPairs = CaseData.RoundUp(pairs, 16);
                byte[] blocks = Quantize.Rows(type, CaseData.Normal(1, experts * 2 * hidden * columns));
                float[] x = CaseData.Normal(2, tokens * columns), weights = CaseData.Normal(3, pairs);
                uint[] chosen = MatMulCases.Choose(experts, used, tokens);
                int xStride = CaseData.RoundUp(columns, 64), yStride = CaseData.RoundUp(hidden, 64);
                Routing routing = new(experts, used, rig.Empty(maxPairs * 16), rig.Empty(maxPairs * 4));
                GraphNode tiles = MatMulCases.Route(rig, chosen, type, tokens, ref routing, maxPairs);
                Tensor output = rig.Empty((long)pairs * yStride * 4);
                GraphNode[] nodes = [.. new Inference.MatMul(rig.Library, rig.Nothing, rig.Integers(tokens)).Gated(
                    "gated", rig.Matrix(type, blocks, 2 * hidden, columns, experts),
                    rig.Floats(CaseData.Pad(x, columns, xStride, tokens)), xStride, output, yStride,
                    new GatedOutput(GateForm.Silu, weighsInput ? rig.Floats(weights) : null), null, routing)];
                return new KernelRun([tiles, .. nodes], MatMulCases.Step(tokens), output, () =>
                {
                    float[] product = Products(type, blocks, experts, chosen, pairs, p => x.AsSpan(p / used * columns, columns), columns);
                    float[] result = Activate(product, null, hidden, pairs, GateForm.Silu, weighsInput ? weights : null);
                    return CaseData.Pad(result, hidden, yStride, pairs);
                });
            });

    /// <summary>sum += scale * the weighed products of each row's experts: in one dispatch for one row, in two for more.</summary>
    public static KernelCase Combined(TensorType type, int experts, int used, int tokens, int columns, int rows, bool bias = false,
        bool weighted = true, float scale = 1) =>
        Case("matmul_combined",
            $"{used} of {experts} {rows}x{columns} x{tokens}{(bias ? " +bias" : "")}{(weighted ? "" : " without weights")}", type, 1e-11,
            rig =>
            {
                int pairs = tokens * used, maxPairs = CaseData.RoundUp(pairs, 16);
                byte[] blocks = Quantize.Rows(type, CaseData.Normal(1, experts * rows * columns));
                float[] x = CaseData.Normal(2, pairs * columns), weights = CaseData.Normal(3, pairs);
                float[]? biases = bias ? CaseData.Normal(4, experts * rows) : null;
                uint[] chosen = MatMulCases.Choose(experts, used, tokens);
                int xStride = CaseData.RoundUp(columns, 64), stride = CaseData.RoundUp(rows, 64);
                float[] before = CaseData.Normal(5, tokens * stride);
                Routing routing = new(experts, used, rig.Empty(maxPairs * 16), rig.Empty(maxPairs * 4));
                GraphNode tiles = MatMulCases.Route(rig, chosen, type, tokens, ref routing, maxPairs);
                Tensor sum = rig.Floats(before), outputs = rig.Empty((long)pairs * stride * 4);
                Tensor? factors = weighted ? rig.Floats(weights) : null;
                GraphNode[] down = [.. new Inference.MatMul(rig.Library, rig.Nothing, rig.Integers(tokens)).CombinedExperts(
                    "down", rig.Matrix(type, blocks, rows, columns, experts, biases), rig.Floats(CaseData.Pad(x, columns, xStride, pairs)),
                    xStride, outputs, stride, routing, sum, factors, scale)];
                GraphNode combine = new Inference.Router(rig.Library, rig.Nothing).Combine(
                    "combine", outputs, factors, sum, stride, used, scale, s => s.Rows == 1 ? 0 : s.Rows);
                return new KernelRun([tiles, .. down, combine], MatMulCases.Step(tokens), sum, () =>
                {
                    float[] product = Products(type, blocks, experts, chosen, pairs, p => x.AsSpan(p * columns, columns), columns);
                    float[] expected = [.. before];
                    for (int t = 0; t < tokens; t++)
                        for (int r = 0; r < rows; r++)
                            expected[t * stride + r] += scale * (float)Enumerable.Range(t * used, used).Sum(p =>
                                (weighted ? weights[p] : 1.0) * (product[p * rows + r] + (biases?[(int)chosen[p] * rows + r] ?? 0)));
                    return expected;
                });
            });

    private static KernelCase Case(string op, string shape, TensorType type, double tolerance, Func<KernelRig, KernelRun> make) =>
        new(op, shape, type, tolerance, 0, 0, make);

    private static RowNorm Norm(KernelRig rig, float[] weight, int stride) =>
        new(rig.Floats(CaseData.Pad(weight, weight.Length, stride, 1)), weight.Length, Epsilon);

    /// <summary>[pairs, rows of an expert].</summary>
    private static float[] Products(TensorType type, byte[] blocks, int experts, uint[] chosen, int pairs, RowOf row, int columns)
    {
        int slab = blocks.Length / experts;
        return [.. Enumerable.Range(0, pairs).SelectMany(p =>
            Reference.MatMul.Run(type, blocks.AsSpan((int)chosen[p] * slab, slab), row(p), columns))];
    }

    private delegate ReadOnlySpan<float> RowOf(int pair);

    private static float[] Activate(float[] product, float[]? biases, int hidden, int rows, GateForm form, float[]? weights)
    {
        float[] Part(int first) => [.. Enumerable.Range(0, rows * hidden).Select(i => (weights?[i / hidden] ?? 1)
            * (product[i / hidden * 2 * hidden + first + i % hidden] + (biases?[first + i % hidden] ?? 0)))];
        return RowCases.Gated(form, Part(0), Part(hidden));
    }
}
