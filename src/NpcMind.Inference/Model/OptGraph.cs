using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architecture <c>opt</c> (125M to 66B): learned positions, layer norms with biases, ReLU, and in the 350M form norms after each part
/// and a narrower embedding (Zhang et al. 2022). No other program writes it as GGUF; docs/models.md defines the form that is read.
/// </summary>
internal static class OptGraph
{
    private sealed record Form(int WordWidth, bool NormsBefore, int PositionOffset);

    public static ModelPlan Read(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        ModelConfig c = ModelConfig.Read(file);
        Form form = new(
            ModelConfig.Size(m, "opt.word_embedding_length", 1 << 20, c.Width),
            m.Boolean("opt.layer_norm_before") ?? true,
            ModelConfig.Size(m, "opt.position_offset", 1 << 20, 2, 0));
        ModelShapes.Check(file, c, embeddingWidth: form.WordWidth);
        return new ModelPlan(c, g => Build(g, form));
    }

    private static void Build(GraphBuilder g, Form form)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), words = Workspace.Stride(form.WordWidth), heads = c.Heads * c.HeadDim;
        bool projects = form.WordWidth != c.Width;
        AttentionSpec attention = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale);
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Rows("attended", heads);

        Tensor embedded = projects ? g.Rows("word", form.WordWidth) : x;
        g.Embed("embed", "token_embd", embedded, words, columns: form.WordWidth);
        if (projects) g.MatMul("project_in", g.Weights.Matrix("project_in", form.WordWidth, c.Width), embedded, words, x, width);
        g.AddPositions("position_embd", form.PositionOffset, x, width);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // attention
            if (form.NormsBefore) g.LayerNorm($"{blk}.attn_norm", x, h, c.Width);
            g.QueryKeyValue(blk, form.NormsBefore ? h : x, width);
            g.Attention(blk, i, attention, attended, Workspace.Stride(heads));
            g.MatMulAdd(
                $"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads), x, width);
            if (!form.NormsBefore) g.LayerNorm($"{blk}.attn_norm", x, x, c.Width);

            // feed-forward
            if (form.NormsBefore) g.LayerNorm($"{blk}.ffn_norm", x, h, c.Width);
            g.FeedForward(blk, c.FeedForward, form.NormsBefore ? h : x, width, x, ActivationForm.Relu);
            if (!form.NormsBefore) g.LayerNorm($"{blk}.ffn_norm", x, x, c.Width);
        }

        Tensor last = g.OutputRows(x, width, c.Width);
        if (form.NormsBefore) g.LayerNorm("output_norm", last, last, c.Width, outputs: true);
        if (projects) last = g.Project("project_out", last, c.Width, form.WordWidth);
        g.Vocabulary(last, form.WordWidth);
    }
}
