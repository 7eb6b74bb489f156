using System.Runtime.InteropServices;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// What the host tells the device per step: rows, tiles, outputs, rotary turns, block tables, samplers. Written into the command buffer, so it is ordered
/// with the step and frames in flight need no copies of it. Used by one thread.
/// </summary>
internal sealed class StepInputs
{
    private readonly uint[] _header = new uint[4];
    private readonly uint[] _rows;
    private readonly uint[] _tiles;
    private readonly uint[] _outputs;
    private readonly float[] _turns;
    private readonly uint[] _blockTable;
    private readonly uint[] _samplers;
    private readonly uint[] _log;
    private readonly bool[] _tableChanged;
    private readonly bool[] _samplerChanged;
    private readonly bool[] _logChanged;
    private readonly RopeTable _rope;
    private readonly int _maxBlocks;
    private readonly int _contextTokens;

    public StepInputs(TensorArena arena, EngineOptions options, RopeTable rope)
    {
        _rope = rope;
        _maxBlocks = (options.ContextTokens + KvCache.BlockTokens - 1) / KvCache.BlockTokens;
        _rows = new uint[options.MaxRows * 4];
        _tiles = new uint[options.MaxRows * 4];
        _outputs = new uint[options.MaxOutputs * 4];
        _turns = new float[options.MaxRows * rope.Pairs * 2];
        _blockTable = new uint[options.MaxSequences * _maxBlocks];
        _samplers = new uint[options.MaxSequences * SamplerWords];
        _contextTokens = options.ContextTokens;
        _log = new uint[options.MaxSequences * options.ContextTokens];
        _tableChanged = new bool[options.MaxSequences];
        _samplerChanged = new bool[options.MaxSequences];
        _logChanged = new bool[options.MaxSequences];
        Header = arena.Allocate(16, "step header");
        Rows = arena.Allocate(_rows.Length * 4, "rows");
        Tiles = arena.Allocate(_tiles.Length * 4, "attention tiles");
        Outputs = arena.Allocate(_outputs.Length * 4, "outputs");
        Turns = arena.Allocate(_turns.Length * 4, "rotary turns");
        BlockTable = arena.Allocate((_blockTable.Length * 4 + 15) & ~15, "block table");
        Samplers = arena.Allocate(_samplers.Length * 4, "samplers");
    }

    public const int SamplerWords = 12;

    public Tensor Header { get; }

    public Tensor Rows { get; }

    public Tensor Tiles { get; }

    public Tensor Outputs { get; }

    public Tensor Turns { get; }

    public Tensor BlockTable { get; }

    public Tensor Samplers { get; }

    public int MaxBlocks => _maxBlocks;

    public void SetRow(int row, uint token, int position, int slot)
    {
        _rows[row * 4] = token;
        _rows[row * 4 + 1] = (uint)position;
        _rows[row * 4 + 2] = (uint)slot;
        _log[slot * _contextTokens + position] = token;
        _rope.Turns(position, _turns.AsSpan(row * _rope.Pairs * 2, _rope.Pairs * 2));
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
    }

    public void SetBlock(int slot, int index, int block)
    {
        _blockTable[slot * _maxBlocks + index] = (uint)block;
        _tableChanged[slot] = true;
    }

    /// <summary>Says which tokens a sequence read before; the device learns those that penalties look at.</summary>
    public void SetLog(int slot, int position, ReadOnlySpan<int> tokens)
    {
        for (int i = 0; i < tokens.Length; i++) _log[slot * _contextTokens + position + i] = (uint)tokens[i];
        _logChanged[slot] = true;
    }

    /// <summary>Lets a sequence have read what another has.</summary>
    public void CopyLog(int from, int to, int tokens)
    {
        _log.AsSpan(from * _contextTokens, tokens).CopyTo(_log.AsSpan(to * _contextTokens));
        _logChanged[to] = true;
    }

    public void SetSampler(int slot, SamplerSettings s)
    {
        Span<uint> words = _samplers.AsSpan(slot * SamplerWords, SamplerWords);
        words[0] = BitConverter.SingleToUInt32Bits(s.Temperature);
        words[1] = (uint)s.TopK;
        words[2] = BitConverter.SingleToUInt32Bits(s.TopP);
        words[3] = BitConverter.SingleToUInt32Bits(s.MinP);
        words[4] = BitConverter.SingleToUInt32Bits(s.RepetitionPenalty);
        words[5] = BitConverter.SingleToUInt32Bits(s.FrequencyPenalty);
        words[6] = BitConverter.SingleToUInt32Bits(s.PresencePenalty);
        words[7] = (uint)s.PenaltyTokens;
        words[8] = (uint)s.Seed;
        words[9] = (uint)(s.Seed >> 32);
        _samplerChanged[slot] = true;
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
        Write(recorder, Turns, MemoryMarshal.AsBytes(_turns.AsSpan(0, shape.Rows * _rope.Pairs * 2)));
        for (int row = 0; row < shape.Rows; row++) RecordSlot(recorder, (int)_rows[row * 4 + 2], (int)_rows[row * 4 + 1], tokenLog);
    }

    private void RecordSlot(CommandRecorder recorder, int slot, int position, Tensor tokenLog)
    {
        if (_tableChanged[slot]) Write(recorder, BlockTable, MemoryMarshal.AsBytes(_blockTable.AsSpan(slot * _maxBlocks, _maxBlocks)), slot * _maxBlocks * 4L);
        if (_samplerChanged[slot]) Write(recorder, Samplers, MemoryMarshal.AsBytes(_samplers.AsSpan(slot * SamplerWords, SamplerWords)), slot * SamplerWords * 4L);
        int penaltyTokens = Math.Min((int)_samplers[slot * SamplerWords + 7], position);
        if (_logChanged[slot] && penaltyTokens > 0)
        {
            int first = slot * _contextTokens + position - penaltyTokens;
            Write(recorder, tokenLog, MemoryMarshal.AsBytes(_log.AsSpan(first, penaltyTokens)), first * 4L);
        }

        _tableChanged[slot] = _samplerChanged[slot] = _logChanged[slot] = false;
    }

    /// <summary>vkCmdUpdateBuffer takes at most 64 KiB at a time.</summary>
    private static void Write(CommandRecorder recorder, Tensor target, ReadOnlySpan<byte> bytes, long offset = 0)
    {
        const int Limit = 65536;
        for (int at = 0; at < bytes.Length; at += Limit)
        {
            int count = Math.Min(Limit, bytes.Length - at);
            recorder.Update(target, bytes.Slice(at, count), offset + at);
        }
    }
}
