using System.Globalization;
using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>
/// Hyper-parameters of a decoder model, read from <c>{architecture}.*</c> keys and checked, because a file can say anything.
/// Source: docs/reference/models-in-gguf.md section 1 (keys as llama.cpp's converter writes them).
/// </summary>
internal sealed record ModelConfig
{
    private const int MaximumBlocks = 512;
    private const int MaximumExperts = 512;
    internal const int MaximumFeedForward = 1 << 22;

    /// <summary>The attention kernel unrolls over the query heads of a key head, and keeps heads in shared memory.</summary>
    private const int MaximumGroup = 128, MaximumHeadDim = 512;

    /// <summary>The attention kernel keeps values in shared memory.</summary>
    internal const int MaximumLatentRow = 1024;

    /// <summary>Value of <c>general.architecture</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>Transformer blocks.</summary>
    public required int Blocks { get; init; }

    /// <summary>Width of the residual stream.</summary>
    public required int Width { get; init; }

    /// <summary>Query heads.</summary>
    public required int Heads { get; init; }

    /// <summary>Key/value heads; query head h reads key/value head h / (Heads / KvHeads).</summary>
    public required int KvHeads { get; init; }

    /// <summary>Elements of a query, key or value head.</summary>
    public required int HeadDim { get; init; }

    /// <summary>
    /// Elements of the latent that stands for keys and values, where attention is latent; a head is then a row of the cache. 0 otherwise.
    /// </summary>
    public int LatentWidth { get; init; }

    /// <summary>Hidden width of dense feed-forward blocks.</summary>
    public required int FeedForward { get; init; }

    /// <summary>Hidden width of one expert.</summary>
    public required int ExpertFeedForward { get; init; }

    /// <summary>Tokens that have logits; rows of the embedding matrix unless <see cref="EmbeddingRows"/> says otherwise.</summary>
    public required int Vocabulary { get; init; }

    /// <summary>
    /// The first of these rows that belong to tokens of the file's tokenizer, all where it has none. Many trainers pad the vocabulary; the
    /// other rows are never chosen.
    /// </summary>
    public required int Tokens { get; init; }

    /// <summary>Rows of the embedding matrix.</summary>
    public required int EmbeddingRows { get; init; }

    /// <summary>Context the model was trained for, in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Epsilon of the RMS norms.</summary>
    public required float RmsEpsilon { get; init; }

    /// <summary>Factor on q.k; 1/sqrt(HeadDim) unless the file gives one.</summary>
    public required float AttentionScale { get; init; }

    /// <summary>Experts per block; 0 in a dense model.</summary>
    public required int Experts { get; init; }

    /// <summary>Experts that see each token.</summary>
    public required int ExpertsUsed { get; init; }

    /// <summary>Rotary embedding.</summary>
    public required RopeConfig Rope { get; init; }

    /// <summary>Another rotary embedding for the layers that see a window (Gemma 3, OLMo 3); null where all turn alike.</summary>
    public RopeConfig? LocalRope { get; init; }

    /// <summary>How far back each block's attention sees.</summary>
    public required IReadOnlyList<AttentionSpan> Spans { get; init; }

    /// <summary>Whether the feature rows of a picture see those that follow them in it, too.</summary>
    public bool SeesWholePictures { get; init; }

    /// <summary>Factor on queries by position; null for none.</summary>
    public QueryTemperature? Temperature { get; init; }

