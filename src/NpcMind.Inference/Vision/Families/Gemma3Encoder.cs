using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// Gemma 3 (projector <c>gemma3</c>): learned positions; squares of patches are averaged, normalised and projected by a matrix that files
/// store untransposed. A picture is stretched to one tile. Source: Gemma3 image processor and model of transformers; Gemma Team 2025.
/// </summary>
internal sealed class Gemma3Encoder : EncoderFamily
{
    private const string Projection = "mm.input_projection";

    /// <remarks>Few conversions of the language model have the slot's token, which nothing reads.</remarks>
    public override ImageTokens Tokens { get; } = new(
        "<image_soft_token>", "<start_of_image>", ["<start_of_image>", "<end_of_image>"], Beside: "\n\n");

    public static VisionConfig Read(VisionKeys keys)
    {
        (int, string) scale = (keys.Size("projector.scale_factor", 64, 4), "projector.scale_factor");
        VisionConfig c = keys.WithFeedForward(keys.Common(new Gemma3Encoder(), scale, keys.Columns(Projection + ".weight")));
        return c with { Activation = keys.Gelu(GeluForm.Tanh) };
    }

    public override PicturePlan Plan(VisionConfig c, int width, int height, int maxTiles) =>
        PicturePlan.Stretched(width, height, c.TileSize, ResampleFilter.Bilinear);

    public override long CanvasBytes(VisionConfig c) => 4L * c.TileSize * c.TileSize;

    public override IReadOnlyList<ImagePiece> Layout(VisionConfig c, PicturePlan plan) =>
        [Text("<start_of_image>"), Slots(c, plan, 0), Text("<end_of_image>")];

    public override long OwnBytes(VisionConfig c) => 4L * Workspace.Stride(c.Width) * (VisionSizes.Padded(c.OutputWidth, 32) + 16);

    public override void Build(VisionGraph g)
    {
        VisionConfig c = g.Config;
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", c.Width);
        VisionAttention attention = g.Attention();

        g.PatchEmbed(h);
        g.Positions("v.position_embd", h, x);
        for (int i = 0; i < c.Blocks; i++) g.Block($"v.blk.{i}", attention, x, h, attended, $"v.blk.{i}.ln2");
        g.LayerNorm("v.post_ln", x, h);

        Tensor pooled = g.Tokens("pooled", c.Width), normed = g.Tokens("pooled, normed", c.Width);
        g.AveragePool(h, pooled);
        g.RmsNorm("mm.soft_emb_norm", pooled, normed, g.FeatureRows);
        g.Project("mm.input_projection", g.Weights.Transposed(Projection, c.OutputWidth, c.Width), normed, c.Width, g.Features,
            c.OutputWidth);
    }
}
