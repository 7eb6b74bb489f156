using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The building blocks of which architectures write their forward pass: each call loads its weights and appends its nodes. Holds the buffers every
/// architecture has. Used once, at load.
/// </summary>
internal sealed class GraphBuilder
{
    private const int SplitPages = 16;
    private readonly KernelLibrary _kernels;
    private readonly StepInputs _inputs;
    private readonly KvCache _kv;
    private readonly EngineOptions _options;
    private readonly Workspace _rows;
    private readonly Workspace _outputs;
    private readonly MatMul _matMul;
    private readonly Tensor _nothing;
    private readonly Tensor _q;
    private readonly Tensor _parts;
    private readonly int _maxSplits;
    private readonly int _pairs;
    private readonly Dictionary<string, Tensor> _shared = new(StringComparer.Ordinal);
    private WeightMatrix? _embedding;

    public GraphBuilder(KernelLibrary kernels, ModelConfig config, EngineOptions options, WeightLoader weights, TensorArena arena, Uploader uploader, StepInputs inputs, KvCache kv, int pairs)
    {
        _kernels = kernels;
        _inputs = inputs;
        _kv = kv;
        _options = options;
        _pairs = pairs;
        Config = config;
        Weights = weights;
        _rows = new Workspace(arena, uploader, options.MaxRows);
        _outputs = new Workspace(arena, uploader, (options.MaxOutputs + 15) / 16 * 16);
        _nothing = _rows.Cleared("nothing", 256);
        _matMul = new MatMul(kernels, _nothing);
        _maxSplits = SplitsOf(options.ContextTokens - 1);
        int heads = config.Heads * config.HeadDim, kvHeads = config.KvHeads * config.HeadDim;
        QkvStride = Padded(heads) + 2 * Padded(kvHeads);
        Qkv = _rows.Cleared("qkv", (long)options.MaxRows * QkvStride * 4);
        _q = _rows.Cleared("q", (long)options.MaxRows * heads * 4);
        _parts = _rows.Cleared("attention parts", (long)options.MaxRows * config.Heads * _maxSplits * (config.HeadDim + 4) * 4);
        NextTokens = _rows.Cleared("next tokens", options.MaxSequences * 4);
        TokenLog = _rows.Cleared("token log", (long)options.MaxSequences * options.ContextTokens * 4);
        Results = _outputs.Cleared("results", options.MaxOutputs * 4);
        LogitsStride = Workspace.Stride(config.Vocabulary);
        LogitsTensor = _outputs.Rows("logits", config.Vocabulary);
    }

    /// <summary>Query rows that share an attention workgroup: so many that a lane's sums stay in registers.</summary>
    public static int AttentionRows(ModelConfig config) => config.Heads / config.KvHeads <= 2 ? 4 : config.Heads / config.KvHeads <= 4 ? 2 : 1;

    public ModelConfig Config { get; }

    public WeightLoader Weights { get; }

    public List<GraphNode> Nodes { get; } = [];

    /// <summary>[rows, QkvStride] f32: queries, keys, values, each part starting at a multiple of 32.</summary>
    public Tensor Qkv { get; }

    public int QkvStride { get; }

    public Tensor NextTokens { get; }

    public Tensor TokenLog { get; }

    public Tensor Results { get; }

    public Tensor LogitsTensor { get; }

    public int LogitsStride { get; }

    /// <summary>Splits that a context ending at <paramref name="position"/> has.</summary>
    public static int SplitsOf(int position) => position / (SplitPages * KvCache.PageTokens) + 1;

    /// <summary>A buffer [rows, stride of width] that lives as long as the engine; the same name gives the same buffer.</summary>
    public Tensor Rows(string name, int width, int perRow = 1)
    {
        if (!_shared.TryGetValue(name, out Tensor? tensor)) _shared[name] = tensor = _rows.Rows(name, width, perRow);
        return tensor;
    }

