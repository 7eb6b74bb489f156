namespace NpcMind.Inference;

/// <summary>Where a feature row stands among those of its picture, or of its tile, that follow one another.</summary>
/// <param name="Index">Rows before it.</param>
/// <param name="Count">All rows; 0 for a token that is none.</param>
/// <param name="Columns">Rows that stand side by side in the picture; 0 where nobody knows.</param>
internal readonly record struct PictureRow(int Index, int Count, int Columns)
{
    /// <summary>Rows behind it.</summary>
    public int Ahead => Count == 0 ? 0 : Count - 1 - Index;
}
