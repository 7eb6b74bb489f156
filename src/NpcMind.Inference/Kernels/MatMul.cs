using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Rows of activations times a weight matrix; the shader is chosen by the matrix's format, its tile by the number of rows.
/// </summary>
/// <param name="kernels">Shaders and precision.</param>
/// <param name="emptyTensor">Stands where a kernel does not look.</param>
/// <param name="allocateIntegers">
/// Where activations that are to be integers are written once for a product of several rows: allocates as many words for each row of a
/// step. Null: every workgroup makes the integers that it needs, to the same bits.
/// </param>
internal sealed class MatMul(KernelLibrary kernels, Tensor emptyTensor, Func<int, Tensor>? allocateIntegers = null)
{
    /// <summary>Activations that share a scale as integers.</summary>
    public const int IntegerBlock = 32;

    /// <summary>Words of a block of activations as integers beside the integers: scale, sums of either half, and both scaled.</summary>
    public const int IntegerBlockExtraWords = 4;

    /// <summary>Most rows of a <see cref="WideTile"/>: buffers of rows hold a multiple of it.</summary>
    public const int MostWideRows = 32;

    /// <summary>Suffix of the names of shaders that use cooperative matrices.</summary>
    public const string MatrixSuffix = "_matrix";

    /// <summary>Suffix of the names of shaders that give each lane a weight row.</summary>
    public const string LanesSuffix = "_lanes";

    private readonly Dictionary<int, Tensor> _integers = [];

    /// <summary>What one dispatch computes.</summary>
    private sealed record Product(WeightMatrix Weights, WeightSegment Segment, int TileRows, Tensor X, int XStride, Tensor Y, int YStride)
    {
        public int YOffset { get; init; }

        public bool Accumulates { get; init; }

        public float Scale { get; init; } = 1;

        public int RowLimit { get; init; }

        public Routing? Routing { get; init; }

        public int XDivisor { get; init; } = 1;

        public RowNorm? Norm { get; init; }

        public GatedOutput? Gated { get; init; }

        public Tensor? CombinedWeights { get; init; }

        public bool Combines { get; init; }

        public Tensor? Integers { get; init; }
    }

    /// <summary>Rows per workgroup of the variants. All give the same bits; larger tiles read the weights less often.</summary>
    public static readonly int[] TileRows = [1, 4, 8];

    /// <summary>Variant for a number of rows.</summary>
    public static int Variant(int rows) => rows == 1 ? 0 : rows < 8 ? 1 : 2;

    /// <summary>Rows per workgroup of the variants of products that share their tiles, given the layouts of their weights.</summary>
    public int[] TilesOf(params ReadOnlySpan<WeightLayout> layouts)
    {
        if (kernels.WideTile == WideTile.None || allocateIntegers is null) return TileRows;
        foreach (WeightLayout layout in layouts)
            if (!layout.HoldsIntegers) return TileRows;
        return [.. TileRows, kernels.WideTileRows];
    }

    /// <summary>
    /// y[row, offset...] (+)= scale (W norm(x[row]) + bias). Nodes run one after the other without depending on each other.
    /// </summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="weights">Matrix with one slab.</param>
    /// <param name="x">[rows, xStride] f32.</param>
    /// <param name="xStride">Elements per row of x, a multiple of 4; what stands beyond the matrix's columns, up to a multiple of 64, meets
    /// weights of zero and must be finite.</param>
    /// <param name="y">[rows, yStride] f32.</param>
    /// <param name="yStride">Elements per row of y.</param>
    /// <param name="yOffset">First column of y to fill.</param>
    /// <param name="accumulate">Add to y.</param>
    /// <param name="rows">How many rows a step has here.</param>
    /// <param name="scale">Factor on the product.</param>
    /// <param name="rowLimit">Columns of y to fill; 0 for all of the matrix, zeros up to a multiple of 32 included.</param>
    /// <param name="norm">Of x; null for none.</param>
    public IEnumerable<GraphNode> Nodes(
        string label, WeightMatrix weights, Tensor x, int xStride, Tensor y, int yStride, int yOffset, bool accumulate,
        Func<StepShape, int> rows, float scale = 1, int rowLimit = 0, RowNorm? norm = null)
    {
        Tensor? integers = IntegersOf(weights, 1);
        int[] tiles = TilesOf(weights.Layout);
        if (integers is not null) yield return IntegerNode(label, weights, x, xStride, norm, integers, rows);
        foreach (WeightSegment segment in weights.Segments)
        {
            DispatchNode[] variants = [.. tiles.Select(t => Dispatch(
                label,
                new Product(weights, segment, t, x, xStride, y, yStride)
                {
                    YOffset = yOffset, Accumulates = accumulate, Scale = scale, RowLimit = rowLimit, Norm = norm, Integers = integers,
                }))];
            int groups = segment.Groups;
            yield return new GraphNode(variants, s => Tiled(groups, rows(s), tiles), segment.Tensor.Bytes);
        }
    }

