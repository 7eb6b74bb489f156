using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architectures <c>granite</c> and <c>granitemoe</c>: the layout of llama with a factor on embeddings, on scores, on what each part
/// adds, and on the logits, which are divided by theirs (IBM 2024).
/// </summary>
internal static class GraniteGraph
{
    private sealed record Scales(float Embedding, float Residual, float Logits);

    public static ModelPlan Read(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        ModelConfig c = ModelConfig.Read(file);
        string a = c.Architecture;
        Scales scales = new(Factor("embedding_scale", 1), Factor("residual_scale", 1), 1 / Factor("logit_scale", null));
        // "finetuned" says whether the dense models turn at all; the mixtures do not read it.
        bool turns = a == "granitemoe" || (m.Boolean("granite.rope.scaling.finetuned") ?? true);
        int shared = c.Experts == 0
            ? 0 : ModelConfig.Size(m, $"{a}.expert_shared_feed_forward_length", ModelConfig.MaximumFeedForward, 0, 0);
        ModelShapes.Check(file, c);
        return new ModelPlan(c, g => Build(g, scales, turns, shared));

        float Factor(string key, float? absent)
        {
            double? value = m.Number($"{a}.{key}") ?? absent;
            return value is { } given && given != 0 && float.IsFinite((float)given)
                ? (float)given : throw m.Wrong($"{a}.{key}", "a factor other than 0");
        }
    }

    private static void Build(GraphBuilder g, Scales scales, bool turns, int shared)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec attention = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = turns ? new RopeForm() : null };
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", heads);

        g.Embed("embed", "token_embd", x, width, scales.Embedding);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // attention
            g.QueryKeyValue(blk, g.Normed($"{blk}.attn_norm", x), width);
            g.Attention(blk, i, attention, attended, Workspace.Stride(heads));
            g.MatMulAdd($"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads), x,
                width, scales.Residual);

            // feed-forward
            RowInput normed;
            if (shared == 0)
            {
                normed = g.Normed($"{blk}.ffn_norm", x);
            }
            else
            {
                // Written out: the shared expert reads it after the chosen ones have added to x.
                g.RmsNorm($"{blk}.ffn_norm", x, h, c.Width);
                normed = h;
            }

            if (c.Experts == 0) g.GatedFeedForward(blk, "", c.FeedForward, normed, width, x, scale: scales.Residual);
            else g.MixtureFeedForward(blk, normed, width, x, new RouterSpec(), scale: scales.Residual);
            if (shared > 0) g.GatedFeedForward(blk, "_shexp", shared, normed, width, x, scale: scales.Residual);
        }

        g.Logits(x, width, scales.Logits);
    }
}
