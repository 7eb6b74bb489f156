using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The dispatches that turn the tokens of some texts into their embeddings, as the straight list that <see cref="Build"/> writes down, and
/// the buffers they work in. Attention is the language model's: a cache of its own holds the keys and values of one block, and every row
/// attends from its text's last position, so all tokens of a text see each other. Used once, at load. Source: Devlin et al. 2019.
/// </summary>
internal sealed class EmbeddingGraph
{
    private readonly EmbeddingConfig _config;
    private readonly EmbeddingSizes _sizes;
    private readonly KernelLibrary _kernels;
    private readonly WeightLoader _weights;
    private readonly MatMul _matMul;
    private readonly Norm _norm;
    private readonly Activation _activation;
    private readonly RopeKvWrite _ropeKvWrite;
    private readonly Attention _attention;
    private readonly AttentionSpec _spec;
    private readonly AttendingRows _attending;
    private readonly KvPlace _cache;
    private readonly RopeAngles _angles;
    private readonly Workspace _rows;
    private readonly Tensor _empty;
    private readonly Tensor _q;
    private readonly Tensor _parts;
    private readonly int _width;
    private readonly int _part;

    public EmbeddingGraph(
        KernelLibrary kernels, EmbeddingConfig config, EmbeddingSizes sizes, WeightLoader weights, TensorArena arena, Uploader uploader)
    {
        _config = config;
        _sizes = sizes;
        _kernels = kernels;
        _weights = weights;
        _rows = new Workspace(arena, uploader, sizes.Rows);
        _empty = _rows.Cleared("empty", 256);
        _matMul = new MatMul(kernels, _empty);
        _norm = new Norm(kernels);
        _activation = new Activation(kernels, _empty);
        _ropeKvWrite = new RopeKvWrite(kernels, _empty);
        _attention = new Attention(kernels, _empty);
        _width = Workspace.Stride(config.Width);
        _part = Padded(config.Width, WeightLayout.GroupRows);
        Rows = _rows.Cleared("rows", sizes.Rows * 16L);
        Attending = _rows.Cleared("attending rows", sizes.Rows * 16L);
        Tiles = _rows.Cleared("attention tiles", sizes.Tiles * 16L);
        Texts = _rows.Cleared("texts", sizes.Texts * 16L);
        BlockTable = _rows.Cleared("block table", sizes.Texts * sizes.BlocksPerText * 4L);
        Embeddings = _rows.Cleared("embeddings", (long)sizes.Texts * _width * 4);
        _q = _rows.Cleared("q", (long)sizes.Rows * config.Width * 4);
        _parts = _rows.Cleared("attention parts", Attention.PartBytes(sizes.Rows, config.Heads, config.HeadDim, sizes.Splits));
        long cache = (long)sizes.Blocks * KvCache.BlockTokens * config.Width * 4;
        (Tensor keys, Tensor values) = (_rows.Cleared("keys", cache), _rows.Cleared("values", cache));
        _cache = new KvPlace(keys, values, BlockTable, sizes.BlocksPerText, "f32", TexelFormat.Float4);
        _spec = new AttentionSpec(config.Heads, config.Heads, config.HeadDim, (float)(1 / Math.Sqrt(config.HeadDim)))
        {
            Rope = new RopeForm(Neox: true),
        };
        _attending = new AttendingRows(Attending, Tiles, sizes.Splits, EmbeddingSizes.SplitPages);
        _angles = Angles();
    }

    /// <summary>[rows] (token, position, text, 0).</summary>
    public Tensor Rows { get; }

    /// <summary>[rows] (0, last position of the text, text, 0).</summary>
    public Tensor Attending { get; }

    /// <summary>[tiles] (first row, rows, text, 0).</summary>
    public Tensor Tiles { get; }

    /// <summary>[texts] (first row, rows, 0, 0).</summary>
    public Tensor Texts { get; }

    /// <summary>[texts, blocks] u32.</summary>
    public Tensor BlockTable { get; }

    /// <summary>[texts, stride of the width] f32.</summary>
    public Tensor Embeddings { get; }

    public List<GraphNode> Nodes { get; } = [];