    /// <summary>Whether gates and what they gate lie where one dispatch can compute both (<see cref="Gated"/>).</summary>
    public static bool CanGate(IReadOnlyList<PlacedMatrix> matrices) =>
        matrices is [{ Matrix: { Segments.Count: 1 } matrix }] && matrix.GroupsPerSlab % 2 == 0;

    /// <summary>y[row] = f(gate x[row], up x[row]), where the matrix holds gate, then up, of as many row groups.</summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="weights">Matrix for which <see cref="CanGate"/> is true; with a routing, one slab per expert.</param>
    /// <param name="x">[rows, xStride] f32.</param>
    /// <param name="xStride">Elements per row of x.</param>
    /// <param name="y">[rows, yStride] f32; with a routing [pairs, yStride].</param>
    /// <param name="yStride">Elements per row of y.</param>
    /// <param name="gated">f.</param>
    /// <param name="norm">Of x; null for none.</param>
    /// <param name="routing">Experts of the rows; null for a dense matrix.</param>
    public IEnumerable<GraphNode> Gated(
        string label, WeightMatrix weights, Tensor x, int xStride, Tensor y, int yStride, GatedOutput gated, RowNorm? norm,
        Routing? routing = null)
    {
        Tensor? integers = IntegersOf(weights, 1);
        if (integers is not null) yield return IntegerNode(label, weights, x, xStride, norm, integers, s => s.Rows);
        int groups = weights.GroupsPerSlab / 2;
        WeightSegment segment = weights.Segments[0];
        int[] tiles = routing?.TileRows ?? TilesOf(weights.Layout);
        DispatchNode[] variants = [.. tiles.Select(t => Dispatch(
            label,
            new Product(weights, segment, t, x, xStride, y, yStride)
            {
                RowLimit = groups * WeightLayout.GroupRows, Gated = gated, Norm = norm, Routing = routing, XDivisor = routing?.Used ?? 1,
                Integers = integers,
            }))];
        yield return routing is null
            ? new GraphNode(variants, s => Tiled(groups, s.Rows, tiles), segment.Tensor.Bytes)
            : new GraphNode(variants, s => new Grid(groups, routing.TileCount(s.Rows), 1, routing.Variant(s.Rows)),
                segment.Tensor.Bytes / weights.Slabs * routing.Used);
    }

    /// <summary>
    /// For each pair (row, choice): y[pair] = W[expert of the pair] norm(x[pair / xDivisor]) + bias[expert]. The experts are read on the
    /// device.
    /// </summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="weights">Matrix with one slab per expert.</param>
    /// <param name="x">[rows, xStride] f32.</param>
    /// <param name="xStride">Elements per row of x.</param>
    /// <param name="xDivisor">Pairs per row of x.</param>
    /// <param name="y">[pairs, yStride] f32.</param>
    /// <param name="yStride">Elements per row of y.</param>
    /// <param name="yOffset">First column of y to fill.</param>
    /// <param name="routing">Tiles and order made by <c>expert_tiles</c>.</param>
    /// <param name="rowLimit">Columns of y to fill; 0 for all of the matrix, zeros up to a multiple of 32 included.</param>
    /// <param name="norm">Of x; null for none.</param>
    public IEnumerable<GraphNode> ExpertNodes(string label, WeightMatrix weights, Tensor x, int xStride, int xDivisor, Tensor y,
        int yStride, int yOffset, Routing routing, int rowLimit = 0, RowNorm? norm = null)
    {
        int xRows = routing.Used / xDivisor;
        Tensor? integers = IntegersOf(weights, xRows);
        if (integers is not null)
            yield return IntegerNode(label, weights, x, xStride, norm, integers, s => s.Rows == 1 ? 1 : s.Rows * xRows);
        foreach (WeightSegment segment in weights.Segments)
        {
            DispatchNode[] variants = [.. routing.TileRows.Select(t => Dispatch(
                label,
                new Product(weights, segment, t, x, xStride, y, yStride)
                {
                    YOffset = yOffset, Routing = routing, XDivisor = xDivisor, RowLimit = rowLimit, Norm = norm, Integers = integers,
                }))];
            yield return ExpertNode(variants, weights, segment, routing);
        }
    }

