using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architectures <c>olmo2</c> (OLMo 2 and 3) and <c>olmoe</c>: queries and keys are normalised over all heads together. OLMo 2 and 3
/// normalise what a part gives, not what it gets; OLMo 3 has windows in most layers. OLMoE is a mixture in every layer with norms before
/// each part (Groeneveld et al. 2024, Muennighoff et al. 2024).
/// </summary>
internal static class OlmoGraph
{
    public static ModelPlan Read(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        ModelConfig c = ModelConfig.Read(file);
        ModelShapes.Check(file, c);
        if (c.Architecture == "olmoe")
            return c.Experts > 0 ? new ModelPlan(c, BuildMixture) : throw m.Wrong("olmoe.expert_count", "at least one expert");
        if (m.Find("olmo2.attention.sliding_window") is not null)
        {
            double local = m.Number("olmo2.rope.freq_base_swa") ?? c.Rope.Base;
            c = c with
            {
                Spans = ModelConfig.Windows(m, "olmo2", c.Blocks, pattern: 4),
                LocalRope = new RopeConfig(c.Rope.Dims, local, 1, null, 1, c.ContextLength),
            };
        }

        return new ModelPlan(c, BuildDense);
    }

    private static void BuildDense(GraphBuilder g)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec global = Spec(c), local = global with { Rope = new RopeForm(c.LocalRope is null ? 0 : 1, Neox: true) };
        Tensor x = g.Rows("x", c.Width), part = g.Rows("part", c.Width), attended = g.Rows("attended", heads);

        g.Embed("embed", "token_embd", x, width);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // attention
            g.QueryKeyValue(blk, x, width);
            g.Attention(blk, i, c.Spans[i].Kind == AttentionSpanKind.Full ? global : local, attended, Workspace.Stride(heads));
            g.MatMul($"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads), part,
                width);
            g.RmsNorm($"{blk}.post_attention_norm", part, x, c.Width, accumulate: true);

            // feed-forward
            g.GatedFeedForward(blk, "", c.FeedForward, x, width, part, accumulate: false);
            g.RmsNorm($"{blk}.post_ffw_norm", part, x, c.Width, accumulate: true);
        }

        g.Logits(x, width);
    }

    private static void BuildMixture(GraphBuilder g)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec attention = Spec(c);
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
            g.MixtureFeedForward(blk, g.Normed($"{blk}.ffn_norm", x), width, x, new RouterSpec { Normalizes = false });
        }

        g.Logits(x, width);
    }

    private static AttentionSpec Spec(ModelConfig c) =>
        new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm(Neox: true), NormsWholeProjection = true };
}