    /// <summary>Reads and checks the keys of <paramref name="file"/> that all architectures share.</summary>
    /// <exception cref="GgufFormatException">A key is missing or absurd.</exception>
    /// <exception cref="UnsupportedModelException">A setting there is no code for.</exception>
    /// <param name="file">Model file.</param>
    /// <param name="shape">Heads as the architecture has worked them out from keys of its own; null for the usual keys.</param>
    internal static ModelConfig Read(GgufFile file, HeadShape? shape = null)
    {
        ArgumentNullException.ThrowIfNull(file);
        GgufMetadata metadata = file.Metadata;
        string a = metadata.String("general.architecture") ?? throw metadata.Wrong("general.architecture", "the model's architecture");
        int width = Size(metadata, $"{a}.embedding_length", 1 << 20);
        int heads = Size(metadata, $"{a}.attention.head_count", 1 << 16);
        int kvHeads = shape?.KvHeads ?? Size(metadata, $"{a}.attention.head_count_kv", heads, heads);
        int headDim = shape?.HeadDim ?? Size(metadata, $"{a}.attention.key_length", 4096, width % heads == 0 ? width / heads : null);
        int valueDim = shape is null ? Size(metadata, $"{a}.attention.value_length", 4096, headDim) : headDim;
        if (heads % kvHeads != 0) throw metadata.Wrong($"{a}.attention.head_count_kv", $"a divisor of {heads} heads");
        if (heads / kvHeads > MaximumGroup)
            throw new UnsupportedModelException(file.Path, $"{heads / kvHeads} query heads for each key head", $"At most {MaximumGroup}.");
        if (shape is null && headDim > MaximumHeadDim)
            throw new UnsupportedModelException(file.Path, $"a head size of {headDim}", $"At most {MaximumHeadDim}.");
        if (headDim % 2 != 0) throw new UnsupportedModelException(file.Path, $"a head size of {headDim}", "It must be even.");
        if (valueDim != headDim)
            throw new UnsupportedModelException(file.Path,
                $"value heads of {valueDim} with key heads of {headDim} ('{a}.attention.value_length')", "Both must be of one size.");
        int experts = Size(metadata, $"{a}.expert_count", MaximumExperts, 0, 0);
        int used = Size(metadata, $"{a}.expert_used_count", MaximumExperts, 0, 0);
        if (experts > 0 && (used < 1 || used > experts))
            throw metadata.Wrong($"{a}.expert_used_count", $"1 to {experts} experts per token");
        GgufTensor embedding = file.Find("token_embd.weight")
            ?? throw new GgufFormatException(file.Path, 0, "a tensor 'token_embd.weight'", $"{file.Tensors.Count} tensors without it",
                GgufFormatException.OtherConversion);
        string epsilonKey = metadata.Find($"{a}.attention.layer_norm_epsilon") is null
            ? $"{a}.attention.layer_norm_rms_epsilon" : $"{a}.attention.layer_norm_epsilon";
        double epsilon = metadata.Number(epsilonKey) ?? throw metadata.Wrong(epsilonKey, "the epsilon of the norms");
        if (epsilon is < 0 or > 1) throw metadata.Wrong(epsilonKey, "an epsilon from 0 to 1");
        double scale = metadata.Number($"{a}.attention.scale") ?? 0;
        if (!double.IsFinite((float)scale)) throw metadata.Wrong($"{a}.attention.scale", "a finite number");
        int blocks = Size(metadata, $"{a}.block_count", MaximumBlocks);
        int? expertFeedForward = experts > 0 && metadata.Find($"{a}.expert_feed_forward_length") is not null
            ? Size(metadata, $"{a}.expert_feed_forward_length", MaximumFeedForward) : null;
        int feedForward = Size(metadata, $"{a}.feed_forward_length", MaximumFeedForward, expertFeedForward);
        int vocabulary = embedding.Rows is > 0 and < 1 << 24
            ? (int)embedding.Rows : throw new GgufFormatException(
                file.Path, embedding.Offset, "a vocabulary below 2^24", embedding.Shape, GgufFormatException.OtherConversion);
        int tokens = TokenCount(file);
        return new ModelConfig
        {
            Architecture = a,
            Blocks = blocks,
            Width = width,
            Heads = heads,
            KvHeads = kvHeads,
            HeadDim = headDim,
            FeedForward = feedForward,
            ExpertFeedForward = expertFeedForward
                ?? (a is "qwen2moe" or "qwen3moe" && used > 0 ? Math.Max(1, feedForward / used) : feedForward),
            Vocabulary = vocabulary,
            Tokens = tokens > 0 ? Math.Min(vocabulary, tokens) : vocabulary,
            EmbeddingRows = vocabulary,
            ContextLength = Size(metadata, $"{a}.context_length", 1 << 28),
            RmsEpsilon = (float)epsilon,
            AttentionScale = scale != 0 ? (float)scale : (float)(1 / Math.Sqrt(headDim)),
            Experts = experts,
            ExpertsUsed = used,
            Rope = RopeConfig.Read(metadata, a, shape?.RopeDims ?? headDim),
            Spans = new AttentionSpan[blocks],
        };
    }

