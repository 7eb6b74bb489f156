using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// Llama 4 (projector <c>llama4</c>): a class token after the patches, heads turned by column and row, an adapter of two matrices. Pictures
/// are cut into up to 16 tiles and a global one. Source: Llama4 image processor and vision model of transformers.
/// </summary>
internal sealed class Llama4Encoder : EncoderFamily
{
    public override ImageTokens Tokens { get; } = new(
        "<|patch|>", "<|image|>",
        ["<|image_start|>", "<|image_end|>", "<|image|>", "<|patch|>", "<|tile_x_separator|>", "<|tile_y_separator|>"]);

    public static VisionConfig Read(VisionKeys keys)
    {
        VisionConfig c = keys.WithFeedForward(keys.Common(
            new Llama4Encoder(), (keys.Size("projector.scale_factor", 64), "projector.scale_factor"), keys.Rows("mm.model.fc.weight")));
        return c with
        {
            AdapterWidth = keys.Rows("mm.model.mlp.1.weight"),
            Activation = keys.Gelu(GeluForm.Exact),
            ClassToken = ClassToken.Last,
        };
    }

    public override PicturePlan Plan(VisionConfig c, int width, int height, int maxTiles) =>
        PicturePlan.Llama4(width, height, c.TileSize, maxTiles);

    public override long CanvasBytes(VisionConfig c) => PicturePlan.Llama4CanvasBytes(c.TileSize, VisionConfig.MaxTiles);

    public override IReadOnlyList<ImagePiece> Layout(VisionConfig c, PicturePlan plan)
    {
        List<ImagePiece> pieces = [Text("<|image_start|>")];
        // The only tile of a small picture is the whole picture and is introduced as such.
        if (plan.Tiles.Count > 1)
            for (int tile = 0; tile < plan.Rows * plan.Columns; tile++)
            {
                pieces.Add(Slots(c, plan, tile));
                pieces.Add(Text((tile + 1) % plan.Columns == 0 ? "<|tile_y_separator|>" : "<|tile_x_separator|>"));
            }

        pieces.AddRange([Text("<|image|>"), Slots(c, plan, plan.Tiles.Count - 1), Text("<|image_end|>")]);
        return pieces;
    }

    public override void Build(VisionGraph g)
    {
        VisionConfig c = g.Config;
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", c.Width);
        VisionAttention attention = g.Attention(new VisionRope(c.HeadDim / 2, IsNeox: false, grid => Angles(c, grid)));

        g.PatchEmbed(h);
        g.Positions("v.position_embd", h, attended);
        g.PreNorm("v.pre_ln", attended, x);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"v.blk.{i}";
            // llama.cpp 0.5.0 writes the second norm under the other name.
            g.Block(blk, attention, x, h, attended, g.Weights.Has($"{blk}.ln2") ? $"{blk}.ln2" : $"{blk}.attn_post_norm");
        }

        g.LayerNorm("v.post_ln", x, h);

        int joined = c.Scale * c.Scale * c.Width;
        Tensor shuffled = g.Tokens("shuffled", joined), first = g.Tokens("adapter", c.AdapterWidth),
            second = g.Tokens("adapter activated", c.AdapterWidth);
        g.PixelShuffle(h, shuffled);
        g.Project("mm.mlp.1", "mm.model.mlp.1", shuffled, joined, first, c.AdapterWidth);
        g.Activate("mm.gelu.1", GeluForm.Exact, first, second, c.AdapterWidth, g.FeatureRows);
        g.Project("mm.mlp.2", "mm.model.mlp.2", second, c.AdapterWidth, first, c.AdapterWidth);
        g.Activate("mm.gelu.2", GeluForm.Exact, first, second, c.AdapterWidth, g.FeatureRows);
        g.Project("mm.fc", "mm.model.fc", second, c.AdapterWidth, g.Features, c.OutputWidth);
    }

    /// <summary>
    /// (cos, sin) of each pair of each token: the first half of a head's pairs is turned by the column, counted from 1, and the second by
    /// the row; the class token is not turned.
    /// </summary>
    internal static float[] Angles(VisionConfig c, PatchGrid grid)
    {
        int pairs = c.HeadDim / 2, half = pairs / 2;
        float[] angles = new float[c.EncoderTokens * pairs * 2];
        for (int token = 0; token < c.EncoderTokens; token++)
            for (int pair = 0; pair < pairs; pair++)
            {
                int place = token == grid.Count ? 0 : 1 + (pair < half ? token % grid.Columns : token / grid.Columns);
                (double sin, double cos) = Math.SinCos(place * Math.Pow(10000, -2.0 * (pair % half) / pairs));
                angles[(token * pairs + pair) * 2] = (float)cos;
                angles[(token * pairs + pair) * 2 + 1] = (float)sin;
            }

        return angles;
    }
}