    /// <summary>
    /// As <see cref="ExpertNodes"/> for a matrix in one segment, with an input row for each pair; but in a step of one row the experts'
    /// products are weighed and added to <paramref name="sum"/> at once: sum += scale * sum over n of weight[n] (W[expert n] x[n] +
    /// bias[expert n]), as <see cref="Router.Combine"/> does after steps of more rows, to the same bits.
    /// </summary>
    /// <param name="label">Label in timings.</param>
    /// <param name="weights">Matrix with one slab per expert and one segment.</param>
    /// <param name="x">[pairs, xStride] f32.</param>
    /// <param name="xStride">Elements per row of x.</param>
    /// <param name="y">[pairs, yStride] f32, filled in steps of more than one row.</param>
    /// <param name="yStride">Elements per row of y and of the sum.</param>
    /// <param name="routing">Tiles and order.</param>
    /// <param name="sum">[rows, yStride] f32.</param>
    /// <param name="expertWeights">[rows, used] f32; null where they were on the input.</param>
    /// <param name="scale">Factor on the sum.</param>
    public IEnumerable<GraphNode> CombinedExperts(
        string label, WeightMatrix weights, Tensor x, int xStride, Tensor y, int yStride, Routing routing, Tensor sum,
        Tensor? expertWeights, float scale)
    {
        Tensor? integers = IntegersOf(weights, routing.Used);
        if (integers is not null)
            yield return IntegerNode(label, weights, x, xStride, null, integers, s => s.Rows == 1 ? 1 : s.Rows * routing.Used);
        WeightSegment segment = weights.Segments[0];
        Product one = new(weights, segment, 1, x, xStride, sum, yStride)
        {
            Accumulates = true,
            Scale = scale,
            Routing = routing,
            Combines = true,
            CombinedWeights = expertWeights,
        };
        DispatchNode[] variants = [
            Dispatch(label, one),
            .. routing.TileRows[1..].Select(t => Dispatch(label, new Product(weights, segment, t, x, xStride, y, yStride)
            {
                Routing = routing,
                Integers = integers,
            })),
        ];
        GraphNode node = ExpertNode(variants, weights, segment, routing);
        yield return node with { Grid = s => s.Rows == 1 ? new Grid(weights.GroupsPerSlab) : node.Grid(s) };
    }

    /// <summary>Grid and variant for so many row groups and rows.</summary>
    public static Grid Tiled(int groups, int rows) => Tiled(groups, rows, TileRows);

    private static Grid Tiled(int groups, int rows, int[] tiles)
    {
        int variant = rows > Math.Max(tiles[^1] / 2, TileRows[^1]) ? tiles.Length - 1 : Variant(rows);
        return new Grid(groups, (rows + tiles[variant] - 1) / tiles[variant], 1, variant);
    }

    private static GraphNode ExpertNode(DispatchNode[] variants, WeightMatrix weights, WeightSegment segment, Routing routing)
    {
        int groups = weights.GroupsPerSlab;
        return new GraphNode(variants, s => new Grid(groups, routing.TileCount(s.Rows), 1, routing.Variant(s.Rows)),
            segment.Tensor.Bytes / weights.Slabs * routing.Used);
    }

    private static int Blocks(WeightMatrix weights) =>
        weights.Layout.Units(weights.Columns) * weights.Layout.UnitColumns / IntegerBlock;

    private int IntegerWords(WeightMatrix weights) =>
        Blocks(weights) * (IntegerBlock / 4 * (int)kernels.Digits + IntegerBlockExtraWords);

