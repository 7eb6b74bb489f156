using NpcMind.Gpu;
using NpcMind.Scheduling;

namespace NpcMind.Inference;

/// <summary>
/// Keys and values of all sequences in blocks (layout: shaders/lib/kv_layout.glsl). A block holds the layers of one group
/// (<see cref="KvLayout"/>), each in the arena of its lane. A sequence owns block ids, not memory; the same id names the same place in
/// every lane. Used by one thread.
/// </summary>
internal sealed class KvCache
{
    /// <summary>Tokens per block.</summary>
    public const int BlockTokens = 8;

    /// <summary>Tokens that attention goes through at a time; block tables are made of whole pages.</summary>
    public const int PageTokens = PageBlocks * BlockTokens;

    /// <summary>Blocks of a page.</summary>
    public const int PageBlocks = 4;

    /// <summary>Elements of a head that share a scale, in Q8 and Q4.</summary>
    public const int ScaleElements = 32;

    /// <summary>Elements in a texel of Q4.</summary>
    public const int Q4NibblesPerTexel = 8;

    /// <summary>Scales in a texel of Q4.</summary>
    public const int Q4ScalesPerTexel = 2;

    /// <summary>Allocates the arena and clears it, so that what was never written is zero.</summary>
    public KvCache(TensorArena arena, Uploader uploader, ModelConfig config, KvLayout layout, KvFormat format, long blocks)
    {
        Layout = layout;
        Format = format;
        Pool = new BlockPool(checked((int)blocks));
        Planes = PlanesOf(config);
        LayerBlockBytes = LayerBytes(config, format);
        long bytes = LayerBlockBytes * Pool.Count;
        for (int i = 0; i < layout.LayersPerBlock; i++)
        {
            Keys.Add(arena.Allocate(bytes, $"keys {i}"));
            Values.Add(Planes == 1 ? Keys[i] : arena.Allocate(bytes, $"values {i}"));
            uploader.Clear(Keys[i]);
            if (Planes > 1) uploader.Clear(Values[i]);
        }
    }

    /// <summary>Which layers share blocks.</summary>
    public KvLayout Layout { get; }

    /// <summary>Number format.</summary>
    public KvFormat Format { get; }

    /// <summary>Who has which block.</summary>
    public BlockPool Pool { get; }

    /// <summary>Tensors a layer has: keys and values, or one for both (latent attention).</summary>
    public int Planes { get; }

    /// <summary>Bytes of the keys, or of the values, of a block in one layer.</summary>
    public long LayerBlockBytes { get; }

    /// <summary>Keys per lane.</summary>
    public List<Tensor> Keys { get; } = [];

    /// <summary>Values per lane; the keys themselves where there is one plane.</summary>
    public List<Tensor> Values { get; } = [];

    /// <summary>How a quad is fetched.</summary>
    public TexelFormat Texels => Format switch
    {
        KvFormat.F16 => TexelFormat.UInt2,
        KvFormat.Q8 or KvFormat.Q4 => TexelFormat.UInt1,
        _ => TexelFormat.Float4,
    };

    /// <summary>What the names of its kernels end in.</summary>
    public string KernelSuffix => Format switch
    {
        KvFormat.F16 => "f16",
        KvFormat.Q8 => "q8_0",
        KvFormat.Q4 => "q4",
        _ => "f32",
    };

    /// <summary>Whether keys and values are rotated (<see cref="Hadamard"/>), so that queries and results must be, too.</summary>
    public bool Rotates => Format == KvFormat.Q4;

    /// <summary>Bytes of a block: the keys and values of 8 tokens in the layers of a group.</summary>
    public static long BlockBytes(ModelConfig config, KvLayout layout, KvFormat format) =>
        LayerBytes(config, format) * PlanesOf(config) * layout.LayersPerBlock;

    /// <exception cref="UnsupportedModelException">The format cannot hold heads of the model's size.</exception>
    public static void Check(ModelConfig config, KvFormat format, string path)
    {
        if (format == KvFormat.Q8 && config.HeadDim % ScaleElements != 0)
            throw new UnsupportedModelException(path, $"a KV cache in Q8_0 for heads of {config.HeadDim}",
                $"The head size must be a multiple of {ScaleElements}; use F16 (--kv f16) or F32.");
        if (format == KvFormat.Q4 && config.HeadDim % Q4NibblesPerTexel != 0)
            throw new UnsupportedModelException(path, $"a KV cache in Q4 for heads of {config.HeadDim}",
                $"The head size must be a multiple of {Q4NibblesPerTexel}; use F16 (--kv f16) or F32.");
    }

    /// <summary>Texels of two binary16 scales each that a head has in Q4.</summary>
    private static int ScaleTexels(int headDim) => (headDim + Q4ScalesPerTexel * ScaleElements - 1) / (Q4ScalesPerTexel * ScaleElements);

    private static int PlanesOf(ModelConfig config) => config.LatentWidth > 0 ? 1 : 2;

    /// <summary>Bytes of the keys, or of the values, of 8 tokens in one layer.</summary>
    private static long LayerBytes(ModelConfig config, KvFormat format)
    {
        long elements = (long)config.KvHeads * config.HeadDim * BlockTokens;
        return format switch
        {
            KvFormat.F16 => elements * 2,
            KvFormat.Q8 => elements + elements / ScaleElements * 4,
            KvFormat.Q4 => elements / 2 + (long)config.KvHeads * BlockTokens * ScaleTexels(config.HeadDim) * 4,
            _ => elements * 4,
        };
    }
}
