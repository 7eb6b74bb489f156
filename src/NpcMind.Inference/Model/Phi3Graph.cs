using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architecture <c>phi3</c> (Phi 3, 3.5 and 4, dense): queries, keys and values in one matrix, gate and up in another, and for long
/// contexts a factor for each rotated pair, one set for short contexts and one for long ones (Abdin et al. 2024; LongRoPE: Ding et al.
/// 2024).
/// </summary>
internal static class Phi3Graph
{
    public static ModelPlan Read(GgufFile file)
    {
        ModelConfig c = ModelConfig.Read(file);
        if (file.Metadata.Find("phi3.attention.sliding_window") is not null)
            c = c with { Spans = ModelConfig.Windows(file.Metadata, "phi3", c.Blocks, pattern: 0) };
        ModelShapes.Check(file, c);
        bool hasLong = file.Find("rope_factors_long.weight") is not null, hasShort = file.Find("rope_factors_short.weight") is not null;
        if (hasLong != hasShort || (!hasLong && file.Metadata.String("phi3.rope.scaling.type") == "longrope"))
            throw new GgufFormatException(
                file.Path, 0, "tensors 'rope_factors_long.weight' and 'rope_factors_short.weight'",
                $"{file.Tensors.Count} tensors without them", GgufFormatException.OtherConversion);
        return new ModelPlan(c, Build);
    }

    private static void Build(GraphBuilder g)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec attention = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm(Neox: true) };
        Tensor x = g.Rows("x", c.Width), attended = g.Rows("attended", heads);

        g.Embed("embed", "token_embd", x, width);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // attention
            g.QueryKeyValue(blk, g.Normed($"{blk}.attn_norm", x), width);
            g.Attention(blk, i, attention, attended, Workspace.Stride(heads));
            g.MatMulAdd(
                $"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads), x, width);

            // feed-forward
            g.GatedFeedForward(blk, "", c.FeedForward, g.Normed($"{blk}.ffn_norm", x), width, x);
        }

        g.Logits(x, width);
    }
}
