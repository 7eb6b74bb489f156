using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Embedding models of the architectures <c>bert</c> (Devlin et al. 2019) and <c>nomic-bert</c> (Nussbaum et al. 2024), from token ids to
/// an embedding of length 1. Values between the operations are binary32, every operation computes in double. Slow: all weights are
/// expanded.
/// </summary>
internal sealed class BertReference
{
    private readonly int _width;
    private readonly int _heads;
    private readonly int _pooling;
    private readonly double _epsilon;
    private readonly RopeSettings? _rope;
    private readonly float[] _words;
    private readonly float[]? _positions;
    private readonly float[] _type;
    private readonly Norm _norm;
    private readonly Block[] _blocks;

    public BertReference(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        string a = m.String("general.architecture")!;
        bool turns = a == "nomic-bert";
        _width = (int)m.Integer($"{a}.embedding_length")!.Value;
        _heads = (int)m.Integer($"{a}.attention.head_count")!.Value;
        _pooling = (int)(m.Integer($"{a}.pooling_type") ?? 1);
        _epsilon = m.Number($"{a}.attention.layer_norm_epsilon")!.Value;
        _rope = turns ? new RopeSettings(_width / _heads, m.Number($"{a}.rope.freq_base") ?? 10000, Neox: true) : null;
        ReferenceTensors tensors = new(file);
        _words = tensors.Vector("token_embd.weight");
        _positions = turns ? null : tensors.Vector("position_embd.weight");
        _type = tensors.Optional("token_types.weight")?[.._width] ?? new float[_width];
        _norm = new Norm(tensors, "token_embd_norm");
        _blocks = [.. Enumerable.Range(0, (int)m.Integer($"{a}.block_count")!.Value).Select(i => new Block(tensors, $"blk.{i}."))];
    }

    public static BertReference Open(string path)
    {
        using GgufFile file = GgufFile.Open(path);
        return new BertReference(file);
    }

    /// <summary>The embedding of a text.</summary>
    public float[] Embed(ReadOnlySpan<int> ids)
    {
        float[] x = new float[ids.Length * _width];
        for (int i = 0; i < x.Length; i++)
        {
            int column = i % _width;
            x[i] = (float)((double)_words[(ids[i / _width] * _width) + column] + _type[column] + (_positions?[i] ?? 0));
        }

        x = _norm.Run(x, _epsilon);
        foreach (Block block in _blocks)
        {
            LlamaReference.Add(x, block.Output.Times(SelfAttention(block, x)));
            x = block.Norm1.Run(x, _epsilon);
            LlamaReference.Add(x, block.FeedForward(x));
            x = block.Norm2.Run(x, _epsilon);
        }

        return Pool.Normalize(Pool.Rows(x, _width, _pooling));
    }

    /// <summary>Every row sees every row.</summary>
    private float[] SelfAttention(Block block, float[] x)
    {
        int rows = x.Length / _width, headDim = _width / _heads;
        (float[] q, float[] k, float[] v) = block.Qkv(x, _width);
        if (_rope is not null)
        {
            Rope.Run(q, _heads, headDim, 0, _rope);
            Rope.Run(k, _heads, headDim, 0, _rope);
        }

        float[] y = new float[x.Length];
        for (int at = 0; at < x.Length; at += _width)
            Attention.Run(q.AsSpan(at, _width), k, v, _heads, _heads, rows, rows - 1, 1 / Math.Sqrt(headDim)).CopyTo(y, at);
        return y;
    }

    private sealed class Norm(ReferenceTensors tensors, string name)
    {
        private readonly float[] _weight = tensors.Vector(name + ".weight");
        private readonly float[] _bias = tensors.Vector(name + ".bias");

        public float[] Run(float[] x, double epsilon) => LayerNorm.Run(x, _weight, _bias, epsilon);
    }

    private sealed class Block
    {
        private readonly Matrix[] _qkv;
        private readonly Matrix? _gate;
        private readonly Matrix _up;
        private readonly Matrix _down;

        public Block(ReferenceTensors tensors, string at)
        {
            _qkv = tensors.Has(at + "attn_qkv.weight")
                ? [tensors.Matrix(at + "attn_qkv")]
                : [tensors.Matrix(at + "attn_q"), tensors.Matrix(at + "attn_k"), tensors.Matrix(at + "attn_v")];
            Output = tensors.Matrix(at + "attn_output");
            Norm1 = new Norm(tensors, at + "attn_output_norm");
            _gate = tensors.Has(at + "ffn_gate.weight") ? tensors.Matrix(at + "ffn_gate") : null;
            _up = tensors.Matrix(at + "ffn_up");
            _down = tensors.Matrix(at + "ffn_down");
            Norm2 = new Norm(tensors, at + "layer_output_norm");
        }

        public Matrix Output { get; }

        public Norm Norm1 { get; }

        public Norm Norm2 { get; }

        public (float[] Q, float[] K, float[] V) Qkv(float[] x, int width)
        {
            if (_qkv.Length == 3) return (_qkv[0].Times(x), _qkv[1].Times(x), _qkv[2].Times(x));
            float[] all = _qkv[0].Times(x);
            float[][] parts = [new float[x.Length], new float[x.Length], new float[x.Length]];
            for (int i = 0; i < all.Length; i++) parts[i / width % 3][(i / (3 * width) * width) + (i % width)] = all[i];
            return (parts[0], parts[1], parts[2]);
        }

        public float[] FeedForward(float[] x) =>
            _down.Times(_gate is null ? Gelu.Exact(_up.Times(x)) : SwiGlu.Run(_gate.Times(x), _up.Times(x)));
    }
}