    /// <summary>The buffers of a pass whose size depends on keys, and their bytes.</summary>
    public static IReadOnlyList<(string Name, long Bytes)> Buffers(EmbeddingConfig c, EmbeddingSizes s)
    {
        long rows = s.Rows, width = Workspace.Stride(c.Width), hidden = Workspace.Stride(c.FeedForward);
        return
        [
            ("x", rows * width * 4),
            ("attended", rows * width * 4),
            ("qkv", rows * Workspace.Stride(3 * Padded(c.Width, WeightLayout.GroupRows)) * 4L),
            ("up", rows * Workspace.Stride(2 * Padded(c.FeedForward, WeightLayout.GroupRows)) * 4L),
            ("activated", rows * hidden * 4),
            ("q", rows * c.Width * 4L),
            ("attention parts", Attention.PartBytes(rows, c.Heads, c.HeadDim, s.Splits)),
            ("keys", (long)s.Blocks * KvCache.BlockTokens * c.Width * 4),
            ("values", (long)s.Blocks * KvCache.BlockTokens * c.Width * 4),
            ("positions", c.Rope is null ? c.ContextLength * width * 4L : rows * c.HeadDim * 4L),
            ("token log", (long)s.Texts * s.MaxTokens * 4),
            ("embeddings", s.Texts * width * 4),
        ];
    }

    public void Build()
    {
        EmbeddingConfig c = _config;
        Tensor x = _rows.Rows("x", c.Width), attended = _rows.Rows("attended", c.Width);
        Tensor qkv = _rows.Rows("qkv", 3 * _part);
        Tensor up = _rows.Rows("up", c.Rope is null ? c.FeedForward : 2 * Padded(c.FeedForward, WeightLayout.GroupRows));
        Tensor activated = _rows.Rows("activated", c.FeedForward);

        Words(x);
        LayerNorm("token_embd_norm", "e.token_embd_norm", x);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            foreach (PlacedMatrix placed in Qkv(blk))
                MatMul($"{blk}.attn_qkv", placed.Matrix, x, _width, qkv, Workspace.Stride(3 * _part), placed.Offset);
            Attend($"e.{blk}", qkv, attended);
            WeightMatrix output = _weights.Matrix($"{blk}.attn_output", c.Width, c.Width);
            MatMul($"{blk}.attn_output", output, attended, _width, x, _width, accumulate: true);
            LayerNorm($"{blk}.attn_output_norm", $"e.{blk}.attn_output_norm", x);
            FeedForward(blk, x, up, activated);
            LayerNorm($"{blk}.layer_output_norm", $"e.{blk}.layer_output_norm", x);
        }

