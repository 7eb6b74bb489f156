using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The dispatches that turn one tile into feature rows, as the straight list that <see cref="Build"/> writes down, and the buffers they work in. Attention is the
/// language model's: a cache of its own holds the keys and values of one block, and every row claims to stand at the last position, so all tokens see all.
/// Used once, at load. Source: ../shared/design/vision.md sections 2 to 4; Dosovitskiy et al. 2021, Radford et al. 2021.
/// </summary>
internal sealed class VisionGraph
{
    private const int SplitPages = 16, TileRows = 4;
    private readonly KernelLibrary _kernels;
    private readonly VisionConfig _config;
    private readonly WeightLoader _weights;
    private readonly TensorArena _arena;
    private readonly Uploader _uploader;
    private readonly MatMul _matMul;
    private readonly Norm _norm;
    private readonly Activation _activation;
    private readonly Workspace _rows;
    private readonly Workspace _tokens;
    private readonly Tensor _emptyTensor;
    private readonly int _width;
    private readonly int _count;

    public VisionGraph(KernelLibrary kernels, VisionConfig config, WeightLoader weights, TensorArena arena, Uploader uploader)
    {
        _kernels = kernels;
        _config = config;
        _weights = weights;
        _arena = arena;
        _uploader = uploader;
        _count = config.EncoderTokens;
        _width = Workspace.Stride(config.Width);
        _rows = new Workspace(arena, uploader, PaddedRows(_count));
        _tokens = new Workspace(arena, uploader, PaddedRows(config.TokensPerTile));
        _emptyTensor = _rows.Cleared("nothing", 256);
        _matMul = new MatMul(kernels, _emptyTensor);
        _norm = new Norm(kernels);
        _activation = new Activation(kernels, _emptyTensor);
        Canvases = _rows.Cleared("canvases", config.CanvasBytes + CanvasSlack(kernels.Device));
        Place = _rows.Cleared("tile place", 16);
        Hash = _rows.Cleared("picture hash", 16);
        Patches = _rows.Rows("patches", PatchElements);
        FeatureStride = Workspace.Stride(config.OutputWidth);
        Features = _tokens.Rows("features", config.OutputWidth);
    }

    /// <summary>Elements of an unrolled patch.</summary>
    public int PatchElements => 3 * _config.PatchSize * _config.PatchSize;

    /// <summary>Room for the resized pictures of one job, u32 pixels.</summary>
    public Tensor Canvases { get; }

    /// <summary>Which tile is meant: first word of its canvas, width of that, column and row of the tile.</summary>
    public Tensor Place { get; }

    /// <summary>[4] u32.</summary>
    public Tensor Hash { get; }

    /// <summary>[patches, Stride(PatchElements)] f32.</summary>
    public Tensor Patches { get; }

    /// <summary>[TokensPerTile, FeatureStride] f32.</summary>
    public Tensor Features { get; }

    public int FeatureStride { get; }

    public List<GraphNode> Nodes { get; } = [];

    /// <summary>Bytes of everything here but weights, a little over.</summary>
    public static long WorkspaceBytes(GpuDevice device, VisionConfig c)
    {
        long rows = PaddedRows(c.EncoderTokens), tokens = PaddedRows(c.TokensPerTile), joined = Workspace.Stride(c.Scale * c.Scale * c.Width);
        long perRow = 6L * Workspace.Stride(c.Width) + 3 * Padded(c.Width, WeightLayout.GroupRows) + 2L * Workspace.Stride(c.FeedForward) + Workspace.Stride(3 * c.PatchSize * c.PatchSize) + c.HeadDim + 16;
        long parts = (long)c.EncoderTokens * c.Heads * Splits(c.EncoderTokens) * (c.HeadDim + 4), cache = 2L * Padded(c.EncoderTokens, KvCache.PageTokens) * c.Width;
        return 4 * (rows * perRow + parts + cache + tokens * (joined + 4L * Workspace.Stride(c.AdapterWidth) + Workspace.Stride(c.OutputWidth))) + c.CanvasBytes + CanvasSlack(device) + (64 << 10);
    }

    /// <summary>The largest buffer of a tile's pass, which a shader must be able to bind as a whole, and its bytes.</summary>
    public static (string Name, long Bytes) LargestBuffer(VisionConfig c)
    {
        long rows = PaddedRows(c.EncoderTokens), tokens = PaddedRows(c.TokensPerTile);
        (string, long)[] buffers =
        [
            ("attention parts", (long)c.EncoderTokens * c.Heads * Splits(c.EncoderTokens) * (c.HeadDim + 4)),
            ("qkv", rows * Workspace.Stride(3 * Padded(c.Width, WeightLayout.GroupRows))),
            ("up", rows * Workspace.Stride(c.FeedForward)),
            ("patches", rows * Workspace.Stride(3 * c.PatchSize * c.PatchSize)),
            ("shuffled", tokens * Workspace.Stride(c.Scale * c.Scale * c.Width)),
            ("adapter", tokens * Workspace.Stride(c.AdapterWidth)),
            ("features", tokens * Workspace.Stride(c.OutputWidth)),
        ];
        (string name, long elements) = buffers.MaxBy(b => b.Item2);
        return (name, elements * 4);
    }

