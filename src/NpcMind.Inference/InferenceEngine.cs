using System.Runtime.InteropServices;
using NpcMind.Gguf;
using NpcMind.Gpu;

namespace NpcMind.Inference;

/// <summary>
/// A model on a device, ready to run steps over any of its open sequences. Weights are uploaded once; the graph is fixed at load. A step is
/// filled in by <see cref="StepBatch"/>, submitted, and collected later; a token chosen on the device feeds the next step without visiting
/// the host. Used by one thread at a time. Owns everything but the device.
/// </summary>
internal sealed class InferenceEngine : IDisposable
{
    /// <summary>Tokens of a block of keys and values: what sequences share, spill and save.</summary>
    public const int BlockTokens = KvCache.BlockTokens;

    /// <summary>Finished steps whose tokens can wait to be collected.</summary>
    public const int ResultSlots = 8;
    private const int InFlight = 2;
    private readonly GpuDevice _device;
    private readonly TensorArena _arena;
    private readonly Timeline _timeline;
    private readonly List<CommandRecorder> _recorders = [];
    private readonly GpuBuffer _resultsReadback;
    private readonly StepInputs _inputs;
    private readonly KvCache _kv;
    private readonly GraphBuilder _graph;
    private readonly HostKv _host;
    private readonly KvBlocks _blocks;
    private readonly GraphNode[] _nodes;
    private GpuBuffer? _logitsReadback;
    private int _nextRecorder;
    private bool _copiesAreOpen;
    private int _nextResult;

