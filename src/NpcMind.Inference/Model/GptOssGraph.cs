using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architecture <c>gpt-oss</c> (20B, 120B): biases everywhere, a window in every second layer, a sink score per head, experts with
/// clamped gates. The tensor <c>post_attention_norm</c> is the norm before the experts (OpenAI 2025).
/// </summary>
internal static class GptOssGraph
{
    public static ModelPlan Read(GgufFile file)
    {
        ModelConfig c = ModelConfig.Read(file);
        if (c.Experts == 0) throw file.Metadata.Wrong("gpt-oss.expert_count", "at least one expert");
        c = c with
        {
            Spans = ModelConfig.Windows(file.Metadata, "gpt-oss", c.Blocks, pattern: 2),
            // The original code does not round YaRN's limits; no key says so.
            Rope = c.Rope with { Yarn = c.Rope.Yarn is { } yarn ? yarn with { RoundsLimits = false } : null },
        };
        ModelShapes.Check(file, c);
        return new ModelPlan(c, Build);
    }

    private static void Build(GraphBuilder g)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec attention = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm(Neox: true), HasSinks = true };
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
            RowInput h = g.Normed($"{blk}.post_attention_norm", x);
            g.MixtureFeedForward(blk, h, width, x, new RouterSpec(), GateForm.ClampedSilu);
        }

        g.Logits(x, width);
    }
}
