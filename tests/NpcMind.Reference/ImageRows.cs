namespace NpcMind.Reference;

/// <summary>Puts features of pictures in the places of their tokens.</summary>
internal static class ImageRows
{
    /// <summary>
    /// Per token the next row of <paramref name="features"/> where the token is <paramref name="imageToken"/>, null elsewhere.
    /// </summary>
    /// <param name="ids">Tokens of the sequence.</param>
    /// <param name="imageToken">The token that marks a place.</param>
    /// <param name="features">[places, embedding], those of several pictures one after the other.</param>
    /// <param name="embedding">Width of a row.</param>
    public static float[]?[] Place(ReadOnlySpan<int> ids, int imageToken, ReadOnlySpan<float> features, int embedding)
    {
        float[]?[] rows = new float[]?[ids.Length];
        int next = 0;
        for (int i = 0; i < ids.Length; i++)
            if (ids[i] == imageToken) rows[i] = features.Slice(embedding * next++, embedding).ToArray();
        if (next * embedding != features.Length)
            throw new ArgumentException($"{next} places for {features.Length / embedding} rows of {embedding}.", nameof(features));
        return rows;
    }
}