    /// <summary>Canvases begin at bindable places.</summary>
    public static long CanvasAlignment(GpuDevice device) => Math.Max(256, device.Limits.BindingAlignment);

    public void Build()
    {
        VisionConfig c = _config;
        Tensor x = _rows.Rows("x", c.Width), h = _rows.Rows("h", c.Width), attended = _rows.Rows("attended", c.Width);
        Tensor up = _rows.Rows("up", c.FeedForward), activated = _rows.Rows("activated", c.FeedForward);
        VisionAttention attention = new(_kernels, _emptyTensor, c, _arena, _uploader, _rows, TileRows, SplitPages);
        int hidden = Workspace.Stride(c.FeedForward), patchStride = Workspace.Stride(PatchElements);

        Patchify();
        MatMul("v.patch_embd", _weights.Matrix("v.patch_embd", PatchElements, c.Width), Patches, patchStride, h, _width, false, _count);
        Embed("v.position_embd", h, c.Family == VisionFamily.Llama4 ? attended : x);
        if (c.Family == VisionFamily.Llama4) LayerNorm("v.pre_ln", attended, x, PaddedRows(_count));
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"v.blk.{i}";
            LayerNorm($"{blk}.ln1", x, h, _count);
            foreach (PlacedMatrix placed in Qkv(blk)) Nodes.AddRange(_matMul.Nodes($"{blk}.attn_qkv", placed.Matrix, h, _width, attention.Qkv, attention.QkvStride, placed.Offset, false, _ => _count));
            Nodes.AddRange(attention.Nodes(blk, attended, _width));
            MatMul($"{blk}.attn_out", _weights.Matrix($"{blk}.attn_out", c.Width, c.Width), attended, _width, x, _width, true, _count);
            LayerNorm(_weights.Has($"{blk}.ln2") ? $"{blk}.ln2" : $"{blk}.attn_post_norm", x, h, _count); // llama.cpp 0.5.0 writes llama4's under the other name
            MatMul($"{blk}.ffn_up", _weights.Matrix($"{blk}.ffn_up", c.Width, c.FeedForward), h, _width, up, hidden, false, _count);
            Gelu($"{blk}.gelu", c.Activation, up, activated, hidden, _count);
            MatMul($"{blk}.ffn_down", _weights.Matrix($"{blk}.ffn_down", c.FeedForward, c.Width), activated, hidden, x, _width, true, _count);
        }

