using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// Runs one sequence for a program without a frame: reads a prompt in chunks, then yields token after token, always one step ahead of the
/// reader. Waits for the device. Used by one thread.
/// </summary>
internal sealed class TokenGenerator : IDisposable
{
    private const string BrokenLogits = "The model file is broken, or the device or driver computed wrongly: try another model or device.";
    private readonly InferenceEngine _engine;
    private readonly Queue<(StepTicket Ticket, TimestampQueries Time)> _pending = new();
    private readonly Queue<TimestampQueries> _clocks;
    private int _length;

    /// <summary>Opens a sequence.</summary>
    public TokenGenerator(InferenceEngine engine, GpuDevice device, SamplerSettings sampler)
    {
        ArgumentNullException.ThrowIfNull(engine);
        _engine = engine;
        Slot = engine.Open(sampler);
        _clocks = new Queue<TimestampQueries>([new TimestampQueries(device, 0), new TimestampQueries(device, 0)]);
    }

    /// <summary>The sequence.</summary>
    public int Slot { get; }

    /// <summary>GPU milliseconds of all steps collected so far.</summary>
    public double GpuMilliseconds { get; private set; }

    /// <summary>Tokens the sequence holds, as far as its reader has taken them.</summary>
    public int Length => _length;

    /// <summary>Reads prompt tokens; the first answer token is on its way when this returns.</summary>
    /// <param name="tokens">Token ids.</param>
    /// <param name="features">[.., model width] f32: feature rows of pictures, which take the places of <paramref name="featureToken"/> in
    /// order.</param>
    /// <param name="featureToken">Token in whose places they stand.</param>
    /// <param name="rows">Where each stands in its picture; may be empty for models that do not look at it.</param>
    /// <exception cref="ArgumentException">The prompt is empty or longer than the context has room for, or has another number of places
    /// than there are rows.</exception>
    public void Prefill(
        ReadOnlySpan<int> tokens, ReadOnlySpan<float> features = default, int featureToken = -1, ReadOnlySpan<PictureRow> rows = default)
    {
        Drain();
        if (tokens.IsEmpty) throw new ArgumentException("The prompt has no tokens.", nameof(tokens));
        if (_length + tokens.Length > _engine.Options.ContextTokens)
            throw new ArgumentException($"The prompt has {tokens.Length} tokens, the context of {_engine.Options.ContextTokens} has room " +
                $"for {_engine.Options.ContextTokens - _length}: shorten it or use a larger context.", nameof(tokens));
        int width = _engine.Config.Width, places = features.IsEmpty ? 0 : tokens.Count(featureToken), row = 0;
        if (places * width != features.Length)
            throw new ArgumentException($"The prompt has {places} places for feature rows (token {featureToken}); there are " +
                $"{features.Length / width} rows.", nameof(features));
        for (int at = 0; at < tokens.Length;)
        {
            int free = _engine.Batch.FreeRows;
            for (; at < tokens.Length && free > 0; at++, free--)
            {
                bool isRow = places > 0 && tokens[at] == featureToken;
                PictureRow place = isRow && !rows.IsEmpty ? rows[row] : default;
                // A picture that is seen as a whole goes into one step.
                if (_engine.Config.SeesWholePictures && place.Index == 0 && place.Count > free && free < _engine.Options.MaxRows) break;
                ReadOnlySpan<float> feature = isRow ? features.Slice(row++ * width, width) : default;
                if (!Add(tokens[at], at == tokens.Length - 1, feature, place))
                    throw new ArgumentException("The KV cache is full.", nameof(tokens));
            }

            if (at == tokens.Length) _engine.Batch.Sample();
            Submit();
        }

        _length += tokens.Length;
    }

    /// <summary>Waits until the prompt is read.</summary>
    public void WaitForPrefill()
    {
        while (_pending.Count > 1) Take();
        if (_pending.TryPeek(out var last)) _engine.Collect(last.Ticket);
    }

    /// <summary>The next token, or null when the context is full.</summary>
    /// <exception cref="InvalidOperationException">None of the model's logits is a finite number.</exception>
    public int? Next()
    {
        while (_pending.Count > 1 && _pending.Peek().Ticket.Sampled == 0) Take();
        if (_pending.Count == 0) return null;
        if (_pending.Count == 1 && _engine.Batch.AddNext(Slot))
        {
            _engine.Batch.Sample();
            Submit();
        }

        int token = Take();
        if ((uint)token >= (uint)_engine.Config.Tokens)
            throw new InvalidOperationException($"None of the model's logits after {_length} tokens is a finite number. {BrokenLogits}");
        _length++;
        return token;
    }

    /// <summary>
    /// Ends a reply: collects what is on its way and forgets what the reader has not taken, or everything from <paramref name="keep"/> on.
    /// </summary>
    public void Stop(int? keep = null)
    {
        Drain();
        _length = Math.Min(Math.Min(_length, keep ?? _length), _engine.Length(Slot));
        _length = _engine.Rewind(Slot, _length); // fewer where chunked layers have given back what those tokens saw
    }

    /// <summary>Closes the sequence.</summary>
    public void Dispose()
    {
        Drain();
        _engine.Close(Slot);
        foreach (TimestampQueries clock in _clocks) clock.Dispose();
    }

    private bool Add(int token, bool output, ReadOnlySpan<float> feature, PictureRow place) => feature.IsEmpty
        ? _engine.Batch.Add(Slot, token, output) : _engine.Batch.AddFeature(Slot, token, feature, output, default, place);

    private void Submit()
    {
        if (_pending.Count == 2) Take();
        TimestampQueries clock = _clocks.Dequeue();
        _pending.Enqueue((_engine.Submit(clock), clock));
    }

    private int Take()
    {
        (StepTicket ticket, TimestampQueries clock) = _pending.Dequeue();
        ReadOnlySpan<int> tokens = _engine.Collect(ticket);
        GpuMilliseconds += clock.Read();
        _clocks.Enqueue(clock);
        return tokens.IsEmpty ? -1 : tokens[0];
    }

    private void Drain()
    {
        while (_pending.Count > 0) Take();
    }
}
