using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>
/// Holds the sizes that follow from several keys (heads times their size, experts times their width) against the tensors, where the keys
/// are read: what the file's
/// own tensors bear out cannot be larger than the file. Names the old layout of experts, too.
/// </summary>
internal static class ModelShapes
{
    /// <summary>
    /// Throws unless every block's largest matrices are as wide and as many as the keys say, and of types there are kernels for.
    /// </summary>
    /// <param name="file">Model file.</param>
    /// <param name="c">What its keys say.</param>
    /// <param name="hasExperts">Which blocks have experts; null for all of a mixture.</param>
    /// <param name="blocks">Blocks that are run; null for all.</param>
    /// <param name="embeddingWidth">Width of the embedding; 0 for that of the model.</param>
    /// <exception cref="GgufFormatException">A tensor is missing or of another shape.</exception>
    /// <exception cref="UnsupportedModelException">A tensor is of a type there is no kernel for.</exception>
    public static void Check(
        GgufFile file, ModelConfig c, Func<int, bool>? hasExperts = null, IEnumerable<int>? blocks = null, int embeddingWidth = 0)
    {
        long heads = (long)c.Heads * c.HeadDim, kvHeads = (long)c.KvHeads * c.HeadDim;
        Matrix("token_embd", embeddingWidth > 0 ? embeddingWidth : c.Width, c.EmbeddingRows);
        foreach (int i in blocks ?? Enumerable.Range(0, c.Blocks))
        {
            string blk = $"blk.{i}";
            if (file.Find($"{blk}.attn_qkv.weight") is not null) Matrix($"{blk}.attn_qkv", c.Width, heads + 2 * kvHeads);
            else
            {
                Matrix($"{blk}.attn_q", c.Width, heads);
                Matrix($"{blk}.attn_k", c.Width, kvHeads);
            }

            if (!(hasExperts?.Invoke(i) ?? c.Experts > 0))
            {
                bool hasGate = file.Find($"{blk}.ffn_gate.weight") is not null;
                if (hasGate) Matrix($"{blk}.ffn_gate", c.Width, c.FeedForward);
                else Matrix($"{blk}.ffn_down", c.FeedForward, c.Width);
                continue;
            }

            Matrix($"{blk}.ffn_gate_inp", c.Width, c.Experts);
            if (HasSeparateExperts(file, $"{blk}.ffn_gate_exps")) Matrix(Expert($"{blk}.ffn_gate_exps", c.Experts - 1), c.Width,
                c.ExpertFeedForward);
            else Matrix($"{blk}.ffn_gate_exps", c.Width, c.ExpertFeedForward, c.Experts);
        }

        if (file.Tensors.FirstOrDefault(t => t.Dimensions.Count > 1 && WeightLayout.For(t.Type) is null) is { } foreign)
            throw new UnsupportedModelException(file.Path, $"tensor type {foreign.Type} of '{foreign.Name}'",
                $"Supported: {string.Join(", ", WeightLayout.Supported)}. Use a file in one of these.");

        void Matrix(string name, long columns, long rows, int slabs = 1)
        {
            GgufTensor tensor = file.Find(name + ".weight")
                ?? throw new GgufFormatException(file.Path, 0, $"a tensor '{name}.weight'", $"{file.Tensors.Count} tensors without it",
                    GgufFormatException.OtherConversion);
            if (tensor.Columns != columns || tensor.Rows != rows || tensor.Slabs != slabs)
                throw new GgufFormatException(
                    file.Shards[tensor.Shard], tensor.Offset,
                    $"tensor '{tensor.Name}' of {columns} x {rows}{(slabs > 1 ? $" x {slabs}" : "")}, as the keys of {c.Architecture} say",
                    tensor.Shape,
                    GgufFormatException.OtherConversion);
        }
    }

    /// <summary>Whether a stack of experts lies in the file as one tensor each, as Mixtral's did until spring 2024.</summary>
    public static bool HasSeparateExperts(GgufFile file, string stack) =>
        file.Find(stack + ".weight") is null && file.Find(Expert(stack, 0) + ".weight") is not null;

    /// <summary>What one expert of <c>blk.N.ffn_gate_exps</c> was called: <c>blk.N.ffn_gate.E</c>.</summary>
    public static string Expert(string stack, int expert) => $"{stack[..^"_exps".Length]}.{expert}";
}
