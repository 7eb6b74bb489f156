namespace NpcMind.Inference;

/// <summary>
/// By which positions the rows of sequences are turned, where those of pictures differ from their places in the cache: a picture takes as
/// many positions as its longer side has feature rows (Wang et al. 2024, Qwen2-VL, section 2.1). Used by one thread.
/// </summary>
/// <param name="sequences">Slots.</param>
/// <param name="contextTokens">Tokens of a slot.</param>
internal sealed class RopePlaces(int sequences, int contextTokens)
{
    private readonly int[] _next = new int[sequences * contextTokens]; // what the token behind each is turned by

    /// <summary>Notes what stands at a position, and returns what it is turned by. Positions of a slot are noted in order.</summary>
    /// <param name="slot">Sequence.</param>
    /// <param name="position">Place in the cache.</param>
    /// <param name="row">Feature row there.</param>
    public RopePlace Set(int slot, int position, PictureRow row)
    {
        int at = slot * contextTokens + position;
        if (row.Count == 0)
        {
            RopePlace place = RopePlace.At(position == 0 ? 0 : _next[at - 1]);
            _next[at] = place.Time + 1;
            return place;
        }

        int columns = Math.Max(1, row.Columns), before = position - row.Index, start = before <= 0 ? 0 : _next[at - row.Index - 1];
        _next[at] = start + Math.Max(columns, (row.Count + columns - 1) / columns);
        return new RopePlace(start, start + row.Index / columns, start + row.Index % columns);
    }

    /// <summary>Lets a sequence begin as another does.</summary>
    public void Copy(int from, int to, int tokens) => _next.AsSpan(from * contextTokens, tokens).CopyTo(_next.AsSpan(to * contextTokens));
}