    private InferenceEngine(GpuDevice device, GgufFile file, ModelPlan plan, EngineOptions options, Action<UploadProgress>? progress,
        CancellationToken cancellation)
    {
        ModelConfig config = plan.Config;
        _device = device;
        Config = config;
        Options = options;
        long total = WeightLoader.DeviceBytes(file);
        KvLayout layout = new(config, options.ContextTokens);
        long blocks = layout.Blocks(options.TotalCacheTokens, options.MaxSequences, options.MaxRows);
        EstimatedBytes = EngineMemory.ReservedBytes(device.Limits.BindingAlignment, file, config, options, layout, blocks);
        device.Memory.Check(EstimatedBytes, $"'{file.Path}' with {options.TotalCacheTokens} tokens of KV cache and " +
            $"{options.MaxSequences} sequences of {options.ContextTokens}");
        options.Check(device.Limits);
        _arena = new TensorArena(device, "weights and workspace");
        try
        {
            using Uploader uploader = new(device, StagingBytes(file), progress is null
                ? null : done => progress(new UploadProgress(done, total)), cancellation);
            WeightLoader weights = new(device, file, _arena, uploader);
            RopeTable rope = new([config.Rope, .. config.LocalRope is { } local ? [local] : Array.Empty<RopeConfig>()],
                FrequencyFactors(file, weights, config, options), config.Temperature);
            _inputs = new StepInputs(_arena, options, rope, config.Vocabulary, layout.Groups.Count);
            _inputs.Clear(uploader);
            _kv = new KvCache(_arena, uploader, config, layout, options.Kv, blocks);
            _host = new HostKv(device, _kv, layout.Blocks(options.HostKvTokens, options.MaxSequences, options.MaxRows));
            _blocks = new KvBlocks(_kv, _host, _inputs, options.MaxSequences);
            Features = new FeatureRing(device, options.MaxRows, config.Width, options.Features);
            _graph = new GraphBuilder(device, config, options, weights, _arena, uploader, _inputs, _kv, rope, Features.Rows);
            plan.Build(_graph);
            _nodes = [.. _graph.Nodes];
            weights.CheckComplete(config.Architecture);
            device.Pipelines.Compile();
            uploader.Finish();
            _timeline = new Timeline(device, "steps");
            for (int i = 0; i < InFlight; i++) _recorders.Add(new CommandRecorder(device, $"step {i}"));
            _resultsReadback = device.Memory.Allocate(ResultSlots * options.MaxOutputs * 4, MemoryKind.Readback, "results");
            Batch = new StepBatch(this, _inputs, _graph.AttentionRows);
            Transfer = new KvTransfer(this);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Where blocks of keys and values lie, and the way to move them.</summary>
    public KvTransfer Transfer { get; }

    /// <summary>Hyper-parameters of the model.</summary>
    public ModelConfig Config { get; }

    /// <summary>Sizes fixed at load.</summary>
    public EngineOptions Options { get; }

    /// <summary>The step being filled in. Cleared by <see cref="Submit"/>.</summary>
    public StepBatch Batch { get; }

    /// <summary>The forward pass.</summary>
    public IReadOnlyList<GraphNode> Nodes => _nodes;

    /// <summary>Dispatches and barriers of the last submitted step.</summary>
    public (int Dispatches, int Barriers) LastStep { get; private set; }

    /// <summary>Device bytes that the weights of a file take.</summary>
    public static long WeightBytes(GgufFile file) => WeightLoader.DeviceBytes(file);

    /// <summary>Device bytes that the keys and values of one sequence of so many tokens take, counted in whole blocks.</summary>
    public static long KvBytes(ModelConfig config, KvFormat format, int tokens)
    {
        KvLayout layout = new(config, tokens);
        return KvCache.BlockBytes(config, layout, format) * layout.Blocks(tokens, 1, 0);
    }

    /// <summary>Reads a file's hyper-parameters.</summary>
    /// <exception cref="GgufFormatException">A key is missing or absurd.</exception>
    /// <exception cref="UnsupportedModelException">An architecture there is no code for.</exception>
    public static ModelConfig ReadConfig(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return Architecture.Read(file).Config;
    }

    /// <summary>Reads the hyper-parameters that all architectures have, also of one there is no code for.</summary>
    /// <exception cref="GgufFormatException">A key is missing or absurd.</exception>
    public static ModelConfig ReadCommonConfig(GgufFile file)
    {
        ArgumentNullException.ThrowIfNull(file);
        return ModelConfig.Read(file);
    }

    /// <summary>
    /// Divisors of the angles: <c>rope_freqs</c>, or of Phi 3's two sets the long one where a context can be longer than the original one
    /// (as llama.cpp chooses, by the configured context).
    /// </summary>
    private static float[]? FrequencyFactors(GgufFile file, WeightLoader weights, ModelConfig config, EngineOptions options)
    {
        float[]? always = Read("rope_freqs.weight"), longer = Read("rope_factors_long.weight"), shorter = Read("rope_factors_short.weight");
        return always ?? (options.ContextTokens > config.Rope.OriginalContext ? longer : shorter);

        float[]? Read(string name)
        {
            float[]? factors = weights.HostVector(name, config.Rope.Dims / 2);
            if (factors is not null && Array.FindIndex(factors, f => !(f > 0 && float.IsFinite(f))) is >= 0 and int at)
                throw new GgufFormatException(
                    file.Path, file.Find(name)!.Offset, $"factors above 0 in '{name}'",
                    string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{factors[at]} at {at}"),
                    GgufFormatException.OtherConversion);
            return factors;
        }
    }

    /// <summary>Loads a model.</summary>
    /// <param name="device">Device to run on; must outlive the engine.</param>
    /// <param name="file">Model file; may be closed afterwards.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="progress">Called on this thread while weights are uploaded.</param>
    /// <param name="cancellation">Stops the uploading.</param>
    /// <exception cref="GgufFormatException">The file is damaged or inconsistent.</exception>
    /// <exception cref="UnsupportedModelException">An architecture, tensor type or shape there is no code for.</exception>
    /// <exception cref="InsufficientGpuMemoryException">It does not fit; nothing was allocated.</exception>
    public static InferenceEngine Load(GpuDevice device, GgufFile file, EngineOptions? options = null,
        Action<UploadProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentNullException.ThrowIfNull(file);
        options ??= new EngineOptions();
        ModelPlan plan = Architecture.Read(file);
        ModelConfig config = plan.Config;
        ModelConfig.CheckTokens(file, config.EmbeddingRows);
        if (config.HeadDim % 4 != 0)
            throw new UnsupportedModelException(file.Path, $"a head size of {config.HeadDim}", "It must be a multiple of 4.");
        KvCache.Check(config, options.Kv, file.Path);
        if (options.MaxRows % 16 != 0) throw new ArgumentException("MaxRows must be a multiple of 16.", nameof(options));
        if (options.Features && options.MaxRows > FeatureRing.MostRows)
            throw new ArgumentException($"Steps with feature rows have at most {FeatureRing.MostRows} rows, not {options.MaxRows}.",
                nameof(options));
        return new InferenceEngine(device, file, plan, options, progress, cancellation);
    }

    /// <summary>Opens an empty sequence; returns its slot.</summary>
    /// <exception cref="InvalidOperationException">All slots are open.</exception>
    public int Open(SamplerSettings sampler)
    {
        sampler.Check();
        int slot = _blocks.Open();
        if (slot < 0) throw new InvalidOperationException($"All {Options.MaxSequences} sequences are open.");
        _inputs.SetSampler(slot, sampler);
        return slot;
    }

    /// <summary>
    /// Opens a sequence that begins with the first <paramref name="tokens"/> tokens of another. They share memory until one of them writes
    /// there. It has fewer tokens (<see cref="Length"/>) where chunked layers of the parent have given back what the next token sees.
    /// </summary>
    /// <exception cref="InvalidOperationException">All slots are open, or the parent waits in host memory.</exception>
    public int Fork(int parent, int tokens, SamplerSettings sampler)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(tokens, Length(parent));
        int slot = Open(sampler);
        tokens = _blocks.Share(parent, slot, tokens);
        _inputs.CopyLog(parent, slot, tokens);
        Batch.SetLength(slot, tokens);
        return slot;
    }

    /// <summary>Changes how the next tokens of a sequence are chosen.</summary>
    public void SetSampler(int slot, SamplerSettings sampler)
    {
        sampler.Check();
        _inputs.SetSampler(slot, sampler);
    }

    /// <summary>
    /// Forgets everything from token <paramref name="length"/> of a sequence on, and returns how many tokens are left. These are fewer
    /// where chunked layers have given back what the next token sees: then the chunk must be read again. The sequence must not be part of
    /// an unfinished step.
    /// </summary>
    public int Rewind(int slot, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, Length(slot));
        length = _blocks.Truncate(slot, length);
        Batch.SetLength(slot, length);
        return length;
    }

