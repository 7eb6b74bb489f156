using NpcMind.Gguf;

namespace NpcMind.Inference;

/// <summary>Tells language models from the other things that GGUF files hold, so that each is refused as what it is. Any thread.</summary>
internal static class ModelKind
{
    private const string GiveModel = "Give the language model here.";

    /// <summary>Returns the architecture of a language model, whether there is code for it or not.</summary>
    /// <param name="file">An open file.</param>
    /// <exception cref="UnsupportedModelException">
    /// It is an image encoder, an adapter, an importance matrix, a bare vocabulary, or does not name its architecture.
    /// </exception>
    public static string RequireLanguageModel(GgufFile file)
    {
        string? architecture = Other(file);
        if (file.Tensors.Count == 0)
            throw new UnsupportedModelException(file.Path, "a vocabulary without a model (the file has no tensors)", GiveModel);
        return architecture
            ?? throw new UnsupportedModelException(file.Path, "a file that does not name its architecture (general.architecture)",
                "It may hold an audio or image model, or come from an early converter. Give a language model in GGUF form.");
    }

    /// <summary>Throws if the file has no vocabulary, and says what it is instead.</summary>
    /// <param name="file">An open file.</param>
    /// <exception cref="UnsupportedModelException">It is none that has a vocabulary.</exception>
    public static void RequireVocabulary(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        if (file.Metadata.Find("tokenizer.ggml.model") is null) Other(file);
    }

    /// <summary>The architecture that a file names; null for none. Throws for what is no language model.</summary>
    private static string? Other(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        string architecture = Text(file, "general.architecture"), type = Text(file, "general.type");
        (string What, string Advice)? other = (architecture, type) switch
        {
            ("clip", _) or (_, "mmproj") =>
                ("the architecture 'clip' (an image encoder, mmproj) as language model",
                $"{GiveModel} This file goes beside it, as its image encoder (ImageEncoderPath, --mmproj)."),
            ("controlvector", _) => ("a control vector", $"{GiveModel} NpcMind applies no control vectors."),
            ("imatrix", _) or (_, "imatrix") => ("an importance matrix (imatrix), which only quantisers read,", GiveModel),
            (_, "adapter") => ("a LoRA adapter", "Give the model that it changes, with the adapter merged into it (llama-export-lora)."),
            _ when file.Metadata.Find("adapter.type") is not null =>
                ("an adapter", "Give the model that it changes, with the adapter merged into it (llama-export-lora)."),
            ("bert" or "nomic-bert" or "nomic-bert-moe" or "jina-bert-v2" or "jina-bert-v3" or "modern-bert" or "neo-bert"
                or "gemma-embedding" or "t5encoder", _) =>
                ($"the architecture '{architecture}' (it makes embeddings, not words)",
                $"{GiveModel} An embedding model goes beside it (EmbeddingModelPath, npcmind embed)."),
            ("wavtokenizer-dec", _) => ($"the architecture '{architecture}' (a decoder of sound)", GiveModel),
            _ => null,
        };
        if (other is { } found) throw new UnsupportedModelException(file.Path, found.What, found.Advice);
        return architecture.Length == 0 ? null : architecture;
    }

    private static string Text(GgufFile file, string key) =>
        file.Metadata.Find(key) is { Type: GgufValueType.String } value ? value.Text() : "";
}