    /// <summary>Room for the integers of a product of several rows, each row of a step having so many; null for none.</summary>
    private Tensor? IntegersOf(WeightMatrix weights, int perRow)
    {
        if (allocateIntegers is null || kernels.Digits == 0 || !weights.Layout.HoldsIntegers) return null;
        int words = IntegerWords(weights) * perRow;
        return _integers.TryGetValue(words, out Tensor? tensor) ? tensor : _integers[words] = allocateIntegers(words);
    }

    private GraphNode IntegerNode(
        string label, WeightMatrix weights, Tensor x, int xStride, RowNorm? norm, Tensor integers, Func<StepShape, int> rows)
    {
        ComputePipeline pipeline = kernels.Pipeline(
            "integers",
            ("workgroupSize", ShaderConstants.ClusterLanes * kernels.Slices),
            ("Normalizes", norm is null ? 0u : 1u),
            ("Digits", kernels.Digits));
        DispatchNode node = pipeline.Node(
            label + ".integers",
            [x.As(TexelFormat.Float4), (norm?.Weight ?? emptyTensor).As(TexelFormat.Float4), integers],
            ("blocks", (uint)Blocks(weights)),
            ("xStride", (uint)xStride / 4),
            ("dim", (uint)(norm?.Dim ?? 0)),
            ("epsilon", norm?.Epsilon ?? 0),
            ("rowCapacity", (uint)(integers.Bytes / 4 / IntegerWords(weights))));
        return new GraphNode([node], s => rows(s) == 1 ? default : new Grid(rows(s)));
    }

    private DispatchNode Dispatch(string label, Product p)
    {
        (WeightMatrix weights, Routing? routing) = (p.Weights, p.Routing);
        bool readsIntegers = p.Integers is not null && p.TileRows > 1;
        RowNorm? norm = readsIntegers ? null : p.Norm;
        uint used = p.Combines ? (uint)routing!.Used : 0, clusters = p.Combines ? kernels.ExpertClusters(routing!.Used) : 1;
        bool holdsIntegers = weights.Layout.HoldsIntegers;
        WideTile wide = p.TileRows > TileRows[^1] ? kernels.WideTile : WideTile.None;
        MatrixShape? matrices = wide == WideTile.Matrices ? kernels.Device.Matrices : null;
        (string form, uint lanes, uint subgroup) = wide switch
        {
            WideTile.Matrices => (MatrixSuffix, matrices!.SubgroupSize, matrices.SubgroupSize),
            WideTile.Lanes => (LanesSuffix, (uint)WeightLayout.GroupRows * kernels.Slices, kernels.Device.NarrowSubgroups!.Value),
            _ => (holdsIntegers && kernels.UsesIntegerDot ? "_dot" : "", ShaderConstants.ClusterLanes * kernels.Slices * clusters, 0u),
        };
        ComputePipeline pipeline = kernels.Pipeline(
            "matmul_" + weights.Layout.KernelSuffix + form,
            subgroup,
            [
                ("workgroupSize", lanes),
                ("Tokens", (uint)p.TileRows),
                ("Slices", kernels.Slices),
                ("Experts", routing is null || p.Combines ? 0u : 1u),
                ("HasBias", weights.Bias is null ? 0u : 1u),
                ("Accumulate", p.Accumulates ? 1u : 0u),
                ("Gated", p.Gated is { } f ? (uint)f.Form + 1 : 0),
                ("WeighsInput", p.Gated?.InputWeights is null ? 0u : 1u),
                ("GatesOutput", p.Gated?.OutputGate is null ? 0u : 1u),
                .. holdsIntegers ? [("Digits", kernels.Digits)] : (ReadOnlySpan<Constant>)[],
                .. matrices is not null
                    ? [("MatrixRows", matrices.Rows), ("MatrixColumns", matrices.Columns), ("MatrixDepth", matrices.Depth)]
                    : wide == WideTile.Lanes ? [] : (ReadOnlySpan<Constant>)[
                        ("Normalizes", norm is null ? 0u : 1u),
                        ("Combined", used),
                        ("ExpertClusters", clusters),
                        ("Weighted", p.CombinedWeights is null ? 0u : 1u),
                        .. holdsIntegers ? [("ReadsIntegers", readsIntegers ? 1u : 0u)] : (ReadOnlySpan<Constant>)[],
                    ],
            ]);
        Tensor codes = p.Segment.Tensor.As(TexelFormat.UInt4);
        Tensor factors = p.CombinedWeights ?? p.Gated?.InputWeights ?? p.Gated?.OutputGate?.Tensor ?? emptyTensor;
        return pipeline.Node(
            label,
            [codes, Scales(weights.Layout, p.Segment.Tensor), p.X.As(TexelFormat.Float4), p.Y, weights.Bias ?? emptyTensor,
                routing?.Tiles ?? emptyTensor, routing?.Order ?? emptyTensor, weights.Codebook ?? emptyTensor,
                (readsIntegers ? p.Integers! : emptyTensor).As(TexelFormat.UInt1), (norm?.Weight ?? emptyTensor).As(TexelFormat.Float4),
                factors.As(TexelFormat.UInt1)],
            ("chunks", (uint)(weights.Layout.Units(weights.Columns) * (weights.Layout.UnitColumns / WeightLayout.ChunkColumns))),
            ("xStride", (uint)(readsIntegers ? p.Integers!.Bytes / 4 / Blocks(weights) : p.XStride / 4)),
            ("yStride", (uint)p.YStride),
            ("yOffset", (uint)p.YOffset),
            ("firstGroup", (uint)p.Segment.FirstGroup),
            ("groups", (uint)p.Segment.Groups),
            ("groupsPerSlab", (uint)weights.GroupsPerSlab),
            ("xDivisor", (uint)p.XDivisor),
            ("scale", p.Scale),
            ("rowLimit", (uint)(p.RowLimit > 0 ? p.RowLimit : weights.OutputColumns)),
            ("upGroups", (uint)weights.GroupsPerSlab / 2),
            ("weightStride", (uint)(p.Gated?.OutputGate?.Stride ?? 0)),
            ("dim", (uint)(norm?.Dim ?? 0)),
            ("epsilon", norm?.Epsilon ?? 0));
    }

