using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Attention in which every token of a tile sees every other, made of the language model's kernels: keys and values are written to blocks in order, then all
/// rows attend from the last position. One block's keys and values are there at a time; the next block overwrites them. Used once, at load.
/// </summary>
internal sealed class VisionAttention
{
    private readonly RopeKvWrite _ropeKvWrite;
    private readonly Attention _attention;
    private readonly VisionConfig _config;
    private readonly int _part;
    private readonly int _pairs;
    private readonly int _count;
    private readonly int _blocks;
    private readonly int _tileRows;
    private readonly int _splitPages;
    private readonly int _splits;
    private readonly Tensor _ropeAngles;
    private readonly Tensor _writingRows;
    private readonly Tensor _attendingRows;
    private readonly Tensor _tiles;
    private readonly Tensor _blockTable;
    private readonly Tensor _q;
    private readonly Tensor _keys;
    private readonly Tensor _values;
    private readonly Tensor _parts;

    /// <param name="kernels">Pipelines.</param>
    /// <param name="empty">Stands where a kernel does not look.</param>
    /// <param name="config">Sizes.</param>
    /// <param name="arena">Where tables go.</param>
    /// <param name="uploader">What fills them.</param>
    /// <param name="rows">Where the rows of a tile go.</param>
    /// <param name="tileRows">Rows that share a workgroup.</param>
    /// <param name="splitPages">Pages of keys that a workgroup goes through.</param>
    public VisionAttention(KernelLibrary kernels, Tensor empty, VisionConfig config, TensorArena arena, Uploader uploader, Workspace rows,
        int tileRows, int splitPages)
    {
        _ropeKvWrite = new RopeKvWrite(kernels, empty);
        _attention = new Attention(kernels, empty);
        _config = config;
        _tileRows = tileRows;
        _splitPages = splitPages;
        _count = config.EncoderTokens;
        _part = (config.Width + WeightLayout.GroupRows - 1) / WeightLayout.GroupRows * WeightLayout.GroupRows;
        _pairs = config.Family == VisionFamily.Llama4 ? config.HeadDim / 2 : 0;
        _blocks = (_count + KvCache.PageTokens - 1) / KvCache.PageTokens * (KvCache.PageTokens / KvCache.BlockTokens);
        _splits = (_count - 1) / (splitPages * KvCache.PageTokens) + 1;
        QkvStride = 3 * _part;
        Qkv = rows.Rows("qkv", QkvStride);
        QkvStride = Workspace.Stride(QkvStride);
        _q = rows.Cleared("q", (long)_count * config.Width * 4);
        long cache = (long)_blocks * KvCache.BlockTokens * config.Width * 4;
        (_keys, _values) = (rows.Cleared("keys", cache), rows.Cleared("values", cache));
        _parts = rows.Cleared("attention parts", (long)_count * config.Heads * _splits * (config.HeadDim + 4) * 4);
        _ropeAngles = Upload("turns", MemoryMarshal.AsBytes(RopeAngles(config).AsSpan()));
        _writingRows = Upload("rows", Words(Rows(i => (uint)i)));
        _attendingRows = Upload("attending rows", Words(Rows(_ => (uint)_count - 1)));
        _blockTable = Upload("block table", Words([.. Enumerable.Range(0, _blocks).Select(i => (uint)i)]));
        _tiles = Upload("attention tiles", Words([.. Enumerable.Range(0, TileCount).SelectMany(t => new[] { (uint)(t * tileRows), (uint)Math.Min(tileRows, _count - t * tileRows), 0u, 0u })]));

        uint[] Rows(Func<int, uint> position) => [.. Enumerable.Range(0, _count).SelectMany(i => new[] { 0u, position(i), 0u, 0u })];

        Tensor Upload(string name, ReadOnlySpan<byte> bytes)
        {
            Tensor tensor = arena.Allocate(bytes.Length, name);
            uploader.Write(tensor, bytes.ToArray());
            return tensor;
        }

        static ReadOnlySpan<byte> Words(uint[] words) => MemoryMarshal.AsBytes(words.AsSpan());
    }

    /// <summary>[rows, QkvStride] f32: queries, keys, values, each part starting at a multiple of 32.</summary>
    public Tensor Qkv { get; }

    public int QkvStride { get; }

    private int TileCount => (_count + _tileRows - 1) / _tileRows;

    /// <summary>
    /// (cos, sin) of each pair of each token. Llama 4 turns the first half of a head's pairs by the column, counted from 1, and the second by the row; the class
    /// token is not turned. Other encoders turn nothing.
    /// </summary>
    internal static float[] RopeAngles(VisionConfig c)
    {
        if (c.Family != VisionFamily.Llama4) return new float[4];
        int pairs = c.HeadDim / 2, half = pairs / 2;
        float[] turns = new float[c.EncoderTokens * pairs * 2];
        for (int token = 0; token < c.EncoderTokens; token++)
            for (int pair = 0; pair < pairs; pair++)
            {
                int place = token == c.Grid * c.Grid ? 0 : 1 + (pair < half ? token % c.Grid : token / c.Grid);
                (double sin, double cos) = Math.SinCos(place * Math.Pow(10000, -2.0 * (pair % half) / pairs));
                turns[(token * pairs + pair) * 2] = (float)cos;
                turns[(token * pairs + pair) * 2 + 1] = (float)sin;
            }

        return turns;
    }

    /// <summary>From <see cref="Qkv"/> to <paramref name="attended"/> [rows, stride] f32.</summary>
    public IEnumerable<GraphNode> Nodes(string blk, Tensor attended, int stride)
    {
        AttentionSpec spec =
            new(_config.Heads, _config.Heads, _config.HeadDim, (float)(1 / Math.Sqrt(_config.HeadDim))) { Rope = new RopeForm() };
        KvPlace cache = new(_keys, _values, _blockTable, _blocks, "f32", TexelFormat.Float4);
        AttendingRows rows = new(_attendingRows, _tiles, _splits, _splitPages);
        int tiles = TileCount;
        yield return _ropeKvWrite.Node(
            $"{blk}.rope_kv_write", spec, Qkv, QkvStride, _part, 2 * _part, new RopeAngles(_ropeAngles, _pairs, 0, _pairs), _writingRows, null,
            0, _q, cache, _ => _count);
        yield return _attention.Parts($"{blk}.attention", spec, rows, [_tileRows], _q, cache, _parts, _ => (tiles, _splits, 0), null);
        yield return _attention.Combine($"{blk}.attention_combine", spec, rows, _parts, null, attended, stride, _ => _count, null);
    }
}
