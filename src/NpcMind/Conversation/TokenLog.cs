using System.Collections;
using System.Runtime.InteropServices;

namespace NpcMind;

/// <summary>
/// The tokens of a mind: what it has read or is to read, with what it said. Feature rows of images are negative
/// (<see cref="PictureToken"/>). Read by all, edited by <see cref="Conversation"/> alone, which brings the KV cache after it.
/// </summary>
internal sealed class TokenLog(int capacity) : IReadOnlyList<int>
{
    private readonly List<int> _tokens = new(capacity);

    public int Count => _tokens.Count;

    /// <summary>Valid until the next edit.</summary>
    public ReadOnlySpan<int> Span => CollectionsMarshal.AsSpan(_tokens);

    public int this[int index] => _tokens[index];

    public IEnumerator<int> GetEnumerator() => _tokens.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    public void Append(int token) => _tokens.Add(token);

    public void Append(ReadOnlySpan<int> tokens) => _tokens.AddRange(tokens);

    /// <summary>Keeps the first <paramref name="keep"/> tokens.</summary>
    public void Truncate(int keep)
    {
        if (keep < _tokens.Count) _tokens.RemoveRange(keep, _tokens.Count - keep);
    }
}
