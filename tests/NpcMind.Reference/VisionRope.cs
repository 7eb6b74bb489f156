namespace NpcMind.Reference;

/// <summary>
/// Rotation by place in the picture (Llama 4): the first half of a head turns by column + 1, the second by row + 1, neighbours in pairs,
/// frequencies as for a head of half the width. Rows after the last patch (the class token) do not turn.
/// </summary>
internal static class VisionRope
{
    /// <summary>Rotates in place.</summary>
    /// <param name="x">[at least side^2, heads, headDim], patches row by row.</param>
    /// <param name="heads">Heads of one row.</param>
    /// <param name="headDim">A multiple of 4.</param>
    /// <param name="side">Patches in a row and a column.</param>
    public static void Run(Span<float> x, int heads, int headDim, int side)
    {
        RopeSettings half = new(headDim / 2);
        for (int i = 0; i < side * side * heads; i++)
        {
            int patch = i / heads;
            Span<float> head = x.Slice(i * headDim, headDim);
            Rope.Run(head[..(headDim / 2)], 1, headDim / 2, (patch % side) + 1, half);
            Rope.Run(head[(headDim / 2)..], 1, headDim / 2, (patch / side) + 1, half);
        }
    }
}
