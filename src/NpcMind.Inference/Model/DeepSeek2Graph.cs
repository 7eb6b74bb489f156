using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// The architecture <c>deepseek2</c>: DeepSeek V2, V2-Lite, V3, R1 and what shares their form. Attention is latent: a token keeps one row
/// of 512 + 64 numbers for all heads, and the matrices that would make keys and values of it are applied to queries and results instead
/// ("absorbed"). The first layers are dense, the others mixtures with shared experts, chosen by groups (DeepSeek-AI 2024, DeepSeek-V2 and
/// DeepSeek-V3).
/// </summary>
internal static class DeepSeek2Graph
{
    /// <summary>Of the norms on latents, in the original code, whatever the file says of the others.</summary>
    private const float LatentEpsilon = 1e-6f;

    private sealed record Form(LatentSpec Latent, RouterSpec Router, int DenseLayers, int Shared);

    public static ModelPlan Read(GgufFile file)
    {
        GgufMetadata m = file.Metadata;
        const string A = "deepseek2.";
        int heads = ModelConfig.Size(m, A + "attention.head_count", 1 << 12);
        int latent = ModelConfig.Size(m, A + "attention.kv_lora_rank", 1 << 14),
            rope = ModelConfig.Size(m, A + "rope.dimension_count", 1 << 12);
        // Files from before the split say the widths of the heads under the keys that now give those of the cache.
        bool isSplit = m.Find(A + "attention.key_length_mla") is not null;
        int key = ModelConfig.Size(m, A + (isSplit ? "attention.key_length_mla" : "attention.key_length"), 1 << 14);
        int value = ModelConfig.Size(m, A + (isSplit ? "attention.value_length_mla" : "attention.value_length"), 1 << 14);
        if (key <= rope) throw m.Wrong(A + "attention.key_length", $"more than the {rope} elements that are turned");
        LatentSpec spec = new(heads, latent, rope, key - rope, value, ModelConfig.Size(m, A + "attention.q_lora_rank", 1 << 14, 0, 0));
        if (latent % 4 != 0 || rope % 4 != 0 || spec.Plain % 4 != 0 || value % 4 != 0)
            throw new UnsupportedModelException(file.Path,
                $"latent attention of {latent} + {rope} elements with heads of {spec.Plain} and {value}", "Each must be a multiple of 4.");
        if (spec.RowWidth > ModelConfig.MaximumLatentRow)
            throw new UnsupportedModelException(
                file.Path, $"latent attention with rows of {spec.RowWidth} elements", $"At most {ModelConfig.MaximumLatentRow}.");

        Check("blk.0.attn_kv_a_mqa.weight", spec.RowWidth);
        Check(spec.QueryLatent == 0 ? "blk.0.attn_q.weight" : "blk.0.attn_q_b.weight", (long)heads * spec.QueryWidth);
        ModelConfig c = ModelConfig.Read(file, new HeadShape(1, spec.RowWidth, rope)) with { LatentWidth = latent };
        (float scale, RopeConfig angles) = Scaling(m, c, key);
        c = c with { AttentionScale = scale, Rope = angles };
        Form form = new(
            spec, Router(m, c), ModelConfig.Size(m, A + "leading_dense_block_count", c.Blocks, 0, 0),
            c.ExpertFeedForward * ModelConfig.Size(m, A + "expert_shared_count", 1 << 10, 0, 0));
        return new ModelPlan(c, g => Build(g, form));

        // Buffers are sized by these keys: the file must bear them out.
        void Check(string name, long rows)
        {
            GgufTensor tensor = file.Find(name) ?? throw new GgufFormatException(
                file.Path, 0, $"a tensor '{name}'", $"{file.Tensors.Count} tensors without it", GgufFormatException.OtherConversion);
            if (tensor.Rows != rows)
                throw new GgufFormatException(file.Shards[tensor.Shard], tensor.Offset,
                    $"tensor '{name}' of {rows} rows, as the keys of deepseek2 say", tensor.Shape, GgufFormatException.OtherConversion);
        }
    }

    /// <summary>YaRN's factor lies in the scale of the scores, squared, instead of on cosines and sines.</summary>
    private static (float Scale, RopeConfig Rope) Scaling(GgufMetadata m, ModelConfig c, int key)
    {
        double multiplier = (m.Number("deepseek2.rope.scaling.yarn_log_multiplier") ?? 0) / 0.1;
        if (!double.IsFinite(multiplier) || multiplier is < 0 or > 100)
            throw m.Wrong("deepseek2.rope.scaling.yarn_log_multiplier", "a factor from 0 to 10");
        if (c.Rope.Yarn is null || multiplier == 0) return ((float)(1 / Math.Sqrt(key)), c.Rope);
        double magnitude = 1 + 0.1 * multiplier * Math.Log(1 / c.Rope.Scale);
        return ((float)(magnitude * magnitude / Math.Sqrt(key)), c.Rope with { Magnitude = 1 });
    }