        Pool pool = new(_kernels);
        Nodes.Add(pool.Rows("e.pool_rows", c.Pooling, x, _width, Texts, Embeddings));
        Nodes.Add(pool.Normalize("e.l2_norm", Embeddings, _width));
    }

    /// <summary>x = embeddings of the tokens, and of their positions and of the first token type.</summary>
    private void Words(Tensor x)
    {
        EmbeddingConfig c = _config;
        Embed embed = new(_kernels);
        Tensor log = _rows.Cleared("token log", (long)_sizes.Texts * _sizes.MaxTokens * 4);
        WeightMatrix words = _weights.Matrix("token_embd", c.Width, c.Vocabulary);
        Nodes.AddRange(embed.Nodes("e.token_embd", words, Rows, _empty, x, _width, log, _empty, _sizes.MaxTokens, 1));
        float[]? type = FirstTokenType();
        if (c.Rope is not null && type is null) return;
        int count = c.Rope is null ? c.ContextLength : _sizes.MaxTokens;
        float[] positions = c.Rope is null
            ? _weights.HostMatrix("position_embd.weight", c.Width, count) ?? throw _weights.Missing("position_embd.weight")
            : new float[count * c.Width];
        float[] table = new float[(long)count * _width];
        for (int row = 0; row < count; row++)
            for (int i = 0; i < c.Width; i++) table[(long)row * _width + i] = positions[row * c.Width + i] + (type?[i] ?? 0);
        Tensor padded = _weights.Upload(MemoryMarshal.Cast<float, uint>(table), "positions");
        Nodes.Add(embed.Positions("e.position_embd", padded, Rows, x, _width, 0));
    }

    /// <summary>All tokens of a text that stands alone are of the first type; null where the file has none.</summary>
    private float[]? FirstTokenType()
    {
        int types = (int)_weights.Rows("token_types.weight"); // few: EmbeddingConfig holds them against a limit
        return types == 0 ? null : _weights.HostMatrix("token_types.weight", _config.Width, types)![.._config.Width];
    }

    private IReadOnlyList<PlacedMatrix> Qkv(string blk)
    {
        int width = _config.Width;
        string fused = $"{blk}.attn_qkv";
        return _weights.Has(fused)
            ? _weights.Stack(
                width, 1, new(fused, width, 0, 3 * width), new(fused, width, width, 3 * width), new(fused, width, 2 * width, 3 * width))
            : _weights.Stack(width, 1, new($"{blk}.attn_q", width), new($"{blk}.attn_k", width), new($"{blk}.attn_v", width));
    }

    private void Attend(string label, Tensor qkv, Tensor attended)
    {
        Nodes.Add(_ropeKvWrite.Node(
            $"{label}.rope_kv_write", _spec, qkv, Workspace.Stride(3 * _part), _part, 2 * _part, _angles, Rows, null, 0, _q, _cache,
            s => s.Rows));
        Nodes.Add(_attention.Parts(
            $"{label}.attention", _spec, _attending, [EmbeddingSizes.TileRows], _q, _cache, _parts, s => (s.AttentionTiles, s.Splits, 0),
            s => s.Splits > 1 ? EmbeddingSizes.SplitPages : s.LastPosition / KvCache.PageTokens + 1));
        Nodes.Add(_attention.Combine(
            $"{label}.attention_combine", _spec, _attending, _parts, null, attended, _width, s => s.Rows, s => s.Splits));
    }

    /// <summary>x += W2 gelu(W1 x), the exact form that the models were trained with; or x += W2 (silu(Wg x) W1 x).</summary>
    private void FeedForward(string blk, Tensor x, Tensor up, Tensor activated)
    {
        int hidden = _config.FeedForward, stride = Workspace.Stride(hidden), part = Padded(hidden, WeightLayout.GroupRows);
        if (_config.Rope is null)
        {
            MatMul($"{blk}.ffn_up", _weights.Matrix($"{blk}.ffn_up", _config.Width, hidden), x, _width, up, stride);
            Nodes.Add(_activation.Plain($"e.{blk}.gelu", ActivationForm.Gelu, up, activated, stride, s => s.Rows));
        }
        else
        {
            foreach (PlacedMatrix placed in _weights.Stack(_config.Width, 1, new($"{blk}.ffn_gate", hidden), new($"{blk}.ffn_up", hidden)))
                MatMul($"{blk}.ffn_gate_up", placed.Matrix, x, _width, up, 2 * part, placed.Offset);
            Nodes.Add(_activation.Gated($"e.{blk}.gated_activation", GateForm.Silu, up, activated, part, stride, s => s.Rows));
        }

        WeightMatrix down = _weights.Matrix($"{blk}.ffn_down", hidden, _config.Width);
        MatMul($"{blk}.ffn_down", down, activated, stride, x, _width, accumulate: true);
    }

    private void MatMul(
        string name, WeightMatrix matrix, Tensor x, int xStride, Tensor y, int yStride, int offset = 0, bool accumulate = false) =>
        Nodes.AddRange(_matMul.Nodes($"e.{name}", matrix, x, xStride, y, yStride, offset, accumulate, s => s.Rows));

    private void LayerNorm(string name, string label, Tensor x) => Nodes.Add(_norm.Layer(
        label, x, _weights.Vector(name + ".weight", _config.Width), _weights.Vector(name + ".bias", _config.Width), x, _config.Width,
        _width, _config.NormEpsilon, s => s.Rows));

    /// <summary>(cos, sin) of each pair of each row, whose number is its position.</summary>
    private RopeAngles Angles()
    {
        if (_config.Rope is not { } rope) return new RopeAngles(_empty, 0, 0, 0);
        RopeTable table = new([rope], null);
        int pairs = table.RowAngles;
        float[] angles = new float[_sizes.Rows * pairs * 2];
        for (int position = 0; position < _sizes.Rows; position++)
            table.Angles(position, RopePlace.At(position), angles.AsSpan(position * pairs * 2, pairs * 2));
        return new RopeAngles(_weights.Upload(MemoryMarshal.Cast<float, uint>(angles), "rope angles"), pairs, 0, pairs);
    }

    private static int Padded(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
