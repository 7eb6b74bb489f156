using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The building blocks of which families of image encoders write the pass that turns one tile into feature rows, and the buffers all of
/// them have: each call loads its weights and appends its dispatches. Used once, at load. Source: Dosovitskiy et al. 2021, Radford et al.
/// 2021.
/// </summary>
internal sealed class VisionGraph
{
    private readonly KernelLibrary _kernels;
    private readonly TensorArena _arena;
    private readonly Uploader _uploader;
    private readonly MatMul _matMul;
    private readonly Norm _norm;
    private readonly Activation _activation;
    private readonly Workspace _rows;
    private readonly Workspace _tokens;
    private readonly Tensor _empty;
    private readonly int _width;
    private readonly Dictionary<string, Tensor> _shared = new(StringComparer.Ordinal);
    private readonly List<GridTable> _tables = [];
    private VisionAttention? _attention;

    public VisionGraph(KernelLibrary kernels, VisionConfig config, WeightLoader weights, TensorArena arena, Uploader uploader)
    {
        _kernels = kernels;
        Config = config;
        Weights = weights;
        _arena = arena;
        _uploader = uploader;
        _width = Workspace.Stride(config.Width);
        _rows = new Workspace(arena, uploader, VisionSizes.PaddedRows(config.EncoderTokens));
        _tokens = new Workspace(arena, uploader, VisionSizes.PaddedRows(config.TokensPerTile));
        _empty = _rows.Cleared("empty", 256);
        _matMul = new MatMul(kernels, _empty);
        _norm = new Norm(kernels);
        _activation = new Activation(kernels, _empty);
        Canvases = _rows.Cleared("canvases", config.CanvasBytes + VisionSizes.CanvasSlack(kernels.Device));
        Place = _rows.Cleared("tile place", PlaceBytes);
        Hash = _rows.Cleared("picture hash", 16);
        Patches = _rows.Rows("patches", PatchElements);
        FeatureStride = Workspace.Stride(config.OutputWidth);
        Features = _tokens.Rows("features", config.OutputWidth);
    }

    /// <summary>Bytes of <see cref="Place"/>.</summary>
    public const int PlaceBytes = 32;

    public VisionConfig Config { get; }

    public WeightLoader Weights { get; }

    /// <summary>Elements of an unrolled patch.</summary>
    public int PatchElements => 3 * Config.PatchSize * Config.PatchSize;

    /// <summary>Room for the resized pictures of one job, u32 pixels.</summary>
    public Tensor Canvases { get; }

    /// <summary>
    /// Which tile is meant: first word of its canvas, width of that, column and row of the tile; patches in a row of the tile and rows of
    /// them.
    /// </summary>
    public Tensor Place { get; }

    /// <summary>[4] u32.</summary>
    public Tensor Hash { get; }

    /// <summary>[patches, Stride(PatchElements)] f32.</summary>
    public Tensor Patches { get; }

    /// <summary>[TokensPerTile, FeatureStride] f32.</summary>
    public Tensor Features { get; }

    public int FeatureStride { get; }

    public List<GraphNode> Nodes { get; } = [];

    /// <summary>Tables that each picture brings with it; none where all tiles are alike.</summary>
    public IReadOnlyList<GridTable> Tables => _tables;

    /// <summary>Tokens of the encoder in a pass.</summary>
    public Func<StepShape, int> EncoderRows { get; } = s => s.Rows;

    /// <summary>Feature rows of a pass.</summary>
    public Func<StepShape, int> FeatureRows { get; } = s => s.Outputs;

    /// <summary>What decides the grids of a tile's pass.</summary>
    public StepShape Shape(PatchGrid grid)
    {
        int rows = grid.Count + Config.EncoderTokens - Config.Patches;
        return new StepShape(
            rows, grid.Count / (Config.Scale * Config.Scale), 0, _attention?.TileCount(grid) ?? 0, VisionSizes.SplitsOf(Config, rows),
                rows - 1);
    }

    /// <summary>A cleared buffer [encoder tokens, stride of width]; the same name gives the same buffer.</summary>
    public Tensor Rows(string name, int width) => Shared(name, _rows, width);

    /// <summary>A cleared buffer [feature rows, stride of width]; the same name gives the same buffer.</summary>
    public Tensor Tokens(string name, int width) => Shared(name, _tokens, width);

