using System.Globalization;
using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>How the rows of a text become one row. Values are those of <c>{architecture}.pooling_type</c> in GGUF files.</summary>
internal enum EmbeddingPooling
{
    /// <summary>The mean of all rows.</summary>
    Mean = 1,
    /// <summary>The row of the first token, [CLS].</summary>
    First = 2,
    /// <summary>The row of the last token.</summary>
    Last = 3,
}

/// <summary>
/// Hyper-parameters of an embedding model (architectures <c>bert</c> and <c>nomic-bert</c>), read from <c>{architecture}.*</c> keys and
/// checked, because a file can say anything. docs/models.md lists the keys and the tensors.
/// </summary>
internal sealed record EmbeddingConfig
{
    /// <summary>Most tokens of a text, whatever the model was trained for: it bounds the memory that the rows take.</summary>
    public const int TokenLimit = 2048;

    private const int MostTokenTypes = 1024;

    private const string Advice = "Give an embedding model of the BERT family here (MiniLM, bge, e5, gte, nomic-embed-text).";

    /// <summary>Value of <c>general.architecture</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Transformer blocks.</summary>
    public required int Blocks { get; init; }

    /// <summary>Width of the residual stream, which is the number of dimensions of an embedding.</summary>
    public required int Width { get; init; }

    /// <summary>Attention heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Hidden width of the feed-forward blocks.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Rows of the token embedding.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>Tokens of a text that the model was trained for.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Epsilon of the layer norms.</summary>
    public required float NormEpsilon { get; init; }

    /// <summary>How rows become one.</summary>
    public required EmbeddingPooling Pooling { get; init; }

    /// <summary>Rotary embedding; null for learned positions.</summary>
    public required RopeConfig? Rope { get; init; }

    /// <summary>Elements of a head.</summary>
    public int HeadDim => Width / Heads;

    /// <summary>Most tokens of a text, [CLS] and [SEP] included.</summary>
    public int MaxTokens => Math.Min(ContextLength, TokenLimit);

    /// <summary>Reads and checks the keys of <paramref name="file"/>, and the shapes of the tensors that follow from them.</summary>
    /// <exception cref="UnsupportedModelException">The file is no embedding model, or one of another family.</exception>
    /// <exception cref="GgufFormatException">A key or tensor is missing or absurd.</exception>
    public static EmbeddingConfig Read(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        GgufMetadata m = file.Metadata;
        string a = ReadArchitecture(file);
        int width = Size(m, a, "embedding_length", 1 << 16), heads = Size(m, a, "attention.head_count", 1 << 12);
        if (width % heads != 0) throw m.Wrong($"{a}.attention.head_count", $"a divisor of the width {width}");
        if (width / heads % 4 != 0 || width / heads > 512)
            throw new UnsupportedModelException(file.Path, $"an embedding model with heads of {width / heads}",
                "The head size must be a multiple of 4, at most 512.");
        if (Size(m, a, "attention.head_count_kv", 1 << 12, heads) != heads)
            throw new UnsupportedModelException(file.Path, "an embedding model whose heads share keys",
                "Supported: a key head for each head.");
        if (m.Boolean($"{a}.attention.causal") is true)
            throw new UnsupportedModelException(file.Path, "an embedding model whose tokens see only what comes before them",
                "Supported: attention in both directions.");
        double epsilon = m.Number($"{a}.attention.layer_norm_epsilon")
            ?? throw m.Wrong($"{a}.attention.layer_norm_epsilon", "the epsilon of the norms");
        if (epsilon is < 0 or > 1) throw m.Wrong($"{a}.attention.layer_norm_epsilon", "an epsilon from 0 to 1");
        EmbeddingConfig config = new()
        {
            Architecture = a,
            Blocks = Size(m, a, "block_count", 512),
            Width = width,
            Heads = heads,
            FeedForward = Size(m, a, "feed_forward_length", 1 << 20),
            Vocabulary = ReadVocabulary(file),
            ContextLength = Size(m, a, "context_length", 1 << 24),
            NormEpsilon = (float)epsilon,
            Pooling = ReadPooling(file, a),
            Rope = a == "nomic-bert" ? RopeConfig.Read(m, a, width / heads) : null,
        };
        if ((long)config.ContextLength * width > 1 << 28)
            throw new UnsupportedModelException(file.Path, $"an embedding model with {config.ContextLength} positions of {width} elements",
                "At most 2^28 elements.");
        CheckShapes(file, config);
        ModelConfig.CheckTokens(file, config.Vocabulary);
        return config;
    }

