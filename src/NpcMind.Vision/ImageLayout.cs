using System.Globalization;

namespace NpcMind.Vision;

/// <summary>A run of the token sequence that stands for a picture: either text, or slots whose embeddings are feature rows.</summary>
/// <param name="Text">Text to tokenize by itself, control tokens included; of a slot, the text of the token that stands in each of its places.</param>
/// <param name="Tile">Index into <see cref="PicturePlan.Tiles"/>; -1 for text.</param>
/// <param name="FirstFeature">First feature row of the picture; 0 for text.</param>
/// <param name="Count">Feature rows and so places; 0 for text.</param>
internal readonly record struct ImagePiece(string Text, int Tile, int FirstFeature, int Count)
{
    /// <summary>Whether feature rows stand here.</summary>
    public bool IsSlot => Count > 0;
}

/// <summary>What the tokens of a family are called. Immutable; any thread.</summary>
internal sealed record ImageTokenNames
{
    private ImageTokenNames(string family, string slot, IReadOnlyList<string> required) => (Family, Slot, Required) = (family, slot, required);

    /// <summary>Llama 4.</summary>
    public static ImageTokenNames Llama4 { get; } = new("llama4", "<|patch|>", ["<|image_start|>", "<|image_end|>", "<|image|>", "<|patch|>", "<|tile_x_separator|>", "<|tile_y_separator|>"]);

    /// <summary>Idefics3 and SmolVLM. The names of tiles (&lt;row_1_col_1&gt;) are not required: vocabularies without them spell them as text.</summary>
    public static ImageTokenNames Idefics3 { get; } = new("idefics3", "<image>", ["<fake_token_around_image>", "<global-img>", "<image>"]);

    /// <summary>"llama4" or "idefics3", as clip.projector_type has it.</summary>
    public string Family { get; }

    /// <summary>Token in whose places the feature rows stand.</summary>
    public string Slot { get; }

    /// <summary>Tokens a vocabulary must have, each as one token, for the family's sequence to mean anything.</summary>
    public IReadOnlyList<string> Required { get; }

    /// <summary>The names of a family.</summary>
    /// <param name="family">"llama4" or "idefics3".</param>
    /// <returns>Its names.</returns>
    /// <exception cref="ArgumentException">No such family is known here.</exception>
    public static ImageTokenNames Of(string family) => family switch
    {
        "llama4" => Llama4,
        "idefics3" => Idefics3,
        _ => throw new ArgumentException($"Image tokens are known for llama4 and idefics3, not for '{family}'.", nameof(family)),
    };
}

/// <summary>The token sequence that stands for a picture.</summary>
internal static class ImageLayout
{
    /// <summary>Most feature rows of a tile.</summary>
    public const int MaxTokensPerTile = 1 << 16;

    /// <summary>Lists the pieces between the text before a picture and the text after it. Source: the processors of transformers. Any thread.</summary>
    /// <param name="plan">The picture's plan, made for the same family.</param>
    /// <param name="tokensPerTile">Feature rows of a tile, 1 to <see cref="MaxTokensPerTile"/>.</param>
    /// <param name="names">The family.</param>
    /// <returns>Text and slots in order; the slots' feature rows count up from 0 without a gap, tile after tile.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="tokensPerTile"/> is out of range.</exception>
    public static IReadOnlyList<ImagePiece> Create(PicturePlan plan, int tokensPerTile, ImageTokenNames names)
    {
        if (tokensPerTile is < 1 or > MaxTokensPerTile) throw new ArgumentOutOfRangeException(nameof(tokensPerTile), tokensPerTile, $"A tile has 1 to {MaxTokensPerTile} feature rows.");
        List<ImagePiece> pieces = [];
        if (names == ImageTokenNames.Llama4) Llama4();
        else Idefics3();
        return pieces;

        void Text(string text) => pieces.Add(new(text, -1, 0, 0));
        void Slots(int tile) => pieces.Add(new(names.Slot, tile, tile * tokensPerTile, tokensPerTile));

        void Llama4()
        {
            Text("<|image_start|>");
            // The only tile of a small picture is the whole picture and is introduced as such.
            if (plan.Tiles.Count > 1)
                for (int tile = 0; tile < plan.Rows * plan.Columns; tile++)
                {
                    Slots(tile);
                    Text((tile + 1) % plan.Columns == 0 ? "<|tile_y_separator|>" : "<|tile_x_separator|>");
                }

            Text("<|image|>");
            Slots(plan.Tiles.Count - 1);
            Text("<|image_end|>");
        }

        void Idefics3()
        {
            for (int row = 0; row < plan.Rows; row++)
            {
                for (int column = 0; column < plan.Columns; column++)
                {
                    Text("<fake_token_around_image>");
                    Text(string.Create(CultureInfo.InvariantCulture, $"<row_{row + 1}_col_{column + 1}>"));
                    Slots((row * plan.Columns) + column);
                }

                // The newline after the last row and the one before the global tile are one text to the tokenizer, which has a token for both together.
                Text(row + 1 < plan.Rows ? "\n" : "\n\n");
            }

            Text("<fake_token_around_image>");
            Text("<global-img>");
            Slots(plan.Tiles.Count - 1);
            Text("<fake_token_around_image>");
        }
    }
}