    /// <summary>Closes a sequence. It must not be part of an unfinished step.</summary>
    public void Close(int slot)
    {
        _blocks.Close(slot);
        Batch.SetLength(slot, 0);
    }

    /// <summary>Tokens submitted to a sequence so far.</summary>
    public int Length(int slot) => Batch.Length(slot);

    /// <summary>
    /// Records and submits the batch as a whole, in as many submissions as <see cref="EngineOptions.SubmissionBytes"/> asks for; returns a
    /// ticket to collect it by. At most two may be on their way.
    /// </summary>
    /// <param name="timestamps">When given, each dispatch is timed.</param>
    public StepTicket Submit(TimestampQueries? timestamps = null)
    {
        StepShape shape = Batch.Finish();
        CommandRecorder recorder = BeginRecording(timestamps);
        RecordInputs(recorder, shape);
        (int dispatches, int barriers, long read) = (0, 0, 0);
        foreach (GraphNode node in _nodes)
        {
            long bytes = node.WeightBytes * shape.Rows;
            if (read > 0 && read + bytes > Options.SubmissionBytes)
            {
                (dispatches, barriers, read) = (dispatches + recorder.Dispatches, barriers + recorder.Barriers, 0);
                EndRecording(recorder, goesOn: true);
                recorder = BeginRecording(timestamps, goesOn: true);
            }

            node.Record(recorder, shape);
            read += bytes;
        }

        StepTicket ticket = RecordResults(recorder, shape);
        ulong value = EndRecording(recorder);
        LastStep = (dispatches + recorder.Dispatches, barriers + recorder.Barriers);
        return ticket with { Value = value };
    }

    /// <summary>
    /// Waits for a step; returns the tokens it chose, one per output, valid until <see cref="ResultSlots"/> further steps are submitted.
    /// </summary>
    public ReadOnlySpan<int> Collect(StepTicket ticket)
    {
        _timeline.Wait(ticket.Value);
        return Results(ticket);
    }

    /// <summary>
    /// Logits of an output of a collected step whose batch asked for them: [vocabulary] f32, valid until the next submission.
    /// </summary>
    public ReadOnlySpan<float> Logits(StepTicket ticket, int output)
    {
        _timeline.Wait(ticket.Value);
        return MemoryMarshal.Cast<byte, float>(LogitsReadback().Mapped.Slice(output * _graph.LogitsStride * 4, Config.Vocabulary * 4));
    }

    /// <summary>Waits for the device, then frees everything. Never throws.</summary>
    public void Dispose()
    {
        // Also of an engine whose loading failed: some of it may not be there.
        _timeline?.Dispose();
        foreach (CommandRecorder recorder in _recorders) recorder.Dispose();
        _resultsReadback?.Dispose();
        _logitsReadback?.Dispose();
        _host?.Dispose();
        Features?.Dispose();
        _arena.Dispose();
        foreach (DispatchNode node in _nodes?.SelectMany(n => n.Variants) ?? []) node.Free();
    }

    /// <summary>
    /// Whether copies of blocks were lost with a submission that failed: nothing in the cache can be relied on until <see
    /// cref="ForgetAll"/>.
    /// </summary>
    public bool IsSpoiled { get; private set; }

