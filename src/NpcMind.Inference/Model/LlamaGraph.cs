using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architecture <c>llama</c>: Llama 2 and 3, Mistral, Mixtral, SmolLM and their relatives, dense and mixture of experts. The forward
/// pass is the straight list that <see cref="Build"/> writes down (Touvron et al. 2023; Jiang et al. 2024; tensor names:
/// docs/reference/models-in-gguf.md section 5).
/// </summary>
internal static class LlamaGraph
{
    public static ModelPlan Read(GgufFile file)
    {
        ModelConfig config = ModelConfig.Read(file);
        ModelShapes.Check(file, config, _ => config.Experts > 0);
        return new ModelPlan(config, Build);
    }

    private static void Build(GraphBuilder g)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width);
        int heads = c.Heads * c.HeadDim;
        AttentionSpec attention = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm() };
        Tensor x = g.Rows("x", c.Width), attended = g.Rows("attended", heads);

        g.Embed("embed", "token_embd", x, width);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // attention
            g.QueryKeyValue(blk, g.Normed($"{blk}.attn_norm", x), width);
            g.Attention(blk, i, attention, attended, Workspace.Stride(heads));
            g.MatMulAdd($"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads),
                x, width);

            // feed-forward
            RowInput h = g.Normed($"{blk}.ffn_norm", x);
            if (c.Experts == 0) g.GatedFeedForward(blk, "", c.FeedForward, h, width, x);
            else g.MixtureFeedForward(blk, h, width, x, new RouterSpec());
        }

        g.Logits(x, width);
    }
}