    /// <summary>A cleared buffer.</summary>
    public Tensor Buffer(string name, long bytes) => _rows.Cleared(name, bytes);

    /// <summary>A table that depends on the grid: made now where all tiles are alike, else with each picture.</summary>
    /// <param name="name">Name in errors.</param>
    /// <param name="most">Most words.</param>
    /// <param name="make">Makes it.</param>
    public Tensor Table(string name, int most, Func<PatchGrid, uint[]> make)
    {
        Tensor table = _rows.Cleared(name, most * 4L);
        if (Config.MaxPatches > 0) _tables.Add(new GridTable(table, make));
        else _uploader.Write(table, MemoryMarshal.AsBytes(make(new PatchGrid(Config.Grid, Config.Grid)).AsSpan()).ToArray());
        return table;
    }

    /// <summary>Attention over the tokens of a tile; once for an encoder.</summary>
    public VisionAttention Attention(VisionRope? rope = null, int window = 0) =>
        _attention = new VisionAttention(_kernels, _empty, this, rope, window);

    /// <summary>
    /// y = the patches times <c>v.patch_embd</c>, the first rows of y being the patches. A second frame's matrix
    /// (<c>v.patch_embd.weight.1</c>) sees the same patches.
    /// </summary>
    public void PatchEmbed(Tensor y)
    {
        Patchify();
        const string First = "v.patch_embd", Second = First + ".weight.1";
        MatMul(First, Weights.Matrix(First, PatchElements, Config.Width), Patches, PatchElements, y, Config.Width, false, EncoderRows);
        if (Weights.HasVector(Second))
            MatMul(Second, Weights.Matrix(Second, PatchElements, Config.Width), Patches, PatchElements, y, Config.Width, true, EncoderRows);
    }

    /// <summary>
    /// x = embedded + positions, and the class token with its position, where there is one. Rows beyond the tokens become 0, so that
    /// nothing piles up in them. For tiles that are all alike.
    /// </summary>
    public void Positions(string name, Tensor embedded, Tensor x)
    {
        int patches = Config.Patches, count = Config.EncoderTokens, rows = VisionSizes.PaddedRows(count),
            first = Config.ClassToken == ClassToken.First ? 1 : 0;
        float[] positions = Weights.HostMatrix(name + ".weight", Config.Width, count) ?? throw Weights.Missing(name + ".weight"),
            padded = new float[rows * _width];
        for (int row = 0; row < count; row++) positions.AsSpan(row * Config.Width, Config.Width).CopyTo(padded.AsSpan(row * _width));
        if (count > patches)
        {
            float[] cls = Weights.HostVector("v.class_embd", Config.Width) ?? throw Weights.Missing("v.class_embd");
            int at = first > 0 ? 0 : patches * _width;
            for (int i = 0; i < cls.Length; i++) padded[at + i] += cls[i];
        }

        Tensor table = Upload(name, MemoryMarshal.AsBytes(padded.AsSpan()));
        DispatchNode node = Pipeline("vision_embed").Node(
            "v.embed", [embedded.As(TexelFormat.Float4), table.As(TexelFormat.Float4), x],
            ("quads", (uint)_width / 4), ("first", (uint)first), ("patches", (uint)patches));
        Add(node, Groups(_width / 4), _ => rows);
    }

    /// <summary>y = layer norm of x, the rows beyond the tokens, which are 0, included.</summary>
    public void PreNorm(string name, Tensor x, Tensor y)
    {
        int rows = VisionSizes.PaddedRows(Config.EncoderTokens);
        LayerNorm(name, x, y, _ => rows);
    }

    /// <summary>y = layer norm of x.</summary>
    public void LayerNorm(string name, Tensor x, Tensor y, Func<StepShape, int>? rows = null) =>
        Nodes.Add(_norm.Layer(
            name, x, Vector(name + ".weight"), Vector(name + ".bias"), y, Config.Width, _width, Config.NormEpsilon, rows ?? EncoderRows));

    /// <summary>y = RMS norm of x, both with <paramref name="rows"/> rows of the encoder's width.</summary>
    public void RmsNorm(string name, Tensor x, Tensor y, Func<StepShape, int>? rows = null) =>
        Nodes.Add(_norm.Rms(
            name, new(x, _width), Weights.Vector(name + ".weight", Config.Width), new(y, _width), Config.Width, _width, Config.NormEpsilon,
            rows ?? EncoderRows));

