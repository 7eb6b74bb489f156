using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>Progress of loading.</summary>
/// <param name="Done">Bytes on the device so far.</param>
/// <param name="Total">Bytes in all (an estimate, a little over).</param>
public readonly record struct LoadProgress(long Done, long Total);

/// <summary>
/// A model on a device, ready to run steps over any of its open sequences. Weights are uploaded once; the graph is fixed at load. A step is filled in by
/// <see cref="StepBatch"/>, submitted, and collected later; a token chosen on the device feeds the next step without visiting the host.
/// Used by one thread at a time. Owns everything but the device.
/// </summary>
public sealed class InferenceEngine : IDisposable
{
    private const int InFlight = 2;
    private readonly GpuDevice _device;
    private readonly KernelLibrary _kernels;
    private readonly TensorArena _arena;
    private readonly Timeline _timeline;
    private readonly CommandRecorder[] _recorders;
    private readonly GpuBuffer _resultsReadback;
    private readonly StepInputs _inputs;
    private readonly KvCache _kv;
    private readonly GraphBuilder _graph;
    private readonly List<int>?[] _blocks;
    private readonly GraphNode[] _nodes;
    private GpuBuffer? _logitsReadback;
    private int _nextRecorder;

    private InferenceEngine(GpuDevice device, GgufFile file, ModelConfig config, EngineOptions options, Action<LoadProgress>? progress)
    {
        _device = device;
        Config = config;
        Options = options;
        long total = WeightLoader.DeviceBytes(file);
        device.Memory.Check(total + KvCache.BytesPerToken(config, options.Kv) * CacheTokens(options), $"'{file.Path}' with {CacheTokens(options)} tokens of KV cache");
        _kernels = new KernelLibrary(device);
        _arena = new TensorArena(device, "weights and workspace");
        try
        {
            using Uploader uploader = new(device, StagingBytes(file), progress is null ? null : done => progress(new LoadProgress(done, total)));
            WeightLoader weights = new(device, file, _arena, uploader);
            RopeTable rope = new(config.Rope, weights.HostVector("rope_freqs.weight", config.Rope.Dims / 2));
            _inputs = new StepInputs(_arena, options, rope, config.Vocabulary);
            _kv = new KvCache(_arena, uploader, config, options.Kv, CacheTokens(options));
            _graph = new GraphBuilder(_kernels, config, options, weights, _arena, uploader, _inputs, _kv, rope.Pairs);
            LlamaGraph.Build(_graph);
            _nodes = [.. _graph.Nodes];
            UnusedTensors = [.. weights.Unused];
            uploader.Finish();
            _timeline = new Timeline(device, "steps");
            _recorders = [.. Enumerable.Range(0, InFlight).Select(i => new CommandRecorder(device, $"step {i}"))];
            _resultsReadback = device.Memory.Allocate(InFlight * options.MaxOutputs * 4, MemoryKind.Readback, "results");
            _blocks = new List<int>?[options.MaxSequences];
            Batch = new StepBatch(this, _inputs);
        }
        catch
        {
            _arena.Dispose();
            _kernels.Dispose();
            throw;
        }
    }

    /// <summary>Hyper-parameters of the model.</summary>
    public ModelConfig Config { get; }

    /// <summary>Sizes fixed at load.</summary>
    public EngineOptions Options { get; }

    /// <summary>The step being filled in. Cleared by <see cref="Submit"/>.</summary>
    public StepBatch Batch { get; }

    /// <summary>The forward pass.</summary>
    public IReadOnlyList<GraphNode> Nodes => _nodes;

    /// <summary>Tensors of the file that the architecture has no use for.</summary>
    public IReadOnlyList<string> UnusedTensors { get; }

    /// <summary>Dispatches and barriers of the last submitted step.</summary>
    public (int Dispatches, int Barriers) LastStep { get; private set; }

    /// <summary>Device bytes that the weights of a file take.</summary>
    public static long WeightBytes(GgufFile file) => WeightLoader.DeviceBytes(file);

    /// <summary>Device bytes that the keys and values of so many tokens take.</summary>
    public static long KvBytes(ModelConfig config, KvFormat format, long tokens) => KvCache.BytesPerToken(config, format) * tokens;

    /// <summary>Loads a model.</summary>
    /// <param name="device">Device to run on; must outlive the engine.</param>
    /// <param name="file">Model file; may be closed afterwards.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="progress">Called on this thread while weights are uploaded.</param>
    /// <exception cref="GgufFormatException">The file is damaged or inconsistent.</exception>
    /// <exception cref="UnsupportedModelException">An architecture, tensor type or shape there is no code for.</exception>
    /// <exception cref="InsufficientGpuMemoryException">It does not fit; nothing was allocated.</exception>
    public static InferenceEngine Load(GpuDevice device, GgufFile file, EngineOptions? options = null, Action<LoadProgress>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(file);
        options ??= new EngineOptions();
        string architecture = file.Metadata.String("general.architecture") ?? throw file.Metadata.Wrong("general.architecture", "the model's architecture");
        if (architecture != "llama") throw new UnsupportedModelException(file.Path, $"the architecture '{architecture}'", "Supported: llama.");
        ModelConfig config = ModelConfig.Read(file);
        if (config.HeadDim % 4 != 0) throw new UnsupportedModelException(file.Path, $"a head size of {config.HeadDim}", "It must be a multiple of 4.");
        KvCache.Check(config, options.Kv, file.Path);
        if (options.MaxRows % 16 != 0) throw new ArgumentException("MaxRows must be a multiple of 16.", nameof(options));
        return new InferenceEngine(device, file, config, options, progress);
    }

