using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Weights of one block. Dense blocks have a feed-forward unit of one slab; blocks of experts one slab per expert, and a Router.
/// </summary>
internal sealed record LlamaBlock(
    float[] AttentionNorm, Matrix Q, Matrix K, Matrix V, Matrix Output, float[] FeedForwardNorm, Matrix? Router, GatedUnit FeedForward,
    float[]? RopeFactors);

/// <summary>Reads the tensors of a model of architecture <c>llama</c>, all expanded to binary32.</summary>
internal sealed class LlamaWeights
{
    private readonly ReferenceTensors _tensors;

    public LlamaWeights(GgufFile file, LlamaConfig config)
    {
        _tensors = new ReferenceTensors(file);
        Embedding = _tensors.Matrix("token_embd");
        OutputNorm = _tensors.Vector("output_norm.weight");
        Output = _tensors.Has("output.weight") ? _tensors.Matrix("output") : Embedding;
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
        bool mixture = _tensors.Has(at + "ffn_gate_inp.weight");
        if (mixture && !_tensors.Has(at + "ffn_gate_exps.weight"))
            throw new InvalidDataException($"Tensor '{at}ffn_gate_exps.weight' is missing: an old file with one tensor per expert.");
        (Matrix q, Matrix k, Matrix v) = QueryKeyValue(at, index, config);
        return new LlamaBlock(
            _tensors.Vector(at + "attn_norm.weight"), q, k, v, _tensors.Matrix(at + "attn_output"),
            _tensors.Vector(at + "ffn_norm.weight"), mixture ? _tensors.Matrix(at + "ffn_gate_inp") : null,
            _tensors.GatedUnit(at + "ffn", mixture ? "_exps" : ""),
            _tensors.Optional(at + "rope_freqs.weight") ?? _tensors.Optional("rope_freqs.weight"));
    }

    /// <summary>Three tensors, or one with the rows of q, k and v after each other.</summary>
    private (Matrix Q, Matrix K, Matrix V) QueryKeyValue(string at, int index, LlamaConfig config)
    {
        if (!_tensors.Has(at + "attn_qkv.weight"))
            return (_tensors.Matrix(at + "attn_q"), _tensors.Matrix(at + "attn_k"), _tensors.Matrix(at + "attn_v"));
        Matrix fused = _tensors.Matrix(at + "attn_qkv");
        int q = config.Heads(index) * config.KeyDimension;
        int k = config.KvHeads(index) * config.KeyDimension;
        return (Part(fused, 0, q), Part(fused, q, k), Part(fused, q + k, fused.Rows - q - k));
    }

    private static Matrix Part(Matrix whole, int row, int rows) => new(
        whole.Weights[(row * whole.Columns)..((row + rows) * whole.Columns)], rows, whole.Columns,
        whole.Bias.Length == 0 ? [] : whole.Bias[row..(row + rows)]);
}
