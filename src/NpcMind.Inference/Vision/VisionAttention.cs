using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Attention in which every token of a tile sees every other, or every other of its window, made of the language model's kernels: keys and
/// values are written to blocks in order, then all rows attend from the last position. A window is a sequence of its own. One block's keys
/// and values are there at a time; the next block overwrites them. Used once, at load.
/// </summary>
internal sealed class VisionAttention
{
    private const int TileRows = 4;
    private readonly RopeKvWrite _ropeKvWrite;
    private readonly Attention _attention;
    private readonly VisionConfig _config;
    private readonly VisionRope? _rope;
    private readonly int _part;
    private readonly Tensor _angles;
    private readonly Tensor _q;
    private readonly Tensor _keys;
    private readonly Tensor _values;
    private readonly Tensor _parts;
    private readonly Scope? _whole;
    private readonly Scope? _windows;

    /// <param name="kernels">Pipelines.</param>
    /// <param name="empty">Stands where a kernel does not look.</param>
    /// <param name="g">What buffers and tables are made with.</param>
    /// <param name="rope">Turns of queries and keys; null for none.</param>
    /// <param name="window">Patches along a window of the layers that see windows; 0 where none does.</param>
    public VisionAttention(KernelLibrary kernels, Tensor empty, VisionGraph g, VisionRope? rope, int window)
    {
        _ropeKvWrite = new RopeKvWrite(kernels, empty);
        _attention = new Attention(kernels, empty);
        _config = g.Config;
        _rope = rope;
        int count = _config.EncoderTokens;
        _part = VisionSizes.Padded(_config.Width, WeightLayout.GroupRows);
        QkvWidth = 3 * _part;
        Qkv = g.Rows("qkv", QkvWidth);
        _q = g.Buffer("q", (long)count * _config.Width * 4);
        long cache = (long)VisionSizes.CacheTokens(_config, window > 0) * _config.Width * 4;
        (_keys, _values) = (g.Buffer("keys", cache), g.Buffer("values", cache));
        _parts = g.Buffer("attention parts", VisionSizes.PartBytes(_config));
        _angles = rope is null ? empty : g.Table("turns", count * rope.Pairs * 2,
            grid => [.. MemoryMarshal.Cast<float, uint>(rope.Angles(grid))]);
        int tiles = window > 0 ? count : (count + TileRows - 1) / TileRows;
        _whole = new Scope(g, Whole, TileCount, count, tiles, 1, VisionSizes.Pages(count) * KvCache.PageBlocks, "");
        if (window == 0) return;
        int blocks = VisionSizes.Pages(window * window) * KvCache.PageBlocks;
        _windows = new Scope(g, grid => Windows(grid, window), TileCount, count, tiles, VisionSizes.MostWindows(_config), blocks,
            "window ");
    }

    /// <summary>[rows, QkvWidth] f32: queries, keys, values, each part starting at a multiple of 32.</summary>
    public Tensor Qkv { get; }

    public int QkvWidth { get; }

    /// <summary>From <see cref="Qkv"/> to <paramref name="attended"/> [rows, stride] f32.</summary>
    /// <param name="blk">Layer.</param>
    /// <param name="attended">Receives what the heads gathered.</param>
    /// <param name="stride">Elements between its rows.</param>
    /// <param name="windowed">Each token sees its window alone.</param>
    public IEnumerable<GraphNode> Nodes(string blk, Tensor attended, int stride, bool windowed = false)
    {
        Scope scope = windowed ? _windows! : _whole!;
        int pairs = _rope?.Pairs ?? 0, splitPages = VisionSizes.SplitPages(_config);
        AttentionSpec spec = new(_config.Heads, _config.Heads, _config.HeadDim, (float)(1 / Math.Sqrt(_config.HeadDim)))
        {
            Rope = new RopeForm(Neox: _rope is { IsNeox: true }),
        };
        KvPlace cache = new(_keys, _values, scope.BlockTable, scope.MaxBlocks, "f32", TexelFormat.Float4);
        AttendingRows rows = new(scope.Attending, scope.Tiles, windowed ? 1 : VisionSizes.Splits(_config), splitPages);
        yield return _ropeKvWrite.Node(
            $"{blk}.rope_kv_write", spec, Qkv, Workspace.Stride(QkvWidth), _part, 2 * _part, new RopeAngles(_angles, pairs, 0, pairs),
            scope.Writing, null, 0, _q, cache, s => s.Rows);
        yield return _attention.Parts(
            $"{blk}.attention", spec, rows, [TileRows], _q, cache, _parts, s => (s.AttentionTiles, windowed ? 1 : s.Splits, 0),
            windowed ? null : s => Math.Min(splitPages, s.LastPosition / KvCache.PageTokens + 1));
        yield return _attention.Combine($"{blk}.attention_combine", spec, rows, _parts, null, attended, stride, s => s.Rows, null);
    }

