using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Writes small image encoders (mmproj files, architecture <c>clip</c>) with seeded random weights: the same options give the same file,
/// byte for byte, on every machine. Gains are chosen so that rows for the text model are as wide as its embeddings and every block matters.
/// </summary>
internal static class TinyEyes
{
    /// <summary>Builds the encoder and writes it to <paramref name="path"/>.</summary>
    public static void Write(string path, TinyEyesOptions options) => Build(options).Save(path);

    /// <summary>The encoder, not yet written: for tests that add something.</summary>
    public static GgufWriter Build(TinyEyesOptions options)
    {
        bool llama4 = options.Form == TinyEyesForm.Llama4;
        GgufWriter writer = new();
        Keys(writer, options);
        TinyWeights weights = new(writer, options.Seed);
        int side = options.Tile / options.Patch, pixels = 3 * options.Patch * options.Patch,
            token = options.Width * options.Scale * options.Scale;
        TensorType patches = llama4 && options.Matrices != TensorType.F32 ? TensorType.F16 : TensorType.F32;
        long[] kernel = llama4 ? [pixels, options.Width] : [options.Patch, options.Patch, 3, options.Width];
        weights.Matrix("v.patch_embd", patches, kernel, pixels, 1.5, biases: llama4 ? 0 : options.Width);
        if (llama4) weights.Vector("v.class_embd", options.Width, 1);
        weights.Table("v.position_embd.weight", options.Width, (side * side) + (llama4 ? 1 : 0), 0.5);
        if (llama4) Norm(weights, options, "v.pre_ln");
        for (int i = 0; i < options.Blocks; i++) Block(weights, options, $"v.blk.{i}.");
        Norm(weights, options, "v.post_ln");
        if (llama4)
        {
            weights.Matrix("mm.model.mlp.1", options.Matrices, options.Adapter, token, 1.8);
            weights.Matrix("mm.model.mlp.2", options.Matrices, options.Adapter, options.Adapter, 1.8);
        }

        weights.Matrix("mm.model.fc", options.Matrices, options.TextWidth, llama4 ? options.Adapter : token, llama4 ? 0.75 : 1);
        return writer;
    }

    private static void Keys(GgufWriter writer, TinyEyesOptions options)
    {
        writer.Add("general.architecture", "clip")
            .Add("general.type", "mmproj")
            .Add("general.name", "NpcMind tiny eyes")
            .Add("clip.has_vision_encoder", true)
            .Add("clip.vision.projection_dim", (uint)options.TextWidth)
            .Add("clip.vision.image_size", (uint)options.Tile)
            .Add("clip.vision.patch_size", (uint)options.Patch)
            .Add("clip.vision.embedding_length", (uint)options.Width)
            .Add("clip.vision.feed_forward_length", (uint)options.FeedForward)
            .Add("clip.vision.block_count", (uint)options.Blocks)
            .Add("clip.vision.attention.head_count", (uint)options.Heads)
            .Add("clip.vision.image_mean", [0.5f, 0.5f, 0.5f])
            .Add("clip.vision.image_std", [0.5f, 0.5f, 0.5f])
            .Add("clip.projector_type", options.Form == TinyEyesForm.Llama4 ? "llama4" : "idefics3")
            .Add("clip.vision.attention.layer_norm_epsilon", options.Form == TinyEyesForm.Llama4 ? 1e-5f : 1e-6f)
            .Add("clip.vision.projector.scale_factor", (uint)options.Scale)
            .Add("clip.use_gelu", true);
        if (options.Form == TinyEyesForm.Idefics3)
            writer.Add("clip.vision.preproc_image_size", (uint)(options.LongestEdge ?? 2 * options.Tile));
    }

    private static void Block(TinyWeights weights, TinyEyesOptions options, string at)
    {
        Norm(weights, options, at + "ln1");
        weights.Matrix(at + "attn_q", options.Matrices, options.Width, options.Width, 1.6, bias: true);
        weights.Matrix(at + "attn_k", options.Matrices, options.Width, options.Width, 1.6, bias: true);
        weights.Matrix(at + "attn_v", options.Matrices, options.Width, options.Width, 1.2, bias: true);
        weights.Matrix(at + "attn_out", options.Matrices, options.Width, options.Width, 1, bias: true);
        Norm(weights, options, at + (options.OtherNames ? "attn_post_norm" : "ln2"));
        weights.Matrix(at + "ffn_up", options.Matrices, options.FeedForward, options.Width, 1.5, bias: true);
        weights.Matrix(at + "ffn_down", options.Matrices, options.Width, options.FeedForward, 1.5, bias: true);
    }

    private static void Norm(TinyWeights weights, TinyEyesOptions options, string name)
    {
        weights.Norm(name, options.Width);
        weights.Vector(name + ".bias", options.Width, 0.1);
    }
}
