using System.Runtime.CompilerServices;

namespace NpcMind;

/// <summary>
/// A vector that represents the meaning of a text: texts of similar meaning have similar vectors. Filled in by
/// <see cref="NpcRuntime.Tick(FrameBudget)"/> and read on the same thread: ask <see cref="IsDone"/>, or await it.
/// </summary>
public sealed class Embedding
{
    private readonly float[] _values;
    private TaskCompletionSource<Embedding>? _completion;

    internal Embedding(string text, int[] tokens, int dimensions)
    {
        Text = text;
        Tokens = tokens;
        _values = new float[dimensions];
    }

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>Whether the vector is ready or has failed (<see cref="Error"/>).</summary>
    public bool IsDone { get; private set; }

    /// <summary>Why there is no vector; null otherwise.</summary>
    public string? Error { get; private set; }

    /// <summary>
    /// Returns a unit vector of <see cref="NpcRuntime.EmbeddingDimensions"/> numbers. It does not change any more.
    /// </summary>
    /// <exception cref="InvalidOperationException">The vector is not ready yet, or has failed.</exception>
    public ReadOnlySpan<float> Values => !IsDone
        ? throw new InvalidOperationException("The embedding is not ready yet: keep calling Tick, or await it.")
        : Error is { } error ? throw new InvalidOperationException(error) : _values;

    internal int[] Tokens { get; }

    internal Span<float> Target => _values;

    /// <summary>Returns how alike two texts are in meaning: the cosine of the angle between them, -1 to 1.</summary>
    /// <param name="other">An embedding of the same model.</param>
    /// <exception cref="InvalidOperationException">One of the two is not there.</exception>
    /// <exception cref="ArgumentException">The other is of another model.</exception>
    public float Similarity(Embedding other)
    {
        ArgumentNullException.ThrowIfNull(other);
        ReadOnlySpan<float> a = Values, b = other.Values;
        if (a.Length != b.Length)
            throw new ArgumentException(
                $"The other embedding has {b.Length} dimensions, this one {a.Length}: compare embeddings of one model.", nameof(other));
        double sum = 0;
        for (int i = 0; i < a.Length; i++) sum += (double)a[i] * b[i];
        return (float)sum;
    }

    /// <summary>
    /// Lets the embedding be awaited: what follows runs at the end of the tick that finishes it, on the thread that ticks.
    /// </summary>
    /// <remarks>
    /// The result is this embedding. <see cref="InvalidOperationException"/> is thrown where it has an <see cref="Error"/>.
    /// </remarks>
    public TaskAwaiter<Embedding> GetAwaiter()
    {
        _completion ??= new TaskCompletionSource<Embedding>();
        if (IsDone) Complete();
        return _completion.Task.GetAwaiter();
    }

    internal void Finish(string? error = null)
    {
        Error = error;
        IsDone = true;
    }

    /// <summary>Lets those who await it go on.</summary>
    internal void Complete()
    {
        if (Error is { } error) _completion?.TrySetException(new InvalidOperationException(error));
        else _completion?.TrySetResult(this);
    }
}
