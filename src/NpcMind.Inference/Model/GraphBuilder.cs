using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The building blocks of which architectures write their forward pass: each call loads its weights and appends its nodes. Holds the buffers every
/// architecture has. Used once, at load.
/// </summary>
internal sealed class GraphBuilder
{
    private const int SplitPages = 16;
    private const int SplitTokens = SplitPages * KvCache.PageTokens;
    private readonly KernelLibrary _kernels;
    private readonly StepInputs _inputs;
    private readonly KvCache _kv;
    private readonly EngineOptions _options;
    private readonly Workspace _rows;
    private readonly Workspace _outputs;
    private readonly MatMul _matMul;
    private readonly Tensor _nothing;
    private readonly Tensor _features;
    private readonly Tensor _q;
    private readonly Tensor _parts;
    private readonly int _maxSplits;
    private readonly RopeTable _rope;
    private readonly Dictionary<(string, int, int), Tensor> _shared = [];
    private WeightMatrix? _embedding;

    public GraphBuilder(KernelLibrary kernels, ModelConfig config, EngineOptions options, WeightLoader weights, TensorArena arena, Uploader uploader, StepInputs inputs, KvCache kv, RopeTable rope, Tensor? features)
    {
        _kernels = kernels;
        _inputs = inputs;
        _kv = kv;
        _options = options;
        _rope = rope;
        Config = config;
        Weights = weights;
        _rows = new Workspace(arena, uploader, options.MaxRows);
        _outputs = new Workspace(arena, uploader, (options.MaxOutputs + 15) / 16 * 16);
        _nothing = _rows.Cleared("nothing", 256);
        _features = features ?? _nothing;
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
    public static int SplitsOf(int position) => position / SplitTokens + 1;

    /// <summary>A buffer [rows, stride of width] that lives as long as the engine; the same name and sizes give the same buffer.</summary>
    public Tensor Rows(string name, int width, int perRow = 1)
    {
        if (!_shared.TryGetValue((name, width, perRow), out Tensor? tensor)) _shared[(name, width, perRow)] = tensor = _rows.Rows(name, width, perRow);
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
                [
                    segment.Tensor.As(TexelFormat.UInt4), Inference.MatMul.Scales(_embedding.Layout, segment.Tensor), _inputs.Rows, NextTokens, x, TokenLog,
                    _features, .. Inference.MatMul.Codebook(_embedding),
                ],
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

    public void RopeAndKvWrite(string label, int layer, QueryKeyForm form)
    {
        uint lanes = _kernels.SmallWorkgroup;
        (int group, int lane) = _kv.Layout.Of(layer);
        int q = Padded(Config.Heads * Config.HeadDim), kv = Padded(Config.KvHeads * Config.HeadDim);
        ComputePipeline pipeline = _kernels.Pipeline(
            "rope_kv_write_" + _kv.KernelSuffix,
            ("workgroupSize", lanes), ("Quads", (uint)Config.HeadDim / 4), ("Normalizes", form.Normalizes ? 1u : 0u), ("ScalesQueries", form.ScalesQueries ? 1u : 0u));
        DispatchNode node = pipeline.Node(
            label,
            [Qkv.As(TexelFormat.Float4), _inputs.Turns.As(TexelFormat.Float2), _inputs.Rows, _inputs.BlockTables[group], _q, _kv.Keys[lane], _kv.Values[lane]],
            ("heads", (uint)Config.Heads), ("kvHeads", (uint)Config.KvHeads), ("pairs", form.Turns ? (uint)_rope.Pairs : 0), ("neox", form.Neox ? 1u : 0u), ("stride", (uint)QkvStride / 4),
            ("kOffset", (uint)q / 4), ("vOffset", (uint)(q + kv) / 4), ("turnStride", (uint)_rope.RowTurns), ("maxBlocks", (uint)_inputs.MaxBlocks), ("epsilon", Config.RmsEpsilon));
        int groups = Groups(Config.Heads + 2 * Config.KvHeads, lanes / 8);
        Nodes.Add(new GraphNode([node], s => new Grid(groups, s.Rows)));
    }

    public void Attention(string label, int layer, Tensor attended, int stride)
    {
        uint quads = (uint)Config.HeadDim / 4;
        (int group, int lane) = _kv.Layout.Of(layer);
        AttentionSpan span = _kv.Layout.Groups[group].Span;
        int[] queries = [1, AttentionRows(Config)];
        // A row's splits, and those that its neighbours in a tile see besides.
        int maxSplits = span.Kind == AttentionSpanKind.Full ? _maxSplits : Math.Min(_maxSplits, (span.Tokens + queries[1]) / SplitTokens + 2);
        DispatchNode[] variants = [.. queries.Select(rows => _kernels.Pipeline(
            "attention_" + _kv.KernelSuffix,
            ("workgroupSize", 8 * _kernels.Slices), ("Quads", quads), ("Group", (uint)(Config.Heads / Config.KvHeads)), ("Queries", (uint)rows), ("Slices", _kernels.Slices), ("SplitPages", SplitPages), ("Span", (uint)span.Kind)).Node(
            label,
            [_q.As(TexelFormat.Float4), _kv.Keys[lane].As(_kv.Texels), _kv.Values[lane].As(_kv.Texels), _inputs.BlockTables[group].As(TexelFormat.UInt1), _inputs.Tiles.As(TexelFormat.UInt4), _inputs.Rows.As(TexelFormat.UInt4), _parts],
            ("kvHeads", (uint)Config.KvHeads), ("maxBlocks", (uint)_inputs.MaxBlocks), ("maxSplits", (uint)maxSplits), ("scale", Config.AttentionScale), ("spanTokens", (uint)span.Tokens)))];
        int kvHeads = Config.KvHeads;
        Nodes.Add(new GraphNode(
            variants,
            s => new Grid(kvHeads, s.AttentionTiles, Math.Min(s.Splits, maxSplits), s.AttentionTiles == s.Rows ? 0 : 1),
            Work: s => s.Splits > 1 ? SplitPages : s.LastPosition / KvCache.PageTokens + 1));

        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode combine = _kernels.Pipeline("attention_combine", ("workgroupSize", lanes), ("Span", (uint)span.Kind)).Node(
            label + "_combine",
            [_parts.As(TexelFormat.Float4), _inputs.Rows, attended],
            ("heads", (uint)Config.Heads), ("quads", quads), ("maxSplits", (uint)maxSplits), ("splitTokens", SplitTokens), ("stride", (uint)stride / 4), ("spanTokens", (uint)span.Tokens));
        int groups = Groups(Config.Heads * (int)quads, lanes);
        Nodes.Add(new GraphNode([combine], s => new Grid(groups, s.Rows), Work: s => Math.Min(s.Splits, maxSplits)));
    }

    /// <summary>x += down(silu(gate h) * up h): tensors <c>ffn_gate</c>, <c>ffn_up</c> and <c>ffn_down</c> + <paramref name="suffix"/>.</summary>
    public void SwiGluFeedForward(string blk, string suffix, int hidden, Tensor h, int width, Tensor x)
    {
        int part = Padded(hidden), stride = Workspace.Stride(hidden);
        Tensor gateUp = Rows("gate_up", 2 * part), activated = Rows("activated", hidden);
        MatMul($"{blk}.ffn_gate_up{suffix}", Weights.Stack(Config.Width, 1, new MatrixPart($"{blk}.ffn_gate{suffix}", hidden), new MatrixPart($"{blk}.ffn_up{suffix}", hidden)), h, width, gateUp, 2 * part);
        SwiGlu($"{blk}.swiglu{suffix}", gateUp, activated, part, stride, 1, null);
        MatMulAdd($"{blk}.ffn_down{suffix}", Weights.Matrix($"{blk}.ffn_down{suffix}", hidden, Config.Width), activated, stride, x, width);
    }

    /// <summary>x += the chosen experts' outputs. The choice, by the router's logits, stays on the device.</summary>
    public void MixtureFeedForward(string blk, Tensor h, int width, Tensor x, ExpertWeighting weighting)
    {
        int hidden = Config.ExpertFeedForward, used = Config.ExpertsUsed, part = Padded(hidden), stride = Workspace.Stride(hidden), routerStride = Workspace.Stride(Config.Experts);
        bool onInput = weighting == ExpertWeighting.SigmoidOnInput;
        Tensor scores = Rows("router scores", Config.Experts), chosen = Rows("chosen experts", 1, used), weights = Rows("expert weights", 1, used);
        int maxPairs = _options.MaxRows * used;
        Routing routing = new(Config.Experts, used, Rows("expert tiles", 4, used), Rows("expert order", 1, used));
        Tensor gateUp = Rows("expert gate_up", 2 * part, used), activated = Rows("expert activated", hidden, used), outputs = Rows("expert outputs", Config.Width, used);

        Nodes.AddRange(_matMul.Nodes($"{blk}.ffn_gate_inp", Weights.Matrix($"{blk}.ffn_gate_inp", Config.Width, Config.Experts), h, width, scores, routerStride, 0, false, s => s.Rows));
        DispatchNode router = _kernels.Pipeline("router_top_k", ("workgroupSize", _kernels.SmallWorkgroup), ("Sigmoid", onInput ? 1u : 0u)).Node(
            $"{blk}.router_top_k", [scores, chosen, weights], ("experts", (uint)Config.Experts), ("used", (uint)used), ("stride", (uint)routerStride));
        Nodes.Add(new GraphNode([router], s => new Grid(s.Rows)));
        ComputePipeline tiles = _kernels.Pipeline("expert_tiles", ("workgroupSize", _kernels.SmallWorkgroup));
        DispatchNode[] variants = [.. Inference.MatMul.TileRows.Select(t => tiles.Node(
            $"{blk}.expert_tiles", [chosen.As(TexelFormat.UInt1), _inputs.Header, routing.Order, routing.Tiles],
            ("experts", (uint)Config.Experts), ("used", (uint)used), ("tileRows", (uint)t), ("maxTiles", (uint)maxPairs)))];
        Nodes.Add(new GraphNode(variants, s => new Grid(1, 1, 1, Inference.MatMul.Variant(s.Rows))));

        foreach (PlacedMatrix placed in Weights.Stack(Config.Width, Config.Experts, new MatrixPart($"{blk}.ffn_gate_exps", hidden), new MatrixPart($"{blk}.ffn_up_exps", hidden)))
            Nodes.AddRange(_matMul.ExpertNodes($"{blk}.ffn_gate_up_exps", placed.Matrix, h, width, used, gateUp, 2 * part, placed.Offset, routing));
        SwiGlu($"{blk}.swiglu_exps", gateUp, activated, part, stride, used, onInput ? weights : null);
        Nodes.AddRange(_matMul.ExpertNodes($"{blk}.ffn_down_exps", Weights.Matrix($"{blk}.ffn_down_exps", hidden, Config.Width, Config.Experts), activated, stride, 1, outputs, width, 0, routing));
        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode combine = _kernels.Pipeline("expert_combine", ("workgroupSize", lanes), ("Weighted", onInput ? 0u : 1u)).Node(
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

    /// <param name="label">Label.</param>
    /// <param name="gateUp">[rows, 2 part] f32.</param>
    /// <param name="activated">[rows, stride] f32.</param>
    /// <param name="part">Columns of gate, and of up.</param>
    /// <param name="stride">Columns of a row of <paramref name="activated"/>.</param>
    /// <param name="perRow">Rows here per row of the step.</param>
    /// <param name="inputWeights">[rows] f32 by which the input of gate and up, both linear, is multiplied; null for none.</param>
    private void SwiGlu(string label, Tensor gateUp, Tensor activated, int part, int stride, int perRow, Tensor? inputWeights)
    {
        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode node = _kernels.Pipeline("swiglu", ("workgroupSize", lanes), ("Weighted", inputWeights is null ? 0u : 1u)).Node(
            label, [gateUp.As(TexelFormat.Float4), activated, inputWeights ?? _nothing], ("quads", (uint)part / 4), ("stride", (uint)stride / 4));
        int groups = Groups(part / 4, lanes);
        Nodes.Add(new GraphNode([node], s => new Grid(groups, s.Rows * perRow)));
    }
}

/// <summary>What a layer does to queries and keys before they meet.</summary>
/// <param name="Turns">Rotary embedding.</param>
/// <param name="Neox">Pairs are (k, k + n/2) instead of neighbours.</param>
/// <param name="Normalizes">Then each head is divided by the root of its mean square (no weight).</param>
/// <param name="ScalesQueries">Queries are multiplied by the <see cref="QueryTemperature"/> of their position.</param>
internal sealed record QueryKeyForm(bool Turns = true, bool Neox = false, bool Normalizes = false, bool ScalesQueries = false);

/// <summary>What the router's logits weigh.</summary>
internal enum ExpertWeighting
{
    /// <summary>The outputs, by the softmax over the chosen experts (Mixtral).</summary>
    SoftmaxOnOutput,
    /// <summary>The inputs, by the sigmoid (Llama 4).</summary>
    SigmoidOnInput,
}