    /// <summary>A block with a norm before each part: x += attention, x += down(gelu(up)).</summary>
    /// <param name="blk">Layer.</param>
    /// <param name="attention">Attention.</param>
    /// <param name="x">Residual stream.</param>
    /// <param name="h">Work space.</param>
    /// <param name="attended">Work space.</param>
    /// <param name="secondNorm">Name of the second norm.</param>
    /// <param name="up">Name of the first matrix; null for <c>ffn_up</c>.</param>
    /// <param name="down">Name of the second; null for <c>ffn_down</c>.</param>
    public void Block(
        string blk, VisionAttention attention, Tensor x, Tensor h, Tensor attended, string secondNorm, string? up = null,
        string? down = null)
    {
        LayerNorm($"{blk}.ln1", x, h);
        SelfAttention(blk, attention, h, attended, x);
        LayerNorm(secondNorm, x, h);
        FeedForward(blk, h, x, up ?? $"{blk}.ffn_up", down ?? $"{blk}.ffn_down");
    }

    /// <summary>x += <c>attn_out</c> of the attention over h.</summary>
    public void SelfAttention(string blk, VisionAttention attention, Tensor h, Tensor attended, Tensor x, bool windowed = false)
    {
        int stride = Workspace.Stride(attention.QkvWidth);
        foreach (PlacedMatrix placed in Qkv(blk))
            Nodes.AddRange(_matMul.Nodes($"{blk}.attn_qkv", placed.Matrix, h, _width, attention.Qkv, stride, placed.Offset, false,
                EncoderRows));
        Nodes.AddRange(attention.Nodes(blk, attended, _width, windowed));
        WeightMatrix output = Weights.Matrix($"{blk}.attn_out", Config.Width, Config.Width);
        MatMul($"{blk}.attn_out", output, attended, Config.Width, x, Config.Width, true, EncoderRows);
    }

    /// <summary>x += down(gelu(up h)).</summary>
    public void FeedForward(string blk, Tensor h, Tensor x, string up, string down)
    {
        int width = Config.Width, hidden = Config.FeedForward;
        Tensor raised = Rows("up", hidden), activated = Rows("activated", hidden);
        MatMul($"{blk}.ffn_up", Weights.Matrix(up, width, hidden), h, width, raised, hidden, false, EncoderRows);
        Activate($"{blk}.gelu", Config.Activation, raised, activated, hidden, EncoderRows);
        MatMul($"{blk}.ffn_down", Weights.Matrix(down, hidden, width), activated, hidden, x, width, true, EncoderRows);
    }

    /// <summary>x += down(silu(gate h) * up h).</summary>
    public void GatedFeedForward(string blk, Tensor h, Tensor x)
    {
        int width = Config.Width, hidden = Config.FeedForward, part = VisionSizes.Padded(hidden, WeightLayout.GroupRows);
        Tensor raised = Rows("gate_up", 2 * part), activated = Rows("activated", hidden);
        foreach (PlacedMatrix placed in Weights.Stack(width, 1, new MatrixPart($"{blk}.ffn_gate", hidden),
            new MatrixPart($"{blk}.ffn_up", hidden)))
            Nodes.AddRange(_matMul.Nodes($"{blk}.ffn_gate_up", placed.Matrix, h, _width, raised, 2 * part, placed.Offset, false,
                EncoderRows));
        Nodes.Add(_activation.Gated($"{blk}.gated_activation", GateForm.Silu, raised, activated, part, Workspace.Stride(hidden),
            EncoderRows));
        MatMul($"{blk}.ffn_down", Weights.Matrix($"{blk}.ffn_down", hidden, width), activated, hidden, x, width, true, EncoderRows);
    }

    /// <summary>y = f(x).</summary>
    public void Activate(string label, GeluForm form, Tensor x, Tensor y, int width, Func<StepShape, int> rows) =>
        Nodes.Add(_activation.Plain(label, (ActivationForm)form, x, y, Workspace.Stride(width), rows));