    private static RouterSpec Router(GgufMetadata m, ModelConfig c)
    {
        long gate = m.Integer("deepseek2.expert_gating_func") ?? 0;
        if (gate is < 0 or > 2) throw m.Wrong("deepseek2.expert_gating_func", "1 (softmax) or 2 (sigmoid)");
        double scale = m.Number("deepseek2.expert_weights_scale") ?? 1;
        if (!double.IsFinite((float)scale)) throw m.Wrong("deepseek2.expert_weights_scale", "a finite number");
        int groups = ModelConfig.Size(m, "deepseek2.expert_group_count", 64, 1, 0),
            used = ModelConfig.Size(m, "deepseek2.expert_group_used_count", 64, 1, 0);
        if (groups > 1 && (c.Experts % groups != 0 || used < 1 || used > groups || used * (c.Experts / groups) < c.ExpertsUsed))
            throw m.Wrong("deepseek2.expert_group_count",
                $"groups of equal size among {c.Experts} experts, of which those used hold {c.ExpertsUsed}");
        return new RouterSpec
        {
            Gate = gate == 2 ? RouterGate.Sigmoid : RouterGate.Softmax,
            Normalizes = m.Boolean("deepseek2.expert_weights_norm") ?? false,
            Scale = scale == 0 ? 1 : (float)scale,
            Groups = Math.Max(1, groups),
            GroupsUsed = Math.Max(1, used),
        };
    }

    private static void Build(GraphBuilder g, Form form)
    {
        ModelConfig c = g.Config;
        LatentSpec a = form.Latent;
        int width = Workspace.Stride(c.Width), values = a.Heads * a.Value;
        Tensor x = g.Rows("x", c.Width), h = g.Rows("h", c.Width), attended = g.Packed("attended", values);
        Tensor projected = g.Packed("projected queries", a.Heads * a.QueryWidth), latent = g.Rows("latent", a.RowWidth);
        int queries = a.Heads * a.QueryWidth;

        g.Embed("embed", "token_embd", x, width);
        for (int i = 0; i < c.Blocks; i++)
        {
            string blk = $"blk.{i}";
            // queries, and the row of the token
            RowInput normed = g.Normed($"{blk}.attn_norm", x);
            if (a.QueryLatent == 0)
            {
                g.MatMul($"{blk}.attn_q", g.Weights.Matrix($"{blk}.attn_q", c.Width, queries), normed, width, projected, queries, queries);
            }
            else
            {
                Tensor queryLatent = g.Rows("query latent", a.QueryLatent);
                g.MatMul($"{blk}.attn_q_a", g.Weights.Matrix($"{blk}.attn_q_a", c.Width, a.QueryLatent), normed, width, queryLatent,
                    Workspace.Stride(a.QueryLatent));
                g.RmsNormInPlace($"{blk}.attn_q_a_norm", queryLatent, Workspace.Stride(a.QueryLatent), a.QueryLatent, LatentEpsilon);
                g.MatMul($"{blk}.attn_q_b", g.Weights.Matrix($"{blk}.attn_q_b", a.QueryLatent, queries), queryLatent,
                    Workspace.Stride(a.QueryLatent), projected, queries, queries);
            }

            g.MatMul($"{blk}.attn_kv_a_mqa", g.Weights.Matrix($"{blk}.attn_kv_a_mqa", c.Width, a.RowWidth), normed, width, latent,
                Workspace.Stride(a.RowWidth));
            g.RmsNormInPlace($"{blk}.attn_kv_a_norm", latent, Workspace.Stride(a.RowWidth), a.Latent, LatentEpsilon);

            // attention over latents
            g.LatentAttention(blk, i, a, projected, latent, Workspace.Stride(a.RowWidth), attended);
            g.MatMulAdd($"{blk}.attn_output", g.Weights.Matrix($"{blk}.attn_output", values, c.Width), attended, values, x, width);

            // feed-forward
            if (i < form.DenseLayers || c.Experts == 0)
            {
                g.GatedFeedForward(blk, "", c.FeedForward, g.Normed($"{blk}.ffn_norm", x), width, x);
            }
            else
            {
                // Written out: the shared expert reads it after the chosen ones have added to x.
                g.RmsNorm($"{blk}.ffn_norm", x, h, c.Width);
                g.MixtureFeedForward(
                    blk, h, width, x, form.Router with { HasSelectionBias = g.Weights.HasVector($"{blk}.exp_probs_b.bias") });
                if (form.Shared > 0) g.GatedFeedForward(blk, "_shexp", form.Shared, h, width, x);
            }
        }

        g.Logits(x, width);
    }
}