    private static string ReadArchitecture(GgufFile file)
    {
        string? architecture = file.Metadata.String("general.architecture");
        if (architecture is "bert" or "nomic-bert") return architecture;
        throw architecture switch
        {
            null => new UnsupportedModelException(file.Path,
                "a file that does not name its architecture (general.architecture) as embedding model", Advice),
            "jina-bert-v2" or "jina-bert-v3" or "nomic-bert-moe" or "modern-bert" or "neo-bert" or "gemma-embedding" or "t5encoder" =>
                new UnsupportedModelException(file.Path, $"the embedding architecture '{architecture}'", "Supported: bert, nomic-bert."),
            _ => new UnsupportedModelException(file.Path, $"the architecture '{architecture}' as embedding model", Advice),
        };
    }

    private static EmbeddingPooling ReadPooling(GgufFile file, string architecture)
    {
        long type = file.Metadata.Integer($"{architecture}.pooling_type") ?? (long)EmbeddingPooling.Mean;
        return type switch
        {
            1 or 2 or 3 => (EmbeddingPooling)type,
            0 => throw new UnsupportedModelException(file.Path, "a model that says nothing of how its rows become one embedding",
                "Give a model that was made for embeddings (pooling_type 1, 2 or 3)."),
            4 => throw new UnsupportedModelException(file.Path, "a model that ranks pairs of texts (pooling_type 4)", Advice),
            _ => throw file.Metadata.Wrong($"{architecture}.pooling_type", "1 (mean), 2 (first token) or 3 (last token)"),
        };
    }

    private static int ReadVocabulary(GgufFile file)
    {
        GgufTensor embedding = Find(file, "token_embd.weight");
        return embedding.Rows is > 0 and < 1 << 24
            ? (int)embedding.Rows
            : throw new GgufFormatException(file.Path, embedding.Offset, "a vocabulary below 2^24", embedding.Shape,
                GgufFormatException.OtherConversion);
    }

    /// <summary>What sizes buffers is borne out by tensors, which cannot be larger than the file.</summary>
    private static void CheckShapes(GgufFile file, EmbeddingConfig c)
    {
        Check("token_embd", c.Width, c.Vocabulary);
        if (c.Rope is null) Check("position_embd", c.Width, c.ContextLength);
        if (file.Find("token_types.weight") is { } types) Check("token_types", c.Width, Math.Clamp(types.Rows, 1, MostTokenTypes));
        for (int i = 0; i < c.Blocks; i++)
        {
            if (file.Find($"blk.{i}.attn_qkv.weight") is not null) Check($"blk.{i}.attn_qkv", c.Width, 3L * c.Width);
            else Check($"blk.{i}.attn_q", c.Width, c.Width);
            Check($"blk.{i}.ffn_up", c.Width, c.FeedForward);
        }

        if (file.Tensors.FirstOrDefault(t => t.Dimensions.Count > 1 && WeightLayout.For(t.Type) is null) is { } foreign)
            throw new UnsupportedModelException(file.Path, $"tensor type {foreign.Type} of '{foreign.Name}'",
                $"Supported: {string.Join(", ", WeightLayout.Supported)}. Use a file in one of these.");

        void Check(string name, long columns, long rows)
        {
            GgufTensor tensor = Find(file, name + ".weight");
            if (tensor.Columns != columns || tensor.Rows != rows || tensor.Slabs != 1)
                throw new GgufFormatException(file.Shards[tensor.Shard], tensor.Offset,
                    $"tensor '{tensor.Name}' of {columns} x {rows}, as the keys of {c.Architecture} say", tensor.Shape,
                    GgufFormatException.OtherConversion);
        }
    }

    private static GgufTensor Find(GgufFile file, string name) => file.Find(name)
        ?? throw new GgufFormatException(file.Path, 0, $"a tensor '{name}'", $"{file.Tensors.Count} tensors without it",
            GgufFormatException.OtherConversion);

    private static int Size(GgufMetadata m, string architecture, string name, int maximum, int? absent = null)
    {
        string key = $"{architecture}.{name}", wanted = string.Create(CultureInfo.InvariantCulture, $"a size from 1 to {maximum}");
        long size = m.Integer(key) ?? absent ?? throw m.Wrong(key, wanted);
        return size >= 1 && size <= maximum ? (int)size : throw m.Wrong(key, wanted);
    }
}