    /// <summary>Makes one token of every square of patches: [tokens, Scale^2 width].</summary>
    public void PixelShuffle(Tensor x, Tensor y)
    {
        int joined = Config.Scale * Config.Scale * Config.Width, stride = Workspace.Stride(joined);
        DispatchNode node = Pipeline("pixel_shuffle").Node(
            "v.pixel_shuffle", [x.As(TexelFormat.Float4), y, Place],
            ("firstRow", Config.ClassToken == ClassToken.First ? 1u : 0u), ("scale", (uint)Config.Scale), ("quads", (uint)Config.Width / 4),
            ("xStride", (uint)_width / 4), ("yStride", (uint)stride / 4));
        Add(node, Groups(joined / 4), FeatureRows);
    }

    /// <summary>Makes one token of every square of patches, their mean: [tokens, width].</summary>
    public void AveragePool(Tensor x, Tensor y)
    {
        DispatchNode node = Pipeline("average_pool").Node(
            "v.average_pool", [x.As(TexelFormat.Float4), y, Place], ("scale", (uint)Config.Scale), ("stride", (uint)_width / 4));
        Add(node, Groups(_width / 4), FeatureRows);
    }

    /// <summary>y = matrix times x for the feature rows.</summary>
    public void Project(string label, string matrix, Tensor x, int columns, Tensor y, int rows) =>
        Project(label, Weights.Matrix(matrix, columns, rows), x, columns, y, rows);

    /// <summary>y = matrix times x for the feature rows.</summary>
    public void Project(string label, WeightMatrix matrix, Tensor x, int columns, Tensor y, int rows) =>
        MatMul(label, matrix, x, columns, y, rows, false, FeatureRows);

    private void Patchify()
    {
        uint[] shades = new uint[3 * 256];
        for (int i = 0; i < shades.Length; i++)
            shades[i] = BitConverter.SingleToUInt32Bits((i % 256 / 255f - Config.Mean[i / 256]) / Config.Std[i / 256]);
        Tensor table = Upload("shades", MemoryMarshal.AsBytes(shades.AsSpan()));
        DispatchNode node = Pipeline("patchify").Node(
            "v.patchify", [Canvases.As(TexelFormat.UInt1), Place, table.As(TexelFormat.UInt1), Patches],
            ("size", (uint)Config.PatchSize), ("stride", (uint)Workspace.Stride(PatchElements)));
        int classTokens = Config.EncoderTokens - Config.Patches;
        Add(node, Groups(Config.PatchSize * Config.PatchSize), s => s.Rows - classTokens);
    }

    private IReadOnlyList<PlacedMatrix> Qkv(string blk)
    {
        int width = Config.Width;
        string qkv = $"{blk}.attn_qkv";
        return Weights.Has(qkv)
            ? Weights.Stack(
                width, 1, new MatrixPart(qkv, width, 0, 3 * width), new MatrixPart(qkv, width, width, 3 * width),
                new MatrixPart(qkv, width, 2 * width, 3 * width))
            : Weights.Stack(
                width, 1, new MatrixPart($"{blk}.attn_q", width), new MatrixPart($"{blk}.attn_k", width),
                new MatrixPart($"{blk}.attn_v", width));
    }

    private void MatMul(
        string label, WeightMatrix matrix, Tensor x, int columns, Tensor y, int rows, bool accumulate, Func<StepShape, int> count) =>
        Nodes.AddRange(_matMul.Nodes(label, matrix, x, Workspace.Stride(columns), y, Workspace.Stride(rows), 0, accumulate, count));

    private Tensor Shared(string name, Workspace workspace, int width)
    {
        if (!_shared.TryGetValue(name, out Tensor? tensor)) _shared[name] = tensor = workspace.Rows(name, width);
        return tensor;
    }

    private Tensor Vector(string name) => Weights.Vector(name, Config.Width).As(TexelFormat.Float4);

    private Tensor Upload(string name, ReadOnlySpan<byte> bytes)
    {
        Tensor tensor = _arena.Allocate(bytes.Length, name);
        _uploader.Write(tensor, bytes.ToArray());
        return tensor;
    }

    private void Add(DispatchNode node, int x, Func<StepShape, int> rows) => Nodes.Add(new GraphNode([node], s => new Grid(x, rows(s))));

    private ComputePipeline Pipeline(string shader) => _kernels.Pipeline(shader, ("workgroupSize", _kernels.SmallWorkgroup));

    private int Groups(int items) => (items + (int)_kernels.SmallWorkgroup - 1) / (int)_kernels.SmallWorkgroup;
}
