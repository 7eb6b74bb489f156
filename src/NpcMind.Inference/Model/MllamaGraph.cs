using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The text model of the architecture <c>mllama</c> (Llama 3.2 Vision): llama with layers between that attend to an image. Without an image
/// these pass everything on, and as images are not encoded for it here, they are left out.
/// </summary>
internal static class MllamaGraph
{
    public static ModelPlan Read(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        const string Key = "mllama.attention.cross_attention_layers";
        ModelConfig c = ModelConfig.Read(file);
        GgufValue layers = m.Numbers(Key) ?? throw m.Wrong(Key, "the layers that attend to an image");
        HashSet<int> cross = [];
        for (int i = 0; i < layers.Count; i++)
            if (!layers.IsInteger || layers.Number(i) < 0 || layers.Number(i) >= c.Blocks || !cross.Add((int)layers.Number(i)))
                throw m.Wrong(Key, $"different layers from 0 to {c.Blocks - 1}");
        if (cross.Count == c.Blocks) throw m.Wrong(Key, "fewer layers than there are");
        // The embedding has rows for image tokens, which are never said.
        if (file.Find("output.weight") is { Rows: > 0 and < int.MaxValue } output && output.Rows < c.Vocabulary)
            c = c with { Vocabulary = (int)output.Rows, Tokens = Math.Min(c.Tokens, (int)output.Rows) };
        int[] own = [.. Enumerable.Range(0, c.Blocks).Where(i => !cross.Contains(i))];
        ModelShapes.Check(file, c, blocks: own);
        return new ModelPlan(c with { Spans = new AttentionSpan[own.Length] }, g => Build(g, own, cross));
    }

    private static void Build(GraphBuilder g, int[] own, HashSet<int> cross)
    {
        ModelConfig c = g.Config;
        int width = Workspace.Stride(c.Width), heads = c.Heads * c.HeadDim;
        AttentionSpec attention = new(c.Heads, c.KvHeads, c.HeadDim, c.AttentionScale) { Rope = new RopeForm() };
        Tensor x = g.Rows("x", c.Width), attended = g.Rows("attended", heads);

        g.Embed("embed", "token_embd", x, width);
        for (int i = 0; i < own.Length; i++)
        {
            string blk = $"blk.{own[i]}";
            // attention
            g.QueryKeyValue(blk, g.Normed($"{blk}.attn_norm", x), width);
            g.Attention(blk, i, attention, attended, Workspace.Stride(heads));
            g.MatMulAdd(
                $"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", heads, c.Width), attended, Workspace.Stride(heads), x, width);

            // feed-forward
            g.GatedFeedForward(blk, "", c.FeedForward, g.Normed($"{blk}.ffn_norm", x), width, x);
        }

        foreach (int layer in cross) g.Weights.LeaveOut($"blk.{layer}.");
        g.Logits(x, width);
    }
}
