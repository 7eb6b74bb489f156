using NpcMind.Gguf;

namespace NpcMind.Reference;

/// <summary>
/// Gives a tiny model without a vocabulary one: the tokenizer and chat template of the other tiny models, and random rows for its tokens.
/// </summary>
internal static class TalkingModel
{
    private const int Vocabulary = 515, Context = 1024;

    /// <summary>Copies <paramref name="model"/> to <paramref name="path"/> with a vocabulary.</summary>
    public static void Write(string model, string path)
    {
        using GgufFile file = GgufFile.Open(model);
        string architecture = file.Metadata.String("general.architecture")!;
        GgufWriter writer = new();
        foreach (string key in file.Metadata.Keys)
        {
            if (key.StartsWith("tokenizer.", StringComparison.Ordinal) || key == $"{architecture}.vocab_size"
                || key == $"{architecture}.context_length") continue;
            writer.Add(key, file.Metadata.Find(key)!);
        }

        writer.Add($"{architecture}.vocab_size", (uint)Vocabulary).Add($"{architecture}.context_length", (uint)Context);
        TinyTokenizer.AddTo(writer, Vocabulary, chatTemplate: true);
        TinyWeights weights = new(writer, 11);
        foreach (GgufTensor tensor in file.Tensors)
        {
            int rows = tensor.Name switch
            {
                "token_embd.weight" or "output.weight" => Vocabulary,
                "position_embd.weight" => Context + 2,
                _ => 0,
            };
            if (rows > 0)
            {
                weights.Matrix(tensor.Name[..^".weight".Length], TensorType.F16, rows, (int)tensor.Columns, 2.5, bias: false);
                continue;
            }

            byte[] bytes = new byte[tensor.ByteLength];
            file.Read(tensor, 0, bytes);
            writer.AddTensor(tensor.Name, tensor.Type, [.. tensor.Dimensions], bytes);
        }

        writer.Save(path);
    }
}
