using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Vision;

namespace NpcMind.Inference;

/// <summary>
/// LLaVA 1.5 and BakLLaVA (projector <c>mlp</c>, or none named): CLIP's encoder with its class token first, the hidden state of an inner
/// layer, two matrices. A picture is padded to a square of its mean colour. Source: Llava model and image processor of transformers; Liu et
/// al. 2023.
/// </summary>
internal sealed class LlavaEncoder : EncoderFamily
{
    private const string Up = "ffn_up", Down = "ffn_down";
    private readonly int _layers;
    private readonly bool _isSwapped;

    private LlavaEncoder(int layers, bool isSwapped) => (_layers, _isSwapped) = (layers, isSwapped);

    /// <remarks>The first language models have no token for it: nothing reads it.</remarks>
    public override ImageTokens Tokens { get; } = new("<image>", "<image>", []);

    public static VisionConfig Read(VisionKeys keys)
    {
        GgufFile file = keys.File;
        Refuse(keys, "mm.3.weight", "a LLaVA projector with norms (Yi-VL)");
        foreach (string newline in (string[])["v.image_newline", "model.image_newline"])
            Refuse(keys, newline, "LLaVA 1.6, which cuts pictures (anyres),");
        int layers = keys.Size("block_count", 512);
        VisionConfig c = keys.Common(new LlavaEncoder(FeatureLayer(keys, layers), IsSwapped(keys)), (1, "image_size"),
            keys.Rows("mm.2.weight"));
        if (c.Family is LlavaEncoder { _isSwapped: false }) c = keys.WithFeedForward(c);
        return c with
        {
            AdapterWidth = keys.Rows("mm.0.weight"),
            Activation = keys.Gelu(GeluForm.Tanh),
            ClassToken = file.Find("v.class_embd") is null ? ClassToken.None : ClassToken.First,
        };
    }

    public override PicturePlan Plan(VisionConfig c, int width, int height, int maxTiles)
    {
        uint fill = 0;
        for (int i = 0; i < 3; i++) fill |= (uint)Math.Clamp((int)(c.Mean[i] * 255), 0, 255) << 8 * i;
        return PicturePlan.PaddedSquare(width, height, c.TileSize, ResampleFilter.Bicubic, fill);
    }

    public override long CanvasBytes(VisionConfig c) => 4L * c.TileSize * c.TileSize;

    public override IReadOnlyList<ImagePiece> Layout(VisionConfig c, PicturePlan plan) => [Slots(c, plan, 0)];

    public override void Build(VisionGraph g)
    {
        VisionConfig c = g.Config;
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", c.Width);
        VisionAttention attention = g.Attention();
        bool hasPreNorm = g.Weights.Has("v.pre_ln");

        g.PatchEmbed(h);
        g.Positions("v.position_embd", h, hasPreNorm ? attended : x);
        if (hasPreNorm) g.PreNorm("v.pre_ln", attended, x);
        for (int i = 0; i < _layers; i++)
        {
            string blk = $"v.blk.{i}";
            g.Block(blk, attention, x, h, attended, $"{blk}.ln2", $"{blk}.{(_isSwapped ? Down : Up)}", $"{blk}.{(_isSwapped ? Up : Down)}");
        }

        for (int i = _layers; i < c.Blocks; i++) g.Weights.LeaveOut($"v.blk.{i}.");
        g.Weights.LeaveOut("v.post_ln.");

        Tensor patches = g.Tokens("chosen patches", c.Width), first = g.Tokens("adapter", c.AdapterWidth),
            second = g.Tokens("adapter activated", c.AdapterWidth);
        g.PixelShuffle(x, patches); // by 1: the patches without the class token
        g.Project("mm.0", "mm.0", patches, c.Width, first, c.AdapterWidth);
        g.Activate("mm.gelu", GeluForm.Exact, first, second, c.AdapterWidth, g.FeatureRows);
        g.Project("mm.2", "mm.2", second, c.AdapterWidth, g.Features, c.OutputWidth);
    }

    /// <summary>
    /// Blocks to run: hidden state n is what n blocks give, and negative numbers count from the last. Files without the key store no block
    /// too many.
    /// </summary>
    private static int FeatureLayer(VisionKeys keys, int layers)
    {
        if (keys.Integers("feature_layer", 64) is not { } states) return layers;
        if (states.Length > 1)
            throw keys.Unsupported("an image encoder of which several hidden states are joined (clip.vision.feature_layer)",
                "Supported: one.");
        long state = states[0] < 0 ? layers + 1 + states[0] : states[0];
        return state >= 1 && state <= layers ? (int)state : throw keys.Wrong("feature_layer", $"a hidden state from 1 to {layers}");
    }

    /// <summary>Old conversions call the first matrix of a feed-forward block <c>ffn_down</c>; its shape tells.</summary>
    private static bool IsSwapped(VisionKeys keys)
    {
        int width = keys.Size("embedding_length", 1 << 16), hidden = keys.Size("feed_forward_length", 1 << 20);
        return width != hidden && keys.File.Find($"v.blk.0.{Down}.weight") is { } down && down.Columns == width && down.Rows == hidden;
    }

    private static void Refuse(VisionKeys keys, string tensor, string what)
    {
        if (keys.File.Find(tensor) is not null) throw keys.Unsupported(what, "Supported with this projector: LLaVA 1.5.");
    }
}
