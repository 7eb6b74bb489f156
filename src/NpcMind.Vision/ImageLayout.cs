namespace NpcMind.Vision;

/// <summary>A run of the token sequence that stands for a picture: either text, or slots whose embeddings are feature rows.</summary>
/// <param name="Text">Text to tokenize by itself, control tokens included; of a slot, the text of the token that stands in each of its
/// places.</param>
/// <param name="Tile">Index into <see cref="PicturePlan.Tiles"/>; -1 for text.</param>
/// <param name="FirstFeature">First feature row of the picture; 0 for text.</param>
/// <param name="Count">Feature rows and so places; 0 for text.</param>
/// <param name="Columns">Feature rows that stand side by side in the tile; 0 for text, and where nobody knows.</param>
internal readonly record struct ImagePiece(string Text, int Tile, int FirstFeature, int Count, int Columns = 0)
{
    /// <summary>Whether feature rows stand here.</summary>
    public bool IsSlot => Count > 0;
}

/// <summary>What the tokens of a family of image encoders are called. Immutable; any thread.</summary>
/// <param name="Slot">Token in whose places the feature rows stand.</param>
/// <param name="Placeholder">What chat templates write where a picture belongs.</param>
/// <param name="Required">Tokens a vocabulary must have, each as one token, for the family's sequence to mean anything.</param>
/// <param name="Beside">Text before and after a picture, which is tokenized with the text that it stands in.</param>
internal sealed record ImageTokens(string Slot, string Placeholder, IReadOnlyList<string> Required, string Beside = "");