        LayerNorm("v.post_ln", x, h, _count);
        Project(h);
    }

    private void Project(Tensor h)
    {
        VisionConfig c = _config;
        int joined = c.Scale * c.Scale * c.Width, stride = Workspace.Stride(joined), tokens = c.TokensPerTile;
        Tensor shuffled = _tokens.Rows("shuffled", joined);
        DispatchNode node = Pipeline("pixel_shuffle").Node(
            "v.pixel_shuffle", [h.As(TexelFormat.Float4), shuffled],
            ("columns", (uint)c.Grid), ("scale", (uint)c.Scale), ("quads", (uint)c.Width / 4), ("xStride", (uint)_width / 4), ("yStride", (uint)stride / 4));
        Add(node, Groups(joined / 4), tokens);
        if (c.Family == VisionFamily.Llama4)
        {
            int adapter = Workspace.Stride(c.AdapterWidth);
            Tensor first = _tokens.Rows("adapter", c.AdapterWidth), second = _tokens.Rows("adapter activated", c.AdapterWidth);
            MatMul("mm.mlp.1", _weights.Matrix("mm.model.mlp.1", joined, c.AdapterWidth), shuffled, stride, first, adapter, false, tokens);
            Gelu("mm.gelu.1", GeluForm.Exact, first, second, adapter, tokens);
            MatMul("mm.mlp.2", _weights.Matrix("mm.model.mlp.2", c.AdapterWidth, c.AdapterWidth), second, adapter, first, adapter, false, tokens);
            Gelu("mm.gelu.2", GeluForm.Exact, first, second, adapter, tokens);
            MatMul("mm.fc", _weights.Matrix("mm.model.fc", c.AdapterWidth, c.OutputWidth), second, adapter, Features, FeatureStride, false, tokens);
        }
        else
        {
            MatMul("mm.fc", _weights.Matrix("mm.model.fc", joined, c.OutputWidth), shuffled, stride, Features, FeatureStride, false, tokens);
        }
    }

    private void Patchify()
    {
        uint[] shades = new uint[3 * 256];
        for (int i = 0; i < shades.Length; i++) shades[i] = BitConverter.SingleToUInt32Bits((i % 256 / 255f - _config.Mean[i / 256]) / _config.Std[i / 256]);
        Tensor table = Upload("shades", MemoryMarshal.AsBytes(shades.AsSpan()));
        DispatchNode node = Pipeline("patchify").Node(
            "v.patchify", [Canvases.As(TexelFormat.UInt1), Place, table.As(TexelFormat.UInt1), Patches],
            ("size", (uint)_config.PatchSize), ("columns", (uint)_config.Grid), ("stride", (uint)Workspace.Stride(PatchElements)));
        Add(node, Groups(_config.PatchSize * _config.PatchSize), _config.Grid * _config.Grid);
    }

    /// <summary>The class token has no patch: its embedding is added to its position once, here. Rows beyond the tokens become 0, so that nothing piles up in them.</summary>
    private void Embed(string name, Tensor embedded, Tensor x)
    {
        int patches = _config.Grid * _config.Grid, rows = PaddedRows(_count);
        float[] positions = _weights.HostMatrix(name + ".weight", _config.Width, _count) ?? throw _weights.Missing(name + ".weight"), padded = new float[rows * _width];
        for (int row = 0; row < _count; row++) positions.AsSpan(row * _config.Width, _config.Width).CopyTo(padded.AsSpan(row * _width));
        if (_count > patches)
        {
            float[] cls = _weights.HostVector("v.class_embd", _config.Width) ?? throw _weights.Missing("v.class_embd");
            for (int i = 0; i < cls.Length; i++) padded[patches * _width + i] += cls[i];
        }

        Tensor table = Upload(name, MemoryMarshal.AsBytes(padded.AsSpan()));
        DispatchNode node = Pipeline("vision_embed").Node("v.embed", [embedded.As(TexelFormat.Float4), table.As(TexelFormat.Float4), x], ("quads", (uint)_width / 4), ("patches", (uint)patches));
        Add(node, Groups(_width / 4), rows);
    }

    private IReadOnlyList<PlacedMatrix> Qkv(string blk)
    {
        int width = _config.Width;
        return _weights.Has($"{blk}.attn_qkv")
            ? _weights.Stack(width, 1, new MatrixPart($"{blk}.attn_qkv", width, 0, 3 * width), new MatrixPart($"{blk}.attn_qkv", width, width, 3 * width), new MatrixPart($"{blk}.attn_qkv", width, 2 * width, 3 * width))
            : _weights.Stack(width, 1, new MatrixPart($"{blk}.attn_q", width), new MatrixPart($"{blk}.attn_k", width), new MatrixPart($"{blk}.attn_v", width));
    }

    private void MatMul(string label, WeightMatrix matrix, Tensor x, int xStride, Tensor y, int yStride, bool accumulate, int rows) =>
        Nodes.AddRange(_matMul.Nodes(label, matrix, x, xStride, y, yStride, 0, accumulate, _ => rows));

    private void LayerNorm(string name, Tensor x, Tensor y, int rows) =>
        Nodes.Add(_norm.Layer(
            name, x, Vector(name + ".weight"), Vector(name + ".bias"), y, _config.Width, _width, _config.NormEpsilon, _ => rows));

    private Tensor Vector(string name) => _weights.Vector(name, _config.Width).As(TexelFormat.Float4);

    private void Gelu(string label, GeluForm form, Tensor x, Tensor y, int stride, int rows) =>
        Nodes.Add(_activation.Plain(label, (ActivationForm)form, x, y, stride, _ => rows));

    private Tensor Upload(string name, ReadOnlySpan<byte> bytes)
    {
        Tensor tensor = _arena.Allocate(bytes.Length, name);
        _uploader.Write(tensor, bytes.ToArray());
        return tensor;
    }

    private void Add(DispatchNode node, int x, int y) => Nodes.Add(new GraphNode([node], _ => new Grid(x, y)));

    private ComputePipeline Pipeline(string shader) => _kernels.Pipeline(shader, ("workgroupSize", _kernels.SmallWorkgroup));

    private int Groups(int items) => (items + (int)_kernels.SmallWorkgroup - 1) / (int)_kernels.SmallWorkgroup;

    private static long CanvasSlack(GpuDevice device) => 4 * CanvasAlignment(device); // a plan has at most three steps

    private static int Splits(int tokens) => (tokens - 1) / (SplitPages * KvCache.PageTokens) + 1;

    private static int PaddedRows(int rows) => Padded(rows, 16);

    private static int Padded(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
