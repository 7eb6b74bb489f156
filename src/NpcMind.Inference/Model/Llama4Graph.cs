using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architecture <c>llama4</c>: Scout (experts in every layer) and Maverick (in every second). Three of four layers turn queries and
/// keys (RoPE) and see the tokens of their chunk; every fourth turns nothing and sees everything, with queries that grow with the position.
/// A shared expert sees every token. Keys, tensors and formulas: docs/reference/models-in-gguf.md section 6.
/// </summary>
internal static class Llama4Graph
{
    private const int NoRopeStep = 4;

    public static ModelPlan Read(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        ModelConfig c = ModelConfig.Read(file);
        if (c.Experts == 0) throw m.Wrong("llama4.expert_count", "at least one expert");
        int step = ModelConfig.Size(m, "llama4.interleave_moe_layer_step", c.Blocks, 1);
        int chunk = ModelConfig.Size(m, "llama4.attention.sliding_window", int.MaxValue, 8192, 0);
        int length = ModelConfig.Size(m, "llama4.attention.temperature_length", int.MaxValue, 8192);
        double scale = m.Number("llama4.attention.temperature_scale") ?? 0.1;
        if (!double.IsFinite((float)scale)) throw m.Wrong("llama4.attention.temperature_scale", "a finite number");
        // A chunk of 0 is how files say that every layer turns and sees everything.
        bool interleaves = chunk > 0;
        bool TurnsIn(int layer) => !interleaves || (layer + 1) % NoRopeStep != 0;
        ModelShapes.Check(file, c, layer => (layer + 1) % step == 0);
        bool normalizes = c.Experts != 128; // Maverick; there is no key for it
        c = c with
        {
            Spans = [.. Enumerable.Range(0, c.Blocks)
                .Select(i => interleaves && TurnsIn(i) ? new AttentionSpan(AttentionSpanKind.Chunk, chunk) : AttentionSpan.Full)],
            Temperature = interleaves ? new QueryTemperature(scale, length) : null,
        };
        return new ModelPlan(c, g => Build(g, layer => (layer + 1) % step == 0, TurnsIn, normalizes));
    }

    private static void Build(GraphBuilder g, Func<int, bool> hasExperts, Func<int, bool> turns, bool normalizes)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec still = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { ScalesQueries = true };
        AttentionSpec turning =
            still with { Rope = new RopeForm(), Norm = normalizes ? HeadNorm.AfterRope : HeadNorm.None, ScalesQueries = false };
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", heads);

        g.Embed("embed", "token_embd", x, width);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // attention
            g.QueryKeyValue(blk, g.Normed($"{blk}.attn_norm", x), width);
            g.Attention(blk, i, turns(i) ? turning : still, attended, Workspace.Stride(heads));
            g.MatMulAdd($"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads),
                x, width);

            // feed-forward
            if (hasExperts(i))
            {
                // Written out: the shared expert reads it after the chosen ones have added to x.
                g.RmsNorm($"{blk}.ffn_norm", x, h, c.Width);
                g.MixtureFeedForward(
                    blk, h, width, x, new RouterSpec { Gate = RouterGate.Sigmoid, Normalizes = false, WeighsInput = true });
                g.GatedFeedForward(blk, "_shexp", c.ExpertFeedForward, h, width, x);
            }
            else
            {
                g.GatedFeedForward(blk, "", c.FeedForward, g.Normed($"{blk}.ffn_norm", x), width, x);
            }
        }

        g.Logits(x, width);
    }
}
