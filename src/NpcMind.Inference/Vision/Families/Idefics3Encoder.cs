using System.Globalization;
using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// Idefics3 and SmolVLM (projector <c>idefics3</c>): learned positions, one matrix as projector. Pictures are brought to a longest edge,
/// then to whole tiles, and a global tile. Source: Idefics3 image processor and model of transformers.
/// </summary>
internal sealed class Idefics3Encoder : EncoderFamily
{
    /// <remarks>The names of tiles (&lt;row_1_col_1&gt;) are not required: vocabularies without them spell them as text.</remarks>
    public override ImageTokens Tokens { get; } = new("<image>", "<image>", ["<fake_token_around_image>", "<global-img>", "<image>"]);

    public static VisionConfig Read(VisionKeys keys)
    {
        VisionConfig c = keys.WithFeedForward(keys.Common(
            new Idefics3Encoder(), (keys.Size("projector.scale_factor", 64), "projector.scale_factor"), keys.Rows("mm.model.fc.weight")));
        return c with { LongestEdge = LongestEdgeOf(keys, c.TileSize), Activation = keys.Gelu(GeluForm.Tanh) };
    }

    public override PicturePlan Plan(VisionConfig c, int width, int height, int maxTiles) =>
        PicturePlan.Idefics3(width, height, c.TileSize, c.LongestEdge, split: maxTiles > 1);

    public override long CanvasBytes(VisionConfig c) => PicturePlan.Idefics3CanvasBytes(c.TileSize, c.LongestEdge);

    public override IReadOnlyList<ImagePiece> Layout(VisionConfig c, PicturePlan plan)
    {
        List<ImagePiece> pieces = [];
        for (int row = 0; row < plan.Rows; row++)
        {
            for (int column = 0; column < plan.Columns; column++)
            {
                string name = string.Create(CultureInfo.InvariantCulture, $"<row_{row + 1}_col_{column + 1}>");
                pieces.AddRange([Text("<fake_token_around_image>"), Text(name), Slots(c, plan, (row * plan.Columns) + column)]);
            }

            // The newline after the last row and the one before the global tile are one text to the tokenizer, which has a token for both
            // together.
            pieces.Add(Text(row + 1 < plan.Rows ? "\n" : "\n\n"));
        }

        pieces.AddRange(
            [Text("<fake_token_around_image>"), Text("<global-img>"), Slots(c, plan, plan.Tiles.Count - 1),
                Text("<fake_token_around_image>")]);
        return pieces;
    }

    public override void Build(VisionGraph g)
    {
        VisionConfig c = g.Config;
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", c.Width);
        VisionAttention attention = g.Attention();

        g.PatchEmbed(h);
        g.Positions("v.position_embd", h, x);
        for (int i = 0; i < c.Blocks; i++) g.Block($"v.blk.{i}", attention, x, h, attended, $"v.blk.{i}.ln2");
        g.LayerNorm("v.post_ln", x, h);

        int joined = c.Scale * c.Scale * c.Width;
        Tensor shuffled = g.Tokens("shuffled", joined);
        g.PixelShuffle(h, shuffled);
        g.Project("mm.fc", "mm.model.fc", shuffled, joined, g.Features, c.OutputWidth);
    }

    /// <summary>The longest edge of a picture after its first resize, which together with the tile says how many tiles there are.</summary>
    private static int LongestEdgeOf(VisionKeys keys, int tile)
    {
        int most = PicturePlan.LongestEdgeLimit(tile);
        int edge = keys.Size("preproc_image_size", PicturePlan.MaxLongestEdge, Math.Min(4 * tile, most));
        return edge <= most
            ? edge
            : throw keys.Wrong("preproc_image_size", $"a size of at most {most}: {PicturePlan.MaxTilesPerSide} tiles of {tile} pixels");
    }
}
