using NpcMind.Gguf;
using NpcMind.Reference;

namespace NpcMind.Benchmarks;

/// <summary>
/// Models with the shapes of published ones and weights that mean nothing, for machines that none can be brought to. A matrix is as many
/// bytes of one tile of
/// random blocks, repeated, as it needs: the file takes no longer than the disk, and memory holds no more than its largest tensor.
/// </summary>
/// <param name="Name">Name on the command line.</param>
/// <param name="Blocks">Layers.</param>
/// <param name="Width">Of a row between layers.</param>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads.</param>
/// <param name="HeadDimension">Of a head.</param>
/// <param name="FeedForward">Inner width, of one expert in a mixture.</param>
/// <param name="Vocabulary">Tokens.</param>
/// <param name="Tied">Whether the embedding is also the output.</param>
/// <param name="Type">Format of the matrices.</param>
/// <param name="Experts">Experts per layer; 0 for a dense model.</param>
/// <param name="ExpertsUsed">Experts that a token uses.</param>
internal sealed record SynthesisedModel(
    string Name, int Blocks, int Width, int Heads, int KvHeads, int HeadDimension, int FeedForward, int Vocabulary, bool Tied,
    TensorType Type, int Experts = 0, int ExpertsUsed = 0)
{
    /// <summary>Blocks of a tile: a prime, so that rows of a matrix begin at different places of it.</summary>
    private const int TileBlocks = 4093;

    private readonly Dictionary<TensorType, byte[]> _pools = [];

    /// <summary>SmolLM2 135M, Llama 3.2 1B, Llama 3.1 8B and Qwen3 30B-A3B.</summary>
    public static IReadOnlyList<SynthesisedModel> All { get; } =
    [
        new("135m", 30, 576, 9, 3, 64, 1536, 49152, true, TensorType.Q4_1),
        new("1b", 16, 2048, 32, 8, 64, 8192, 128256, true, TensorType.Q4_K),
        new("8b", 32, 4096, 32, 8, 128, 14336, 128256, false, TensorType.Q4_K),
        new("30b-a3b", 48, 2048, 32, 4, 128, 768, 151936, false, TensorType.Q4_K, 128, 8),
    ];

    /// <summary>A mixture of 8 of 64 experts, and a dense model that reads as many bytes of weights for a token.</summary>
    private static readonly SynthesisedModel[] Pair =
    [
        new("8-of-64", 24, 512, 8, 2, 64, 192, 8192, true, TensorType.Q4_1, 64, 8),
        new("8-of-64-dense", 24, 512, 8, 2, 64, 8 * 192, 8192, true, TensorType.Q4_1),
    ];

    private string Architecture => Experts > 0 ? "qwen3moe" : "llama";

    /// <summary>The published shape of this name, in another format if one is given.</summary>
    /// <exception cref="ArgumentException">The name or the format is unknown, or rows are not whole blocks of the format.</exception>
    public static SynthesisedModel Find(string name, string? format = null)
    {
        SynthesisedModel shape = All.Concat(Pair).FirstOrDefault(s => s.Name == name)
            ?? throw new ArgumentException(
                $"'{name}' is no shape: choose {string.Join(", ", All.Concat(Pair).Select(s => s.Name))}.", nameof(name));
        if (format is null) return shape;
        if (!Enum.TryParse(format, out TensorType type) || TensorTypes.Layout(type) is not { } layout
            || !Dequantize.Supported.Contains(type))
            throw new ArgumentException($"'{format}' is no format: choose {string.Join(", ", Dequantize.Supported)}.", nameof(format));
        if (shape.Width % layout.Elements != 0 || shape.FeedForward % layout.Elements != 0)
            throw new ArgumentException(
                $"Rows of {name} are not whole blocks of {format}, which have {layout.Elements} weights.", nameof(format));
        return shape with { Type = type };
    }

    /// <summary>Writes the file, replacing an existing one.</summary>
    /// <returns>Its bytes.</returns>
    public long Write(string path)
    {
        GgufWriter writer = new();
        Keys(writer);
        TinyTokenizer.AddTo(writer, Vocabulary, chatTemplate: true);
        Matrix(writer, "token_embd", Type, Width, Vocabulary);
        Norm(writer, "output_norm", Width);
        if (!Tied) Matrix(writer, "output", Width % 256 == 0 ? TensorType.Q6_K : TensorType.Q8_0, Width, Vocabulary);
        for (int i = 0; i < Blocks; i++) Block(writer, $"blk.{i}.");
        using FileStream stream = new(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        writer.WriteTo(stream);
        return stream.Length;
    }

    private void Keys(GgufWriter writer)
    {
        string a = Architecture;
        writer.Add("general.architecture", a)
            .Add("general.name", $"synthesised {Name}")
            .Add($"{a}.block_count", (uint)Blocks)
            .Add($"{a}.context_length", 8192u)
            .Add($"{a}.embedding_length", (uint)Width)
            .Add($"{a}.feed_forward_length", (uint)(Experts > 0 ? FeedForward * ExpertsUsed : FeedForward))
            .Add($"{a}.attention.head_count", (uint)Heads)
            .Add($"{a}.attention.head_count_kv", (uint)KvHeads)
            .Add($"{a}.attention.key_length", (uint)HeadDimension)
            .Add($"{a}.attention.value_length", (uint)HeadDimension)
            .Add($"{a}.attention.layer_norm_rms_epsilon", 1e-6f)
            .Add($"{a}.rope.dimension_count", (uint)HeadDimension)
            .Add($"{a}.rope.freq_base", 500000f)
            .Add($"{a}.vocab_size", (uint)Vocabulary);
        if (Experts == 0) return;
        writer.Add($"{a}.expert_count", (uint)Experts)
            .Add($"{a}.expert_used_count", (uint)ExpertsUsed)
            .Add($"{a}.expert_feed_forward_length", (uint)FeedForward);
    }

    private void Block(GgufWriter writer, string at)
    {
        Norm(writer, at + "attn_norm", Width);
        Matrix(writer, at + "attn_q", Type, Width, Heads * HeadDimension);
        Matrix(writer, at + "attn_k", Type, Width, KvHeads * HeadDimension);
        Matrix(writer, at + "attn_v", Type, Width, KvHeads * HeadDimension);
        Matrix(writer, at + "attn_output", Type, Heads * HeadDimension, Width);
        Norm(writer, at + "ffn_norm", Width);
        if (Experts > 0)
        {
            Norm(writer, at + "attn_q_norm", HeadDimension);
            Norm(writer, at + "attn_k_norm", HeadDimension);
            Matrix(writer, at + "ffn_gate_inp", TensorType.F32, Width, Experts);
        }

        string suffix = Experts > 0 ? "_exps" : "";
        long[] slabs = Experts > 0 ? [Experts] : [];
        Matrix(writer, at + "ffn_gate" + suffix, Type, [Width, FeedForward, .. slabs]);
        Matrix(writer, at + "ffn_up" + suffix, Type, [Width, FeedForward, .. slabs]);
        Matrix(writer, at + "ffn_down" + suffix, Type, [FeedForward, Width, .. slabs]);
    }

    private static void Norm(GgufWriter writer, string name, int width) =>
        writer.AddTensor(name + ".weight", TensorType.F32, [width], Quantize.Rows(TensorType.F32, [.. Enumerable.Repeat(1f, width)]));

    private void Matrix(GgufWriter writer, string name, TensorType type, params long[] dimensions)
    {
        BlockLayout layout = TensorTypes.Layout(type)!.Value;
        long bytes = dimensions.Aggregate(1L, (a, b) => a * b) / layout.Elements * layout.Bytes;
        writer.AddTensor(name + ".weight", type, dimensions, Pool(type, checked((int)bytes)).AsMemory(0, (int)bytes));
    }

    /// <summary>At least so many bytes of random blocks. Tensors that are written already keep the pool that they were given.</summary>
    private byte[] Pool(TensorType type, int bytes)
    {
        if (_pools.TryGetValue(type, out byte[]? pool) && pool.Length >= bytes) return pool;
        TinyRandom random = new(1);
        BlockLayout layout = TensorTypes.Layout(type)!.Value;
        double deviation = 1 / Math.Sqrt(Width);
        byte[] tile = Quantize.Rows(
            type, [.. Enumerable.Range(0, TileBlocks * layout.Elements).Select(_ => (float)(deviation * random.Normal()))]);
        pool = new byte[Math.Max(bytes, Largest(type))];
        for (int at = 0; at < pool.Length; at += tile.Length)
            tile.AsSpan(0, Math.Min(tile.Length, pool.Length - at)).CopyTo(pool.AsSpan(at));
        return _pools[type] = pool;
    }

    /// <summary>Bytes of the largest matrix that has the format of most.</summary>
    private int Largest(TensorType type)
    {
        if (type != Type) return 0;
        BlockLayout layout = TensorTypes.Layout(type)!.Value;
        long weights = Math.Max((long)Width * Vocabulary, (long)Width * FeedForward * Math.Max(1, Experts));
        return checked((int)(weights / layout.Elements * layout.Bytes));
    }
}
