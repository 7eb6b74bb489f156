using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architectures <c>gemma2</c> and <c>gemma3</c> (text): embeddings times the root of the width, norms before and after each part, GELU
/// gates, most layers with a window. Gemma 2 caps scores and logits; Gemma 3 normalises heads and turns its windowed layers by a base of
/// their own (Gemma Team 2024, 2025).
/// </summary>
internal static class GemmaGraph
{
    private const double LocalBase = 10000;
    private const int Gemma2Blocks27B = 46, Gemma3Blocks27B = 62;

    public static ModelPlan Read(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        ModelConfig c = ModelConfig.Read(file);
        bool third = c.Architecture == "gemma3";
        c = c with
        {
            Spans = ModelConfig.Windows(m, c.Architecture, c.Blocks, pattern: third ? 6 : 2),
            LocalRope = third
                ? new RopeConfig(c.Rope.Dims, m.Number("gemma3.rope.freq_base_swa") ?? LocalBase, 1, null, 1, c.ContextLength) : null,
            SeesWholePictures = third,
            // No key says so: the 27B models scale by the width of a head if heads filled the residual stream.
            AttentionScale = c.Blocks == (third ? Gemma3Blocks27B : Gemma2Blocks27B)
                ? (float)(1 / Math.Sqrt((double)c.Width / c.Heads)) : c.AttentionScale,
        };
        float scoreCap = (float)(m.Number("gemma2.attn_logit_softcapping") ?? 50),
            logitCap = (float)(m.Number("gemma2.final_logit_softcapping") ?? 30);
        if (!(scoreCap > 0 && logitCap > 0 && float.IsFinite(scoreCap) && float.IsFinite(logitCap)))
            throw m.Wrong("gemma2.attn_logit_softcapping", "caps above 0");
        ModelShapes.Check(file, c);
        return new ModelPlan(c, third ? g => Build(g, HeadNorm.BeforeRope, 0, 0) : g => Build(g, HeadNorm.None, scoreCap, logitCap));
    }

    private static void Build(GraphBuilder g, HeadNorm norm, float scoreCap, float logitCap)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec global =
            new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm(Neox: true), Norm = norm, SoftCap = scoreCap };
        AttentionSpec local = global with { Rope = new RopeForm(c.LocalRope is null ? 0 : 1, Neox: true) };
        Tensor x = g.Rows("x", c.Width), part = g.Rows("part", c.Width), attended = g.Rows("attended", heads);

        g.Embed("embed", "token_embd", x, width, MathF.Sqrt(c.Width));
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // attention
            g.QueryKeyValue(blk, g.Normed($"{blk}.attn_norm", x), width);
            g.Attention(blk, i, c.Spans[i].Kind == AttentionSpanKind.Full ? global : local, attended, Workspace.Stride(heads));
            g.MatMul($"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads), part,
                width);
            g.RmsNorm($"{blk}.post_attention_norm", part, x, c.Width, accumulate: true);

            // feed-forward
            RowInput h = g.Normed($"{blk}.ffn_norm", x);
            g.GatedFeedForward(blk, "", c.FeedForward, h, width, part, GateForm.GeluTanh, accumulate: false);
            g.RmsNorm($"{blk}.post_ffw_norm", part, x, c.Width, accumulate: true);
        }

        g.Logits(x, width, softCap: logitCap);
    }
}
