namespace NpcMind.Inference;

/// <summary>
/// The step being filled in: which tokens of which sequences are processed, and of which rows logits or a next token are wanted. Rows of a
/// sequence are added in order of position. Used by one thread.
/// </summary>
internal sealed class StepBatch
{
    private readonly InferenceEngine _engine;
    private readonly StepInputs _inputs;
    private readonly int[] _lengths;
    private readonly int[] _slots;
    private readonly int _attentionRows;
    private int _rows;
    private int _outputs;
    private int _lastPosition;
    private bool _samples;

    internal StepBatch(InferenceEngine engine, StepInputs inputs, int attentionRows)
    {
        _engine = engine;
        _inputs = inputs;
        _lengths = new int[engine.Options.MaxSequences];
        _slots = new int[engine.Options.MaxRows];
        _attentionRows = attentionRows;
    }

    /// <summary>Rows that still fit.</summary>
    public int FreeRows => _engine.Options.MaxRows - _rows;

    /// <summary>Outputs that still fit.</summary>
    public int FreeOutputs => _engine.Options.MaxOutputs - _outputs;

    /// <summary>Whether logits are copied to the host (<see cref="InferenceEngine.Logits"/>).</summary>
    public bool WantsLogits { get; set; }

    /// <summary>Adds a token of a sequence. False when its context or the KV cache is full; the batch is then unchanged.</summary>
    /// <param name="slot">Sequence.</param>
    /// <param name="token">Token id.</param>
    /// <param name="output">Whether logits are wanted after it.</param>
    /// <param name="mask">Tokens that may follow: bit i of word j stands for token 32 j + i, ceil(vocabulary / 32) words. Empty: any
    /// may.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such token.</exception>
    /// <exception cref="ArgumentException">The mask has a wrong length, allows nothing, or there is no output for it.</exception>
    /// <exception cref="InvalidOperationException">The batch has no room; look at <see cref="FreeRows"/> and
    /// <see cref="FreeOutputs"/>.</exception>
    public bool Add(int slot, int token, bool output = false, ReadOnlySpan<uint> mask = default)
    {
        if ((uint)token >= (uint)_engine.Config.Vocabulary)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"Token ids go from 0 to {_engine.Config.Vocabulary - 1}.");
        if (!output && !mask.IsEmpty) throw new ArgumentException("A mask needs an output.", nameof(mask));
        return Add(slot, (uint)token, output, mask, default, default);
    }

    /// <summary>
    /// Adds a token in whose place a feature row of a picture stands. Otherwise as <see cref="Add(int, int, bool, ReadOnlySpan{uint})"/>.
    /// </summary>
    /// <param name="slot">Sequence.</param>
    /// <param name="token">The token that the place is known by; penalties see it.</param>
    /// <param name="feature">[model width] f32; copied.</param>
    /// <param name="output">Whether logits are wanted after it.</param>
    /// <param name="mask">As in <see cref="Add(int, int, bool, ReadOnlySpan{uint})"/>.</param>
    /// <param name="place">
    /// Where it stands in its picture. Models that see pictures as a whole (<see cref="ModelConfig.SeesWholePictures"/>) or turn rows by
    /// their place in one
    /// must be told; others do not look at it. A step that has one row of a picture that is seen as a whole must have all that follow.
    /// </param>
    /// <exception cref="ArgumentException">The row has another width than the model, or stands at no such place.</exception>
    /// <exception cref="InvalidOperationException">The engine was loaded without <see cref="EngineOptions.Features"/>, or the batch has no
    /// room.</exception>
    public bool AddFeature(
        int slot, int token, ReadOnlySpan<float> feature, bool output = false, ReadOnlySpan<uint> mask = default,
        PictureRow place = default)
    {
        if (!_engine.Options.Features)
            throw new InvalidOperationException("The engine was loaded without room for pictures: set EngineOptions.Features.");
        if (feature.Length != _engine.Config.Width)
            throw new ArgumentException($"A feature row has {_engine.Config.Width} elements, not {feature.Length}.", nameof(feature));
        if ((uint)token >= (uint)_engine.Config.Vocabulary)
            throw new ArgumentOutOfRangeException(nameof(token), token, $"Token ids go from 0 to {_engine.Config.Vocabulary - 1}.");
        if (!output && !mask.IsEmpty) throw new ArgumentException("A mask needs an output.", nameof(mask));
        if (place.Count != 0 && ((uint)place.Index >= (uint)place.Count || place.Count > ushort.MaxValue || place.Index > _lengths[slot]))
            throw new ArgumentException($"There is no row {place.Index} of {place.Count} at position {_lengths[slot]}.", nameof(place));
        return Add(slot, (uint)token, output, mask, feature, place);
    }

    /// <summary>Adds the token that the device chose last for a sequence, and asks for the next.</summary>
    /// <param name="slot">Sequence.</param>
    /// <param name="mask">As in <see cref="Add(int, int, bool, ReadOnlySpan{uint})"/>.</param>
    public bool AddNext(int slot, ReadOnlySpan<uint> mask = default) => Add(slot, StepInputs.TokenFromDevice, true, mask, default, default);

    /// <summary>Says that the next token of every output is to be chosen on the device.</summary>
    public void Sample() => _samples = true;

    internal int Length(int slot) => _lengths[slot];

    internal void SetLength(int slot, int length) => _lengths[slot] = length;

    internal bool Contains(int slot) => _slots.AsSpan(0, _rows).Contains(slot);

    /// <summary>
    /// Takes all rows back, before the step begins. Sequences are as long as before, or shorter where their layers have given back what
    /// they would see.
    /// </summary>
    public void Abandon()
    {
        for (int row = _rows - 1; row >= 0; row--) _engine.Rewind(_slots[row], Math.Max(0, _lengths[_slots[row]] - 1));
        Clear();
    }

    internal void Clear()
    {
        _rows = 0;
        _outputs = 0;
        _lastPosition = 0;
        _samples = false;
        WantsLogits = false;
    }

    /// <summary>Cuts the rows into attention tiles and states the shape.</summary>
    internal StepShape Finish()
    {
        if (_rows == 0) throw new InvalidOperationException("The batch is empty.");
        CheckPictures();
        int most = _rows == 1 ? 1 : _attentionRows, tiles = 0;
        for (int first = 0; first < _rows;)
        {
            int count = 1;
            while (count < most && first + count < _rows && _slots[first + count] == _slots[first]) count++;
            _inputs.SetTile(tiles++, first, count, _slots[first]);
            first += count;
        }

        int sampled = _samples ? _outputs : 0;
        (SamplingSteps sampling, int penaltyTokens) = _inputs.SamplerNeeds(sampled);
        return new StepShape(_rows, _outputs, sampled, tiles, GraphBuilder.SplitsOf(_lastPosition), _lastPosition, _inputs.Masked(_outputs),
            penaltyTokens, sampling);
    }

    /// <summary>What a row sees ahead of it must be computed with it.</summary>
    private void CheckPictures()
    {
        if (!_engine.Config.SeesWholePictures) return;
        for (int row = 0; row < _rows; row++)
            if (_inputs.LastSeen(row) >= _lengths[_slots[row]])
                throw new InvalidOperationException(
                    "The step ends within a picture that the model sees as a whole: add the rest of its feature rows.");
    }

    private bool Add(int slot, uint token, bool output, ReadOnlySpan<uint> mask, ReadOnlySpan<float> feature, PictureRow place)
    {
        if (!mask.IsEmpty) _inputs.CheckMask(mask);
        if (FreeRows == 0 || (output && FreeOutputs == 0)) throw new InvalidOperationException("The batch is full.");
        int position = _lengths[slot];
        if (position >= _engine.Options.ContextTokens) return false;
        if (_engine.Kv.Layout.Forgets && !Contains(slot)) _engine.Blocks.Release(slot, position);
        if (!_engine.Reserve(slot, position)) return false;
        int ahead = _engine.Config.SeesWholePictures ? place.Ahead : 0;
        _inputs.SetRow(_rows, token, position, slot, feature.IsEmpty ? 0 : _engine.Features.Set(_rows, feature) + 1, ahead, place);
        if (output)
        {
            _inputs.SetOutput(_outputs, _rows, slot, position);
            if (!mask.IsEmpty) _inputs.SetMask(_outputs, mask);
            _outputs++;
        }

        _slots[_rows++] = slot;
        _lengths[slot] = position + 1;
        _lastPosition = Math.Max(_lastPosition, position);
        return true;
    }
}
