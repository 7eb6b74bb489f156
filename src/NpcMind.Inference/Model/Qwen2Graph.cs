using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architectures <c>qwen2</c> (Qwen 1.5 to 2.5 and what was distilled into them), <c>qwen2vl</c>, whose rows of pictures are turned by
/// time, row and column, and <c>qwen2moe</c>: biases on queries, keys and
/// values, halves turned against each other; the mixture adds a shared expert behind a gate of its own (Yang et al. 2024).
/// </summary>
internal static class Qwen2Graph
{
    public static ModelPlan Read(GgufFile file)
    {
        ModelConfig c = ModelConfig.Read(file);
        if (c.Architecture == "qwen2vl") c = c with { Rope = c.Rope with { Sections = Sections(file.Metadata, c.Rope.Dims / 2) } };
        int shared = c.Experts == 0 ? 0 : ModelConfig.Size(
            file.Metadata, "qwen2moe.expert_shared_feed_forward_length", ModelConfig.MaximumFeedForward, c.FeedForward);
        // The converter writes no key for it; the original definition has one, and the published models do not normalise.
        RouterSpec router = new() { Normalizes = file.Metadata.Boolean("qwen2moe.expert_weights_norm") ?? false };
        ModelShapes.Check(file, c);
        return new ModelPlan(c, g => Build(g, router, shared));
    }

    /// <summary>Pairs turned by time, row and column; the key's fourth number stands for nothing.</summary>
    private static int[] Sections(GgufMetadata m, int pairs)
    {
        const string Key = "qwen2vl.rope.dimension_sections";
        GgufValue? list = m.Numbers(Key);
        if (list is { IsInteger: true, Count: 3 or 4 })
        {
            double[] sections = [.. Enumerable.Range(0, list.Count).Select(list.Number)];
            if (sections.All(s => s >= 0 && s <= pairs) && sections.Sum() == pairs && sections.Skip(3).All(s => s == 0))
                return [(int)sections[0], (int)sections[1], (int)sections[2]];
        }

        throw m.Wrong(Key, $"pairs turned by time, row and column, {pairs} in all");
    }

    private static void Build(GraphBuilder g, RouterSpec router, int shared)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec attention = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm(Neox: true) };
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", heads);

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
            if (c.Experts == 0)
            {
                g.GatedFeedForward(blk, "", c.FeedForward, g.Normed($"{blk}.ffn_norm", x), width, x);
            }
            else
            {
                // Written out: the shared expert reads it after the chosen ones have added to x.
                g.RmsNorm($"{blk}.ffn_norm", x, h, c.Width);
                g.MixtureFeedForward(blk, h, width, x, router);
                g.GatedFeedForward(blk, "_shexp", shared, h, width, x, gateName: $"{blk}.ffn_gate_inp_shexp");
            }
        }

        g.Logits(x, width);
    }
}
