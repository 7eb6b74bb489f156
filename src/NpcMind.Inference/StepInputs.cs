using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// What the host tells the device per step: rows, tiles, outputs, rotary turns, block tables, samplers, masks. Written into the command
/// buffer, so it is ordered with the step and frames in flight need no copies of it. Used by one thread.
/// </summary>
internal sealed class StepInputs
{
    private readonly uint[] _header = new uint[4];
    private readonly uint[] _rows;
    private readonly uint[] _tiles;
    private readonly uint[] _outputs;
    private readonly float[] _ropeAngles;
    private readonly uint[][] _blockTables;
    private readonly uint[] _samplers;
    private readonly uint[] _log;
    private readonly bool[] _tableChanged;
    private readonly bool[] _samplerChanged;
    private readonly bool[] _logChanged;
    private readonly int _contextTokens;
    private readonly uint[] _masks;
    private readonly SamplerSettings[] _settings;
    private readonly RopeTable _rope;
    private readonly RopePlaces? _places;
    private readonly int _maxBlocks;
    private readonly int _vocabulary;

    public StepInputs(TensorArena arena, EngineOptions options, RopeTable rope, int vocabulary, int groups)
    {
        _vocabulary = vocabulary;
        MaskWords = (vocabulary + 31) / 32;
        _rope = rope;
        _places = rope.HasAxes ? new RopePlaces(options.MaxSequences, options.ContextTokens) : null;
        _maxBlocks = (options.ContextTokens + KvCache.PageTokens - 1) / KvCache.PageTokens * KvCache.PageBlocks;
        _rows = new uint[options.MaxRows * 4];
        _tiles = new uint[options.MaxRows * 4];
        _outputs = new uint[options.MaxOutputs * 4];
        _ropeAngles = new float[options.MaxRows * rope.RowAngles * 2];
        _blockTables = [.. Enumerable.Range(0, groups).Select(_ => new uint[options.MaxSequences * _maxBlocks])];
        _samplers = new uint[options.MaxSequences * SamplerWords];
        _contextTokens = options.ContextTokens;
        _log = new uint[options.MaxSequences * options.ContextTokens];
        _tableChanged = new bool[options.MaxSequences];
        _samplerChanged = new bool[options.MaxSequences];
        _logChanged = new bool[options.MaxSequences];
        _settings = new SamplerSettings[options.MaxSequences];
        _masks = new uint[options.MaxOutputs * MaskWords];
        Header = arena.Allocate(16, "step header");
        Rows = arena.Allocate(_rows.Length * 4, "rows");
        Tiles = arena.Allocate(_tiles.Length * 4, "attention tiles");
        Outputs = arena.Allocate(_outputs.Length * 4, "outputs");
        RopeAngles = arena.Allocate(_ropeAngles.Length * 4, "rope angles");
        BlockTables = [.. _blockTables.Select((t, g) => arena.Allocate((t.Length * 4 + 15) & ~15, $"block table {g}"))];
        Samplers = arena.Allocate(_samplers.Length * 4, "samplers");
        Masks = arena.Allocate((_masks.Length * 4L + 15) & ~15, "masks");
    }

    /// <summary>Words of a sequence's sampler settings: those of <see cref="SamplerWord"/> and two unused ones.</summary>
    public const int SamplerWords = 12;

    /// <summary>In a row: stands for the token the device chose for its sequence in an earlier step.</summary>
    public const uint TokenFromDevice = 0xFFFFFFFF;

    /// <summary>Where, in the last word of a row, the number of tokens seen ahead begins; below it stands the feature row.</summary>
    public const int AheadShift = 16;

    /// <summary>The bits of the feature row.</summary>
    public const uint FeatureMask = (1u << AheadShift) - 1;

    /// <summary>
    /// Makes everything on the device 0, which is a valid index of anything: a frame that runs without one before it must not read beyond
    /// its buffers.
    /// </summary>
    public void Clear(Uploader uploader)
    {
        foreach (Tensor tensor in (Tensor[])[Header, Rows, Tiles, Outputs, RopeAngles, .. BlockTables, Samplers, Masks])
            uploader.Clear(tensor);
    }

    public Tensor Header { get; }

    public Tensor Rows { get; }

    public Tensor Tiles { get; }

    public Tensor Outputs { get; }

    public Tensor RopeAngles { get; }

    /// <summary>Per group of layers [MaxSequences, MaxBlocks] u32: where the blocks of a sequence lie.</summary>
    public IReadOnlyList<Tensor> BlockTables { get; }

    public Tensor Samplers { get; }

    /// <summary>[MaxOutputs, MaskWords] u32: bit i of word j says whether token 32 j + i may be chosen.</summary>
    public Tensor Masks { get; }

    /// <summary>Words per mask.</summary>
    public int MaskWords { get; }

    public int MaxBlocks => _maxBlocks;

