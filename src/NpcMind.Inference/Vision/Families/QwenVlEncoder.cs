using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// Qwen2.5-VL (projector <c>qwen2.5vl_merger</c>) and Qwen2-VL (<c>qwen2vl_merger</c>): pictures keep their shape and become one tile of
/// whole tokens; heads are turned by row and column; the newer one has RMS norms, gates, and layers that see windows. Source: Qwen2VL image
/// processor and Qwen2.5-VL model of transformers; Bai et al. 2025.
/// </summary>
internal sealed class QwenVlEncoder : EncoderFamily
{
    // In tokens. Files rarely say; the most is what the processor has when it is not told otherwise.
    private const int FewestTokens = 8, MostTokens = 1280, TokensEver = 1 << 14, TokensOfTile = 256, MostWindow = 16;
    private readonly long _minPixels;
    private readonly long _maxPixels;
    private readonly int _pattern;
    private readonly int _window;

    private QwenVlEncoder(long minPixels, long maxPixels, int pattern, int window) =>
        (_minPixels, _maxPixels, _pattern, _window) = (minPixels, maxPixels, pattern, window);

    public override ImageTokens Tokens { get; } = new(
        "<|image_pad|>", "<|vision_start|><|image_pad|><|vision_end|>", ["<|vision_start|>", "<|vision_end|>", "<|image_pad|>"]);

    public static VisionConfig Read(VisionKeys keys)
    {
        bool isNewer = keys.Projector == "qwen2.5vl_merger";
        int patch = keys.Size("patch_size", 256), merge = keys.Size("spatial_merge_size", 8, 2), side = patch * merge;
        int most = keys.Size("image_max_pixels", Pixels(TokensEver), Pixels(MostTokens)),
            fewest = keys.Size("image_min_pixels", most, Math.Min(most, Pixels(FewestTokens)));
        int pattern = isNewer ? keys.Size("n_wa_pattern", 512) : 1;
        int window = pattern > 1 ? keys.Size("window_size", MostWindow * patch, 8 * patch) / side * merge : 0;
        if (pattern > 1 && window == 0) throw keys.Wrong("window_size", $"at least the {side} pixels along a token");
        VisionConfig c = keys.Common(
            new QwenVlEncoder(fewest, most, pattern, window), (merge, "spatial_merge_size"), keys.Rows("mm.2.weight"), hasTiles: false);
        if (keys.IsSilu != isNewer)
            throw keys.Unsupported($"an image encoder of '{keys.Projector}' {(isNewer ? "without" : "with")} SiLU (clip.use_silu)",
                "Take another conversion.");
        return keys.WithFeedForward(c) with
        {
            AdapterWidth = keys.Rows("mm.0.weight"),
            IsGated = isNewer,
            Activation = isNewer ? GeluForm.Quick : keys.Gelu(GeluForm.Tanh),
            MaxPatches = (int)(PicturePlan.MostPixels(side, fewest, most) / ((long)patch * patch)),
        };

        int Pixels(long tokens) => (int)Math.Min(int.MaxValue, tokens * side * side);
    }

    /// <remarks>Of so many tiles as other families have: the picture has at most as many tokens.</remarks>
    public override PicturePlan Plan(VisionConfig c, int width, int height, int maxTiles)
    {
        int side = c.PatchSize * c.Scale;
        long most = Math.Clamp((long)maxTiles * TokensOfTile * side * side, _minPixels, _maxPixels);
        return PicturePlan.WithinPixels(width, height, side, _minPixels, most, ResampleFilter.Bicubic);
    }

    public override long CanvasBytes(VisionConfig c) => 4L * c.MaxPatches * c.PatchSize * c.PatchSize;

    public override IReadOnlyList<ImagePiece> Layout(VisionConfig c, PicturePlan plan) =>
        [Text("<|vision_start|>"), Slots(c, plan, 0), Text("<|vision_end|>")];

    public override void Build(VisionGraph g)
    {
        VisionConfig c = g.Config;
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", c.Width);
        VisionAttention attention = g.Attention(new VisionRope(c.HeadDim / 2, IsNeox: true, grid => Angles(c, grid)), _window);

        g.PatchEmbed(x);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"v.blk.{i}";
            Norm(g, $"{blk}.ln1", x, h);
            g.SelfAttention(blk, attention, h, attended, x, windowed: (i + 1) % _pattern != 0);
            Norm(g, $"{blk}.ln2", x, h);
            if (c.IsGated) g.GatedFeedForward(blk, h, x);
            else g.FeedForward(blk, h, x, $"{blk}.ffn_up", $"{blk}.ffn_down");
        }

        Norm(g, "v.post_ln", x, h);
        int joined = c.Scale * c.Scale * c.Width;
        Tensor shuffled = g.Tokens("shuffled", joined), first = g.Tokens("adapter", c.AdapterWidth),
            second = g.Tokens("adapter activated", c.AdapterWidth);
        g.PixelShuffle(h, shuffled);
        g.Project("mm.0", "mm.0", shuffled, joined, first, c.AdapterWidth);
        g.Activate("mm.gelu", GeluForm.Exact, first, second, c.AdapterWidth, g.FeatureRows);
        g.Project("mm.2", "mm.2", second, c.AdapterWidth, g.Features, c.OutputWidth);
    }

    private static void Norm(VisionGraph g, string name, Tensor x, Tensor y)
    {
        if (g.Config.IsGated) g.RmsNorm(name, x, y);
        else g.LayerNorm(name, x, y);
    }

    /// <summary>
    /// (cos, sin) of each pair of each patch: the first half of a head's pairs is turned by the row, the second by the column.
    /// </summary>
    private static float[] Angles(VisionConfig c, PatchGrid grid)
    {
        int pairs = c.HeadDim / 2, half = pairs / 2;
        float[] angles = new float[grid.Count * pairs * 2];
        for (int patch = 0; patch < grid.Count; patch++)
            for (int pair = 0; pair < pairs; pair++)
            {
                int place = pair < half ? patch / grid.Columns : patch % grid.Columns;
                (double sin, double cos) = Math.SinCos(place * Math.Pow(10000, -2.0 * (pair % half) / pairs));
                angles[(patch * pairs + pair) * 2] = (float)cos;
                angles[(patch * pairs + pair) * 2 + 1] = (float)sin;
            }

        return angles;
    }
}