    public void Embed(string label, string name, Tensor x, int stride)
    {
        _embedding = Weights.Matrix(name, Config.Width, Config.Vocabulary);
        uint lanes = _kernels.SmallWorkgroup;
        foreach (WeightSegment segment in _embedding.Segments)
        {
            DispatchNode node = _kernels.Pipeline("embed_" + _embedding.Layout.KernelSuffix, ("workgroupSize", lanes)).Node(
                label,
                [segment.Tensor.As(TexelFormat.UInt4), Inference.MatMul.Scales(_embedding.Layout, segment.Tensor), _inputs.Rows, NextTokens, x, TokenLog],
                ("dim", (uint)Config.Width), ("stride", (uint)stride), ("units", (uint)_embedding.Layout.Units(Config.Width)),
                ("firstGroup", (uint)segment.FirstGroup), ("groups", (uint)segment.Groups), ("maxContext", (uint)_options.ContextTokens));
            int groups = Groups(Config.Width, lanes);
            Nodes.Add(new GraphNode([node], s => new Grid(groups, s.Rows)));
        }
    }

    public void RmsNorm(string label, Tensor x, Tensor y, int dim) => RmsNorm(label, x, y, dim, s => s.Rows);

    public void MatMul(string label, IReadOnlyList<PlacedMatrix> matrices, Tensor x, int xStride, Tensor y, int yStride)
    {
        foreach (PlacedMatrix placed in matrices) Nodes.AddRange(_matMul.Nodes(label, placed.Matrix, x, xStride, y, yStride, placed.Offset, false, s => s.Rows));
    }

    public void MatMulAdd(string label, WeightMatrix matrix, Tensor x, int xStride, Tensor y, int yStride) =>
        Nodes.AddRange(_matMul.Nodes(label, matrix, x, xStride, y, yStride, 0, true, s => s.Rows));

    public void RopeAndKvWrite(string label, int layer, bool neox)
    {
        uint lanes = _kernels.SmallWorkgroup, quads = (uint)Config.HeadDim / 4;
        int q = Padded(Config.Heads * Config.HeadDim), kv = Padded(Config.KvHeads * Config.HeadDim);
        DispatchNode node = _kernels.Pipeline("rope_kv_write_" + _kv.KernelSuffix, ("workgroupSize", lanes)).Node(
            label,
            [Qkv.As(TexelFormat.Float4), _inputs.Turns.As(TexelFormat.Float2), _inputs.Rows, _inputs.BlockTable, _q, _kv.Keys[layer], _kv.Values[layer]],
            ("heads", (uint)Config.Heads), ("kvHeads", (uint)Config.KvHeads), ("quads", quads), ("pairs", (uint)_pairs), ("neox", neox ? 1u : 0u),
            ("stride", (uint)QkvStride / 4), ("kOffset", (uint)q / 4), ("vOffset", (uint)(q + kv) / 4), ("turnStride", (uint)_pairs), ("maxBlocks", (uint)_inputs.MaxBlocks));
        int groups = Groups((Config.Heads + 2 * Config.KvHeads) * (int)quads, lanes);
        Nodes.Add(new GraphNode([node], s => new Grid(groups, s.Rows)));
    }

    public void Attention(string label, int layer, Tensor attended, int stride)
    {
        uint quads = (uint)Config.HeadDim / 4;
        int[] queries = [1, AttentionRows(Config)];
        DispatchNode[] variants = [.. queries.Select(rows => _kernels.Pipeline(
            "attention_" + _kv.KernelSuffix,
            ("workgroupSize", 8 * _kernels.Slices), ("Quads", quads), ("Group", (uint)(Config.Heads / Config.KvHeads)), ("Queries", (uint)rows), ("Slices", _kernels.Slices), ("SplitPages", SplitPages)).Node(
            label,
            [_q.As(TexelFormat.Float4), _kv.Keys[layer].As(_kv.Texels), _kv.Values[layer].As(_kv.Texels), _inputs.BlockTable.As(TexelFormat.UInt1), _inputs.Tiles.As(TexelFormat.UInt4), _inputs.Rows.As(TexelFormat.UInt4), _parts],
            ("kvHeads", (uint)Config.KvHeads), ("maxBlocks", (uint)_inputs.MaxBlocks), ("maxSplits", (uint)_maxSplits), ("scale", Config.AttentionScale)))];
        int kvHeads = Config.KvHeads;
        Nodes.Add(new GraphNode(variants, s => new Grid(kvHeads, s.AttentionTiles, s.Splits, s.AttentionTiles == s.Rows ? 0 : 1), Work: s => s.Splits > 1 ? SplitPages : s.LastPosition / KvCache.PageTokens + 1));

        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode combine = _kernels.Pipeline("attention_combine", ("workgroupSize", lanes)).Node(
            label + "_combine",
            [_parts.As(TexelFormat.Float4), _inputs.Rows, attended],
            ("heads", (uint)Config.Heads), ("quads", quads), ("maxSplits", (uint)_maxSplits), ("splitTokens", SplitPages * KvCache.PageTokens), ("stride", (uint)stride / 4));
        int groups = Groups(Config.Heads * (int)quads, lanes);
        Nodes.Add(new GraphNode([combine], s => new Grid(groups, s.Rows), Work: s => s.Splits));
    }