    /// <param name="row">Row of the step.</param>
    /// <param name="token">Token id.</param>
    /// <param name="position">Position in its sequence.</param>
    /// <param name="slot">Sequence.</param>
    /// <param name="feature">One more than the row of the feature buffer that stands in its place; 0 for none.</param>
    /// <param name="ahead">Tokens behind it that it sees.</param>
    /// <param name="picture">Where it stands in its picture.</param>
    public void SetRow(int row, uint token, int position, int slot, int feature, int ahead, PictureRow picture)
    {
        _rows[row * 4] = token;
        _rows[row * 4 + 1] = (uint)position;
        _rows[row * 4 + 2] = (uint)slot;
        _rows[row * 4 + 3] = (uint)feature | (uint)ahead << AheadShift;
        _log[slot * _contextTokens + position] = token;
        RopePlace place = _places?.Set(slot, position, picture) ?? RopePlace.At(position);
        _rope.Angles(position, place, _ropeAngles.AsSpan(row * _rope.RowAngles * 2, _rope.RowAngles * 2));
    }

    public void SetTile(int tile, int firstRow, int count, int slot)
    {
        _tiles[tile * 4] = (uint)firstRow;
        _tiles[tile * 4 + 1] = (uint)count;
        _tiles[tile * 4 + 2] = (uint)slot;
    }

    public void SetOutput(int output, int row, int slot, int position)
    {
        _outputs[output * 4] = (uint)row;
        _outputs[output * 4 + 1] = (uint)slot;
        _outputs[output * 4 + 2] = (uint)position;
        _outputs[output * 4 + 3] = 0;
    }

    /// <summary>Allows an output only the tokens whose bits are set; call after <see cref="SetOutput"/>.</summary>
    /// <exception cref="ArgumentException">As <see cref="CheckMask"/>.</exception>
    public void SetMask(int output, ReadOnlySpan<uint> words)
    {
        CheckMask(words);
        words.CopyTo(_masks.AsSpan(output * MaskWords, MaskWords));
        _outputs[output * 4 + 3] = 1;
    }

    /// <exception cref="ArgumentException">The mask has another length, or allows no token.</exception>
    public void CheckMask(ReadOnlySpan<uint> words)
    {
        if (words.Length != MaskWords)
            throw new ArgumentException($"A mask for {_vocabulary} tokens has {MaskWords} words; {words.Length} were given.",
                nameof(words));
        uint last = _vocabulary % 32 == 0 ? uint.MaxValue : (1u << (_vocabulary % 32)) - 1;
        if (!words[..^1].ContainsAnyExcept(0u) && (words[^1] & last) == 0)
            throw new ArgumentException("A mask must allow at least one token.", nameof(words));
    }

    /// <summary>
    /// What the samplers of the first <paramref name="outputs"/> outputs need, and the longest window of their penalties.
    /// </summary>
    public (SamplingSteps Steps, int PenaltyTokens) SamplerNeeds(int outputs)
    {
        SamplingSteps steps = SamplingSteps.None;
        int window = 0;
        for (int i = 0; i < outputs; i++)
        {
            ref readonly SamplerSettings s = ref _settings[_outputs[i * 4 + 1]];
            steps |= Steps(s, _vocabulary);
            if (HasPenalties(s)) window = Math.Max(window, Math.Min(s.PenaltyTokens, (int)_outputs[i * 4 + 2] + 1));
        }

        return (steps, window);
    }

    internal static bool HasPenalties(SamplerSettings s) => s.RepetitionPenalty != 1 || s.FrequencyPenalty != 0 || s.PresencePenalty != 0;

    internal static SamplingSteps Steps(SamplerSettings s, int vocabulary)
    {
        if (s.Temperature <= 0 || s.TopK == 1) return SamplingSteps.None;
        return SamplingSteps.Stochastic | (s.TopK > 0 && s.TopK < vocabulary ? SamplingSteps.TopK : 0)
            | (s.TopP < 1 ? SamplingSteps.TopP : 0);
    }

    /// <summary>Outputs from the first to the last that has a mask.</summary>
    public int Masked(int outputs)
    {
        while (outputs > 0 && _outputs[outputs * 4 - 1] == 0) outputs--;
        return outputs;
    }

    public void SetBlock(int group, int slot, int index, int block)
    {
        _blockTables[group][slot * _maxBlocks + index] = (uint)block;
        _tableChanged[slot] = true;
    }

    /// <summary>Positions up to which each row of the step being filled sees, its own at least.</summary>
    public int LastSeen(int row) => (int)(_rows[row * 4 + 1] + (_rows[row * 4 + 3] >> AheadShift));

    /// <summary>Says which tokens a sequence read before; the device learns those that penalties look at.</summary>
    public void SetLog(int slot, int position, ReadOnlySpan<int> tokens, ReadOnlySpan<PictureRow> pictures)
    {
        for (int i = 0; i < tokens.Length; i++)
        {
            _log[slot * _contextTokens + position + i] = (uint)tokens[i];
            _places?.Set(slot, position + i, pictures.IsEmpty ? default : pictures[i]);
        }

        _logChanged[slot] = true;
    }

