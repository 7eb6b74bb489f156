namespace NpcMind.Inference;

/// <summary>Passes of an embedding model, beside the step and the image encoder's pass: they share nothing but the frame.</summary>
internal sealed partial class FrameRunner
{
    private readonly WorkCursor _embedding = new();
    private (EmbeddingEncoder Encoder, EmbeddingBatch Batch)? _embedded;

    /// <summary>Whether a pass of an embedding model is under way.</summary>
    public bool EmbeddingIsActive => _embedding.IsActive;

    /// <summary>Passes of the embedding model that ended in the frame collected last.</summary>
    public int EmbeddingsEnded { get; private set; }

    /// <summary>Makes a batch's pass the one under way.</summary>
    /// <param name="encoder">Embedding model.</param>
    /// <param name="batch">Texts; stays as it is until the pass has ended.</param>
    /// <param name="plan">The encoder's dispatches.</param>
    public void BeginEmbedding(EmbeddingEncoder encoder, EmbeddingBatch batch, WorkPlan plan)
    {
        ArgumentNullException.ThrowIfNull(encoder);
        ArgumentNullException.ThrowIfNull(batch);
        if (_embedding.IsActive) throw new InvalidOperationException("A pass is under way.");
        _embedding.Begin(plan, batch.Shape);
        _embedded = (encoder, batch);
        encoder.RecordInputs(_current!.Recorder, batch);
    }

    /// <summary>
    /// Records as much of the pass as fits into <paramref name="most"/> of the milliseconds that are left; true when it ended.
    /// </summary>
    public bool RecordEmbedding(double most)
    {
        if (!Record(_embedding, Math.Max(0, Remaining - most))) return false;
        _embedded!.Value.Encoder.RecordResults(_current!.Recorder, _embedded.Value.Batch);
        _current.EmbeddingsEnded++;
        return true;
    }
}
