namespace NpcMind;

/// <content>Embeddings of texts, by a model beside the characters'.</content>
public sealed partial class NpcRuntime
{
    /// <summary>Numbers of an <see cref="Embedding"/>; 0 without <see cref="NpcRuntimeOptions.EmbeddingModelPath"/>.</summary>
    public int EmbeddingDimensions => Embeddings?.Dimensions ?? 0;

    /// <summary>
    /// Most tokens of a text that is embedded, [CLS] and [SEP] included; 0 without <see cref="NpcRuntimeOptions.EmbeddingModelPath"/>.
    /// </summary>
    public int MaxEmbeddingTokens => Embeddings?.MaxTokens ?? 0;

    /// <summary>Texts on their way through the embedding model; null when there is none.</summary>
    internal EmbeddingQueue? Embeddings { get; }

    /// <summary>
    /// Embeds a text with the embedding model, within the budgets of the coming ticks. What a text gets depends neither on budgets nor on
    /// the texts beside it.
    /// </summary>
    /// <param name="text">Up to <see cref="MaxEmbeddingTokens"/> tokens: a few sentences.</param>
    /// <returns>The embedding, which is filled in later.</returns>
    /// <exception cref="InvalidOperationException">
    /// There is no embedding model (<see cref="NpcRuntimeOptions.EmbeddingModelPath"/>), or 1,024 texts wait.
    /// </exception>
    /// <exception cref="ContextOverflowException">The text has too many tokens.</exception>
    /// <exception cref="ObjectDisposedException">The runtime was disposed.</exception>
    public Embedding Embed(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckThread();
        return Embeddings?.Add(text) ?? throw new InvalidOperationException(
            "There is no embedding model: load the runtime with "
            + $"{nameof(NpcRuntimeOptions)}.{nameof(NpcRuntimeOptions.EmbeddingModelPath)}.");
    }
}