    /// <summary>Lets a sequence have read what another has.</summary>
    public void CopyLog(int from, int to, int tokens)
    {
        _log.AsSpan(from * _contextTokens, tokens).CopyTo(_log.AsSpan(to * _contextTokens));
        _places?.Copy(from, to, tokens);
        _logChanged[to] = true;
    }

    public void SetSampler(int slot, SamplerSettings s)
    {
        _settings[slot] = s;
        Pack(s, _samplers.AsSpan(slot * SamplerWords, SamplerWords));
        _samplerChanged[slot] = true;
    }

    /// <summary>Settings as the shaders read them (<see cref="SamplerWord"/>).</summary>
    internal static void Pack(SamplerSettings s, Span<uint> words)
    {
        words[(int)SamplerWord.Temperature] = BitConverter.SingleToUInt32Bits(s.Temperature);
        words[(int)SamplerWord.TopK] = (uint)s.TopK;
        words[(int)SamplerWord.TopP] = BitConverter.SingleToUInt32Bits(s.TopP);
        words[(int)SamplerWord.MinP] = BitConverter.SingleToUInt32Bits(s.MinP);
        words[(int)SamplerWord.Repetition] = BitConverter.SingleToUInt32Bits(s.RepetitionPenalty);
        words[(int)SamplerWord.Frequency] = BitConverter.SingleToUInt32Bits(s.FrequencyPenalty);
        words[(int)SamplerWord.Presence] = BitConverter.SingleToUInt32Bits(s.PresencePenalty);
        words[(int)SamplerWord.LastTokens] = (uint)s.PenaltyTokens;
        words[(int)SamplerWord.SeedLow] = (uint)s.Seed;
        words[(int)SamplerWord.SeedHigh] = (uint)(s.Seed >> 32);
    }

    /// <summary>Records the writes of what a step uses.</summary>
    /// <param name="recorder">Where to.</param>
    /// <param name="shape">Shape of the step.</param>
    /// <param name="tokenLog">[slots, context] u32 on the device.</param>
    public void Record(CommandRecorder recorder, StepShape shape, Tensor tokenLog)
    {
        _header[0] = (uint)shape.Rows;
        Write(recorder, Header, MemoryMarshal.AsBytes(_header.AsSpan()));
        Write(recorder, Rows, MemoryMarshal.AsBytes(_rows.AsSpan(0, shape.Rows * 4)));
        Write(recorder, Tiles, MemoryMarshal.AsBytes(_tiles.AsSpan(0, shape.AttentionTiles * 4)));
        Write(recorder, Outputs, MemoryMarshal.AsBytes(_outputs.AsSpan(0, shape.Outputs * 4)));
        RecordMasks(recorder, shape.Masked);
        Write(recorder, RopeAngles, MemoryMarshal.AsBytes(_ropeAngles.AsSpan(0, shape.Rows * _rope.RowAngles * 2)));
        for (int row = 0; row < shape.Rows; row++) RecordSlot(recorder, (int)_rows[row * 4 + 2], (int)_rows[row * 4 + 1], tokenLog);
    }

    private void RecordSlot(CommandRecorder recorder, int slot, int position, Tensor tokenLog)
    {
        for (int g = 0; _tableChanged[slot] && g < _blockTables.Length; g++)
            Write(recorder, BlockTables[g], MemoryMarshal.AsBytes(_blockTables[g].AsSpan(slot * _maxBlocks, _maxBlocks)),
                slot * _maxBlocks * 4L);
        if (_samplerChanged[slot])
            Write(recorder, Samplers, MemoryMarshal.AsBytes(_samplers.AsSpan(slot * SamplerWords, SamplerWords)), slot * SamplerWords * 4L);
        int penaltyTokens = Math.Min((int)_samplers[slot * SamplerWords + (int)SamplerWord.LastTokens], position);
        if (_logChanged[slot] && penaltyTokens > 0)
        {
            int first = slot * _contextTokens + position - penaltyTokens;
            Write(recorder, tokenLog, MemoryMarshal.AsBytes(_log.AsSpan(first, penaltyTokens)), first * 4L);
        }

        _tableChanged[slot] = _samplerChanged[slot] = _logChanged[slot] = false;
    }

    /// <summary>Writes the masks of neighbouring outputs together: fewer pieces, fewer barriers.</summary>
    private void RecordMasks(CommandRecorder recorder, int outputs)
    {
        for (int first = 0, end; first < outputs; first = end + 1)
        {
            for (end = first; end < outputs && _outputs[end * 4 + 3] != 0;) end++;
            Write(recorder, Masks, MemoryMarshal.AsBytes(_masks.AsSpan(first * MaskWords, (end - first) * MaskWords)),
                first * MaskWords * 4L);
        }
    }

    /// <summary>vkCmdUpdateBuffer takes at most 64 KiB at a time.</summary>
    internal static void Write(CommandRecorder recorder, Tensor target, ReadOnlySpan<byte> bytes, long offset = 0)
    {
        const int Limit = 65536;
        for (int at = 0; at < bytes.Length; at += Limit)
        {
            int count = Math.Min(Limit, bytes.Length - at);
            recorder.Update(target, bytes.Slice(at, count), offset + at);
        }
    }
}
