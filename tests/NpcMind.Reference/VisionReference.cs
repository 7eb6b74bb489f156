using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>What an encoder gives; tiles one after the other.</summary>
/// <param name="Features">[tiles * tokens per tile, width of the text model].</param>
/// <param name="Layers">Blocks + 1 arrays [tiles * rows per tile, width]: what the first block reads, then what each gives. llama4 has a
/// class token at the end of a tile's rows.</param>
/// <param name="Encoded">[tiles * patches per tile, width]: what the projector reads.</param>
internal sealed record VisionOutput(float[] Features, IReadOnlyList<float[]> Layers, float[] Encoded);

/// <summary>
/// Image encoder and projector of the forms llama4 and idefics3 (SmolVLM), from normalised pixels to rows for the text model. Values
/// between the operations are binary32, every operation computes in double. Slow: all weights are expanded.
/// </summary>
internal sealed class VisionReference
{
    private readonly Matrix _patches;
    private readonly float[] _positions;
    private readonly float[]? _class;
    private readonly Norm? _preNorm;
    private readonly Norm _postNorm;
    private readonly Block[] _blocks;
    private readonly Matrix[] _adapter;
    private readonly Matrix _projector;

    public VisionReference(GgufFile file)
    {
        Config = new EyesConfig(file);
        ReferenceTensors tensors = new(file);
        // A matrix, or a convolution kernel [patch, patch, 3, width]: the same numbers in the same order.
        _patches = new Matrix(tensors.Vector("v.patch_embd.weight"), Config.Width, 3 * Config.Patch * Config.Patch,
            tensors.Optional("v.patch_embd.bias") ?? []);
        _positions = tensors.Vector("v.position_embd.weight");
        _class = Config.IsLlama4 ? tensors.Vector("v.class_embd") : null;
        _preNorm = Config.IsLlama4 ? new Norm(tensors, "v.pre_ln") : null;
        _postNorm = new Norm(tensors, "v.post_ln");
        _blocks = [.. Enumerable.Range(0, Config.Blocks).Select(i => new Block(tensors, $"v.blk.{i}."))];
        _adapter = Config.IsLlama4 ? [tensors.Matrix("mm.model.mlp.1"), tensors.Matrix("mm.model.mlp.2")] : [];
        _projector = tensors.Matrix("mm.model.fc");
    }

    public EyesConfig Config { get; }

    public static VisionReference Open(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return new VisionReference(file);
    }

    /// <param name="pixels">[tiles, 3, tile, tile], normalised.</param>
    public VisionOutput Forward(ReadOnlySpan<float> pixels)
    {
        int size = 3 * Config.Tile * Config.Tile;
        List<VisionOutput> tiles = [];
        for (int at = 0; at < pixels.Length; at += size) tiles.Add(Tile(pixels.Slice(at, size)));
        return new VisionOutput(
            [.. tiles.SelectMany(t => t.Features)],
            [.. Enumerable.Range(0, Config.Blocks + 1).Select(i => tiles.SelectMany(t => t.Layers[i]).ToArray())],
            [.. tiles.SelectMany(t => t.Encoded)]);
    }

    private VisionOutput Tile(ReadOnlySpan<float> pixels)
    {
        float[] x = [.. _patches.Times(Patches(pixels)), .. _class ?? []];
        LlamaReference.Add(x, _positions);
        if (_preNorm is not null) x = _preNorm.Run(x, Config.Epsilon);
        List<float[]> layers = [[.. x]];
        foreach (Block block in _blocks)
        {
            LlamaReference.Add(x, SelfAttention(block, block.Norm1.Run(x, Config.Epsilon)));
            LlamaReference.Add(x, block.Down.Times(Activation(block.Up.Times(block.Norm2.Run(x, Config.Epsilon)))));
            layers.Add([.. x]);
        }

        float[] encoded = _postNorm.Run(x, Config.Epsilon)[..(Config.Side * Config.Side * Config.Width)];
        float[] features = PixelShuffle.Run(encoded, Config.Side, Config.Scale);
        foreach (Matrix layer in _adapter) features = Gelu.Exact(layer.Times(features));
        return new VisionOutput(_projector.Times(features), layers, encoded);
    }

    /// <summary>The patches row by row, each as its red, then its green, then its blue rows of pixels: [side^2, 3 * patch^2].</summary>
    private float[] Patches(ReadOnlySpan<float> pixels)
    {
        (int tile, int patch, int side) = (Config.Tile, Config.Patch, Config.Side);
        float[] patches = new float[side * side * 3 * patch * patch];
        int at = 0;
        for (int p = 0; p < side * side; p++)
            for (int line = 0; line < 3 * patch; line++)
            {
                int row = (p / side * patch) + (line % patch);
                pixels.Slice((((line / patch * tile) + row) * tile) + (p % side * patch), patch).CopyTo(patches.AsSpan(at));
                at += patch;
            }

        return patches;
    }

    /// <summary>Every row sees every row of its tile.</summary>
    private float[] SelfAttention(Block block, float[] h)
    {
        (int rows, int headDim) = (h.Length / Config.Width, Config.Width / Config.Heads);
        (float[] q, float[] k, float[] v) = (block.Q.Times(h), block.K.Times(h), block.V.Times(h));
        if (Config.IsLlama4)
        {
            VisionRope.Run(q, Config.Heads, headDim, Config.Side);
            VisionRope.Run(k, Config.Heads, headDim, Config.Side);
        }

        float[] y = new float[h.Length];
        for (int at = 0; at < h.Length; at += Config.Width)
            Attention.Run(q.AsSpan(at, Config.Width), k, v, Config.Heads, Config.Heads, rows, rows - 1, 1 / Math.Sqrt(headDim))
                .CopyTo(y, at);
        return block.Output.Times(y);
    }

    private float[] Activation(float[] x) => Config.IsLlama4 ? Gelu.Exact(x) : Gelu.Tanh(x);

    private sealed class Norm(ReferenceTensors tensors, string name)
    {
        private readonly float[] _weight = tensors.Vector(name + ".weight");
        private readonly float[] _bias = tensors.Vector(name + ".bias");

        public float[] Run(float[] x, double epsilon) => LayerNorm.Run(x, _weight, _bias, epsilon);
    }

    private sealed class Block(ReferenceTensors tensors, string at)
    {
        public Norm Norm1 { get; } = new(tensors, at + "ln1");

        public Matrix Q { get; } = tensors.Matrix(at + "attn_q");

        public Matrix K { get; } = tensors.Matrix(at + "attn_k");

        public Matrix V { get; } = tensors.Matrix(at + "attn_v");

        public Matrix Output { get; } = tensors.Matrix(at + "attn_out");

        /// <summary>Files of llama4 have it under either name.</summary>
        public Norm Norm2 { get; } = new(tensors, at + (tensors.Has(at + "ln2.weight") ? "ln2" : "attn_post_norm"));

        public Matrix Up { get; } = tensors.Matrix(at + "ffn_up");

        public Matrix Down { get; } = tensors.Matrix(at + "ffn_down");
    }
}
