using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Reference;

namespace NpcMind.GpuTests;

/// <summary>Dense and expert matrix products.</summary>
internal static class MatMulCases
{
    /// <summary>Formats without blocks, with one number a block, two, codes that are looked up, and scales for 16 or 32 weights.</summary>
    public static readonly TensorType[] OneOfEachKind =
        [TensorType.F32, TensorType.F16, TensorType.Q4_0, TensorType.Q8_0, TensorType.Q4_K, TensorType.Q6_K, TensorType.IQ2_XS];

    /// <summary>Whether the software driver has 16 lanes instead of 8: another run, for what depends on lanes and not on formats.</summary>
    private static readonly bool IsWide = Environment.GetEnvironmentVariable("LP_NATIVE_VECTOR_WIDTH") is not null;

    public static IEnumerable<KernelCase> All()
    {
        foreach (TensorType type in WeightLayout.Supported)
        {
            bool wide = TensorTypes.Layout(type)!.Value.Elements == 256;
            bool isOneOfAll = Scenarios.Factor == 1 && !OneOfEachKind.Contains(type);
            if (isOneOfAll && IsWide) continue;
            foreach (int columns in wide ? new[] { 256, 512, 1536 } : [32, 64, 96, 576])
                foreach (int tokens in isOneOfAll ? new[] { 1, 16, 17 } : [1, 3, 5, 16, 17])
                    yield return Dense(type, RowsFor(columns, tokens), columns, tokens);
            yield return Dense(type, 96, wide ? 256 : 1536, 16, outliers: true);
            if (isOneOfAll) continue; // whole mixtures of all formats: TinyModelTests
            yield return Dense(type, 33, wide ? 512 : 96, 5, outliers: true);
            yield return Experts(type, 5, 2, 1, wide ? 256 : 96, 40);
            yield return Experts(type, 5, 2, 7, wide ? 256 : 96, 40);
            yield return Experts(type, 4, 3, 23, wide ? 256 : 64, 33);
        }

        yield return Dense(TensorType.Q8_0, 33, 96, 5, bias: true);
        yield return Dense(TensorType.Q8_0, 33, 96, 5, accumulate: true);
        yield return Dense(TensorType.Q8_0, 33, 96, 5, bias: true, accumulate: true, scale: 0.22f);
        yield return Dense(TensorType.F32, 70, 64, 17, bias: true, accumulate: true, yOffset: 32);
        yield return Dense(TensorType.Q8_0, 96, 96, 3, yOffset: 64);
        yield return Dense(TensorType.Q8_0, 200, 64, 5, segmentGroups: 2);
        yield return Experts(TensorType.Q8_0, 5, 2, 7, 96, 70, segmentGroups: 4);
        yield return Experts(TensorType.Q8_0, 5, 2, 17, 96, 40, xPerPair: true);
        yield return Experts(TensorType.Q8_0, 5, 2, 17, 96, 40, bias: true);
        yield return Experts(TensorType.Q8_0, 5, 2, 7, 96, 70, segmentGroups: 4, bias: true);
    }

    /// <summary>y = W x, with everything around it.</summary>
    public static KernelCase Dense(TensorType type, int rows, int columns, int tokens, bool bias = false, bool accumulate = false,
        int yOffset = 0, bool outliers = false, int segmentGroups = int.MaxValue, float scale = 1)
    {
        string extras = $"{(bias ? " +bias" : "")}{(accumulate ? " +y" : "")}{(yOffset > 0 ? $" at {yOffset}" : "")}"
            + $"{(outliers ? " outliers" : "")}{(segmentGroups < int.MaxValue ? " segments" : "")}{(scale == 1 ? "" : $" times {scale}")}";
        double bytes = (double)rows * columns * TensorTypes.Layout(type)!.Value.Bytes / TensorTypes.Layout(type)!.Value.Elements
            + 4.0 * tokens * (rows + columns);
        return new KernelCase("matmul", $"{rows}x{columns} x{tokens}{extras}", type, 1e-12, bytes, 2.0 * rows * columns * tokens, rig =>
        {
            byte[] blocks = Quantize.Rows(type, CaseData.Normal(1, rows * columns));
            float[] x = CaseData.Normal(2, tokens * columns, outliers);
            float[]? biases = bias ? CaseData.Normal(3, rows) : null;
            int padded = CaseData.RoundUp(rows, 32), xStride = CaseData.RoundUp(columns, 64), yStride = yOffset + padded + 32,
                allocated = CaseData.RoundUp(tokens, Inference.MatMul.MostWideRows);
            float[] y = CaseData.Normal(4, allocated * yStride);
            Tensor output = rig.Floats(y);
            int digits = WeightLayout.For(type)!.HoldsIntegers ? (int)rig.Library.Digits : 0;
            Inference.MatMul matMul = new(rig.Library, rig.Nothing, rig.Integers(tokens));
            WeightMatrix matrix = rig.Matrix(type, blocks, rows, columns, 1, biases, segmentGroups);
            GraphNode[] nodes = [.. matMul.Nodes("matmul", matrix, rig.Floats(CaseData.Pad(x, columns, xStride, allocated)), xStride,
                output, yStride, yOffset, accumulate, s => s.Rows, scale)];
            return new KernelRun(nodes, Step(tokens), output, () =>
            {
                float[] read = digits == 0 ? x : QuantizeActivations.Run(x, columns, digits);
                float[] product = Reference.MatMul.Run(type, blocks, read, columns), expected = y[..(tokens * yStride)];
                for (int t = 0; t < tokens; t++)
                    for (int r = 0; r < padded; r++)
                    {
                        int at = t * yStride + yOffset + r;
                        expected[at] = scale * (r < rows ? product[t * rows + r] + (biases?[r] ?? 0) : 0) + (accumulate ? y[at] : 0);
                    }

                return expected;
            });
        });
    }

