using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using NpcMind.Gguf;
using NpcMind.Gpu;
using NpcMind.Inference;
using NpcMind.Text;

namespace NpcMind;

/// <summary>
/// One model, shared by all characters of a game, and the loop in which they think: once a frame <see cref="Tick(FrameBudget)"/> puts as
/// much of their thinking on the GPU as the budget allows. Everything is used on one thread, the game's. Owns its device unless it is the
/// game's.
/// </summary>
public sealed partial class NpcRuntime : IDisposable
{
    private readonly GpuDevice _device;
    private readonly bool _ownsDevice;
    private readonly FrameRunner _frames;
    private readonly CostFile _costs;
    private readonly Tokenizer _tokenizer;
    private readonly Mind?[] _minds;
    private readonly int[] _actionOpening;
    private readonly List<string> _warnings = [];
    private readonly List<Npc> _npcs = [];
    private readonly List<Prefix> _prefixes = [];
    private readonly long _started;
    private readonly ILogger _log;
    private int _thread;
    private bool _disposed;

    private NpcRuntime(GgufFile file, GgufFile? eyes, NpcRuntimeOptions options, LoadReporter progress, CancellationToken cancellation)
    {
        Options = options;
        _log = options.LoggerFactory is { } factory ? new GuardedLogger(factory.CreateLogger("NpcMind")) : NullLogger.Instance;
        _started = options.Clock.GetTimestamp();
        Replies = new ReplyWriter(this);
        // First: eyes given as the model have no tokenizer either, and are to be called what they are.
        ModelConfig config = InferenceEngine.ReadConfig(file);
        _tokenizer = Tokenizer.Create(file.Metadata);
        ModelConfig.CheckTokens(file, config.Vocabulary);
        EyesFormat? eyesFormat = eyes is null
            ? null : new EyesFormat(VisionConfig.Read(eyes), _tokenizer, eyes.Path, file.Path, options.MaxImageTiles);
        Format = new ChatFormat(file, _tokenizer, options, eyesFormat?.Placeholder);
        if (!HasChatTemplate)
            _warnings.Add("The model file has no chat template: it was probably not made for conversation. "
                + "Its characters talk in lines of \"User:\" and \"Assistant:\".");
        Constraints = new ConstraintCache(_tokenizer, config.Vocabulary);
        _actionOpening = _tokenizer.Encode("\n[action] ");
        ReplyOptions recommended = RecommendedSampling.Read(file.Metadata, _warnings);
        DefaultReplyOptions = recommended with { MaxTokens = Math.Min(recommended.MaxTokens, options.ContextTokens / 2) };
        ModelName = file.Metadata.String("general.name") ?? Path.GetFileNameWithoutExtension(file.Path);
        ModelFingerprint = Fingerprints.Model(file);
        string? cache = options.CacheFolder switch
        {
            null => Path.Combine(
                Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify),
                "NpcMind"),
            "" => null,
            { } folder => folder,
        };
        cancellation.ThrowIfCancellationRequested();
        _device = options.Host.Open(cache);
        _ownsDevice = options.Host.OwnsDevice;
        KvFormat = options.KvFormat ?? (_device.Limits.IsSoftware ? NpcMind.KvFormat.F32 : NpcMind.KvFormat.F16);
        VisionEncoder? encoder = null;
        try
        {
            if (eyes is not null) encoder = VisionEncoder.Load(_device, eyes, config.Width, file.Path);
            int rows = options.MaxTokensPerStep ?? EngineOptions.RowsFor(_device.Limits);
            int deviceTokens = options.DeviceKvTokens ?? options.ContextTokens * 4;
            Engine = InferenceEngine.Load(_device, file, new EngineOptions
            {
                ContextTokens = options.ContextTokens,
                MaxSequences = Minds(options),
                MaxRows = Math.Max(rows, RowsOfPicture(config, encoder, options.ImageEncoderPath)),
                MaxOutputs = Math.Min(rows, 16),
                Kv = KvFormat,
                Precision = options.Precision,
                CacheTokens = deviceTokens,
                Features = encoder is not null,
                HostKvTokens = Math.Max(options.HostKvTokens ?? deviceTokens, 16 * InferenceEngine.BlockTokens),
            }, progress.Weights, cancellation);
            CacheFingerprint = Fingerprints.Cache(_device, KvFormat, options.Precision);
            _costs = new CostFile(cache, $"{_device.Limits.Name} {_device.Limits.Driver} {options.Precision}", ModelFingerprint);
            cancellation.ThrowIfCancellationRequested();
            progress.Report(LoadStage.Calibration, 0);
            Calibration.Run(Engine, _costs.Costs, _costs.WasLoaded ? 0 : 3);
            cancellation.ThrowIfCancellationRequested();
            if (encoder is not null) Calibration.Run(encoder, _costs.Costs, _costs.WasLoaded ? 0 : 3);
            _frames = new FrameRunner(Engine, _costs.Costs,
                new FrameRunnerOptions { QuantumMilliseconds = options.MaxDispatchMilliseconds });
            if (encoder is not null) ImageQueue = new ImageQueue(encoder, _frames, eyesFormat!);
            _minds = new Mind?[Minds(options)];
            Embeddings = EmbeddingQueue.Load(_device, options.EmbeddingModelPath, _frames, _costs.WasLoaded ? 0 : 3);
            Scheduler = new MindScheduler(Engine, _frames, _minds, () => Seconds, options.MaxFramesPerStep, Replies.Take, Replies.Fail,
                ImageQueue)
            {
                Embeddings = Embeddings,
                Saves = Saves,
            };
            // Now, because not every game ends in good order.
            _device.SavePipelineCache();
            if (!_costs.WasLoaded) _costs.Save();
            foreach (string warning in _warnings) NpcMindLog.ModelWarning(_log, warning);
            NpcMindLog.Loaded(_log, ModelName, DeviceName, Seconds);
            cancellation.ThrowIfCancellationRequested();
            progress.Report(LoadStage.Ready, 1);
        }
        catch
        {
            _frames?.Dispose();
            Embeddings?.Dispose();
            if (ImageQueue is not null) ImageQueue.Dispose();
            else encoder?.Dispose();
            Engine?.Dispose();
            if (_ownsDevice) _device.Dispose();
            throw;
        }
    }

    /// <summary>Rows that a step must have because the tokens of a picture see one another; 0 where they do not.</summary>
    private static int RowsOfPicture(ModelConfig config, VisionEncoder? encoder, string? path)
    {
        const int Most = 4096;
        if (encoder is null || !config.SeesWholePictures) return 0;
        return encoder.TokensPerTile <= Most
            ? (encoder.TokensPerTile + 15) / 16 * 16
            : throw new UnsupportedModelException(
                path!, $"an image encoder of {encoder.TokensPerTile} tokens a picture with a model that sees pictures as a whole",
                $"At most {Most}.");
    }

    /// <summary>What the model calls itself.</summary>
    public string ModelName { get; }

    /// <summary>Number format of keys and values.</summary>
    public KvFormat KvFormat { get; }

    /// <summary>Name of the device.</summary>
    public string DeviceName => _device.Limits.Name;

    /// <summary>The living characters. The list changes with them: copy it before disposing characters in a loop.</summary>
    public IReadOnlyList<Npc> Npcs => _npcs;

    /// <summary>
    /// Options of replies that are given none. At first the sampling that the model file recommends (<c>general.sampling.*</c>: temp,
    /// top_k, top_p, min_p, penalty_repeat), else the defaults of <see cref="ReplyOptions"/>.
    /// </summary>
    /// <exception cref="ArgumentException">An option is out of its range, or options do not go together.</exception>
    public ReplyOptions DefaultReplyOptions
    {
        get;
        set
        {
            ArgumentNullException.ThrowIfNull(value);
            OptionChecks.Check(value, Options.ContextTokens);
            field = value;
        }
    }

    /// <summary>
    /// Whether the model file says how conversations are written. A model without a chat template was probably not made for them.
    /// </summary>
    public bool HasChatTemplate => Format.Template.HasTemplate;

    /// <summary>
    /// What a developer should know of the model, a sentence each: it has no chat template, or recommends what is out of range. Empty for
    /// most models.
    /// </summary>
    public IReadOnlyList<string> Warnings => _warnings;

    /// <summary>The trace that ticks write to; null for none.</summary>
    public NpcTrace? Trace { get; set; }

    /// <summary>Messages of the validation layer, where <see cref="VulkanHost.CreateOwn"/> turned it on.</summary>
    public IReadOnlyList<string> ValidationMessages => _device.ValidationMessages;

    internal NpcRuntimeOptions Options { get; }

    internal ChatFormat Format { get; }

    internal ConstraintCache Constraints { get; }

    internal InferenceEngine Engine { get; }

    internal MindScheduler Scheduler { get; }

    internal Tokenizer Tokenizer => _tokenizer;

    /// <summary>The eyes; null when the model has none.</summary>
    internal ImageQueue? ImageQueue { get; }

    internal ReplyWriter Replies { get; }

    /// <summary>Saves and loads under way.</summary>
    internal SaveQueue Saves { get; } = new();

    internal FrameRunner Frames => _frames;

    internal byte[] ModelFingerprint { get; }

    internal string CacheFingerprint { get; }

    /// <summary>Whether costs learned in an earlier run were found.</summary>
    internal bool CostsWereLoaded => _costs.WasLoaded;

    /// <summary>What opens the action of a reply.</summary>
    internal int[] ActionOpening => _actionOpening;

    /// <summary>Whether the device was lost; from then on minds are only saved.</summary>
    internal bool IsLost { get; set; }

    internal int TurnsForgotten { get; set; }

    internal double Seconds => Options.Clock.GetElapsedTime(_started).TotalSeconds;

    /// <summary>
    /// Loads a model, compiles its shaders and learns what they cost. Waits for the device; may run on any thread, e.g. while a loading
    /// screen shows.
    /// </summary>
    /// <param name="modelPath">GGUF file.</param>
    /// <param name="options">Sizes; null for the defaults.</param>
    /// <param name="progress">Told how far it is, on the calling thread. What it throws is ignored.</param>
    /// <param name="cancellationToken">Stops the loading; what was loaded is freed.</param>
    /// <exception cref="FileReadException">There is no such file, it cannot be read, or it is a folder, pipe, socket or device.</exception>
    /// <exception cref="OperationCanceledException">The loading was cancelled.</exception>
    /// <exception cref="ArgumentException">An option is out of its range; the message has its name, its value and the range.</exception>
    /// <exception cref="GgufFormatException">
    /// The file is no GGUF file, incomplete or damaged; the message says what it is and what to do.
    /// </exception>
    /// <exception cref="UnsupportedModelException">
    /// There is no code for the model, or the file holds something else. Its Path tells the model from its image encoder.
    /// </exception>
    /// <exception cref="UnsupportedTokenizerException">Nor for its vocabulary.</exception>
    /// <exception cref="ChatTemplateException">Its chat template cannot be used.</exception>
    /// <exception cref="GpuUnavailableException">No usable device; the message says what to install.</exception>
    /// <exception cref="InsufficientGpuMemoryException">It does not fit; nothing was allocated.</exception>
    public static NpcRuntime Load(
        string modelPath, NpcRuntimeOptions? options = null, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default)
    {
        options ??= new NpcRuntimeOptions();
        ArgumentException.ThrowIfNullOrEmpty(modelPath);
        OptionChecks.Check(options);
        string path = modelPath;
        try
        {
            using GgufFile file = GgufFile.Open(modelPath);
            path = options.EmbeddingModelPath ?? modelPath;
            EmbeddingQueue.Check(options.EmbeddingModelPath);
            path = options.ImageEncoderPath ?? modelPath;
            using GgufFile? eyes = options.ImageEncoderPath is null ? null : GgufFile.Open(options.ImageEncoderPath);
            return new NpcRuntime(file, eyes, options, new LoadReporter(progress), cancellationToken);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new FileReadException(path, e);
        }
    }

    /// <summary>Loads a model as <see cref="Load"/> does, on another thread, e.g. while a loading screen is drawn.</summary>
    /// <param name="modelPath">GGUF file.</param>
    /// <param name="options">Sizes; null for the defaults.</param>
    /// <param name="progress">Told how far it is, on the loading thread (<see cref="Progress{T}"/> brings it to the caller's). What it
    /// throws is ignored.</param>
    /// <param name="cancellationToken">Stops the loading; what was loaded is freed.</param>
    /// <returns>A task that ends with the runtime, or with the exceptions of <see cref="Load"/>.</returns>
    public static Task<NpcRuntime> LoadAsync(
        string modelPath, NpcRuntimeOptions? options = null, IProgress<LoadProgress>? progress = null,
        CancellationToken cancellationToken = default) =>
        Task.Run(() => Load(modelPath, options, progress, cancellationToken), cancellationToken);

    /// <summary>Returns how many tokens a text takes, without what a chat template writes around it. Any thread.</summary>
    /// <param name="text">Any text. Its control tokens are taken as words.</param>
    public int CountTokens(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _tokenizer.Encode(text).Length;
    }

    /// <summary>Makes a prefix: text that several characters begin with. It is read within the budgets of the coming ticks.</summary>
    /// <param name="text">In the model's language; becomes the start of the system prompt. "" for none.</param>
    /// <exception cref="ContextOverflowException">It does not fit into the context.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="NpcRuntimeOptions.MaxPrefixes"/> already.</exception>
    /// <exception cref="ObjectDisposedException">The runtime was disposed.</exception>
    public Prefix CreatePrefix(string text) => CreatePrefix(text, null);

    /// <summary>
    /// Compiles an action for the model's vocabulary now. Without it the first replies that ask for the action do so, some milliseconds a
    /// piece.
    /// </summary>
    /// <param name="action">The action.</param>
    /// <param name="legal">What of it is legal; null for everything.</param>
    /// <exception cref="GrammarException">The vocabulary cannot write what is legal.</exception>
    public void Prepare(ActionType action, LegalActions? legal = null)
    {
        ArgumentNullException.ThrowIfNull(action);
        CheckThread();
        Constraints.Prepare(action, legal);
    }

    /// <summary>Whether a call comes from the thread of the first one, where that is checked.</summary>
    internal void CheckThread()
    {
        if (!Options.ChecksThread || _disposed) return;
        int thread = Environment.CurrentManagedThreadId;
        int first = Interlocked.CompareExchange(ref _thread, thread, 0);
        if (first != 0 && first != thread)
            throw new InvalidOperationException(
                $"The runtime is used by thread {first} and was called from thread {thread}: call it from the game's thread only "
                + "(NpcRuntimeOptions.ChecksThread).");
    }

    internal Prefix CreatePrefix(string text, Prefix? parent)
    {
        ArgumentNullException.ThrowIfNull(text);
        ObjectDisposedException.ThrowIf(_disposed, this);
        CheckThread();
        if (parent is not null) ObjectDisposedException.ThrowIf(parent.Mind.Closing, parent);
        if (_prefixes.Count == Options.MaxPrefixes)
            throw new InvalidOperationException(
                $"There are {_prefixes.Count} prefixes already: dispose one, or raise NpcRuntimeOptions.MaxPrefixes.");
        string whole = parent is null || parent.Text.Length == 0 ? text : parent.Text + "\n\n" + text;
        Mind mind = NewMind(whole.Length == 0 ? "no prefix" : whole, parent?.Mind, whole, pinned: true);
        mind.Priority = (int)NpcPriority.Background;
        Prefix prefix = new(this, parent, whole, mind);
        _prefixes.Add(prefix);
        return prefix;
    }

    internal static string SystemPrompt(Prefix prefix, string persona) => prefix.Text.Length == 0 ? persona : persona.Length == 0
        ? prefix.Text : prefix.Text + "\n\n" + persona;

    internal void Remove(Npc npc)
    {
        _npcs.Remove(npc);
        Scheduler.Close(npc.Mind);
    }

    internal void Remove(Prefix prefix)
    {
        if (!_prefixes.Remove(prefix)) return;
        foreach (Mind? mind in _minds)
        {
            if (mind?.Parent != prefix.Mind) continue;
            mind.Parent = null;
            if (mind.Slot < 0) mind.Shared = 0; // reads it by itself
        }

        Scheduler.Close(prefix.Mind);
    }

    /// <summary>Minds that were removed live until the step under way ends: as many again can wait for that.</summary>
    private static int Minds(NpcRuntimeOptions options) => 2 * (options.MaxNpcs + options.MaxPrefixes);
}