    public void SwiGluFeedForward(string blk, Tensor h, int width, Tensor x)
    {
        int part = Padded(Config.FeedForward), stride = Workspace.Stride(Config.FeedForward);
        Tensor gateUp = Rows("gate_up", 2 * part), activated = Rows("activated", Config.FeedForward);
        MatMul($"{blk}.ffn_gate_up", Weights.Stack(Config.Width, 1, new MatrixPart($"{blk}.ffn_gate", Config.FeedForward), new MatrixPart($"{blk}.ffn_up", Config.FeedForward)), h, width, gateUp, 2 * part);
        SwiGlu($"{blk}.swiglu", gateUp, activated, part, stride, 1);
        MatMulAdd($"{blk}.ffn_down", Weights.Matrix($"{blk}.ffn_down", Config.FeedForward, Config.Width), activated, stride, x, width);
    }

    /// <summary>Mixtral's form: softmax router, the best experts' outputs weighted and added. The choice stays on the device.</summary>
    public void MixtureFeedForward(string blk, Tensor h, int width, Tensor x)
    {
        int used = Config.ExpertsUsed, part = Padded(Config.FeedForward), stride = Workspace.Stride(Config.FeedForward), routerStride = Workspace.Stride(Config.Experts);
        Tensor scores = Rows("router scores", Config.Experts), chosen = Rows("chosen experts", 1, used), weights = Rows("expert weights", 1, used);
        int maxPairs = _options.MaxRows * used;
        Routing routing = new(Config.Experts, used, Rows("expert tiles", 4, used), Rows("expert order", 1, used));
        Tensor gateUp = Rows("expert gate_up", 2 * part, used), activated = Rows("expert activated", Config.FeedForward, used), outputs = Rows("expert outputs", Config.Width, used);

        Nodes.AddRange(_matMul.Nodes($"{blk}.ffn_gate_inp", Weights.Matrix($"{blk}.ffn_gate_inp", Config.Width, Config.Experts), h, width, scores, routerStride, 0, false, s => s.Rows));
        DispatchNode router = _kernels.Pipeline("router_top_k", ("workgroupSize", _kernels.SmallWorkgroup)).Node(
            $"{blk}.router_top_k", [scores, chosen, weights], ("experts", (uint)Config.Experts), ("used", (uint)used), ("stride", (uint)routerStride));
        Nodes.Add(new GraphNode([router], s => new Grid(s.Rows)));
        ComputePipeline tiles = _kernels.Pipeline("expert_tiles", ("workgroupSize", _kernels.SmallWorkgroup));
        DispatchNode[] variants = [.. Inference.MatMul.TileRows.Select(t => tiles.Node(
            $"{blk}.expert_tiles", [chosen.As(TexelFormat.UInt1), _inputs.Header, routing.Order, routing.Tiles],
            ("experts", (uint)Config.Experts), ("used", (uint)used), ("tileRows", (uint)t), ("maxTiles", (uint)maxPairs)))];
        Nodes.Add(new GraphNode(variants, s => new Grid(1, 1, 1, Inference.MatMul.Variant(s.Rows))));

        foreach (PlacedMatrix placed in Weights.Stack(Config.Width, Config.Experts, new MatrixPart($"{blk}.ffn_gate_exps", Config.FeedForward), new MatrixPart($"{blk}.ffn_up_exps", Config.FeedForward)))
            Nodes.AddRange(_matMul.ExpertNodes($"{blk}.ffn_gate_up_exps", placed.Matrix, h, width, used, gateUp, 2 * part, placed.Offset, routing));
        SwiGlu($"{blk}.swiglu", gateUp, activated, part, stride, used);
        Nodes.AddRange(_matMul.ExpertNodes($"{blk}.ffn_down_exps", Weights.Matrix($"{blk}.ffn_down_exps", Config.FeedForward, Config.Width, Config.Experts), activated, stride, 1, outputs, width, 0, routing));
        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode combine = _kernels.Pipeline("expert_combine", ("workgroupSize", lanes)).Node(
            $"{blk}.expert_combine", [outputs.As(TexelFormat.Float4), weights, x], ("used", (uint)used), ("quads", (uint)width / 4));
        int groups = Groups(width / 4, lanes);
        Nodes.Add(new GraphNode([combine], s => new Grid(groups, s.Rows)));
    }