    /// <summary>Throws where the tokenizer of a file has more tokens than the model has rows for.</summary>
    /// <param name="file">Model file.</param>
    /// <param name="rows">Rows of the embedding, or of the output.</param>
    /// <exception cref="UnsupportedModelException">It has.</exception>
    internal static void CheckTokens(GgufFile file, int rows)
    {
        if (TokenCount(file) is var tokens && tokens > rows)
            throw new UnsupportedModelException(file.Path, $"a vocabulary of {tokens} tokens for a model with {rows} rows of embeddings",
                "Some of its tokens mean nothing to the model: convert it again, from a model whose embeddings were resized.");
    }

    /// <summary>Tokens of the file's tokenizer; 0 where it has none.</summary>
    internal static int TokenCount(GgufFile file) =>
        file.Metadata.Find("tokenizer.ggml.tokens") is { Type: GgufValueType.Array } texts ? texts.Count : 0;

    /// <summary>
    /// Which layers see a window of <c>attention.sliding_window</c> tokens: those that <c>attention.sliding_window_pattern</c> lists, or
    /// all but every <paramref name="pattern"/>-th. A window of 0 is none.
    /// </summary>
    internal static AttentionSpan[] Windows(GgufMetadata metadata, string architecture, int blocks, int pattern)
    {
        string key = $"{architecture}.attention.sliding_window_pattern";
        int window = Size(metadata, $"{architecture}.attention.sliding_window", int.MaxValue, null, 0);
        Func<int, bool> isWindowed = i => pattern == 0 || i % pattern < pattern - 1;
        if (metadata.Find(key) is { Type: GgufValueType.Array })
        {
            GgufValue list = metadata.Numbers(key)!;
            if (list.Count != blocks || !list.IsInteger) throw metadata.Wrong(key, $"a truth value for each of {blocks} layers");
            isWindowed = i => list.Number(i) != 0;
        }
        else if (metadata.Find(key) is not null)
        {
            pattern = Size(metadata, key, 1 << 20, null, 0);
        }

        return [.. Enumerable.Range(0, blocks).Select(
            i => window > 0 && isWindowed(i) ? new AttentionSpan(AttentionSpanKind.Window, window) : AttentionSpan.Full)];
    }

    /// <summary>A size that may stand as scalar or as per-layer array of equal values.</summary>
    internal static int Size(GgufMetadata metadata, string key, int maximum, int? absent = null, int minimum = 1)
    {
        if (metadata.Find(key) is not { } value)
            return absent ?? throw metadata.Wrong(key, string.Create(CultureInfo.InvariantCulture, $"a size from {minimum} to {maximum}"));
        if (value.Type == GgufValueType.Array)
        {
            GgufValue array = metadata.Numbers(key)!;
            if (array.Count == 0 || !array.IsInteger) throw metadata.Wrong(key, "integers");
            for (int i = 1; i < array.Count; i++)
                if (array.Number(i) != array.Number(0))
                    throw new UnsupportedModelException(metadata.Path, $"a size that differs from layer to layer ('{key}')",
                        "Supported: models whose layers are alike.");
            return Checked(array.Number(0));
        }

        return Checked(metadata.Integer(key)!.Value);

        int Checked(double size) => size >= minimum && size <= maximum
            ? (int)size
            : throw metadata.Wrong(key, string.Create(CultureInfo.InvariantCulture, $"a size from {minimum} to {maximum}"));
    }
}

/// <summary>Heads of an architecture whose keys say more than a size of heads.</summary>
/// <param name="KvHeads">Key/value heads.</param>
/// <param name="HeadDim">Elements of a key as the cache keeps it.</param>
/// <param name="RopeDims">Elements that are turned.</param>
internal sealed record HeadShape(int KvHeads, int HeadDim, int RopeDims);
