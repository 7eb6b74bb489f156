using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>A matrix with its optional bias, expanded to binary32: [rows, columns] and [rows]. With several slabs (experts) they lie back to back.</summary>
public sealed record Matrix(float[] Weights, int Rows, int Columns, float[] Bias)
{
    /// <summary>y[n, rows] = W x + bias.</summary>
    public float[] Times(ReadOnlySpan<float> x) => MatMul.Run(Weights, x, Columns, Bias);

    /// <summary>The same with slab <paramref name="index"/>.</summary>
    public float[] Times(int index, ReadOnlySpan<float> x) =>
        MatMul.Run(Weights.AsSpan(index * Rows * Columns, Rows * Columns), x, Columns, Bias.Length == 0 ? default : Bias.AsSpan(index * Rows, Rows));
}

/// <summary>Weights of one block. Dense blocks have Gate, Up and Down with one slab; blocks of experts one slab per expert, and a Router.</summary>
public sealed record LlamaBlock(
    float[] AttentionNorm, Matrix Q, Matrix K, Matrix V, Matrix Output, float[] FeedForwardNorm, Matrix? Router, Matrix Gate, Matrix Up, Matrix Down, float[]? RopeFactors);

/// <summary>Reads the tensors of a model of architecture <c>llama</c>, all expanded to binary32.</summary>
public sealed class LlamaWeights
{
    private readonly GgufFile _file;

    public LlamaWeights(GgufFile file, LlamaConfig config)
    {
        _file = file;
        Embedding = Matrix("token_embd");
        OutputNorm = Vector("output_norm.weight");
        Output = file.Find("output.weight") is null ? Embedding : Matrix("output");
        Blocks = [.. Enumerable.Range(0, config.Blocks).Select(i => Block(i, config))];
    }

    public Matrix Embedding { get; }

    public float[] OutputNorm { get; }

    /// <summary>The embedding itself when the file has no <c>output.weight</c>.</summary>
    public Matrix Output { get; }

    public IReadOnlyList<LlamaBlock> Blocks { get; }

    private LlamaBlock Block(int index, LlamaConfig config)
    {
        string at = $"blk.{index}.";
        bool mixture = _file.Find(at + "ffn_gate_inp.weight") is not null;
        if (mixture && _file.Find(at + "ffn_gate_exps.weight") is null)
            throw new InvalidDataException($"Tensor '{at}ffn_gate_exps.weight' is missing: an old file with one tensor per expert.");
        string experts = mixture ? "_exps" : "";
        (Matrix q, Matrix k, Matrix v) = QueryKeyValue(at, index, config);
        return new LlamaBlock(
            Vector(at + "attn_norm.weight"), q, k, v, Matrix(at + "attn_output"),
            Vector(at + "ffn_norm.weight"), mixture ? Matrix(at + "ffn_gate_inp") : null,
            Matrix(at + "ffn_gate" + experts), Matrix(at + "ffn_up" + experts), Matrix(at + "ffn_down" + experts),
            Optional(at + "rope_freqs.weight") ?? Optional("rope_freqs.weight"));
    }

    /// <summary>Three tensors, or one with the rows of q, k and v after each other.</summary>
    private (Matrix Q, Matrix K, Matrix V) QueryKeyValue(string at, int index, LlamaConfig config)
    {
        if (_file.Find(at + "attn_qkv.weight") is null) return (Matrix(at + "attn_q"), Matrix(at + "attn_k"), Matrix(at + "attn_v"));
        Matrix fused = Matrix(at + "attn_qkv");
        int q = config.Heads(index) * config.KeyDimension;
        int k = config.KvHeads(index) * config.KeyDimension;
        return (Part(fused, 0, q), Part(fused, q, k), Part(fused, q + k, fused.Rows - q - k));
    }

    private static Matrix Part(Matrix whole, int row, int rows) => new(
        whole.Weights[(row * whole.Columns)..((row + rows) * whole.Columns)], rows, whole.Columns,
        whole.Bias.Length == 0 ? [] : whole.Bias[row..(row + rows)]);

    private Matrix Matrix(string name)
    {
        GgufTensor tensor = _file.Find(name + ".weight") ?? throw new InvalidDataException($"Tensor '{name}.weight' is missing.");
        return new Matrix(Dequantize.Tensor(_file, tensor), (int)tensor.Rows, (int)tensor.Columns, Optional(name + ".bias") ?? []);
    }

    private float[] Vector(string name) => Optional(name) ?? throw new InvalidDataException($"Tensor '{name}' is missing.");

    private float[]? Optional(string name) => _file.Find(name) is { } tensor ? Dequantize.Tensor(_file, tensor) : null;
}