    /// <summary>Called before a recording outside of frames begins; told whether copies of blocks are in it.</summary>
    internal Action<bool>? BeforeRecording { get; set; }

    /// <summary>Device bytes that the check before loading counted.</summary>
    internal long EstimatedBytes { get; }

    /// <summary>Device bytes of the buffers of weights, cache and workspace.</summary>
    internal long ReservedBytes => _arena.ReservedBytes;

    internal FeatureRing Features { get; }

    internal KvBlocks Blocks => _blocks;

    internal HostKv Host => _host;

    internal KvCache Kv => _kv;

    internal GpuDevice Device => _device;

    internal Timeline Timeline => _timeline;

    /// <summary>Sees to it that a sequence has blocks of its own for a position; false when the cache is full.</summary>
    internal bool Reserve(int slot, int position) => _blocks.Reserve(slot, position);

    /// <summary>A recorder of our own, whose copies of blocks come first. Waits when two recordings are on their way.</summary>
    internal CommandRecorder BeginRecording(TimestampQueries? timestamps = null, bool goesOn = false)
    {
        BeforeRecording?.Invoke(_blocks.Copies.Count > 0);
        CommandRecorder recorder = _recorders[_nextRecorder];
        _nextRecorder = (_nextRecorder + 1) % InFlight;
        recorder.WaitUntilFree();
        recorder.Begin(timestamps, goesOn);
        while (_blocks.Copies.Count > 0)
        {
            _copiesAreOpen = true;
            _blocks.Copies.RecordLayer(recorder);
        }

        return recorder;
    }

    /// <summary>Submits such a recording; returns the value at which it is finished.</summary>
    /// <exception cref="VulkanException">It was not submitted. Copies that were in it are lost (<see cref="IsSpoiled"/>).</exception>
    internal ulong EndRecording(CommandRecorder recorder, bool goesOn = false)
    {
        bool before = IsSpoiled;
        IsSpoiled |= _copiesAreOpen;
        _copiesAreOpen = false;
        recorder.End(goesOn);
        ulong value = _timeline.Submit(recorder);
        IsSpoiled = before;
        return value;
    }

    /// <summary>Closes all sequences and drops what is to be copied and what is in the batch.</summary>
    public void ForgetAll()
    {
        Batch.Clear();
        _blocks.Copies.Abort();
        for (int slot = 0; slot < Options.MaxSequences; slot++)
            if (_blocks.IsOpen(slot)) Close(slot);
        _copiesAreOpen = IsSpoiled = false;
    }

    /// <summary>Records what a step needs before its first node.</summary>
    internal void RecordInputs(CommandRecorder recorder, StepShape shape) => _inputs.Record(recorder, shape, _graph.TokenLog);

    /// <summary>
    /// Records what brings a step's tokens to the host, and clears the batch. The ticket's value is to be set on submission.
    /// </summary>
    internal StepTicket RecordResults(CommandRecorder recorder, StepShape shape)
    {
        int index = _nextResult, bytes = shape.Sampled * 4;
        _nextResult = (index + 1) % ResultSlots;
        if (bytes > 0) recorder.Copy(_graph.Results, _resultsReadback.Whole, bytes, (long)index * Options.MaxOutputs * 4);
        if (Batch.WantsLogits && shape.Outputs > 0)
            recorder.Copy(_graph.LogitsTensor, LogitsReadback().Whole, (long)shape.Outputs * _graph.LogitsStride * 4);
        Batch.Clear();
        Features.NextStep();
        return new StepTicket(0, index, shape.Outputs, shape.Sampled);
    }

    internal void SetLog(int slot, int first, ReadOnlySpan<int> tokens, ReadOnlySpan<PictureRow> pictures) =>
        _inputs.SetLog(slot, first, tokens, pictures);

    /// <summary>The tokens of a step known to be finished.</summary>
    internal ReadOnlySpan<int> Results(StepTicket ticket) =>
        MemoryMarshal.Cast<byte, int>(_resultsReadback.Mapped.Slice(ticket.Index * Options.MaxOutputs * 4, ticket.Sampled * 4));

    /// <summary>A staging buffer must hold a whole row group.</summary>
    private static int StagingBytes(GgufFile file) =>
        (int)Math.Clamp(file.Tensors.Max(t => t.ByteLength / Math.Max(1, t.Rows * t.Slabs)) * 40, 4 << 20, 1 << 30);

    private GpuBuffer LogitsReadback() => _logitsReadback ??=
        _device.Memory.Allocate((long)Options.MaxOutputs * _graph.LogitsStride * 4, MemoryKind.Readback, "logits readback");
}