    /// <summary>Most tiles that a scope cuts the rows of a grid into.</summary>
    public int TileCount(PatchGrid grid) => Math.Max(_whole?.Count(grid) ?? 0, _windows?.Count(grid) ?? 0);

    private Sequences Whole(PatchGrid grid)
    {
        int count = grid.Count + _config.EncoderTokens - _config.Patches;
        Sequences all = new(count);
        for (int i = 0; i < count; i++) all.Rows[i] = (0, i);
        all.Lengths.Add(count);
        for (int first = 0; first < count; first += TileRows) all.Tiles.Add((first, Math.Min(TileRows, count - first), 0));
        return all;
    }

    /// <summary>Windows row by row; those at the right and lower edge are smaller.</summary>
    private static Sequences Windows(PatchGrid grid, int window)
    {
        int across = (grid.Columns + window - 1) / window;
        Sequences all = new(grid.Count);
        for (int y = 0; y < grid.Rows; y++)
            for (int left = 0; left < grid.Columns; left += window)
            {
                int width = Math.Min(window, grid.Columns - left), sequence = y / window * across + left / window,
                    first = y * grid.Columns + left;
                if (y % window == 0) all.Lengths.Add(width * Math.Min(window, grid.Rows - y));
                for (int x = 0; x < width; x++) all.Rows[first + x] = (sequence, y % window * width + x);
                for (int x = 0; x < width; x += TileRows) all.Tiles.Add((first + x, Math.Min(TileRows, width - x), sequence));
            }

        return all;
    }

    /// <summary>Rows that see one another.</summary>
    private sealed class Sequences(int rows)
    {
        /// <summary>Sequence and place in it of each row.</summary>
        public (int Sequence, int Position)[] Rows { get; } = new (int, int)[rows];

        /// <summary>Tokens of each sequence.</summary>
        public List<int> Lengths { get; } = [];

        /// <summary>First row, rows and sequence of the neighbours that share a workgroup.</summary>
        public List<(int First, int Count, int Sequence)> Tiles { get; } = [];
    }

    /// <summary>The tables of the layers that see equally far.</summary>
    private sealed class Scope
    {
        private readonly Func<PatchGrid, Sequences> _of;
        private readonly Func<PatchGrid, int> _tileCount;

        public Scope(
            VisionGraph g, Func<PatchGrid, Sequences> of, Func<PatchGrid, int> tileCount, int rows, int tiles, int sequences, int maxBlocks,
            string name)
        {
            _of = of;
            _tileCount = tileCount;
            MaxBlocks = maxBlocks;
            Writing = g.Table(name + "rows", rows * 4, grid => RowWords(of(grid), (row, _) => row.Position));
            Attending = g.Table(name + "attending rows", rows * 4, grid => RowWords(of(grid), (row, s) => s.Lengths[row.Sequence] - 1));
            Tiles = g.Table(name + "attention tiles", tiles * 4, TileWords);
            BlockTable = g.Table(name + "block table", sequences * maxBlocks, BlockWords);
        }

        public int MaxBlocks { get; }

        public Tensor Writing { get; }

        public Tensor Attending { get; }

        public Tensor Tiles { get; }

        public Tensor BlockTable { get; }

        public int Count(PatchGrid grid) => _of(grid).Tiles.Count;

        private static uint[] RowWords(Sequences s, Func<(int Sequence, int Position), Sequences, int> position) =>
            [.. s.Rows.SelectMany(row => new[] { 0u, (uint)position(row, s), (uint)row.Sequence, 0u })];

        /// <summary>As many tiles as the scope that has most; those without rows are left out on the device.</summary>
        private uint[] TileWords(PatchGrid grid)
        {
            uint[] words = [.. _of(grid).Tiles.SelectMany(t => new[] { (uint)t.First, (uint)t.Count, (uint)t.Sequence, 0u })];
            Array.Resize(ref words, Math.Max(words.Length, _tileCount(grid) * 4));
            return words;
        }

        /// <summary>Blocks one after the other; entries behind a sequence's last name its first, which is as good as any.</summary>
        private uint[] BlockWords(PatchGrid grid)
        {
            List<uint> words = [];
            uint next = 0;
            foreach (int length in _of(grid).Lengths)
            {
                uint blocks = (uint)((length + KvCache.BlockTokens - 1) / KvCache.BlockTokens);
                for (uint i = 0; i < MaxBlocks; i++) words.Add(i < blocks ? next + i : next);
                next += blocks;
            }

            return [.. words];
        }
    }
}
