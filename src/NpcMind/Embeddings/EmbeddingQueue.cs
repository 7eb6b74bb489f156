using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// Texts on their way through the embedding model, in batches, in slices of frames, in the order in which they came. Nothing here waits;
/// within a tick nothing allocates. Used by the game's thread.
/// </summary>
internal sealed class EmbeddingQueue : IDisposable
{
    private const int MostWaiting = 1024, Batches = 4;

    /// <summary>What the parameter is called in <see cref="NpcRuntime.Load"/>.</summary>
    private static readonly string Parameter = "options";

    private readonly EmbeddingEncoder _encoder;
    private readonly Tokenizer _tokenizer;
    private readonly FrameRunner _frames;
    private readonly WorkPlan _plan;
    private readonly EmbeddingBatch[] _batches = new EmbeddingBatch[Batches];
    private readonly Embedding[] _texts = new Embedding[MostWaiting]; // a ring
    private readonly List<Embedding> _finished = new(MostWaiting);
    private int _first; // the oldest text whose numbers are not there
    private int _count;
    private int _taken; // texts from the first on that are in batches
    private int _oldest; // the batch of the first text
    private int _begun; // batches whose passes are under way or on their way

    private EmbeddingQueue(EmbeddingEncoder encoder, Tokenizer tokenizer, FrameRunner frames)
    {
        _encoder = encoder;
        _tokenizer = tokenizer;
        _frames = frames;
        _plan = new WorkPlan(encoder.Nodes, frames.Costs);
        try
        {
            for (int i = 0; i < Batches; i++) _batches[i] = encoder.CreateBatch();
        }
        catch
        {
            foreach (EmbeddingBatch? batch in _batches) batch?.Dispose();
            throw;
        }
    }

    public int Dimensions => _encoder.Config.Width;

    public int MaxTokens => _encoder.Config.MaxTokens;

    /// <summary>Whether a text is on its way or waits.</summary>
    public bool IsBusy => _count > 0;

    /// <summary>Throws where the file cannot be used: before the language model is loaded.</summary>
    /// <param name="path">Embedding model; null for none.</param>
    public static void Check(string? path)
    {
        if (path is null) return;
        if (path.Length == 0)
            throw new ArgumentException(
                $"{nameof(NpcRuntimeOptions)}.{nameof(NpcRuntimeOptions.EmbeddingModelPath)} is empty: "
                + "it must name a file, or be null for none.", Parameter);
        using GgufFile file = GgufFile.Open(path);
        EmbeddingConfig.Read(file);
        Tokenizer.Create(file.Metadata);
    }

    /// <summary>Loads the embedding model and learns what it costs; null for none.</summary>
    /// <param name="device">Device.</param>
    /// <param name="path">Embedding model; null for none.</param>
    /// <param name="frames">Where its work goes.</param>
    /// <param name="passes">How often costs are measured.</param>
    public static EmbeddingQueue? Load(GpuDevice device, string? path, FrameRunner frames, int passes)
    {
        if (path is null) return null;
        using GgufFile file = GgufFile.Open(path);
        Tokenizer tokenizer = Tokenizer.Create(file.Metadata);
        EmbeddingEncoder encoder = EmbeddingEncoder.Load(device, file);
        try
        {
            Calibration.Run(encoder, frames.Costs, passes);
            return new EmbeddingQueue(encoder, tokenizer, frames);
        }
        catch
        {
            encoder.Dispose();
            throw;
        }
    }

    /// <summary>Adds a text.</summary>
    /// <exception cref="ContextOverflowException">It has more tokens than the model reads.</exception>
    /// <exception cref="InvalidOperationException">Too many texts wait.</exception>
    public Embedding Add(string text)
    {
        if (_count == MostWaiting)
            throw new InvalidOperationException($"{MostWaiting} texts wait to be embedded already: call Tick more often, or embed fewer.");
        int[] tokens = text.Length > MaxTokens * 1024L ? [] : _tokenizer.Encode(text, addSpecial: true);
        if (tokens.Length == 0 || tokens.Length > MaxTokens)
            throw new ContextOverflowException(
                $"The text has {text.Length} characters and {(tokens.Length == 0 ? "too many" : tokens.Length)} tokens; "
                + $"the embedding model reads at most {MaxTokens}. Cut it into parts.");
        Embedding embedding = new(text, tokens, Dimensions);
        _texts[(_first + _count++) % MostWaiting] = embedding;
        return embedding;
    }

    /// <summary>Puts work on the frame, at most so many of the milliseconds that are left.</summary>
    public void Record(double most)
    {
        double reserve = Math.Max(0, _frames.Remaining - most);
        while (_frames.EmbeddingIsActive || Begin())
            if (!_frames.RecordEmbedding(_frames.Remaining - reserve)) return;
    }

    /// <summary>Takes the numbers of passes that the device has finished.</summary>
    public void Collect(int passes)
    {
        for (; passes > 0 && _begun > 0; passes--)
        {
            EmbeddingBatch batch = _batches[_oldest];
            for (int i = 0; i < batch.Count; i++) Take(batch.Embedding(i));
            _oldest = (_oldest + 1) % Batches;
            _begun--;
        }
    }

    /// <summary>Goes back to the first text whose numbers are not there: nothing that is on its way counts.</summary>
    public void Rewind() => _taken = _begun = 0;

    /// <summary>Lets those who await finished embeddings go on. What they do may add texts.</summary>
    public void Complete()
    {
        for (int i = 0; i < _finished.Count; i++) _finished[i].Complete();
        _finished.Clear();
    }

    /// <summary>Ends all that waits without numbers. Nothing may be on its way: the frames were told to forget it.</summary>
    public void GiveUp(string message)
    {
        Rewind();
        for (; _count > 0; _count--, _first = (_first + 1) % MostWaiting)
        {
            _texts[_first].Finish(message);
            _finished.Add(_texts[_first]);
        }
    }

    /// <summary>Ends what waits. What is on its way must have finished.</summary>
    public void Dispose()
    {
        GiveUp("The runtime was disposed before the embedding was there.");
        foreach (EmbeddingBatch batch in _batches) batch.Dispose();
        _encoder.Dispose();
        Complete();
    }

    /// <summary>Begins the pass of the next batch; false when no text waits, or all batches are on their way.</summary>
    private bool Begin()
    {
        if (_taken == _count || _begun == Batches) return false;
        EmbeddingBatch batch = _batches[(_oldest + _begun) % Batches];
        batch.Clear();
        while (_taken < _count && batch.TryAdd(_texts[(_first + _taken) % MostWaiting].Tokens)) _taken++;
        _frames.BeginEmbedding(_encoder, batch, _plan);
        _begun++;
        return true;
    }

    private void Take(ReadOnlySpan<float> values)
    {
        Embedding embedding = _texts[_first];
        _first = (_first + 1) % MostWaiting;
        (_count, _taken) = (_count - 1, _taken - 1);
        values.CopyTo(embedding.Target);
        bool isSound = true;
        foreach (float value in values) isSound &= float.IsFinite(value);
        embedding.Finish(isSound
            ? null
            : "The embedding model gave no finite numbers for the text: the file is damaged, or the driver is wrong.");
        _finished.Add(embedding);
    }
}
