using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>What an encoder's buffers take, before any of them is made.</summary>
internal static class VisionSizes
{
    private const int MostSplits = 8, FewestSplitPages = 16;

    /// <summary>Canvases begin at bindable places.</summary>
    public static long CanvasAlignment(GpuDevice device) => Math.Max(256, device.Limits.BindingAlignment);

    /// <summary>What canvases can lose by beginning there: a plan has at most three steps.</summary>
    public static long CanvasSlack(GpuDevice device) => 4 * CanvasAlignment(device);

    public static int Padded(int value, int multiple) => (value + multiple - 1) / multiple * multiple;

    /// <summary>Rows that kernels with tiles of rows may touch.</summary>
    public static int PaddedRows(int rows) => Padded(rows, 16);

    public static int Pages(int tokens) => (tokens + KvCache.PageTokens - 1) / KvCache.PageTokens;

    /// <summary>Pages of keys that a workgroup goes through: more in very large tiles, so that parts stay few.</summary>
    public static int SplitPages(VisionConfig c) => Math.Max(FewestSplitPages, (Pages(c.EncoderTokens) + MostSplits - 1) / MostSplits);

    public static int Splits(VisionConfig c) => SplitsOf(c, c.EncoderTokens);

    /// <summary>Parts that the keys of so many tokens are cut into.</summary>
    public static int SplitsOf(VisionConfig c, int tokens) => (tokens - 1) / (SplitPages(c) * KvCache.PageTokens) + 1;

    /// <summary>Most windows that a tile has: a window has at least the patches of one token.</summary>
    public static int MostWindows(VisionConfig c) => c.Patches / (c.Scale * c.Scale) + 1;

    /// <summary>Tokens that the cache of a layer has room for; windows begin at blocks.</summary>
    public static int CacheTokens(VisionConfig c, bool hasWindows) =>
        Pages(c.EncoderTokens) * KvCache.PageTokens + (hasWindows ? MostWindows(c) * KvCache.BlockTokens : 0);

    public static long PartBytes(VisionConfig c) => (long)c.EncoderTokens * c.Heads * Splits(c) * (c.HeadDim + 4) * 4;

    /// <summary>Bytes of everything but weights, a little over.</summary>
    public static long WorkspaceBytes(GpuDevice device, VisionConfig c)
    {
        long rows = PaddedRows(c.EncoderTokens), tokens = PaddedRows(c.TokensPerTile), joined = Workspace.Stride(Joined(c));
        long perRow = 6L * Workspace.Stride(c.Width) + 3 * Padded(c.Width, WeightLayout.GroupRows) + HiddenWidth(c)
            + Workspace.Stride(3 * c.PatchSize * c.PatchSize) + c.HeadDim + 16 + (c.MaxPatches > 0 ? 48 : 0);
        long cache = 2L * CacheTokens(c, c.MaxPatches > 0) * c.Width;
        long perToken = joined + 4L * Workspace.Stride(c.AdapterWidth) + Workspace.Stride(c.OutputWidth);
        return 4 * (rows * perRow + cache + tokens * perToken) + PartBytes(c) + c.CanvasBytes + CanvasSlack(device) + c.Family.OwnBytes(c)
            + (64 << 10);
    }

    /// <summary>The largest buffer of a tile's pass, which a shader must be able to bind as a whole, and its bytes.</summary>
    public static (string Name, long Bytes) LargestBuffer(VisionConfig c)
    {
        long rows = PaddedRows(c.EncoderTokens), tokens = PaddedRows(c.TokensPerTile);
        (string, long)[] buffers =
        [
            ("attention parts", PartBytes(c) / 4),
            ("keys", (long)CacheTokens(c, c.MaxPatches > 0) * c.Width),
            ("qkv", rows * Workspace.Stride(3 * Padded(c.Width, WeightLayout.GroupRows))),
            ("up", rows * (c.IsGated ? 2L * Padded(c.FeedForward, WeightLayout.GroupRows) : Workspace.Stride(c.FeedForward))),
            ("patches", rows * Workspace.Stride(3 * c.PatchSize * c.PatchSize)),
            ("shuffled", tokens * Workspace.Stride(Joined(c))),
            ("adapter", tokens * Workspace.Stride(c.AdapterWidth)),
            ("features", tokens * Workspace.Stride(c.OutputWidth)),
        ];
        (string name, long elements) = buffers.MaxBy(b => b.Item2);
        return (name, elements * 4);
    }

    private static int Joined(VisionConfig c) => c.Scale * c.Scale * c.Width;

    private static long HiddenWidth(VisionConfig c) =>
        Workspace.Stride(c.FeedForward)
            + (c.IsGated ? 2L * Padded(c.FeedForward, WeightLayout.GroupRows) : Workspace.Stride(c.FeedForward));
}
