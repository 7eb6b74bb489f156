using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Texts that go through an <see cref="EmbeddingEncoder"/> together, in one pass, and their embeddings. Made by
/// <see cref="EmbeddingEncoder.CreateBatch"/>, used again and again; adding texts allocates nothing. Used by one thread.
/// </summary>
internal sealed class EmbeddingBatch : IDisposable
{
    private readonly EmbeddingEncoder _encoder;
    private readonly GpuBuffer _readback;
    private readonly uint[] _rows;
    private readonly uint[] _attending;
    private readonly uint[] _tiles;
    private readonly uint[] _texts;
    private readonly uint[] _blockTable;
    private int _rowCount;
    private int _tileCount;
    private int _longest;
    private int _blocks;

    internal EmbeddingBatch(EmbeddingEncoder encoder)
    {
        _encoder = encoder;
        EmbeddingSizes sizes = encoder.Sizes;
        _rows = new uint[sizes.Rows * 4];
        _attending = new uint[sizes.Rows * 4];
        _tiles = new uint[sizes.Tiles * 4];
        _texts = new uint[sizes.Texts * 4];
        _blockTable = new uint[sizes.Texts * sizes.BlocksPerText];
        _readback = encoder.Device.Memory.Allocate((long)sizes.Texts * encoder.Config.Width * 4, MemoryKind.Readback, "embeddings");
    }

    /// <summary>Texts in the batch.</summary>
    public int Count { get; private set; }

    /// <summary>What decides the grids of the pass.</summary>
    public StepShape Shape => new(
        _rowCount, Count, 0, _tileCount, (_longest - 1) / (EmbeddingSizes.SplitPages * KvCache.PageTokens) + 1, _longest - 1);

    internal ReadOnlySpan<byte> Rows => Bytes(_rows, _rowCount * 4);

    internal ReadOnlySpan<byte> Attending => Bytes(_attending, _rowCount * 4);

    internal ReadOnlySpan<byte> Tiles => Bytes(_tiles, _tileCount * 4);

    internal ReadOnlySpan<byte> Texts => Bytes(_texts, Count * 4);

    internal ReadOnlySpan<byte> BlockTable => Bytes(_blockTable, Count * _encoder.Sizes.BlocksPerText);

    internal Tensor Readback => _readback.Whole;

    /// <summary>Takes all texts out.</summary>
    public void Clear() => Count = _rowCount = _tileCount = _longest = _blocks = 0;

    /// <summary>Whether a text of so many tokens fits beside the others.</summary>
    public bool HasSpace(int tokens) => Count < _encoder.Sizes.Texts && _rowCount + tokens <= _encoder.Sizes.Rows;

    /// <summary>Adds a text; false when it does not fit beside the others.</summary>
    /// <param name="tokens">Its tokens, those that begin and end it included.</param>
    /// <exception cref="ArgumentException">No tokens, too many for the model, or one that is none.</exception>
    public bool TryAdd(ReadOnlySpan<int> tokens)
    {
        EmbeddingConfig config = _encoder.Config;
        if (tokens.Length < 1 || tokens.Length > config.MaxTokens)
            throw new ArgumentException(
                $"A text of {tokens.Length} tokens: the embedding model reads 1 to {config.MaxTokens}.", nameof(tokens));
        foreach (int token in tokens)
            if ((uint)token >= (uint)config.Vocabulary)
                throw new ArgumentException($"Token {token}: the embedding model has {config.Vocabulary}.", nameof(tokens));
        if (!HasSpace(tokens.Length)) return false;
        int slot = Count++, first = _rowCount;
        for (int position = 0; position < tokens.Length; position++, _rowCount++)
        {
            Set(_rows, _rowCount, (uint)tokens[position], (uint)position, (uint)slot);
            Set(_attending, _rowCount, 0, (uint)tokens.Length - 1, (uint)slot);
        }

        for (int row = 0; row < tokens.Length; row += EmbeddingSizes.TileRows, _tileCount++)
            Set(_tiles, _tileCount, (uint)(first + row), (uint)Math.Min(EmbeddingSizes.TileRows, tokens.Length - row), (uint)slot);
        Set(_texts, slot, (uint)first, (uint)tokens.Length, 0);
        int pages = (tokens.Length + KvCache.PageTokens - 1) / KvCache.PageTokens;
        Span<uint> table = _blockTable.AsSpan(slot * _encoder.Sizes.BlocksPerText, _encoder.Sizes.BlocksPerText);
        table.Clear();
        for (int i = 0; i < pages * KvCache.PageBlocks; i++) table[i] = (uint)_blocks++;
        _longest = Math.Max(_longest, tokens.Length);
        return true;
    }

    /// <summary>The embedding of a text, of length 1. Valid once the device has finished the pass, until the batch's next.</summary>
    /// <param name="text">Its number, in the order in which they were added.</param>
    public ReadOnlySpan<float> Embedding(int text)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(text);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(text, Count);
        int width = _encoder.Config.Width;
        return MemoryMarshal.Cast<byte, float>(_readback.Mapped).Slice(text * width, width);
    }

    /// <summary>Frees the embeddings. The device must have finished with the batch.</summary>
    public void Dispose() => _readback.Dispose();

    private static void Set(uint[] to, int index, uint x, uint y, uint z)
    {
        to[index * 4] = x;
        to[index * 4 + 1] = y;
        to[index * 4 + 2] = z;
    }

    private static ReadOnlySpan<byte> Bytes(uint[] words, int count) => MemoryMarshal.AsBytes(words.AsSpan(0, count));
}

/// <summary>What one pass of an embedding model can hold.</summary>
/// <param name="Rows">Tokens of all texts.</param>
/// <param name="Texts">Texts.</param>
/// <param name="MaxTokens">Tokens of a text.</param>
internal sealed record EmbeddingSizes(int Rows, int Texts, int MaxTokens)
{
    /// <summary>Pages of keys that an attention workgroup goes through.</summary>
    public const int SplitPages = 16;

    /// <summary>Rows that share an attention workgroup.</summary>
    public const int TileRows = 4;

    private const int MostTexts = 16, FewestRows = 256;

    public int Tiles => Rows / TileRows + Texts;

    public int Splits => (MaxTokens - 1) / (SplitPages * KvCache.PageTokens) + 1;

    public int BlocksPerText => Pages(MaxTokens) * KvCache.PageBlocks;

    /// <summary>Blocks of all texts, each of which begins a page.</summary>
    public int Blocks => (Pages(Rows) + Texts) * KvCache.PageBlocks;

    /// <summary>Rotation is fixed at load by row, which must then be the position: one text at a time.</summary>
    public static EmbeddingSizes Of(EmbeddingConfig c) => c.Rope is null
        ? new EmbeddingSizes(Math.Max(FewestRows, (c.MaxTokens + 15) / 16 * 16), MostTexts, c.MaxTokens)
        : new EmbeddingSizes((c.MaxTokens + 15) / 16 * 16, 1, c.MaxTokens);

    private static int Pages(int tokens) => (tokens + KvCache.PageTokens - 1) / KvCache.PageTokens;
}
