namespace NpcMind.Vision;

/// <summary>A run of the token sequence that stands for a picture: either text, or slots whose embeddings are feature rows.</summary>
/// <param name="Text">Text to tokenize by itself, control tokens included; of a slot, the text of the token that stands in each of its places.</param>
/// <param name="Tile">Index into <see cref="PicturePlan.Tiles"/>; -1 for text.</param>
/// <param name="FirstFeature">First feature row of the picture; 0 for text.</param>
/// <param name="Count">Feature rows and so places; 0 for text.</param>
public readonly record struct ImagePiece(string Text, int Tile, int FirstFeature, int Count)
{
    /// <summary>Whether feature rows stand here.</summary>
    public bool IsSlot => Count > 0;
}

/// <summary>How the tokens around a family's feature rows are spelled. A name in a vocabulary that has it is one token; otherwise its text is tokenized like any other.</summary>
/// <param name="Family">"llama4" or "idefics3".</param>
/// <param name="Slot">Token in whose places the feature rows stand.</param>
/// <param name="Required">Tokens without which the family's sequence cannot be made: the vocabulary must have each as one token.</param>
public sealed record ImageTokenNames(string Family, string Slot, IReadOnlyList<string> Required)
{
    /// <summary>Llama 4.</summary>
    public static ImageTokenNames Llama4 { get; } = new("llama4", "<|patch|>", ["<|image_start|>", "<|image_end|>", "<|image|>", "<|patch|>", "<|tile_x_separator|>", "<|tile_y_separator|>"]);

    /// <summary>Idefics3 and SmolVLM. The names of tiles (&lt;row_1_col_1&gt;) are not required: older vocabularies spell them as text.</summary>
    public static ImageTokenNames Idefics3 { get; } = new("idefics3", "<image>", ["<fake_token_around_image>", "<global-img>", "<image>"]);

    /// <summary>The names of a family.</summary>
    /// <param name="family">"llama4" or "idefics3", as clip.projector_type has it.</param>
    /// <returns>Its names.</returns>
    /// <exception cref="ArgumentException">No such family is known here.</exception>
    public static ImageTokenNames Of(string family) => throw new NotImplementedException();
}

/// <summary>The token sequence that stands for a picture.</summary>
public static class ImageLayout
{
    /// <summary>Lists the pieces between the text before a picture and the text after it. Source: the processors of transformers. Any thread.</summary>
    /// <param name="plan">The picture's plan, made for the same family.</param>
    /// <param name="tokensPerTile">Feature rows of a tile, at least 1.</param>
    /// <param name="names">The family.</param>
    /// <returns>Text and slots in order; the slots' feature rows count up from 0 without a gap, tile after tile.</returns>
    /// <exception cref="ArgumentException">The family is not known, or <paramref name="tokensPerTile"/> is below 1.</exception>
    public static IReadOnlyList<ImagePiece> Create(PicturePlan plan, int tokensPerTile, ImageTokenNames names) => throw new NotImplementedException();
}