    /// <summary>Opens an empty sequence; returns its slot.</summary>
    /// <exception cref="InvalidOperationException">All slots are open.</exception>
    public int Open(SamplerSettings sampler)
    {
        sampler.Check();
        int slot = Array.IndexOf(_blocks, null);
        if (slot < 0) throw new InvalidOperationException($"All {Options.MaxSequences} sequences are open.");
        _blocks[slot] = [];
        _inputs.SetSampler(slot, sampler);
        return slot;
    }

    /// <summary>Forgets everything from token <paramref name="length"/> of a sequence on; its steps must have been collected.</summary>
    public void Rewind(int slot, int length)
    {
        List<int> blocks = BlocksOf(slot);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length(slot));
        int keep = (length + KvCache.BlockTokens - 1) / KvCache.BlockTokens;
        for (int i = blocks.Count - 1; i >= keep; i--)
        {
            _kv.Return(blocks[i]);
            blocks.RemoveAt(i);
        }

        Batch.SetLength(slot, length);
    }

    /// <summary>Closes a sequence; its steps must have been collected.</summary>
    public void Close(int slot)
    {
        Rewind(slot, 0);
        _blocks[slot] = null;
    }

    /// <summary>Tokens submitted to a sequence so far.</summary>
    public int Length(int slot) => Batch.Length(slot);

    /// <summary>Records and submits the batch; returns a ticket to collect it by. At most two steps may be on their way.</summary>
    /// <param name="timestamps">When given, each dispatch is timed.</param>
    public StepTicket Submit(TimestampQueries? timestamps = null)
    {
        StepShape shape = Batch.Finish();
        int index = _nextRecorder;
        _nextRecorder = (index + 1) % InFlight;
        CommandRecorder recorder = _recorders[index];
        recorder.WaitUntilFree();
        recorder.Begin(timestamps);
        _inputs.Record(recorder, shape);
        foreach (GraphNode node in _nodes) node.Record(recorder, shape);
        int bytes = shape.Sampled * 4;
        if (bytes > 0) recorder.Copy(_graph.Results, _resultsReadback.Whole, bytes, (long)index * Options.MaxOutputs * 4);
        if (Batch.WantsLogits && shape.Outputs > 0) recorder.Copy(_graph.LogitsTensor, LogitsReadback().Whole, LogitsBytes(shape));
        recorder.End();
        LastStep = (recorder.Dispatches, recorder.Barriers);
        ulong value = _timeline.Submit(recorder);
        Batch.Clear();
        return new StepTicket(value, index, shape.Outputs, shape.Sampled);
    }

    /// <summary>Waits for a step; returns the tokens it chose, one per output, valid until the step after the next is submitted.</summary>
    public ReadOnlySpan<int> Collect(StepTicket ticket)
    {
        _timeline.Wait(ticket.Value);
        return MemoryMarshal.Cast<byte, int>(_resultsReadback.Mapped.Slice(ticket.Index * Options.MaxOutputs * 4, ticket.Sampled * 4));
    }

    /// <summary>Logits of an output of a collected step whose batch asked for them: [vocabulary] f32, valid until the next submission.</summary>
    public ReadOnlySpan<float> Logits(StepTicket ticket, int output)
    {
        _timeline.Wait(ticket.Value);
        return MemoryMarshal.Cast<byte, float>(LogitsReadback().Mapped.Slice(output * _graph.LogitsStride * 4, Config.Vocabulary * 4));
    }

    /// <summary>Waits for the device, then frees everything.</summary>
    public void Dispose()
    {
        _timeline.Dispose();
        foreach (CommandRecorder recorder in _recorders) recorder.Dispose();
        _resultsReadback.Dispose();
        _logitsReadback?.Dispose();
        _arena.Dispose();
        _kernels.Dispose();
    }

    /// <summary>Sees to it that a sequence has a block for a position; false when the cache is full.</summary>
    internal bool Reserve(int slot, int position)
    {
        List<int> blocks = BlocksOf(slot);
        if (position / KvCache.BlockTokens < blocks.Count) return true;
        if (!_kv.TryTake(out int block)) return false;
        _inputs.SetBlock(slot, blocks.Count, block);
        blocks.Add(block);
        return true;
    }

    private static long CacheTokens(EngineOptions options) => options.CacheTokens ?? (long)options.ContextTokens * options.MaxSequences;

    /// <summary>A staging buffer must hold a whole row group.</summary>
    private static int StagingBytes(GgufFile file) => (int)Math.Clamp(file.Tensors.Max(t => t.ByteLength / Math.Max(1, t.Rows * t.Slabs)) * 40, 4 << 20, 1 << 30);

    private List<int> BlocksOf(int slot) => (uint)slot < (uint)_blocks.Length && _blocks[slot] is { } blocks ? blocks : throw new ArgumentException($"Sequence {slot} is not open.", nameof(slot));

    private long LogitsBytes(StepShape shape) => (long)shape.Outputs * _graph.LogitsStride * 4;

    private GpuBuffer LogitsReadback() => _logitsReadback ??= _device.Memory.Allocate((long)Options.MaxOutputs * _graph.LogitsStride * 4, MemoryKind.Readback, "logits readback");
}

/// <summary>A submitted step.</summary>
/// <param name="Value">Timeline value at which it is finished.</param>
/// <param name="Index">Which of the result slots it uses.</param>
/// <param name="Outputs">Rows with logits.</param>
/// <param name="Sampled">Outputs with a chosen token.</param>
public readonly record struct StepTicket(ulong Value, int Index, int Outputs, int Sampled);