    /// <summary>Each row of x through its experts; the tiles are made on the device.</summary>
    public static KernelCase Experts(TensorType type, int experts, int used, int tokens, int columns, int rows,
        int segmentGroups = int.MaxValue, bool xPerPair = false, bool bias = false)
    {
        int pairs = tokens * used;
        string extras = $"{(segmentGroups < int.MaxValue ? " segments" : "")}{(xPerPair ? " x per pair" : "")}{(bias ? " +bias" : "")}";
        double slab = (double)rows * columns * TensorTypes.Layout(type)!.Value.Bytes / TensorTypes.Layout(type)!.Value.Elements;
        return new KernelCase("matmul_experts", $"{experts} take {used} {rows}x{columns} x{tokens}{extras}", type, 1e-12,
            slab * Math.Min(experts, pairs) + 4.0 * pairs * (rows + columns), 2.0 * rows * columns * pairs, rig =>
        {
            byte[] blocks = Quantize.Rows(type, CaseData.Normal(1, experts * rows * columns));
            int xRows = xPerPair ? pairs : tokens;
            float[] x = CaseData.Normal(2, xRows * columns);
            uint[] chosen = Choose(experts, used, tokens);
            int padded = CaseData.RoundUp(rows, 32), xStride = CaseData.RoundUp(columns, 64), maxTiles = CaseData.RoundUp(pairs, 16);
            Routing routing = new(experts, used, rig.Empty(maxTiles * 16), rig.Empty(maxTiles * 4));
            Tensor output = rig.Empty((long)pairs * padded * 4);
            int maxPairs = maxTiles;
            GraphNode tiles = Route(rig, chosen, type, tokens, ref routing, maxPairs);
            float[]? biases = bias ? CaseData.Normal(3, experts * rows) : null;
            WeightMatrix matrix = rig.Matrix(type, blocks, rows, columns, experts, biases, segmentGroups);
            Inference.MatMul matMul = new(rig.Library, rig.Nothing, rig.Integers(tokens));
            Tensor input = rig.Floats(CaseData.Pad(x, columns, xStride, xRows));
            return new KernelRun(
                [tiles, .. matMul.ExpertNodes("experts", matrix, input, xStride, xPerPair ? 1 : used, output, padded, 0, routing)],
                Step(tokens), output, () =>
            {
                float[] expected = new float[pairs * padded];
                int slabBytes = blocks.Length / experts;
                for (int p = 0; p < pairs; p++)
                {
                    Reference.MatMul.Run(type, blocks.AsSpan((int)chosen[p] * slabBytes, slabBytes),
                        x.AsSpan((xPerPair ? p : p / used) * columns, columns), columns).CopyTo(expected, p * padded);
                    for (int r = 0; r < rows && biases is not null; r++) expected[p * padded + r] += biases[(int)chosen[p] * rows + r];
                }

                return expected;
            });
        });
    }

    /// <summary>What <c>router_top_k</c> leaves for one row, or <c>expert_tiles</c> makes for more.</summary>
    public static GraphNode Route(
        KernelRig rig, uint[] chosen, TensorType type, int tokens, ref Routing routing, int maxPairs)
    {
        int[] tileRows = new Inference.MatMul(rig.Library, rig.Nothing, rig.Integers(tokens)).TilesOf(WeightLayout.For(type)!);
        routing = routing with { TileRows = tileRows };
        if (tokens == 1)
            routing = routing with
            {
                Tiles = rig.Words([.. chosen.SelectMany((e, n) => new[] { e, (uint)n, 1u, 0u })]),
                Order = rig.Words([.. chosen.Select((_, n) => (uint)n)]),
            };
        return new Router(rig.Library, rig.Nothing).Tiles(
            "tiles", rig.Words(chosen), rig.Words([(uint)tokens, 0, 0, 0]), routing, maxPairs);
    }

    /// <summary>Different experts per row; the last expert is never chosen, the first often.</summary>
    public static uint[] Choose(int experts, int used, int tokens)
    {
        TinyRandom random = new(9);
        List<uint> chosen = [];
        for (int t = 0; t < tokens; t++)
        {
            HashSet<uint> row = t % 2 == 0 ? [0] : [];
            while (row.Count < used) row.Add((uint)random.Below(experts - 1));
            chosen.AddRange(row);
        }

        return [.. chosen];
    }

    public static StepShape Step(int rows) => new(rows, rows, 0, rows, 1);

    private static int RowsFor(int columns, int tokens) => ((columns / 32 + tokens) % 4) switch { 0 => 1, 1 => 31, 2 => 33, _ => 96 };
}