    /// <summary>The last tensor of a format's kernels, where it has a codebook.</summary>
    public static Tensor[] Codebook(WeightMatrix weights) => weights.Codebook is { } codebook ? [codebook] : [];

    /// <summary>The same bytes as the codes, fetched by the size of a scale entry.</summary>
    public static Tensor Scales(WeightLayout layout, Tensor segment) => segment.As(layout.ScaleWords switch
    {
        1 => TexelFormat.UInt1,
        2 => TexelFormat.UInt2,
        _ => TexelFormat.UInt4,
    });
}

/// <summary>A root-mean-square norm that a product applies to its input.</summary>
/// <param name="Weight">[columns] f32, padded with zeros to a multiple of 64.</param>
/// <param name="Dim">Elements that count.</param>
/// <param name="Epsilon">Added to the mean.</param>
internal sealed record RowNorm(Tensor Weight, int Dim, float Epsilon);

/// <summary>What becomes of gate and up.</summary>
/// <param name="Form">Function.</param>
/// <param name="InputWeights">[rows] f32 by which the input of both, which are linear, is multiplied; null for none.</param>
/// <param name="OutputGate">[rows, stride] whose first column, through a sigmoid, multiplies the result; null for none.</param>
internal sealed record GatedOutput(GateForm Form, Tensor? InputWeights = null, RowPart? OutputGate = null);

/// <summary>Where the experts chosen in a step lie, on the device.</summary>
/// <param name="Experts">Experts per block.</param>
/// <param name="Used">Experts per row.</param>
/// <param name="Tiles">[tiles] (expert, first, count, -).</param>
/// <param name="Order">[pairs] u32.</param>
internal sealed record Routing(int Experts, int Used, Tensor Tiles, Tensor Order)
{
    /// <summary>Rows per tile of the variants: of all products with these experts (<see cref="MatMul.TilesOf"/>).</summary>
    public int[] TileRows { get; init; } = MatMul.TileRows;

    /// <summary>Variant for a step of so many rows: a wide tile where pairs fill half of one for each expert on average.</summary>
    public int Variant(int rows) =>
        2L * rows * Used > (long)TileRows[^1] * Experts && rows > MatMul.TileRows[^1] ? TileRows.Length - 1 : MatMul.Variant(rows);

    /// <summary>Most tiles that the pairs of so many rows can make.</summary>
    public int TileCount(int rows)
    {
        int pairs = rows * Used, tile = TileRows[Variant(rows)];
        return tile == 1 ? pairs : Math.Min(pairs, pairs / tile + Math.Min(Experts, pairs));
    }
}
