using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The building blocks of which architectures write their forward pass: each call loads its weights and appends its nodes, which the
/// classes in Kernels make. Holds the buffers every architecture has. Used once, at load.
/// </summary>
internal sealed partial class GraphBuilder
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
    private readonly Norm _norm;
    private readonly Activation _activation;
    private readonly RopeKvWrite _ropeKvWrite;
    private readonly Attention _attention;
    private readonly Hadamard _hadamard;
    private readonly Router _router;
    private readonly Tensor _empty;
    private readonly Tensor _features;
    private readonly Tensor _q;
    private readonly Tensor _parts;
    private readonly int _maxSplits;
    private readonly int _keyOffset;
    private readonly int _valueOffset;
    private readonly RopeTable _rope;
    private readonly Dictionary<(string, int, int), Tensor> _shared = [];
    private WeightMatrix? _embedding;
    private Routing? _headRouting;

    public GraphBuilder(
        GpuDevice device, ModelConfig config, EngineOptions options, WeightLoader weights, TensorArena arena, Uploader uploader,
        StepInputs inputs, KvCache kv,
        RopeTable rope, Tensor? features)
    {
        KernelLibrary kernels = _kernels = new KernelLibrary(device, options.Precision);
        options = options with { MaxRows = options.BufferRows(options.MaxRows), MaxOutputs = options.BufferRows(options.MaxOutputs) };
        AttentionRows = Inference.Attention.TileRows(config.Heads, config.KvHeads, device.Limits);
        _inputs = inputs;
        _kv = kv;
        _options = options;
        _rope = rope;
        Config = config;
        Weights = weights;
        _rows = new Workspace(arena, uploader, options.MaxRows);
        _outputs = new Workspace(arena, uploader, options.MaxOutputs);
        _empty = _rows.Cleared("empty", 256);
        _features = features ?? _empty;
        _matMul = new MatMul(kernels, _empty, words => _rows.Cleared("integers", (long)options.MaxRows * words * 4));
        _norm = new Norm(kernels);
        _activation = new Activation(kernels, _empty);
        _ropeKvWrite = new RopeKvWrite(kernels, _empty);
        _attention = new Attention(kernels, _empty);
        _hadamard = new Hadamard(kernels);
        _router = new Router(kernels, _empty);
        _maxSplits = SplitsOf(options.ContextTokens - 1);
        int heads = config.Heads * config.HeadDim, kvHeads = config.KvHeads * config.HeadDim;
        _keyOffset = Padded(heads);
        _valueOffset = _keyOffset + Padded(kvHeads);
        QkvStride = _valueOffset + Padded(kvHeads);
        Qkv = _rows.Cleared("qkv", (long)options.MaxRows * QkvStride * 4);
        _q = _rows.Cleared("q", (long)options.MaxRows * heads * 4);
        _parts = _rows.Cleared("attention parts", Inference.Attention.PartBytes(options.MaxRows, config.Heads, config.HeadDim, _maxSplits));
        NextTokens = _rows.Cleared("next tokens", options.MaxSequences * 4);
        TokenLog = _rows.Cleared("token log", (long)options.MaxSequences * options.ContextTokens * 4);
        Results = _outputs.Cleared("results", options.MaxOutputs * 4);
        LogitsStride = Workspace.Stride(config.Vocabulary);
        LogitsTensor = _outputs.Rows("logits", config.Vocabulary);
    }

    /// <summary>Query rows that share an attention workgroup.</summary>
    public int AttentionRows { get; }

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
        if (!_shared.TryGetValue((name, width, perRow), out Tensor? tensor))
            _shared[(name, width, perRow)] = tensor = _rows.Rows(name, width, perRow);
        return tensor;
    }

    /// <summary>A buffer [rows, width] without padding, with room behind the last row for kernels that fetch whole chunks.</summary>
    public Tensor Packed(string name, int width)
    {
        if (!_shared.TryGetValue((name, width, 0), out Tensor? tensor))
            _shared[(name, width, 0)] = tensor = _rows.Cleared(name, ((long)_options.MaxRows * width + 64) * 4);
        return tensor;
    }

    /// <summary>x = scale * embedding of each row's token, of the model's width or of <paramref name="columns"/>.</summary>
    public void Embed(string label, string name, Tensor x, int stride, float scale = 1, int columns = 0)
    {
        _embedding = Weights.Matrix(name, columns > 0 ? columns : Config.Width, Config.EmbeddingRows);
        Nodes.AddRange(new Embed(_kernels).Nodes(
            label, _embedding, _inputs.Rows, NextTokens, x, stride, TokenLog, _features, _options.ContextTokens, scale));
    }

    /// <summary>y = RMS norm of x with the weights <paramref name="name"/>; with <paramref name="accumulate"/> it is added to y.</summary>
    public void RmsNorm(string name, Tensor x, Tensor y, int dim, bool accumulate = false) =>
        RmsNorm(name, x, y, dim, s => s.Rows, accumulate);

    /// <summary>The first <paramref name="dim"/> elements of each row, normalised where they stand.</summary>
    public void RmsNormInPlace(string name, Tensor x, int stride, int dim, float epsilon)
    {
        RowPart part = new(x, stride);
        Nodes.Add(_norm.Rms(name, part, Weights.Vector(name + ".weight", dim), part, dim, dim, epsilon, s => s.Rows));
    }

    /// <summary>y = layer norm of x, a step's rows or outputs, with weights and biases <paramref name="name"/>; y may be x.</summary>
    public void LayerNorm(string name, Tensor x, Tensor y, int dim, bool outputs = false) => Nodes.Add(_norm.Layer(
        name, x, Weights.Vector(name + ".weight", dim), Weights.Vector(name + ".bias", dim), y, dim, Workspace.Stride(dim),
        Config.RmsEpsilon,
        outputs ? s => s.Outputs : s => s.Rows));

    /// <summary>x += learned embedding of each row's position: row position + <paramref name="offset"/> of the tensor.</summary>
    public void AddPositions(string name, int offset, Tensor x, int stride)
    {
        if (_options.ContextTokens > Config.ContextLength)
            throw new UnsupportedModelException(
                Weights.Path, $"a context of {_options.ContextTokens} tokens for a model with {Config.ContextLength} learned positions",
                $"Ask for a context of at most {Config.ContextLength} tokens.");
        Tensor positions = Weights.PaddedRows(name + ".weight", Config.Width, Config.ContextLength + offset);
        Nodes.Add(new Embed(_kernels).Positions(name, positions, _inputs.Rows, x, stride, offset));
    }

    /// <summary>x with the norm <paramref name="name"/> (root mean square) for its readers to apply.</summary>
    public RowInput Normed(string name, Tensor x) =>
        new(x, new RowNorm(Weights.Vector(name + ".weight", Config.Width), Config.Width, Config.RmsEpsilon));

    /// <summary>The products of one input with one or several matrices beside each other.</summary>
    public void MatMul(string label, IReadOnlyList<PlacedMatrix> matrices, RowInput x, int xStride, Tensor y, int yStride)
    {
        foreach (PlacedMatrix placed in matrices)
            Nodes.AddRange(
                _matMul.Nodes(label, placed.Matrix, x.Rows, xStride, y, yStride, placed.Offset, false, s => s.Rows, norm: x.Norm));
    }

    /// <summary>y = W x; with <paramref name="rowLimit"/>, so many columns of y and no zeros behind them.</summary>
    public void MatMul(string label, WeightMatrix matrix, RowInput x, int xStride, Tensor y, int yStride, int rowLimit = 0) =>
        Nodes.AddRange(
            _matMul.Nodes(label, matrix, x.Rows, xStride, y, yStride, 0, false, s => s.Rows, rowLimit: rowLimit, norm: x.Norm));

    /// <summary>y += scale * W x.</summary>
    public void MatMulAdd(string label, WeightMatrix matrix, Tensor x, int xStride, Tensor y, int yStride, float scale = 1) =>
        Nodes.AddRange(_matMul.Nodes(label, matrix, x, xStride, y, yStride, 0, true, s => s.Rows, scale));

    /// <summary>Queries, keys and values of h, from separate matrices or one fused; with their biases where the file has them.</summary>
    public void QueryKeyValue(string blk, RowInput h, int width)
    {
        int heads = Config.Heads * Config.HeadDim, kvHeads = Config.KvHeads * Config.HeadDim, all = heads + 2 * kvHeads;
        string fused = $"{blk}.attn_qkv";
        IReadOnlyList<PlacedMatrix> qkv = Weights.Has(fused)
            ? Weights.Stack(
                Config.Width, 1, new(fused, heads, 0, all), new(fused, kvHeads, heads, all), new(fused, kvHeads, heads + kvHeads, all))
            : Weights.Stack(Config.Width, 1, new($"{blk}.attn_q", heads), new($"{blk}.attn_k", kvHeads), new($"{blk}.attn_v", kvHeads));
        MatMul(fused, qkv, h, width, Qkv, QkvStride);
    }

    /// <summary>From <see cref="Qkv"/> to <paramref name="attended"/>: norms, rotation, cache, attention.</summary>
    public void Attention(string blk, int layer, AttentionSpec spec, Tensor attended, int stride)
    {
        (int group, int lane) = _kv.Layout.Of(layer);
        spec = spec with { Span = _kv.Layout.Groups[group].Span };
        KvPlace cache = new(_kv.Keys[lane], _kv.Values[lane], _inputs.BlockTables[group], _inputs.MaxBlocks, _kv.KernelSuffix, _kv.Texels);
        if (spec.NormsWholeProjection)
        {
            NormalizeProjection($"{blk}.attn_q_norm", 0, spec.Heads * spec.HeadDim);
            NormalizeProjection($"{blk}.attn_k_norm", _keyOffset, spec.KvHeads * spec.HeadDim);
        }

        RopeAngles angles = new(
            _inputs.RopeAngles, _rope.RowAngles, _rope.Offset(spec.Rope?.Table ?? 0), spec.Rope is { } rope ? _rope.Pairs(rope.Table) : 0);
        Tensor? normWeights = spec.Norm == HeadNorm.BeforeRope
            ? Weights.Vectors(spec.HeadDim, $"{blk}.attn_q_norm.weight", $"{blk}.attn_k_norm.weight") : null;
        Nodes.Add(_ropeKvWrite.Node(
            $"{blk}.rope_kv_write", spec, Qkv, QkvStride, _keyOffset, _valueOffset, angles, _inputs.Rows, normWeights, Config.RmsEpsilon,
            _q, cache, s => s.Rows));

        int[] tileRows = [1, AttentionRows];
        // A row's splits, and those that its neighbours in a tile see besides.
        int beside = tileRows[1] + (Config.SeesWholePictures && _options.Features ? _options.MaxRows : 0);
        int maxSplits = spec.Span.Kind == AttentionSpanKind.Full
            ? _maxSplits : Math.Min(_maxSplits, (spec.Span.Tokens + beside) / SplitTokens + 2);
        AttendingRows rows = new(_inputs.Rows, _inputs.Tiles, maxSplits, SplitPages);
        Tensor? sinks = spec.HasSinks ? Weights.Vector($"{blk}.attn_sinks.weight", spec.Heads) : null;
        Nodes.Add(_attention.Parts(
            $"{blk}.attention", spec, rows, tileRows, _q, cache, _parts,
            s => (s.AttentionTiles, Math.Min(s.Splits, maxSplits), s.AttentionTiles == s.Rows ? 0 : 1),
            s => s.Splits > 1 ? SplitPages : s.LastPosition / KvCache.PageTokens + 1, new JoinedAttention(attended, stride, sinks)));
        Nodes.Add(_attention.Combine(
            $"{blk}.attention_combine", spec, rows, _parts, sinks, attended, stride, s => s.Splits == 1 ? 0 : s.Rows,
            s => Math.Min(s.Splits, maxSplits)));
        if (_kv.Rotates)
            Nodes.Add(_hadamard.Node(
                $"{blk}.rotate_back", Hadamard.BlockElements(spec.HeadDim), attended, spec.Heads * spec.HeadDim, stride, s => s.Rows));
    }

    /// <summary>
    /// From projected queries and latents to the attended values of all heads: queries are brought into the latent's space
    /// (<c>attn_k_b</c>), attend over the rows of the cache, and what they gather is brought to the values' (<c>attn_v_b</c>).
    /// </summary>
    /// <param name="blk">Layer.</param>
    /// <param name="layer">Its number.</param>
    /// <param name="spec">Sizes.</param>
    /// <param name="projected">[rows, heads * QueryWidth] f32, <see cref="Packed"/>.</param>
    /// <param name="latent">[rows, latentStride] f32: the normalised latent, then the key to be turned.</param>
    /// <param name="latentStride">Elements between rows.</param>
    /// <param name="attended">[rows, heads * Value] f32, <see cref="Packed"/>.</param>
    public void LatentAttention(string blk, int layer, LatentSpec spec, Tensor projected, Tensor latent, int latentStride, Tensor attended)
    {
        (int group, int lane) = _kv.Layout.Of(layer);
        KvPlace cache = new(_kv.Keys[lane], _kv.Values[lane], _inputs.BlockTables[group], _inputs.MaxBlocks, _kv.KernelSuffix, _kv.Texels);
        Routing heads = HeadRouting(spec.Heads);
        bool isSplit = Weights.Has($"{blk}.attn_k_b");
        WeightMatrix toLatent = isSplit
            ? Weights.Matrix($"{blk}.attn_k_b", spec.Plain, spec.Latent, spec.Heads)
            : Weights.TransposedHeads($"{blk}.attn_kv_b", spec.Latent, spec.Heads, spec.Plain, spec.Plain + spec.Value, _kernels);
        Nodes.AddRange(
            _matMul.ExpertNodes($"{blk}.attn_k_b", toLatent, projected, spec.QueryWidth, 1, _q, spec.RowWidth, 0, heads, spec.Latent));
        RopeAngles angles = new(_inputs.RopeAngles, _rope.RowAngles, _rope.Offset(0), _rope.Pairs(0));
        Nodes.Add(new LatentKvWrite(_kernels).Node(
            $"{blk}.latent_kv_write", spec, projected, spec.Heads * spec.QueryWidth, latent, latentStride, angles, _inputs.Rows, _q, cache,
            s => s.Rows));
        int rotated = Hadamard.BlockElements(spec.Latent | spec.Rope), queries = spec.Heads * spec.RowWidth;
        if (_kv.Rotates) Nodes.Add(_hadamard.Node($"{blk}.rotate_queries", rotated, _q, queries, queries, s => s.Rows));

        AttentionSpec attention = new(spec.Heads, 1, spec.RowWidth, Config.AttentionScale) { SharedValueDim = spec.Latent };
        AttendingRows rows = new(_inputs.Rows, _inputs.Tiles, _maxSplits, SplitPages);
        Tensor gathered = Packed("gathered latents", spec.Heads * spec.Latent);
        int gatheredStride = spec.Heads * spec.Latent;
        Nodes.Add(_attention.Parts(
            $"{blk}.attention", attention, rows, [1, AttentionRows], _q, cache, _parts,
            s => (s.AttentionTiles, s.Splits, s.AttentionTiles == s.Rows ? 0 : 1),
            s => s.Splits > 1 ? SplitPages : s.LastPosition / KvCache.PageTokens + 1, new JoinedAttention(gathered, gatheredStride)));
        Nodes.Add(_attention.Combine(
            $"{blk}.attention_combine", attention, rows, _parts, null, gathered, gatheredStride, s => s.Splits == 1 ? 0 : s.Rows,
            s => s.Splits));
        if (_kv.Rotates)
            Nodes.Add(_hadamard.Node($"{blk}.rotate_back", rotated, gathered, gatheredStride, gatheredStride, s => s.Rows));
        WeightMatrix toValue = isSplit
            ? Weights.Matrix($"{blk}.attn_v_b", spec.Latent, spec.Value, spec.Heads)
            : Weights.Matrix(new MatrixPart($"{blk}.attn_kv_b", spec.Value, spec.Plain, spec.Plain + spec.Value), spec.Latent, spec.Heads);
        Nodes.AddRange(
            _matMul.ExpertNodes($"{blk}.attn_v_b", toValue, gathered, spec.Latent, 1, attended, spec.Value, 0, heads, spec.Value));
    }

    /// <summary>Final norm and vocabulary projection of the rows whose logits are wanted, then the choice of their next tokens.</summary>
    /// <param name="x">[rows, width].</param>
    /// <param name="width">Elements between rows.</param>
    /// <param name="scale">Factor on the logits.</param>
    /// <param name="softCap">Logits become softCap tanh(logit / softCap); 0 for none.</param>
    public void Logits(Tensor x, int width, float scale = 1, float softCap = 0)
    {
        Tensor last = OutputRows(x, width, Config.Width), normed = _outputs.Rows("last normed", Config.Width);
        RmsNorm("output_norm", last, normed, Config.Width, s => s.Outputs, false);
        Vocabulary(normed, Config.Width, scale, softCap);
    }

    /// <summary>The rows whose logits are wanted: [outputs, stride of dim].</summary>
    public Tensor OutputRows(Tensor x, int width, int dim)
    {
        Tensor last = _outputs.Rows("last", dim);
        uint lanes = _kernels.SmallWorkgroup;
        DispatchNode gather = _kernels.Pipeline("gather_rows", ("workgroupSize", lanes))
            .Node("gather_rows", [x, _inputs.Outputs, last], ("stride", (uint)width));
        int groups = KernelLibrary.Groups(width, lanes);
        Nodes.Add(new GraphNode([gather], s => new Grid(groups, s.Outputs)));
        return last;
    }

    /// <summary>W x for the rows whose logits are wanted.</summary>
    public Tensor Project(string name, Tensor x, int columns, int rows)
    {
        Tensor y = _outputs.Rows(name, rows);
        Nodes.AddRange(_matMul.Nodes(
            name, Weights.Matrix(name, columns, rows), x, Workspace.Stride(columns), y, Workspace.Stride(rows), 0, false, s => s.Outputs));
        return y;
    }

    /// <summary>The last matrix and the choice of tokens; see <see cref="Logits"/>.</summary>
    public void Vocabulary(Tensor last, int dim, float scale = 1, float softCap = 0)
    {
        WeightMatrix output = Weights.Has("output") ? Weights.Matrix("output", dim, Config.Vocabulary) : _embedding!;
        Nodes.AddRange(
            _matMul.Nodes("output", output, last, Workspace.Stride(dim), LogitsTensor, LogitsStride, 0, false, s => s.Outputs, scale));
        if (softCap > 0) Nodes.Add(_activation.SoftCap("soft_cap", LogitsTensor, LogitsStride, softCap, s => s.Outputs));

        var bytes = Sampler.Bytes(_options.MaxOutputs, Config.Vocabulary);
        SamplerTensors tensors = new(
            LogitsTensor, _inputs.Outputs, _inputs.Masks, _inputs.Samplers, TokenLog, _options.ContextTokens,
            _outputs.Cleared("sampler maxima", bytes.Best), _outputs.Cleared("sampler histograms", bytes.Histograms),
            _outputs.Cleared("sampler state", bytes.State), _outputs.Cleared("sampler sums", bytes.Sums),
            _outputs.Cleared("sampler units", bytes.Sums), NextTokens, Results);
        Nodes.AddRange(new Sampler(_kernels, Config.Vocabulary, Config.Tokens, tensors, _kernels.SmallWorkgroup).Nodes());
    }

    private static int Padded(int rows) => (rows + WeightLayout.GroupRows - 1) / WeightLayout.GroupRows * WeightLayout.GroupRows;

    /// <summary>
    /// A matrix per head as a matrix per expert; each row takes all, in order. Made once; its tiles follow the step's rows.
    /// </summary>
    private Routing HeadRouting(int heads)
    {
        if (_headRouting is not null) return _headRouting;
        int pairs = _options.MaxRows * heads;
        Tensor chosen = Weights.Upload([.. Enumerable.Range(0, pairs).Select(p => (uint)(p % heads))], "heads in order");
        _headRouting = new Routing(heads, heads, Rows("head tiles", 4, heads), Rows("head order", 1, heads));
        Nodes.Add(_router.Tiles("head_tiles", chosen, _inputs.Header, _headRouting, pairs, routed: false));
        return _headRouting;
    }

    private void NormalizeProjection(string name, int offset, int dim)
    {
        RowPart part = new(Qkv, QkvStride, offset);
        Nodes.Add(_norm.Rms(name, part, Weights.Vector(name + ".weight", dim), part, dim, dim, Config.RmsEpsilon, s => s.Rows));
    }

    private void RmsNorm(string name, Tensor x, Tensor y, int dim, Func<StepShape, int> rows, bool accumulate)
    {
        int stride = Workspace.Stride(dim);
        Nodes.Add(_norm.Rms(
            name, new(x, stride), Weights.Vector(name + ".weight", dim), new(y, stride), dim, stride, Config.RmsEpsilon, rows, accumulate));
    }
}
