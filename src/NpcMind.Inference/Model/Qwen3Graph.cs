using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architectures <c>qwen3</c> and <c>qwen3moe</c>: no biases, a norm with weights on each head of queries and keys before they are
/// turned; the mixture normalises the weights of the chosen experts and has no shared one (Yang et al. 2025).
/// </summary>
internal static class Qwen3Graph
{
    public static ModelPlan Read(GgufFile file)
    {
        ModelConfig c = ModelConfig.Read(file);
        ModelShapes.Check(file, c);
        return new ModelPlan(c, Build);
    }

    private static void Build(GraphBuilder g)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec attention =
            new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm(Neox: true), Norm = HeadNorm.BeforeRope };
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
            RowInput h = g.Normed($"{blk}.ffn_norm", x);
            if (c.Experts == 0) g.GatedFeedForward(blk, "", c.FeedForward, h, width, x);
            else g.MixtureFeedForward(blk, h, width, x, new RouterSpec());
        }

        g.Logits(x, width);
    }
}