    /// <summary>Final norm and vocabulary projection of the rows whose logits are wanted, then the choice of their next tokens.</summary>
    public void Logits(Tensor x, int width)
    {
        Tensor last = _outputs.Rows("last", Config.Width), normed = _outputs.Rows("last normed", Config.Width);
        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode gather = _kernels.Pipeline("gather_rows", ("workgroupSize", lanes)).Node("gather_rows", [x, _inputs.Outputs, last], ("stride", (uint)width));
        int groups = Groups(width, lanes);
        Nodes.Add(new GraphNode([gather], s => new Grid(groups, s.Outputs)));
        RmsNorm("output_norm", last, normed, Config.Width, s => s.Outputs);
        WeightMatrix output = Weights.Has("output") ? Weights.Matrix("output", Config.Width, Config.Vocabulary) : _embedding!;
        Nodes.AddRange(_matMul.Nodes("output", output, normed, width, LogitsTensor, LogitsStride, 0, false, s => s.Outputs));

        var bytes = Sampler.Bytes(_options.MaxOutputs, Config.Vocabulary);
        SamplerTensors tensors = new(
            LogitsTensor, _inputs.Outputs, _inputs.Masks, _inputs.Samplers, TokenLog, _options.ContextTokens, _outputs.Cleared("sampler maxima", bytes.Best), _outputs.Cleared("sampler histograms", bytes.Histograms),
            _outputs.Cleared("sampler state", bytes.State), _outputs.Cleared("sampler sums", bytes.Sums), _outputs.Cleared("sampler units", bytes.Sums), NextTokens, Results);
        Nodes.AddRange(new Sampler(_kernels, Config.Vocabulary, tensors, lanes).Nodes());
    }

    private static int Padded(int rows) => (rows + WeightLayout.GroupRows - 1) / WeightLayout.GroupRows * WeightLayout.GroupRows;

    private static int Groups(int items, uint lanes) => (items + (int)lanes - 1) / (int)lanes;

    private void RmsNorm(string label, Tensor x, Tensor y, int dim, Func<StepShape, int> rows)
    {
        DispatchNode node = _kernels.Pipeline("rms_norm", ("workgroupSize", _kernels.RowWorkgroup)).Node(
            label,
            [x.As(TexelFormat.Float4), Weights.Vector(label + ".weight", dim).As(TexelFormat.Float4), y],
            ("dim", (uint)dim), ("quads", (uint)Workspace.Stride(dim) / 4), ("epsilon", Config.RmsEpsilon));
        Nodes.Add(new GraphNode([node], s => new Grid(rows(s))));
    }

    private void SwiGlu(string label, Tensor gateUp, Tensor activated, int part, int stride, int perRow)
    {
        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode node = _kernels.Pipeline("swiglu", ("workgroupSize", lanes)).Node(label, [gateUp.As(TexelFormat.Float4), activated], ("quads", (uint)part / 4), ("stride", (uint)stride / 4));
        int groups = Groups(part / 4, lanes);
        Nodes.Add(new GraphNode([node], s => new Grid(groups, s.Rows * perRow)));
    }
}
