namespace NpcMind.Inference;

/// <summary>How far back a layer's queries see.</summary>
internal enum AttentionSpanKind
{
    /// <summary>Every earlier token.</summary>
    Full,
    /// <summary>The tokens of the same chunk, counted in absolute positions (Llama 4).</summary>
    Chunk,
    /// <summary>The last tokens, the row's own included (sliding window).</summary>
    Window,
}

/// <summary>
/// Which earlier tokens a layer's queries see. Positions are absolute, from 0. Source: docs/reference/models-in-gguf.md section 3.
/// </summary>
/// <param name="Kind">Rule.</param>
/// <param name="Tokens">Size of the chunk or the window; 0 for <see cref="AttentionSpanKind.Full"/>.</param>
internal readonly record struct AttentionSpan(AttentionSpanKind Kind, int Tokens)
{
    /// <summary>Every earlier token.</summary>
    public static AttentionSpan Full => default;

    /// <summary>
    /// First position that a token at <paramref name="position"/> sees; <paramref name="position"/> itself where a chunk begins.
    /// </summary>
    public int FirstVisible(int position) => Kind switch
    {
        AttentionSpanKind.Chunk => position - position % Tokens,
        AttentionSpanKind.Window => Math.Max(0, position - Tokens + 1),
        _ => 0,
    };

    /// <summary>
    /// Where reading must begin anew to go on at token <paramref name="length"/> when what it sees is no longer there. A chunk depends on
    /// itself alone; a window's keys depend, layer by layer, on windows before it.
    /// </summary>
    public int ReadAgainFrom(int length) => Kind == AttentionSpanKind.Chunk ? FirstVisible(length) : 0;

    /// <summary>
    /// The same rule for sequences of at most <paramref name="tokens"/> tokens: one that never hides anything is <see cref="Full"/>.
    /// </summary>
    public AttentionSpan Within(int tokens) => Kind != AttentionSpanKind.Full && tokens <= Tokens ? Full : this;
}
